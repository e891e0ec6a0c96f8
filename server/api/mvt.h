/* mvt.h - writing Mapbox Vector Tiles 2.1 (protobuf) - one layer at a time, extent 4096.
 *
 * Values are added once and named by their number in tags. A feature is begun, tagged, given geometry and ended;
 * one without geometry vanishes. Coordinates count from the tile's north-west corner, y down; rings close
 * themselves and are outer rings when they run clockwise as seen on the screen (specification, 4.3.3.3).
 * Failures stick in the buffers: check is_bad of the finished tile. One thread. */
#ifndef SERVER_API_MVT_H
#define SERVER_API_MVT_H

#include "server/api/bytes.h"

#define MVT_EXTENT 4096
#define MVT_TILE_MAX (32U << 20) /* bytes of one tile */

enum mvt_geometry { MVT_POINT = 1, MVT_LINE = 2, MVT_POLYGON = 3 };

struct mvt_point {
    int32_t x, y;
};

struct mvt_layer {
    struct bytes features, values, tags, geometry;
    uint32_t n_values;
    struct mvt_point cursor; /* of the feature under way */
};

void mvt_layer_init(struct mvt_layer *layer);
void mvt_layer_done(struct mvt_layer *layer);
uint32_t mvt_value_text(struct mvt_layer *layer, const char *text);
uint32_t mvt_value_uint(struct mvt_layer *layer, uint64_t number);
uint32_t mvt_value_bool(struct mvt_layer *layer, bool is_true);
uint32_t mvt_value_double(struct mvt_layer *layer, double number);

void mvt_feature_begin(struct mvt_layer *layer);
void mvt_tag(struct mvt_layer *layer, uint32_t key, uint32_t value);
void mvt_put_point(struct mvt_layer *layer, struct mvt_point point);
/* n >= 2 points / n >= 3 corners, the first not repeated. Repeated points are left out; what then is no line or has
 * no area is not written. */
void mvt_put_line(struct mvt_layer *layer, const struct mvt_point *points, size_t n);
void mvt_put_ring(struct mvt_layer *layer, const struct mvt_point *points, size_t n);
void mvt_feature_end(struct mvt_layer *layer, enum mvt_geometry type);

/* Appends the layer to a tile, unless it has no features. */
void mvt_layer_finish(struct mvt_layer *layer, const char *name, const char *const *keys, size_t n_keys,
                      struct bytes *tile);

#endif
