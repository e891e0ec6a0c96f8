/* shaken.c - pieces of road whose roughness is that of a registered feature.
 *
 * A speed bump is felt in the ride of the 20 m around it, there and in what the car still swings after it: that road
 * is not rough, and what stands there colours nothing. The ride of these pieces, along the feature's own way, is not
 * judged; hazards and coverage are, as everywhere. A function of the features as they are, so any order of arrival
 * gives the same. */
#include <math.h>

#include "gateway/beliefs.h"

/* A point's ride is that of 10 m to each side (contract: IRI per 20 m); a body still swings for 5 m after a bump. */
#define SHAKEN_MM 15000

struct blocks {
    int32_t column0, column1, row0, row1;
};

static struct blocks blocks_around(struct grid_point from, struct grid_point to)
{
    return (struct blocks){block_coordinate(from.e_mm - SHAKEN_MM), block_coordinate(to.e_mm + SHAKEN_MM),
                           block_coordinate(from.n_mm - SHAKEN_MM), block_coordinate(to.n_mm + SHAKEN_MM)};
}

static void mark(struct beliefs *beliefs, struct grid_point at)
{
    const struct blocks b = blocks_around(at, at);

    for (int32_t row = b.row0; row <= b.row1; row++)
        for (int32_t column = b.column0; column <= b.column1; column++) {
            struct block *block = evidence_block(&beliefs->evidence, column, row);
            if (block)
                block_work(&beliefs->evidence, block, WORK_COLOUR);
        }
}

void shaken_mark(struct beliefs *beliefs, struct defect *defect)
{
    if (defect->is_shaking)
        mark(beliefs, defect->shakes_at);
    defect->is_shaking = defect->is_live && defect->feature.state == FEATURE_REGISTERED;
    defect->shakes_at = defect->feature.at;
    if (defect->is_shaking)
        mark(beliefs, defect->shakes_at);
}

/* From a point to a square, 0 inside. */
static double distance_mm(struct grid_point at, int64_t corner_e_mm, int64_t corner_n_mm, int64_t side_mm)
{
    const int64_t e = at.e_mm - corner_e_mm, n = at.n_mm - corner_n_mm;
    const int64_t de = e < 0 ? -e : e > side_mm ? e - side_mm : 0;
    const int64_t dn = n < 0 ? -n : n > side_mm ? n - side_mm : 0;

    return hypot((double)de, (double)dn);
}

static uint64_t pieces_near(const struct block *block, const struct feature_belief *feature)
{
    const int64_t side_mm = INT64_C(1000) << PIECE_LEVEL;
    const unsigned way = (unsigned)(feature->heading_cdeg + 4500) / 9000 % 2; /* both directions of one street */
    uint64_t pieces = 0;

    for (int64_t n = 0; n < BLOCK_MM; n += side_mm)
        for (int64_t e = 0; e < BLOCK_MM; e += side_mm) {
            const unsigned square = (unsigned)(square_index(PIECE_LEVEL, e, n) - square_offset[PIECE_LEVEL]);
            if (distance_mm(feature->at, (int64_t)block->column * BLOCK_MM + e, (int64_t)block->row * BLOCK_MM + n,
                            side_mm) <= SHAKEN_MM)
                pieces |= UINT64_C(5) << (square * 4 + way);
        }
    return pieces;
}

uint64_t shaken_pieces(const struct beliefs *beliefs, const struct block *block)
{
    const struct grid_point from = {(int64_t)block->column * BLOCK_MM, (int64_t)block->row * BLOCK_MM};
    const struct grid_point to = {from.e_mm + BLOCK_MM, from.n_mm + BLOCK_MM};
    const struct blocks b = blocks_around(from, to);
    uint64_t pieces = 0;

    for (int32_t row = b.row0; row <= b.row1; row++)
        for (int32_t column = b.column0; column <= b.column1; column++) {
            const struct block *near = evidence_block(&beliefs->evidence, column, row);
            const struct number_list *things = near && near->findings ? &near->findings->defects : NULL;
            for (size_t i = 0; things && i < things->n; i++) {
                const struct feature_belief *feature = &beliefs->defects[things->items[i]].feature;
                if (feature->state == FEATURE_REGISTERED)
                    pieces |= pieces_near(block, feature);
            }
        }
    return pieces;
}
