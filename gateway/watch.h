/* watch.h - what stretches of one unit watched in one block; between watch.c, which follows the wheels, and deposit.c,
 * which sums up. */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "gateway/coverage.h"

#define PLACES         (SQUARES_IN_BLOCK + PIECES_IN_BLOCK)
#define RAISED_WEIGHT  0x3F /* weight + 1 */
#define RAISED_OWN     0x40
#define WATCHED_LEAVES 87 /* of 64 squares: 64 + 16 + 4 + 1, and one each of the 16 and 4 coarsest */
extern const uint8_t watched_leaf_offset[COVER_LEVELS + 1];

/* Of one unit in one block. */
struct watched {
    uint8_t raised[PLACES]; /* RAISED_…, 0: not touched */
    uint64_t touched[WATCHED_LEAVES];
    uint64_t leaves;     /* of the finest level, those that are touched at all */
    uint64_t driven;     /* pieces that the middle line ran through */
    bool has_quadrants;
    uint8_t quadrants[SQUARES_IN_BLOCK]; /* only for coverage_quadrants */
};

void watched_clear(struct watched *w);
/* Squares at the level of the stretch's sigma, and pieces; then, once for all of a unit's stretches: */
void watch_stretch(const struct evidence *evidence, struct watched *w, const struct stretch *stretch);
void watched_raise_ancestors(struct watched *w);
void watched_raise_pieces(struct watched *w);

#endif
