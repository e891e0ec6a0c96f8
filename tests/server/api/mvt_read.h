/* mvt_read.h - a small reader of vector tiles, written from the specification and not from our writer. */
#ifndef TESTS_SERVER_API_MVT_READ_H
#define TESTS_SERVER_API_MVT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READ_KEYS_MAX 16
#define READ_TEXT 96

struct read_ring {
    size_t first, n; /* of the points */
};

struct read_feature {
    int type; /* 1 point, 2 line, 3 polygon */
    size_t first_ring, n_rings;
    char values[READ_KEYS_MAX][READ_TEXT]; /* as text, by number of the key; "" if not given */
};

struct read_layer {
    char name[32];
    unsigned version, extent;
    size_t n_keys, n_features, n_rings, n_points;
    char keys[READ_KEYS_MAX][32];
    struct read_feature *features;
    struct read_ring *rings;
    int32_t (*points)[2];
};

/* The one layer of a tile; false if the bytes break a rule of the specification. A tile of no bytes is a layer of no
 * features. */
bool mvt_read(const uint8_t *bytes, size_t length, struct read_layer *ret_layer);
void mvt_read_done(struct read_layer *layer);
const char *mvt_read_value(const struct read_layer *layer, const struct read_feature *feature, const char *key);
/* Twice the area of a ring by the surveyor's formula; positive for outer rings (specification 4.3.3.3). */
int64_t mvt_read_area(const struct read_layer *layer, const struct read_ring *ring);
bool mvt_read_contains(const struct read_layer *layer, const struct read_feature *feature, double x, double y);

#endif
