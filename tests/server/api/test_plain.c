/* Plain squares over HTTP: a made-up town, told through the store, against the functions it is made of. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <sqlite3.h>

#include "link/database.h"
#include "server/store/schema.h"
#include "tests/check.h"
#include "tests/server/api/fixture.h"
#include "tests/server/api/mvt_read.h"
#include "tests/server/api/town.h"

#define SIDE 3 /* tiles of 256 m */
#define SIDE_M (256 * SIDE)

static struct fixture f;
static struct town_counts told;

static struct grid_point point_of(double east_m, double north_m)
{
    return (struct grid_point){llround(((double)TOWN_EAST_M + east_m) * 1000),
                               llround(((double)TOWN_NORTH_M + north_m) * 1000)};
}

static struct cell cell_of(int east_m, int north_m, int level)
{
    struct cell cell = {0};

    CHECK_STATUS(cell_from_point(fixture_zone, point_of(east_m, north_m), level, &cell), ROAD_OK);
    return cell;
}

static void begin(void)
{
    f = (struct fixture){.dir = "/tmp/road-plain-XXXXXX"};
    CHECK(mkdtemp(f.dir) != NULL);
    snprintf(f.database, sizeof f.database, "%s/server.db", f.dir);
    CHECK_STATUS(database_open(f.database, store_migrations, &f.db, f.error), ROAD_OK);
    town_fill(f.db, fixture_zone, SIDE, &told);
    f.config = (struct api_config){.database_path = f.database, .district = "town", .log_origin = "roads.example/town",
                                   .log_vkey = "x", .zone = fixture_zone, .bounds = {120.1, 30.2, 120.2, 30.3},
                                   .ret_error = f.error};
    fixture_start(&f);
}

static json_t *ask(const char *path)
{
    struct reply reply = get(&f, path);
    json_t *root = json_loads(reply.body, 0, NULL);

    CHECK_INT(reply.status, 200);
    CHECK(root != NULL);
    reply_done(&reply);
    return root;
}

static const char *text_of(json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));

    return text ? text : "(none)";
}

static const char *const names[] = {"grey", "green", "yellow", "red"};

/* What shows at a 1 m square by the town's own functions; false if nothing is told of it at 1 m. */
static bool shows(int east_m, int north_m, enum road_code *ret_code, bool *ret_is_pale)
{
    const uint16_t cover = town_cover(east_m, north_m);
    const enum road_code special = town_special(east_m, north_m);

    *ret_code = special ? special : cover_shown(cover);
    *ret_is_pale = !special && *ret_code != CODE_GREY && cover_is_pale(cover);
    return cover != 0;
}

/* The n-th of places spread over the town at which something is told at 1 m. */
static void place(int n, int *ret_east_m, int *ret_north_m)
{
    int east_m = n * 7919 % SIDE_M, north_m = n * 104729 % SIDE_M;

    while (town_cover(east_m, north_m) == 0)
        east_m = (east_m + 1) % SIDE_M;
    *ret_east_m = east_m;
    *ret_north_m = north_m;
}

FACT(a_plain_square_explains_itself_with_its_age)
{
    int east_m = 0, north_m = 40, age_d;
    char path[96], want[96];
    json_t *cell;

    begin();
    for (int n = 0; n < 60; n++) {
        enum road_code code;
        bool is_pale;
        place(n, &east_m, &north_m);
        shows(east_m, north_m, &code, &is_pale);
        snprintf(path, sizeof path, "/v1/cells/%" PRIu64, cell_of(east_m, north_m, 0).id);
        cell = ask(path);
        CHECK_STR(text_of(cell, "code"), names[code]);
        CHECK_INT(json_is_true(json_object_get(cell, "pale")), is_pale);
        CHECK_INT(json_integer_value(json_object_get(cell, "level")), 0);
        const uint16_t cover = town_cover(east_m, north_m);
        const char *en = text_of(json_object_get(cell, "explain"), "en");
        age_d = TOWN_DAY - (int)cover_day(cover, TOWN_DAY);
        if (code == CODE_GREEN && !is_pale) {
            snprintf(want, sizeof want, age_d == 0 ? "G: covered lately and nothing found, today"
                                        : age_d == 1 ? "G: covered lately and nothing found, 1 day ago"
                                                     : "G: covered lately and nothing found, %d days ago", age_d);
            CHECK_STR(en, want);
            CHECK_STR(text_of(cell, "channel"), "clean");
            CHECK_NEAR(json_real_value(json_object_get(cell, "coverage")), 1, 1e-9);
            CHECK(json_is_null(json_object_get(cell, "passes")));
        } else if (code == CODE_GREY) {
            CHECK_STR(en, "?: covered too thinly or too long ago to tell, last 12 days ago");
            CHECK_STR(text_of(cell, "channel"), "unknown");
        }
        /* Unix time of the day's beginning; 20780 = 2026-11-23. */
        if (town_special(east_m, north_m) == CODE_GREY) {
            snprintf(want, sizeof want, "2026-11-%02d", 23 - age_d);
            CHECK(strncmp(text_of(cell, "seen"), want, 10) == 0);
        }
        json_decref(cell);
    }
}

