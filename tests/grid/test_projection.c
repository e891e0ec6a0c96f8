/* The grid's projection against PROJ, which projects by code of its own. */
#include "tests/check.h"

#include "grid/cell.h"
#include "grid/krueger.h"
#include "grid/rounding.h"
#include "tests/grid/oracle.h"

#define HANGZHOU ((struct grid_zone){120, false})
/* Ours is within 4 nm of the exact projection, PROJ's within 5 nm; doubles near 10,000 km stand 2 nm apart.
 */
#define NEAR_M 12e-9

/* Domain figure, and `cct` of PROJ 9.1.1 to the micrometre. */
FACT(the_design_vector_of_hangzhou_holds)
{
    double e, n;

    CHECK_STATUS(grid_project_m(HANGZHOU, 30.2741, 120.1636, &e, &n), ROAD_OK);
    CHECK_NEAR(e, 515741.606037, 1e-6);
    CHECK_NEAR(n, 3350510.016589, 1e-6);
}

static double worst_difference(struct grid_zone zone, double lat_low, double lat_high, double half_width_deg)
{
    PJ *proj = oracle_of_zone(zone);
    uint64_t seed = 84;
    double worst = 0;

    for (int k = 0; k < 20000; k++) {
        const double lat = oracle_between(&seed, lat_low, lat_high);
        const double lon = zone.meridian_deg + oracle_between(&seed, -half_width_deg, half_width_deg);
        const PJ_COORD want = proj_trans(proj, PJ_FWD, proj_coord(lon, lat, 0, 0));
        double e, n;
        if (grid_project_m(zone, lat, lon, &e, &n) != ROAD_OK)
            return INFINITY;
        worst = fmax(worst, fmax(fabs(e - want.xy.x), fabs(n - want.xy.y)));
    }
    proj_destroy(proj);
    return worst;
}

FACT(band_polynomials_agree_with_proj_from_the_equator_to_84_north)
{
    for (int lat = 0; lat < 84; lat += 6)
        CHECK_NEAR(worst_difference(HANGZHOU, lat, lat + 6, 2), 0, NEAR_M);
}

FACT(band_polynomials_agree_with_proj_in_the_south_and_on_other_meridians)
{
    CHECK_NEAR(worst_difference((struct grid_zone){150, true}, -84, 0, 2), 0, NEAR_M);
    CHECK_NEAR(worst_difference((struct grid_zone){0, false}, 0, 84, 2), 0, NEAR_M);
    CHECK_NEAR(worst_difference((struct grid_zone){291, true}, -60, 0, 2), 0, NEAR_M);
    CHECK_NEAR(worst_difference((struct grid_zone){180, false}, 0, 84, 2), 0, NEAR_M);
}

FACT(the_series_agrees_with_proj_up_to_10_degrees_from_the_meridian)
{
    CHECK_NEAR(worst_difference(HANGZHOU, -1, 84, 10), 0, NEAR_M);
    CHECK_NEAR(worst_difference((struct grid_zone){357, true}, -84, 1, 10), 0, NEAR_M);
}

FACT(polynomial_and_series_meet_at_2_degrees)
{
    for (double lat = 0; lat <= 84; lat += 0.0625)
        for (int side = -1; side <= 1; side += 2) {
            double e, n, series_e, series_n;
            krueger_project(lat, 2 * side, &series_e, &series_n);
            CHECK_STATUS(grid_project_m(HANGZHOU, lat, 120 + 2 * side, &e, &n), ROAD_OK);
            CHECK_NEAR(e - 500e3, series_e, NEAR_M);
            CHECK_NEAR(n, series_n, NEAR_M);
        }
}

FACT(bands_meet_at_their_edges)
{
    for (int quarter = 1; quarter < 336; quarter++)
        for (double lon = 118; lon <= 122; lon += 0.25) {
            double e[2], n[2];
            CHECK_STATUS(grid_project_m(HANGZHOU, nextafter(quarter / 4.0, 0), lon, &e[0], &n[0]), ROAD_OK);
            CHECK_STATUS(grid_project_m(HANGZHOU, quarter / 4.0, lon, &e[1], &n[1]), ROAD_OK);
            CHECK_NEAR(e[0], e[1], NEAR_M);
            CHECK_NEAR(n[0], n[1], NEAR_M);
        }
}

FACT(the_south_mirrors_the_north)
{
    uint64_t seed = 7;

    for (int k = 0; k < 10000; k++) {
        const double lat = oracle_between(&seed, 0, 84), lon = oracle_between(&seed, 117, 123);
        double e[2], n[2];
        CHECK_STATUS(grid_project_m(HANGZHOU, lat, lon, &e[0], &n[0]), ROAD_OK);
        CHECK_STATUS(grid_project_m((struct grid_zone){120, true}, -lat, lon, &e[1], &n[1]), ROAD_OK);
        CHECK(e[0] == e[1]);
        CHECK_NEAR(n[1], 10e6 - n[0], 2e-9);
    }
}

