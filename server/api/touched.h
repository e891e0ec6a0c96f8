/* touched.h - which part of the map changed last: so that a change makes only those tiles anew that show it.
 *
 * For squares of 64 m, 256 m, … 262 km the number of the newest change that touched them, in a table without keys: two
 * squares that share a slot make each other's tiles anew, never one too few. Any thread. */
#ifndef SERVER_API_TOUCHED_H
#define SERVER_API_TOUCHED_H

#include <stdatomic.h>

#include "server/api/tile_frame.h"

#define TOUCHED_LEVELS 7 /* 6, 8, … 18 */
#define TOUCHED_LEVEL(i) (6 + 2 * (i))
#define TOUCHED_SLOTS 16384

struct touched {
    _Atomic int64_t everywhere, layers[LAYER_COUNT]; /* of layers that are touched as a whole */
    _Atomic int64_t squares[TOUCHED_LEVELS][TOUCHED_SLOTS];
};

/* Change numbers ascend. One thread marks. */
void touched_mark(struct touched *touched, struct cell cell, int64_t change_id);
void touched_mark_layer(struct touched *touched, enum tile_layer layer, int64_t change_id);
void touched_mark_all(struct touched *touched, int64_t change_id);
/* The newest change that may be seen on the tile, 0 if there is none. */
int64_t touched_last(const struct touched *touched, struct grid_zone zone, struct map_tile tile);

#endif
