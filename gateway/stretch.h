/* stretch.h - what one pass drove within one block of 64 m, as it is kept.
 *
 * A pass is cut at the borders of the blocks, widened by its half track so that a block knows all that its wheels touched,
 * and at UTC hours. Points are whole centimetres from the block's corner; one that lies within 2 cm (or an eighth of
 * its sigma) of the line between its neighbours is left out. 22 bytes and 6 a point: 0.6 bytes a metre of straight road.
 *
 * The stretches of a block are a chain: newest hour first, within an hour the last to come first. All lie in chunks of 64 KiB
 * that hold one day (UTC) each, those of phones apart, so that a day that is too old is given back as a whole. Stretches name each other by
 * number; 0 is none. */
#ifndef GATEWAY_STRETCH_H
#define GATEWAY_STRETCH_H

#include "gateway/image.h"
#include "link/message.h"

#define BLOCK_LEVEL 6
#define BLOCK_MM    64000
#define NS_PER_HOUR (3600 * INT64_C(1000000000))
#define NS_PER_DAY  (24 * NS_PER_HOUR)
#define HOURS_PER_DAY 24
#define REACH_MM    60000 /* no pass further away says anything of a thing; less than a block */
#define STRETCH_POINTS_MAX 4096

struct stretch_point {
    int16_t e_cm, n_cm; /* from the block's south-west corner */
    uint16_t sigma_cm;
};

struct stretch {
    uint32_t next;    /* in the block's chain: older, or as old and earlier to come */
    uint32_t speaker;
    uint32_t hour;    /* UTC since 1970 */
    uint16_t behind_cm, ahead_cm; /* how far the pass goes on before and after, at most REACH_MM */
    uint16_t half_track_mm;
    uint16_t n_points; /* at least 2 */
    uint8_t sensor;    /* enum sense */
    uint8_t gnss;      /* enum gnss_class */
    struct stretch_point points[];
};

struct stretch_chunk {
    uint8_t *bytes; /* NULL: given back */
    uint32_t used;
    int32_t day;
    bool is_of_phones; /* whose tracks are kept for a shorter time */
};

struct stretches {
    struct stretch_chunk *chunks;
    size_t n_chunks, chunk_capacity;
    uint32_t last; /* chunk that was last added to */
    uint64_t n;    /* stretches kept */
};

void stretches_init(struct stretches *stretches);
void stretches_done(struct stretches *stretches);
/* `head`'s points are in `points`. Returns its number. */
uint32_t stretches_add(struct stretches *stretches, const struct stretch *head, const struct stretch_point *points,
                       bool is_phone);
/* Gives back all days before `day`, of phones before `phone_day`; nothing may name their stretches any more. */
void stretches_forget(struct stretches *stretches, int64_t day, int64_t phone_day);
size_t stretches_bytes(const struct stretches *stretches);
enum road_status stretches_save(const struct stretches *stretches, const struct image_sink *sink);
/* Into initialised, empty ones. */
enum road_status stretches_load(struct stretches *stretches, struct image_source *source);
/* After loading: a bit for each number that a stretch has. The caller frees it. */
uint64_t *stretches_starts(const struct stretches *stretches);
/* Clears the number's bit; false if it had none: it names no stretch, or was claimed before. */
bool stretches_claim(const struct stretches *stretches, uint64_t *starts, uint32_t number);

#define STRETCH_CHUNK_BITS 14 /* in units of four bytes */
static inline struct stretch *stretch_at(const struct stretches *stretches, uint32_t number)
{
    const size_t offset = (size_t)(number & ((1u << STRETCH_CHUNK_BITS) - 1)) * 4;

    return (struct stretch *)(void *)(stretches->chunks[number >> STRETCH_CHUNK_BITS].bytes + offset);
}

/* ---- cutting ------------------------------------------------------------------------------------------- */

struct road_point { /* of a pass, in the deployment's frame */
    struct grid_point at;
    int64_t time_ns;
    uint16_t sigma_cm, iri_centi;
};

struct stretch_taker {
    void (*take)(void *context, int32_t column, int32_t row, const struct stretch *head,
                 const struct stretch_point *points);
    void *context;
};

struct cutter; /* room for the cuts that are open */
struct cutter *cutter_new(void);
void cutter_free(struct cutter *cutter);
/* Hands every stretch of the pass to the taker, in an order that depends on the pass alone. `head` gives speaker, sensor,
 * gnss and half track. */
void cutter_cut(struct cutter *cutter, const struct stretch *head, const struct road_point *points, size_t n_points,
                const struct stretch_taker *taker);

static inline int32_t block_coordinate(int64_t mm)
{
    return (int32_t)((mm >= 0 ? mm : mm - (BLOCK_MM - 1)) / BLOCK_MM);
}

#endif