FACT(the_meridian_is_half_a_thousand_kilometres_east_and_the_equator_is_zero)
{
    double e, n;

    for (double lat = -1; lat <= 84; lat += 0.3) {
        CHECK_STATUS(grid_project_m(HANGZHOU, lat, 120, &e, &n), ROAD_OK);
        CHECK(e == 500e3);
    }
    struct grid_point point;
    for (double lon = 110; lon <= 130; lon += 0.1) {
        CHECK_STATUS(grid_project(HANGZHOU, 0, lon, &point), ROAD_OK);
        CHECK_INT(point.n_mm, 0);
    }
}

FACT(millimetres_are_rounded_as_llround_does)
{
    uint64_t seed = 5;

    for (int k = 0; k < 100000; k++) {
        const double lat = oracle_between(&seed, -1, 84), lon = oracle_between(&seed, 111, 129);
        struct grid_point point;
        double e, n;
        CHECK_STATUS(grid_project_m(HANGZHOU, lat, lon, &e, &n), ROAD_OK);
        CHECK_STATUS(grid_project(HANGZHOU, lat, lon, &point), ROAD_OK);
        CHECK_INT(point.e_mm, llround(e * 1000));
        CHECK_INT(point.n_mm, llround(n * 1000));
    }
}

FACT(halves_are_rounded_away_from_zero_as_llround_does)
{
    for (double whole = 0; whole < 1e12; whole = whole * 3 + 1)
        for (int eighth = 0; eighth <= 8; eighth++)
            CHECK_INT((int64_t)rounded(whole + eighth / 8.0), llround(whole + eighth / 8.0));
    CHECK_INT((int64_t)rounded(nextafter(0.5, 0)), 0);
    /* 1.0625 m and 3.1875 m are exact, and so are their 1,062.5 mm and 3,187.5 mm. */
    CHECK_INT(millimetres_of(1.0625), 1063);
    CHECK_INT(millimetres_of(-1.0625), -1063);
    CHECK_INT(millimetres_of(3.1875), 3188);
    CHECK_INT(millimetres_of(-3.1875), -3188);
}

FACT(a_projected_point_comes_back)
{
    for (double lat = -84; lat <= 84; lat += 0.7)
        for (double lon = 110; lon <= 130; lon += 0.37) {
            const struct grid_zone zone = {120, lat < 0};
            struct grid_point point;
            double lat_back, lon_back;
            CHECK_STATUS(grid_project(zone, lat, lon, &point), ROAD_OK);
            CHECK_STATUS(grid_unproject(zone, point, &lat_back, &lon_back), ROAD_OK);
            CHECK_NEAR(lat_back, lat, 1e-8); /* 1 mm is 9e-9 degrees */
            CHECK_NEAR(lon_back, lon, 1e-8 / cos(lat * M_PI / 180));
        }
}

FACT(longitudes_count_on_either_side_of_the_date_line)
{
    const struct grid_zone zone = {180, false};
    struct grid_point a, b;
    double lat, lon;

    CHECK_STATUS(grid_project(zone, 10, -179.5, &a), ROAD_OK);
    CHECK_STATUS(grid_project(zone, 10, 180.5, &b), ROAD_OK);
    CHECK_INT(a.e_mm, b.e_mm);
    CHECK_STATUS(grid_unproject(zone, a, &lat, &lon), ROAD_OK);
    CHECK_NEAR(lon, -179.5, 1e-8);
}

FACT(what_lies_outside_is_refused_and_changes_nothing)
{
    static const double bad[][2] = {{NAN, 120},     {30, NAN},      {INFINITY, 120}, {30, -INFINITY},
                                    {84.0001, 120}, {-1.0001, 120}, {30, 109.99},    {30, 130.01},
                                    {30, -60},      {1e300, 1e300}};
    struct grid_point point = {1, 2};
    double lat = 3, lon = 4;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_STATUS(grid_project(HANGZHOU, bad[i][0], bad[i][1], &point), ROAD_BAD_RANGE);
    CHECK_STATUS(grid_project((struct grid_zone){121, false}, 30, 120, &point), ROAD_BAD_RANGE);
    CHECK_STATUS(grid_project((struct grid_zone){360, false}, 30, 0, &point), ROAD_BAD_RANGE);
    CHECK_STATUS(grid_project((struct grid_zone){-3, false}, 30, 0, &point), ROAD_BAD_RANGE);
    CHECK_INT(point.e_mm, 1);
    CHECK_STATUS(grid_unproject(HANGZHOU, (struct grid_point){INT64_MAX, 0}, &lat, &lon), ROAD_BAD_RANGE);
    CHECK_STATUS(grid_unproject(HANGZHOU, (struct grid_point){500000000, INT64_MIN}, &lat, &lon),
                 ROAD_BAD_RANGE);
    CHECK(lat == 3 && lon == 4);
}

