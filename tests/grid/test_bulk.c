/* Many points at once: the same bits as one by one, in each of the ways there are on this machine. */
#include "tests/check.h"

#include "grid/bulk.h"

#define POINTS 200003 /* not a multiple of any group */

static double lat[POINTS], lon[POINTS];
static struct cell one_by_one[POINTS], plain[POINTS], wide[POINTS];

static uint64_t state = 12;

static double between(double low, double high)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return low + (high - low) * ((double)((state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) * 0x1p-53);
}

static struct bulk_frame frame_of(struct grid_zone zone)
{
    return (struct bulk_frame){zone, zone.meridian_deg > 180 ? zone.meridian_deg - 360 : zone.meridian_deg,
                               zone.is_south ? -1 : 1, zone.is_south ? GRID_FALSE_NORTHING_SOUTH_M : 0,
                               (uint64_t)cell_zone_number(zone) << CELL_ZONE_SHIFT};
}

/* The reference goes the way of projection.h and cell.h. */
static size_t by_ones(struct grid_zone zone)
{
    size_t refused = 0;

    for (int k = 0; k < POINTS; k++) {
        struct grid_point point;
        one_by_one[k].id = 0;
        if (grid_project(zone, lat[k], lon[k], &point) != ROAD_OK ||
            cell_from_point(zone, point, 0, &one_by_one[k]) != ROAD_OK)
            refused++;
    }
    return refused;
}

static void check_all_ways(struct grid_zone zone)
{
    const struct bulk_frame frame = frame_of(zone);
    const size_t refused = by_ones(zone);

    CHECK_INT(bulk_plain(&frame, lat, lon, POINTS, plain), refused);
    CHECK_INT(memcmp(plain, one_by_one, sizeof plain), 0);
    CHECK_INT(cells_from_degrees(zone, lat, lon, POINTS, wide), refused);
    CHECK_INT(memcmp(wide, one_by_one, sizeof wide), 0);
    if (bulk_has_avx512()) {
        memset(wide, 0xAA, sizeof wide);
        CHECK_INT(bulk_avx512(&frame, lat, lon, POINTS, wide), refused);
        CHECK_INT(memcmp(wide, one_by_one, sizeof wide), 0);
    }
}

static void fill(struct grid_zone zone, double low, double high, double half_width)
{
    for (int k = 0; k < POINTS; k++) {
        lat[k] = between(low, high);
        lon[k] = zone.meridian_deg + between(-half_width, half_width);
    }
}

FACT(all_ways_give_the_same_bits_in_a_town)
{
    fill((struct grid_zone){120, false}, 30.2, 30.4, 1.5);
    check_all_ways((struct grid_zone){120, false});
    fill((struct grid_zone){150, true}, -34.1, -33.8, 2);
    check_all_ways((struct grid_zone){150, true});
}

FACT(all_ways_give_the_same_bits_for_points_anywhere)
{
    fill((struct grid_zone){120, false}, -2, 86, 4.4);
    check_all_ways((struct grid_zone){120, false});
    fill((struct grid_zone){180, true}, -86, 2, 11);
    check_all_ways((struct grid_zone){180, true});
}

/* What is odd stands alone among plain points, so that no group is only odd. */
FACT(what_is_no_place_is_refused_in_all_ways)
{
    const double odd_lat[] = {NAN,        INFINITY, -INFINITY, -0.0,  0,  84,
                              84.0000001, -1e-9,    1e300,     30.25, 30, -1.0001};
    const double odd_lon[] = {NAN,   INFINITY, -INFINITY, 122, 118,  122.00000000000001, 117.99999999999999,
                              1e300, -240,     480,       120, 130.1};
    const struct grid_zone zones[] = {{120, false}, {120, true}};

    for (size_t z = 0; z < 2; z++) {
        fill(zones[z], 10, 10.2, 1);
        for (int k = 0; k < POINTS; k += 1 + k % 13) {
            if (k % 3)
                lat[k] = odd_lat[k % 12];
            if (k % 3 != 1)
                lon[k] = odd_lon[k / 3 % 12];
        }
        check_all_ways(zones[z]);
    }
}

/* Half millimetres and whole metres, and the doubles next to them: where rounding turns. Found from the
 * metres back. */
FACT(all_ways_round_the_same_at_the_edges)
{
    const struct grid_zone zone = {120, false};

    for (int k = 0; k < POINTS; k++) {
        const struct grid_point edge = {INT64_C(1000) * (400000 + k), INT64_C(1000) * (3300000 + k)};
        double la = 0, lo = 0;
        CHECK_STATUS(grid_unproject(zone, edge, &la, &lo), ROAD_OK);
        lat[k] = k % 3 ? nextafter(la, k % 3 == 1 ? 0 : 90) : la;
        lon[k] = k % 5 ? lo + (k % 5 - 2.5) * 1e-14 : lo;
    }
    check_all_ways(zone);
}

FACT(any_number_of_points_is_taken)
{
    const struct grid_zone zone = {120, false};

    fill(zone, 30.2, 30.4, 1);
    (void)by_ones(zone);
    for (size_t n = 0; n < 600; n++) {
        wide[n].id = 77;
        CHECK_INT(cells_from_degrees(zone, lat, lon, n, wide), 0);
        CHECK_INT(memcmp(wide, one_by_one, n * sizeof wide[0]), 0);
        CHECK_INT(wide[n].id, 77);
    }
}

FACT(a_zone_that_is_none_refuses_all)
{
    CHECK_INT(cells_from_degrees((struct grid_zone){121, false}, lat, lon, POINTS, wide), POINTS);
    CHECK_INT(wide[7].id, 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
