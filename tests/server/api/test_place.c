/* Facts about boxes, ranges of ids and outlines (server/api/place.h), against naive models. */
#include "server/api/place.h"
#include "tests/check.h"

static const struct grid_zone zone = {120, false};

static uint64_t next_random(uint64_t *state) /* splitmix64, Steele et al. 2014 */
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

static bool in_ranges(const struct id_range *ranges, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (id >= ranges[i].first && id <= ranges[i].last)
            return true;
    return false;
}

FACT(the_cover_holds_every_cell_that_meets_the_box)
{
    uint64_t seed = 1;

    for (int round = 0; round < 300; round++) {
        const int64_t width = (int64_t)(next_random(&seed) % (1 << (round % 26))) + 1;
        const int64_t west = 480000000 + (int64_t)(next_random(&seed) % 40000000);
        const int64_t south = 3340000000 + (int64_t)(next_random(&seed) % 40000000);
        const struct grid_box box = {west, south, west + width, south + width / 2};
        struct id_range ranges[PLACE_RANGES_MAX];
        size_t n;
        place_cover(zone, &box, ranges, &n);
        CHECK(n > 0 && n < 200);
        for (size_t i = 1; i < n; i++)
            CHECK(ranges[i].first > ranges[i - 1].last);
        for (int k = 0; k < 20; k++) {
            struct cell cell;
            const struct grid_point point = {
                box.west_mm + (int64_t)(next_random(&seed) % (uint64_t)(width + 1)),
                box.south_mm + (int64_t)(next_random(&seed) % (uint64_t)(width / 2 + 1))};
            CHECK_STATUS(cell_from_point(zone, point, k, &cell), ROAD_OK);
            CHECK(in_ranges(ranges, n, cell.id));
            CHECK(place_box_meets(&box, cell));
        }
    }
}

FACT(the_cover_leaves_out_what_is_far_from_the_box)
{
    const struct grid_box box = {513000000, 3350510000, 513100000, 3350610000};
    struct id_range ranges[PLACE_RANGES_MAX];
    struct cell cell;
    size_t n;

    place_cover(zone, &box, ranges, &n);
    for (int64_t metres = 20; metres < 100000; metres *= 3) { /* 100 m in eight: squares of 16 m */
        CHECK_STATUS(cell_from_point(zone, (struct grid_point){513100000 + metres * 1000, 3350550000}, 0, &cell), ROAD_OK);
        CHECK(!in_ranges(ranges, n, cell.id));
        CHECK_STATUS(cell_from_point(zone, (struct grid_point){513050000, 3350510000 - metres * 1000}, 0, &cell), ROAD_OK);
        CHECK(!in_ranges(ranges, n, cell.id));
    }
}

FACT(children_are_the_four_quarters_of_a_square)
{
    struct cell cell;

    CHECK_STATUS(cell_from_point(zone, (struct grid_point){513000000, 3350510000}, 6, &cell), ROAD_OK);
    for (unsigned i = 0; i < 4; i++) {
        const struct cell child = place_child(cell, i);
        const struct grid_point corner = cell_corner(cell), at = cell_corner(child);
        CHECK_INT(cell_level(child), 5);
        CHECK(cell_contains(cell, child));
        CHECK_INT(at.e_mm, corner.e_mm + 32000 * (i % 2));
        CHECK_INT(at.n_mm, corner.n_mm + 32000 * (i / 2));
    }
}

FACT(a_box_of_degrees_lies_inside_its_box_of_metres)
{
    static const struct grid_zone zones[] = {{120, false}, {0, false}, {180, false}, {357, true}, {183, false}};
    uint64_t seed = 2;

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        for (int round = 0; round < 50; round++) {
            double west = zones[i].meridian_deg - 3 + (double)(next_random(&seed) % 5000) / 1000;
            west = west >= 179 ? west - 360 : west;
            const double south = (zones[i].is_south ? -60 : 10) + (double)(next_random(&seed) % 50000) / 1000;
            const double degrees[4] = {west, south, west + 1, south + 0.5};
            struct grid_box box;
            CHECK_STATUS(place_box(zones[i], degrees, &box), ROAD_OK);
            for (int k = 0; k < 25; k++) {
                struct grid_point point;
                CHECK_STATUS(grid_project(zones[i], south + k / 5 * 0.125, west + k % 5 * 0.25, &point), ROAD_OK);
                CHECK(point.e_mm >= box.west_mm && point.e_mm <= box.east_mm);
                CHECK(point.n_mm >= box.south_mm && point.n_mm <= box.north_mm);
            }
        }
}

FACT(another_part_of_the_world_is_not_in_the_frame)
{
    static const double boxes[][4] = {{0, 0, 1, 1}, {119, -10, 121, -5}, {-180, -90, -100, 90}, {119, 85, 121, 90}};
    static const double world[4] = {-180, -85, 180, 85};
    struct grid_box box;

    for (size_t i = 0; i < 4; i++)
        CHECK_STATUS(place_box(zone, boxes[i], &box), ROAD_NOT_FOUND);
    CHECK_STATUS(place_box(zone, world, &box), ROAD_OK);
    CHECK(box.west_mm == 0 && box.south_mm == 0);
}

/* sigma 3 m along north, 1 m across: the 95 % ellipse reaches 2.4477 sigma (chi-square with 2 degrees of freedom). */
FACT(the_ellipse_has_the_axes_of_the_covariance)
{
    const struct grid_covariance covariance = {1e6, 0, 9e6};
    const struct grid_point centre = {513000000, 3350510000};
    double ring[PLACE_ELLIPSE_POINTS][2], north = -90, east = -180;
    struct grid_point point;

    CHECK_STATUS(place_ellipse(zone, centre, covariance, ring), ROAD_OK);
    for (int i = 0; i < PLACE_ELLIPSE_POINTS; i++) {
        CHECK_STATUS(grid_project(zone, ring[i][1], ring[i][0], &point), ROAD_OK);
        const double e = (double)(point.e_mm - centre.e_mm) / 1000, n = (double)(point.n_mm - centre.n_mm) / 1000;
        CHECK_NEAR(e * e + n * n / 9, 2.4477 * 2.4477, 0.02);
        north = fmax(north, n);
        east = fmax(east, e);
    }
    CHECK_NEAR(north, 7.343, 0.002);
    CHECK_NEAR(east, 2.448, 0.002);
    CHECK_NEAR(ring[0][0], ring[PLACE_ELLIPSE_POINTS - 1][0], 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