FACT(the_nearest_zone_is_the_nearest_meridian)
{
    for (double lon = -180; lon <= 360; lon += 0.25) {
        const struct grid_zone zone = grid_zone_nearest(lon, lon);
        CHECK(grid_zone_is_valid(zone));
        CHECK(fabs(remainder(lon - zone.meridian_deg, 360)) <= 1.5);
        CHECK(zone.is_south == (lon < 0));
    }
    CHECK_INT(grid_zone_nearest(47.69, 17.65).meridian_deg, 18); /* Győr */
    CHECK_INT(grid_zone_nearest(0, NAN).meridian_deg, 0);
}

/* A fingerprint (FNV-1a) of the bits of places all over the bands. The value was the same from gcc 12 and
 * clang 14, at -O0 to -O3, with and without AVX-512; a machine or compiler that differs here would give other
 * cells than the rest. */
FACT(the_bits_of_the_band_polynomials_are_those_of_every_machine)
{
    uint64_t seed = 1, hash = UINT64_C(0xcbf29ce484222325);

    for (int k = 0; k < 200000; k++) {
        const double lat = oracle_between(&seed, 0, 84), lon = oracle_between(&seed, 118, 122);
        double place[2];
        CHECK_STATUS(grid_project_m(HANGZHOU, lat, lon, &place[0], &place[1]), ROAD_OK);
        const unsigned char *bytes = (const unsigned char *)place;
        for (size_t b = 0; b < sizeof place; b++)
            hash = (hash ^ bytes[b]) * UINT64_C(0x100000001b3);
    }
    CHECK_INT((int64_t)hash, INT64_C(-6727498579249004827));
}

/* In bulk: the same bits as one by one, whatever is mixed. */
static void check_bulk(struct grid_zone zone, const double *lat, const double *lon, size_t n)
{
    struct cell *cells = malloc(n * sizeof *cells);
    size_t refused = 0;

    CHECK(cells != NULL);
    const size_t told = cells_from_degrees(zone, lat, lon, n, cells);
    for (size_t k = 0; k < n; k++) {
        struct grid_point point;
        struct cell want = {0};
        if (grid_project(zone, lat[k], lon[k], &point) != ROAD_OK ||
            cell_from_point(zone, point, 0, &want) != ROAD_OK)
            refused++;
        CHECK_INT(cells[k].id, want.id);
    }
    CHECK_INT(told, refused);
    free(cells);
}

FACT(bulk_equals_single_for_narrow_and_wide_inputs)
{
    static double lat[20001], lon[20001];
    const size_t n = sizeof lat / sizeof lat[0];
    static const struct {
        struct grid_zone zone;
        double lat_low, lat_high, lon_low, lon_high;
    } cases[] = {
        {{120, false}, 30.2, 30.4, 120.1, 120.3},
        {{120, false}, 0, 0.01, 118, 122},
        {{120, false}, -1.5, 85, 108, 131},
        {{120, false}, 83.7, 84.1, 119, 121},
        {{150, true}, -34, -33.5, 150, 152},
        {{150, true}, -0.2, 0.2, 149, 151},
        {{0, false}, 51, 52, -1, 1},
        {{285, false}, 40, 41, -76, -73},
        {{180, false}, 10, 11, -181, 181},
        {{360, false}, 10, 11, -1, 1},
    };

    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        uint64_t seed = c + 1;
        for (size_t k = 0; k < n; k++) {
            lat[k] = oracle_between(&seed, cases[c].lat_low, cases[c].lat_high);
            lon[k] = oracle_between(&seed, cases[c].lon_low, cases[c].lon_high);
        }
        check_bulk(cases[c].zone, lat, lon, n);
    }
}

FACT(bulk_equals_single_for_odd_numbers_between_good_ones)
{
    static const double odd[] = {NAN,   INFINITY, -INFINITY, -0.0, 0.0, 84,  -84,
                                 30.25, 1e308,    -1e308,    120,  122, 118, 5e-324};
    const size_t n_odd = sizeof odd / sizeof odd[0];
    double lat[300], lon[300];

    for (size_t a = 0; a < n_odd; a++)
        for (size_t b = 0; b < n_odd; b++) {
            for (int k = 0; k < 300; k++)
                lat[k] = 30.1 + 0.001 * k, lon[k] = 120 + 0.001 * k;
            lat[17] = lat[299] = odd[a];
            lon[17] = lon[298] = odd[b];
            check_bulk(HANGZHOU, lat, lon, 300);
        }
}

FACT(bulk_equals_single_at_the_last_latitude_and_the_last_longitude)
{
    double lat[300], lon[300];

    for (int k = 0; k < 300; k++)
        lat[k] = 83.9 + k % 2 * 0.1, lon[k] = 118 + k % 3 * 2;
    lat[7] = 84;
    check_bulk(HANGZHOU, lat, lon, 300);
    for (int k = 0; k < 300; k++)
        lat[k] = -lat[k];
    check_bulk((struct grid_zone){120, true}, lat, lon, 300);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
