/* `roadchief cells` against PROJ on ten million random points, as a user would run it: CSV in, CSV out, one
 * zone a run. A point whose exact place lies within 1 micrometre of a millimetre's rounding edge may fall on
 * either side by the nanometres in which two right programs differ; such points are counted apart and
 * printed. */
#include "tests/check.h"

#include <unistd.h>

#include "grid/cell.h"
#include "tests/grid/oracle.h"

#define POINTS  500000 /* a run */
#define EDGE_MM 1e-3

/* Where the points of a run lie. */
struct field {
    struct grid_zone zone;
    double lat_low, lat_high, half_width_deg;
};

struct tally {
    uint64_t points, apart, apart_other_cell, other_millimetre, other_cell;
};

static double lat[POINTS], lon[POINTS];
static PJ_COORD want[POINTS];

static bool is_near_edge(double metres)
{
    const double mm = metres * 1000;

    return fabs(mm - floor(mm) - 0.5) < EDGE_MM;
}

static void compare(struct tally *tally, struct grid_zone zone, int k, uint64_t id)
{
    const PJ_XY place_m = want[k].xy;
    const struct grid_point place = {llround(place_m.x * 1000), llround(place_m.y * 1000)};
    struct grid_point got = {0, 0};
    struct cell cell = {0};

    (void)grid_project(zone, lat[k], lon[k], &got);
    (void)cell_from_point(zone, place, 0, &cell);
    tally->points++;
    if (is_near_edge(place_m.x) || is_near_edge(place_m.y)) {
        tally->apart++;
        tally->apart_other_cell += id != cell.id;
        return;
    }
    tally->other_millimetre += got.e_mm != place.e_mm || got.n_mm != place.n_mm;
    tally->other_cell += id != cell.id;
}

/* Thousand-millionths of a degree as a decimal number, and as the double that the digits say. */
static char *put_degrees(char *at, int64_t nano_deg, double *ret_deg)
{
    const int64_t size = nano_deg < 0 ? -nano_deg : nano_deg;

    const int length = sprintf(at, "%s%" PRId64 ".%09" PRId64, nano_deg < 0 ? "-" : "", size / 1000000000,
                               size % 1000000000);
    *ret_deg = strtod(at, NULL);
    return at + length;
}

/* Random points with 9 decimals (0.1 mm), written to the file; the doubles are what the digits say. */
static bool write_points(const char *path, const struct field *field, uint64_t *seed)
{
    const int64_t south = (int64_t)(field->lat_low * 1e9), north = (int64_t)(field->lat_high * 1e9);
    const int64_t half = (int64_t)(field->half_width_deg * 1e9);
    FILE *out = fopen(path, "w");

    if (!out)
        return false;
    for (int k = 0; k < POINTS; k++) {
        char row[64], *at = put_degrees(row, oracle_integer(seed, south, north), &lat[k]);
        *at++ = ',';
        at = put_degrees(
            at, field->zone.meridian_deg * INT64_C(1000000000) + oracle_integer(seed, -half, half), &lon[k]);
        *at++ = '\n';
        fwrite(row, 1, (size_t)(at - row), out);
    }
    return fclose(out) == 0;
}

static void read_cells(FILE *in, struct tally *tally, struct grid_zone zone)
{
    char row[200];
    int k = 0;

    CHECK(fgets(row, sizeof row, in) && strcmp(row, "lat_deg,lon_deg,id,human\n") == 0);
    while (k < POINTS && fgets(row, sizeof row, in)) {
        const char *comma = strchr(row, ',');
        comma = comma ? strchr(comma + 1, ',') : NULL;
        compare(tally, zone, k++, comma ? strtoull(comma + 1, NULL, 10) : 0);
    }
    CHECK_INT(k, POINTS);
}

/* proj takes lon, lat to east, north; EPSG:4326 to 4549 takes lat, lon to north, east. */
static void run(struct tally *tally, PJ *proj, bool is_epsg, const struct field *field, uint64_t *seed)
{
    char path[] = "/tmp/roadchief-points-XXXXXX", command[300];
    const int fd = mkstemp(path);

    CHECK(fd >= 0 && proj != NULL);
    if (fd < 0 || !proj)
        return;
    close(fd);
    CHECK(write_points(path, field, seed));
    for (int k = 0; k < POINTS; k++)
        want[k] = is_epsg ? proj_coord(lat[k], lon[k], 0, 0) : proj_coord(lon[k], lat[k], 0, 0);
    proj_trans_array(proj, PJ_FWD, POINTS, want);
    for (int k = 0; k < POINTS && is_epsg; k++)
        want[k] = proj_coord(want[k].xy.y, want[k].xy.x, 0, 0);
    (void)snprintf(command, sizeof command, "%s cells --meridian %d < %s", ROADCHIEF,
                   field->zone.meridian_deg, path);
    FILE *in = popen(command, "r");
    CHECK(in != NULL);
    if (in) {
        read_cells(in, tally, field->zone);
        CHECK_INT(pclose(in), 0);
    }
    unlink(path);
}

static void check_tally(const char *where, const struct tally *t)
{
    printf("  %s: %" PRIu64 " points, %" PRIu64 " within 1 um of a rounding edge counted apart (%" PRIu64
           " of them in another cell); of the rest %" PRIu64 " in other millimetres, %" PRIu64
           " in another cell\n",
           where, t->points, t->apart, t->apart_other_cell, t->other_millimetre, t->other_cell);
    CHECK_INT(t->other_millimetre, 0);
    CHECK_INT(t->other_cell, 0);
    CHECK(t->apart < t->points / 100);
}

FACT(cells_agrees_with_epsg_4549_on_five_million_points_around_hangzhou)
{
    const struct field field = {{120, false}, 29, 31, 1.7};
    PJ *proj = proj_create_crs_to_crs(NULL, "EPSG:4326", "EPSG:4549", NULL);
    struct tally tally = {0};
    uint64_t seed = 4549;

    for (int i = 0; i < 10; i++)
        run(&tally, proj, true, &field, &seed);
    check_tally("EPSG:4549", &tally);
    proj_destroy(proj);
}

FACT(cells_agrees_with_transverse_mercator_on_five_million_points_of_other_zones_to_84_degrees)
{
    /* A frame of 2^20 m ends 4.49 degrees west of the meridian at the equator. */
    static const struct field fields[] = {
        {{0, false}, 0, 84, 2},     {{18, false}, 45, 50, 2}, {{75, false}, 0, 84, 4.4},
        {{135, false}, 60, 84, 2},  {{180, false}, 0, 84, 2}, {{282, false}, 38, 44, 2},
        {{357, false}, 0, 84, 2},   {{150, true}, -84, 0, 2}, {{21, true}, -84, 0, 4.4},
        {{291, true}, -56, -50, 2},
    };
    struct tally tally = {0};
    uint64_t seed = 84;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        PJ *proj = oracle_of_zone(fields[i].zone);
        run(&tally, proj, false, &fields[i], &seed);
        proj_destroy(proj);
    }
    check_tally("other zones", &tally);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