FACT(a_place_without_its_own_square_shows_the_plain_one_above)
{
    char path[96];

    /* The strip of 4 m squares reaches over the kerb: a square is there when its middle is street. */
    for (int n = 0, found = 0; n < 4000 && found < 5; n++) {
        const int east_m = n * 7919 % SIDE_M, north_m = n * 104729 % SIDE_M;
        const int e4 = east_m / 4 * 4, n4 = north_m / 4 * 4;
        if (town_cover(east_m, north_m) || !town_cover(e4 + 2, n4 + 2))
            continue;
        found++;
        snprintf(path, sizeof path, "/v1/cells/%" PRIu64, cell_of(east_m, north_m, 0).id);
        json_t *cell = ask(path);
        CHECK_INT(json_integer_value(json_object_get(cell, "level")), 2);
        json_decref(cell);
    }
}

FACT(the_summary_counts_plain_squares_and_those_with_a_reason)
{
    int64_t want[4] = {0}, level0 = 0;

    for (int north_m = 0; north_m < SIDE_M; north_m++)
        for (int east_m = 0; east_m < SIDE_M; east_m++) {
            enum road_code code;
            bool is_pale;
            if (!shows(east_m, north_m, &code, &is_pale))
                continue;
            want[code]++;
            level0 += code != CODE_GREY;
        }
    json_t *root = ask("/v1/summary"), *cells = json_object_get(root, "cells");
    CHECK_INT(json_integer_value(json_object_get(cells, "level0")), level0);
    CHECK_INT(json_integer_value(json_object_get(cells, "red")), want[CODE_RED]);
    CHECK(json_integer_value(json_object_get(cells, "green")) > want[CODE_GREEN]); /* and the strip's */
    json_decref(root);
}

#define BOX_M 88 /* a crossing lies in it */
FACT(squares_in_a_box_come_once_page_by_page_of_every_kind)
{
    double west, south, east, north;
    char path[200], after[32] = "";
    int listed = 0, pages = 0;
    bool seen[32][32] = {{false}};

    grid_unproject(fixture_zone, point_of(BOX_M + 0.5, BOX_M + 0.5), &south, &west);
    grid_unproject(fixture_zone, point_of(BOX_M + 31.5, BOX_M + 31.5), &north, &east);
    do {
        snprintf(path, sizeof path, "/v1/cells?bbox=%.9f,%.9f,%.9f,%.9f&limit=37%s%s", west, south, east, north,
                 *after ? "&after=" : "", after);
        json_t *root = ask(path), *row;
        size_t i;
        json_array_foreach(json_object_get(root, "items"), i, row)
        {
            const struct cell cell = {strtoull(text_of(row, "id"), NULL, 10)};
            const struct grid_point corner = cell_corner(cell);
            const int64_t e = corner.e_mm / 1000 - TOWN_EAST_M - BOX_M, n = corner.n_mm / 1000 - TOWN_NORTH_M - BOX_M;
            listed++;
            if (cell_level(cell) != 0 || e < 0 || n < 0 || e > 31 || n > 31)
                continue;
            CHECK(!seen[n][e]);
            seen[n][e] = true;
        }
        snprintf(after, sizeof after, "%s", json_string_value(json_object_get(root, "next")) ?: "");
        json_decref(root);
    } while (*after && ++pages < 100);
    for (int n = 1; n < 31; n++) /* the box lies a little askew: its rim is left out */
        for (int e = 1; e < 31; e++)
            CHECK_INT(seen[n][e], town_cover(BOX_M + e, BOX_M + n) != 0);
    CHECK(pages >= 3 && listed > 100);
}

