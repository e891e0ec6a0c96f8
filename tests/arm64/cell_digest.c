/* cell_digest.c - ids of 1.4 million points, a line a zone: the same text on every machine.
 *
 * Each zone's points: random ones within 2 degrees of the meridian and 0..84 degrees of its hemisphere; both
 * sides of the borders of the latitude bands, of the meridian, of 2 degrees and of the equator; and some that
 * the frame or the hemisphere refuses. Ids go in one by one and in bulk, with some parents and neighbours.
 * Degrees are made by additions and multiplications only, so that the input, too, is the same. */
#include <inttypes.h>
#include <stdio.h>

#include "grid/cell.h"

#define RANDOM 4000
#define RINGS  (84 * 4 + 1)
#define POINTS (RANDOM + 6 * RINGS)

static double lat[POINTS], lon[POINTS];
static struct cell cells[POINTS];

static double uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) * 0x1p-53;
}

static void make_points(struct grid_zone zone, uint64_t *seed)
{
    static const double across[] = {-2, -0.75, 0, 0.75, 2, 2.0000000001};
    const double sign = zone.is_south ? -1 : 1;
    int n = 0;

    for (; n < RANDOM; n++) {
        lat[n] = sign * (84.5 * uniform(seed) - 0.5);
        lon[n] = zone.meridian_deg + 4 * uniform(seed) - 2;
    }
    for (int ring = 0; ring < RINGS; ring++)
        for (int i = 0; i < 6; i++, n++) {
            lat[n] = sign * (0.25 * ring + (i - 3) * 0x1p-40);
            lon[n] = zone.meridian_deg + across[(i + ring) % 6];
        }
    for (int k = 0; k < n; k++)
        lon[k] = lon[k] > 180 ? lon[k] - 360 : lon[k];
}

static void mix(uint64_t *digest, uint64_t value)
{
    *digest = (*digest ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    *digest ^= *digest >> 29;
}

static void mix_one(uint64_t *digest, struct grid_zone zone, int k)
{
    struct cell cell = {0}, around[8];
    struct grid_point point;

    if (grid_project(zone, lat[k], lon[k], &point) == ROAD_OK)
        (void)cell_from_point(zone, point, 0, &cell);
    mix(digest, cell.id);
    if (!cell.id)
        return;
    mix(digest, cell_parent(cell, 1 + k % CELL_LEVEL_MAX).id);
    cell_neighbours(cell, around);
    mix(digest, around[k % 8].id);
}

int main(void)
{
    uint64_t seed = 64;

    for (int z = 0; z < 240; z++) {
        const struct grid_zone zone = {z % 120 * 3, z >= 120};
        uint64_t bulk = 0, single = 0;
        make_points(zone, &seed);
        const size_t refused = cells_from_degrees(zone, lat, lon, POINTS, cells);
        for (int k = 0; k < POINTS; k++) {
            mix(&bulk, cells[k].id);
            mix_one(&single, zone, k);
        }
        printf("%d%s %d points %zu refused bulk %016" PRIx64 " single %016" PRIx64 "\n", zone.meridian_deg,
               zone.is_south ? "S" : "N", POINTS, refused, bulk, single);
    }
    return 0;
}
