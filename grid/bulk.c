/* bulk.c - many points to cells at once, bit for bit as grid_project and cell_from_point give them one by
 * one.
 *
 * Points are taken in blocks and sorted by latitude band, so that the inner loop uses one band's
 * coefficients, has no branch and the compiler turns it into vector instructions. A block that spans many
 * bands, or holds a point that the band polynomials do not answer (beyond 2 degrees, over the equator, across
 * the date line, not a number), goes the scalar way. */
#include <math.h>

#include "grid/band.h"
#include "grid/bulk.h"
#include "grid/morton.h"
#include "grid/rounding.h"

/* Set by CMake where the machine's best vector set can be chosen at run time; the results are the same. */
#ifndef BULK_CLONES
#define BULK_CLONES
#endif

#define BLOCK         256
#define BANDS_AT_ONCE 4 /* a block that is spread wider goes the scalar way */
#define NO_BAND       (-1)

/* Points of a block in the terms of band.h. */
struct block {
    double t[BLOCK], s[BLOCK];
    int32_t band[BLOCK];
};

/* Metres to whole millimetres to the metre below. Half a millimetre more keeps the product clear of whole
 * numbers, so cutting it is floor division. */
static inline uint64_t metre_of(double metres)
{
    return (uint32_t)(int32_t)((rounded(metres * 1000) + 0.5) * 1e-3);
}

BULK_CLONES static void to_bands(const struct bulk_frame *frame, const double *restrict lat_deg,
                                 const double *restrict lon_deg, size_t n, struct block *restrict block)
{
    for (size_t k = 0; k < n; k++) {
        const double lon = lon_deg[k] - frame->meridian_deg;
        double quarters = lat_deg[k] * frame->sign * BANDS_PER_DEGREE;
        quarters = quarters >= 0 ? quarters : NO_BAND;
        quarters = quarters < BANDS ? quarters : NO_BAND;
        quarters = fabs(lon) <= BAND_HALF_WIDTH_DEG ? quarters : NO_BAND;
        block->band[k] = (int32_t)quarters;
        block->t[k] = 2 * (quarters - (int32_t)quarters) - 1;
        block->s[k] = lon / BAND_HALF_WIDTH_DEG;
    }
}

BULK_CLONES static void to_ids(const struct bulk_frame *frame, const struct band *restrict band,
                               const double *restrict t, const double *restrict s, size_t n,
                               uint64_t *restrict ret_ids)
{
    for (size_t k = 0; k < n; k++) {
        const double q = s[k] * s[k];
        const uint64_t column = metre_of(band_east(band, t[k], s[k], q) + GRID_FALSE_EASTING_M);
        const uint64_t row = metre_of(frame->sign * band_north(band, t[k], q) + frame->false_northing_m);
        ret_ids[k] = frame->zone_bits | morton_from_metres(column, row) << 1 | 1;
    }
}

/* The points of one band, moved together, projected, and put back in their places. */
static void do_band(const struct bulk_frame *frame, const struct block *block, int32_t band, size_t n,
                    struct cell *ret_cells)
{
    double t[BLOCK], s[BLOCK];
    uint16_t place[BLOCK];
    uint64_t ids[BLOCK];
    size_t count = 0;

    for (size_t k = 0; k < n; k++) { /* without a branch: what does not belong is overwritten by the next */
        t[count] = block->t[k];
        s[count] = block->s[k];
        place[count] = (uint16_t)k;
        count += block->band[k] == band;
    }
    to_ids(frame, &bands[band], t, s, count, ids);
    for (size_t k = 0; k < count; k++)
        ret_cells[place[k]].id = ids[k];
}

bool bulk_one(const struct bulk_frame *frame, double lat_deg, double lon_deg, struct cell *ret_cell)
{
    struct grid_point point;

    ret_cell->id = 0;
    return grid_project(frame->zone, lat_deg, lon_deg, &point) == ROAD_OK &&
           cell_from_point(frame->zone, point, 0, ret_cell) == ROAD_OK;
}

/* Returns how many of the block were refused. */
static size_t do_block(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg, size_t n,
                       struct cell *ret_cells)
{
    struct block block;
    int32_t first = BANDS, last = NO_BAND;
    size_t refused = 0;

    to_bands(frame, lat_deg, lon_deg, n, &block);
    for (size_t k = 0; k < n; k++) {
        first = block.band[k] < first ? block.band[k] : first;
        last = block.band[k] > last ? block.band[k] : last;
    }
    const bool is_narrow = first != NO_BAND && last - first < BANDS_AT_ONCE;
    for (int32_t band = first; is_narrow && band <= last; band++)
        do_band(frame, &block, band, n, ret_cells);
    for (size_t k = 0; !is_narrow && k < n; k++)
        refused += !bulk_one(frame, lat_deg[k], lon_deg[k], &ret_cells[k]);
    return refused;
}

size_t bulk_plain(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg, size_t n,
                  struct cell *ret_cells)
{
    size_t refused = 0;

    for (size_t at = 0; at < n; at += BLOCK)
        refused +=
            do_block(frame, lat_deg + at, lon_deg + at, n - at < BLOCK ? n - at : BLOCK, ret_cells + at);
    return refused;
}

size_t cells_from_degrees(struct grid_zone zone, const double *lat_deg, const double *lon_deg, size_t n,
                          struct cell *ret_cells)
{
    const struct bulk_frame frame = {
        .zone = zone,
        .meridian_deg = zone.meridian_deg > 180 ? zone.meridian_deg - 360 : zone.meridian_deg,
        .sign = zone.is_south ? -1 : 1,
        .false_northing_m = zone.is_south ? GRID_FALSE_NORTHING_SOUTH_M : 0,
        .zone_bits = (uint64_t)cell_zone_number(zone) << CELL_ZONE_SHIFT,
    };

    if (!grid_zone_is_valid(zone)) {
        for (size_t k = 0; k < n; k++)
            ret_cells[k].id = 0;
        return n;
    }
    return bulk_has_avx512() ? bulk_avx512(&frame, lat_deg, lon_deg, n, ret_cells)
                             : bulk_plain(&frame, lat_deg, lon_deg, n, ret_cells);
}