/* Web mercator as any map client computes it (OpenStreetMap wiki, slippy map tilenames). */
static void tile_of(struct grid_point point, int zoom, double *ret_x, double *ret_y)
{
    const double tiles = (double)(1 << zoom);
    double lat_deg, lon_deg;

    grid_unproject(fixture_zone, point, &lat_deg, &lon_deg);
    const double lat = lat_deg * M_PI / 180;
    *ret_x = (lon_deg + 180) / 360 * tiles;
    *ret_y = (1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * tiles;
}

static bool get_tile(int zoom, double x, double y, struct read_layer *ret_layer)
{
    char path[96];

    snprintf(path, sizeof path, "/tiles/cells/%d/%d/%d.mvt", zoom, (int)x, (int)y);
    struct reply reply = get(&f, path);
    const bool is_good = reply.status == 200 && mvt_read((const uint8_t *)reply.body, reply.length, ret_layer);
    if (!is_good)
        CHECK_FAILED("%s does not follow the specification", path);
    reply_done(&reply);
    return is_good;
}

/* The one feature that is drawn at a place; NULL if there is none, and a failure if there are two. */
static const struct read_feature *feature_at(const struct read_layer *layer, double x, double y)
{
    const struct read_feature *found = NULL;

    for (size_t i = 0; i < layer->n_features; i++)
        if (mvt_read_contains(layer, &layer->features[i], (x - floor(x)) * 4096, (y - floor(y)) * 4096)) {
            CHECK(!found);
            found = &layer->features[i];
        }
    return found;
}

FACT(near_tiles_show_at_every_place_what_is_told_there)
{
    for (int n = 0; n < 120; n++) {
        const int zoom = 17 + n % 4;
        const struct read_feature *feature;
        struct read_layer layer;
        enum road_code code;
        double x, y;
        bool is_pale;
        int east_m, north_m;
        place(n, &east_m, &north_m);
        shows(east_m, north_m, &code, &is_pale);
        tile_of(point_of(east_m + 0.5, north_m + 0.5), zoom, &x, &y);
        if (!get_tile(zoom, x, y, &layer))
            continue;
        feature = feature_at(&layer, x, y);
        CHECK(feature != NULL);
        if (feature) {
            CHECK_INT(atoi(mvt_read_value(&layer, feature, "code")), code);
            CHECK_STR(mvt_read_value(&layer, feature, "pale"), is_pale ? "true" : "false");
            CHECK_INT(atoi(mvt_read_value(&layer, feature, "level")), 0);
            CHECK_INT(strlen(mvt_read_value(&layer, feature, "id")) > 0, town_special(east_m, north_m) != CODE_GREY);
        }
        mvt_read_done(&layer);
    }
}

/* Areas by code of the told 1 m squares in a square of 2^level m. */
static void areas_of(int east_m, int north_m, int level, int64_t ret_area_m2[4])
{
    for (int y = north_m; y < north_m + (1 << level); y++)
        for (int x = east_m; x < east_m + (1 << level); x++) {
            enum road_code code;
            bool is_pale;
            if (shows(x, y, &code, &is_pale))
                ret_area_m2[code]++;
        }
}

/* In the middle of squares of 4, 16, 64 m. Red comes from 1 m squares alone, so it can be counted without the strip's. */
FACT(far_tiles_are_red_where_and_only_where_a_square_in_them_is)
{
    static const int levels[] = {6, 4, 4, 2}; /* of zooms 13 to 16 */

    for (int n = 0; n < 90; n++) {
        const int zoom = 13 + n % 4, level = levels[n % 4];
        const struct read_feature *feature;
        struct read_layer layer;
        int64_t area_m2[4] = {0};
        int east_m, north_m;
        double x, y;
        place(n * 31, &east_m, &north_m);
        areas_of(east_m >> level << level, north_m >> level << level, level, area_m2);
        tile_of(cell_centre(cell_of(east_m, north_m, level)), zoom, &x, &y);
        if (!get_tile(zoom, x, y, &layer))
            continue;
        feature = feature_at(&layer, x, y);
        CHECK(feature || area_m2[CODE_GREEN] + area_m2[CODE_RED] + area_m2[CODE_YELLOW] == 0);
        if (feature) {
            CHECK_INT(atoi(mvt_read_value(&layer, feature, "level")), level);
            CHECK_INT(atoi(mvt_read_value(&layer, feature, "code")) == CODE_RED, area_m2[CODE_RED] > 0);
            CHECK(atof(mvt_read_value(&layer, feature, "red")) <= 0 || area_m2[CODE_RED] > 0);
        }
        mvt_read_done(&layer);
    }
}

static long tiles_made(void)
{
    struct reply reply = get(&f, "/metrics");
    const char *at = strstr(reply.body, "\nroadchief_tiles_made_total ");
    const long n = at ? atol(at + 28) : -1;

    reply_done(&reply);
    return n;
}

FACT(a_change_makes_only_the_tiles_anew_that_show_it)
{
    const struct cell here = cell_of(20, 20, 3);
    const struct api_touch touch = {&here.id, 1, false, false};
    char near[96], far[96], away[96];
    double x, y;

    tile_of(point_of(20, 20), 18, &x, &y);
    snprintf(near, sizeof near, "/tiles/cells/18/%d/%d.mvt", (int)x, (int)y);
    tile_of(point_of(20, 20), 14, &x, &y);
    snprintf(far, sizeof far, "/tiles/cells/14/%d/%d.mvt", (int)x, (int)y);
    tile_of(point_of(600, 600), 18, &x, &y);
    snprintf(away, sizeof away, "/tiles/cells/18/%d/%d.mvt", (int)x, (int)y);
    const char *const paths[] = {near, far, away};
    for (int i = 0; i < 3; i++) {
        struct reply reply = get(&f, paths[i]);
        reply_done(&reply);
    }
    const long before = tiles_made();
    api_publish_touched(f.api, told.changes + 1, "{}", &touch);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3; i++) {
            struct reply reply = get(&f, paths[i]);
            reply_done(&reply);
        }
    CHECK_INT(tiles_made() - before, 2); /* near and far once each, the one away not at all */
    api_publish(f.api, told.changes + 2, "{}"); /* where is not said: everything */
    for (int i = 0; i < 3; i++) {
        struct reply reply = get(&f, paths[i]);
        reply_done(&reply);
    }
    CHECK_INT(tiles_made() - before, 5);
    fixture_done(&f);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
