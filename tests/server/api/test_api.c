/* Facts about the api over HTTP: each address of docs/api.md, each refusal, tiles read back, threads together. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/ledger/read.h"
#include "server/ledger/tree.h"
#include "tests/check.h"
#include "tests/server/api/fixture.h"
#include "tests/server/api/mvt_read.h"

static struct fixture f;

/* The body as JSON, with its status checked. */
static json_t *get_json(const char *path, long status)
{
    struct reply reply = get(&f, path);
    json_t *root = json_loadb(reply.body, reply.length, JSON_REJECT_DUPLICATES, NULL);

    if (reply.status != status)
        CHECK_FAILED("%s: got %ld, want %ld: %.200s", path, reply.status, status, reply.body);
    if (!root)
        CHECK_FAILED("%s: no JSON: %.200s", path, reply.body);
    reply_done(&reply);
    return root;
}

static json_t *at(json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static const char *text_at(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static void check_error(const char *path, long status, const char *field)
{
    json_t *root = get_json(path, status);

    CHECK(json_string_length(at(root, "error")) > 0);
    if (field ? strcmp(text_at(root, "field"), field) != 0 : !json_is_null(at(root, "field")))
        CHECK_FAILED("%s: field is %s, want %s", path, text_at(root, "field"), field ? field : "null");
    json_decref(root);
}

FACT(healthz_counts_entries_and_changes)
{
    json_t *root = get_json("/healthz", 200);

    CHECK_STR(text_at(root, "status"), "ok");
    CHECK_INT(json_integer_value(at(root, "entries")), ENTRIES);
    CHECK_INT(json_integer_value(at(root, "changes")), 5);
    json_decref(root);
}

/* By hand from the fixture: of 5,000 columns, 10 * 3 are red, 50 * 10 yellow, 5 * 10 grey; ten rows, 20 squares. */
FACT(the_summary_counts_cells_defects_and_road)
{
    json_t *root = get_json("/v1/summary", 200), *cells = at(root, "cells"), *road = at(root, "road_m");

    CHECK_INT(json_integer_value(at(cells, "red")), 301);
    CHECK_INT(json_integer_value(at(cells, "yellow")), 5000);
    CHECK_INT(json_integer_value(at(cells, "grey")), 500);
    CHECK_INT(json_integer_value(at(cells, "green")), 50000 - 300 - 5000 - 500 + 20);
    CHECK_INT(json_integer_value(at(cells, "level0")), 50001 - 500);
    CHECK_INT(json_integer_value(at(at(root, "defects"), "confirmed")), 2);
    CHECK_INT(json_integer_value(at(at(root, "defects"), "suspected")), 1);
    CHECK_INT(json_integer_value(at(at(root, "features"), "registered")), 2);
    CHECK_INT(json_integer_value(at(at(root, "features"), "retired")), 1);
    CHECK_INT(json_integer_value(at(at(root, "features"), "called_damage")), 1);
    CHECK_NEAR(json_number_value(at(road, "covered")), 5001.5, 1e-9);
    CHECK_NEAR(json_number_value(at(road, "red")), 30, 1e-9);
    CHECK_NEAR(json_number_value(at(road, "unplaced")), 0.25, 1e-9);
    CHECK_INT(json_integer_value(at(root, "tree_size")), ENTRIES);
    CHECK_INT(json_string_length(at(root, "root")), 64);
    CHECK_INT(json_integer_value(at(root, "last_change")), 5);
    CHECK_STR(text_at(root, "as_of"), "2026-11-23T07:41:00.000Z");
    json_decref(root);
}

FACT(the_config_tells_zone_and_bounds)
{
    json_t *root = get_json("/v1/config", 200);

    CHECK_STR(text_at(root, "district"), "330103");
    CHECK_INT(json_integer_value(at(at(root, "zone"), "meridian_deg")), 120);
    CHECK(json_is_false(at(at(root, "zone"), "is_south")));
    CHECK_NEAR(json_number_value(json_array_get(at(root, "bounds"), 3)), 30.28, 0);
    CHECK_STR(text_at(root, "log_origin"), "roads.example/test");
    CHECK(json_is_true(at(root, "truth")));
    json_decref(root);
}

static void cell_path(struct cell cell, char ret_path[64])
{
    snprintf(ret_path, 64, "/v1/cells/%" PRIu64, cell.id);
}

FACT(a_cell_explains_itself)
{
    char path[64];
    cell_path(fixture_cell(FIRST_COLUMN + 1, FIRST_ROW, 0), path); /* 513001 % 500 = 1 */
    json_t *root = get_json(path, 200);

    CHECK_STR(text_at(root, "code"), "red");
    CHECK_STR(text_at(root, "channel"), "hazard");
    CHECK_STR(text_at(root, "human"), "40-513001-3350510");
    CHECK_STR(text_at(root, "asked"), "40-513001-3350510");
    CHECK_INT(json_integer_value(at(root, "size_m")), 1);
    CHECK_STR(text_at(at(root, "letter"), "en"), "R");
    CHECK_STR(text_at(at(root, "word"), "zh"), "不健康");
    CHECK(strstr(text_at(at(root, "explain"), "en"), "Pothole") != NULL);
    CHECK(strstr(text_at(at(root, "explain"), "zh"), "坑洞") != NULL);
    CHECK_STR(text_at(root, "seen"), "2026-11-23T07:41:00.000Z");
    CHECK_NEAR(json_number_value(at(root, "coverage")), 1.75, 1e-9);
    CHECK_NEAR(json_number_value(at(root, "iri")), 3.2, 1e-9);
    CHECK_INT(json_integer_value(at(root, "passes")), 5);
    CHECK_STR(json_string_value(json_array_get(at(root, "defects"), 0)), DEFECT_RED);
    CHECK_INT(json_array_size(at(root, "polygon")), 5);
    /* The newest about its defect is 20; about its 256 m tile (513001 / 256 = 2003, the first) 296 = 4 * 74. */
    CHECK_INT(json_integer_value(at(at(root, "entry"), "index")), 296);
    json_decref(root);
}

FACT(a_cell_may_be_asked_by_its_human_form)
{
    json_t *root = get_json("/v1/cells/40-513050-3350512", 200);

    CHECK_STR(text_at(root, "code"), "yellow");
    CHECK_STR(text_at(root, "channel"), "ride");
    json_decref(root);
}

FACT(a_cell_without_its_own_code_shows_its_nearest_ancestors)
{
    json_t *root = get_json("/v1/cells/40-513020-3350550", 200);

    CHECK_STR(text_at(root, "asked"), "40-513020-3350550");
    CHECK_STR(text_at(root, "human"), "40-513008-3350544/16");
    CHECK_INT(json_integer_value(at(root, "level")), 4);
    CHECK_INT(json_integer_value(at(root, "size_m")), 16);
    CHECK_STR(text_at(root, "code"), "green");
    CHECK(json_is_true(at(root, "pale")));
    json_decref(root);
}

FACT(a_place_never_seen_is_grey)
{
    json_t *root = get_json("/v1/cells/40-600000-3350550", 200);

    CHECK_STR(text_at(root, "code"), "grey");
    CHECK_STR(text_at(root, "channel"), "unknown");
    CHECK(json_is_null(at(root, "seen")) && json_is_null(at(root, "iri")) && json_is_null(at(root, "entry")));
    json_decref(root);
}

FACT(a_place_gives_its_cell)
{
    double lat_deg, lon_deg;
    char path[128];

    CHECK_STATUS(grid_unproject(fixture_zone, cell_centre(fixture_cell(513502, 3350515, 0)), &lat_deg, &lon_deg),
                 ROAD_OK);
    snprintf(path, sizeof path, "/v1/cells/at?lat=%.9f&lon=%.9f", lat_deg, lon_deg);
    json_t *root = get_json(path, 200);
    CHECK_STR(text_at(root, "human"), "40-513502-3350515");
    CHECK_STR(text_at(root, "code"), "red");
    /* The corners lie half a metre off: 1 degree of latitude is 110,852 m at 30 north (GRS80). */
    CHECK_NEAR(json_number_value(json_array_get(at(root, "bounds"), 3)) - lat_deg, 0.5 / 110852, 5e-8);
    json_decref(root);
}

/* The box in degrees around cells column .. column + width of the road. */
static void box_path(int64_t column, int64_t width, const char *more, char ret_path[256])
{
    double south, west, north, east;

    grid_unproject(fixture_zone, (struct grid_point){column * 1000 + 300, FIRST_ROW * 1000 + 300}, &south, &west);
    grid_unproject(fixture_zone, (struct grid_point){(column + width) * 1000 - 300, (FIRST_ROW + ROWS) * 1000 - 300},
                   &north, &east);
    snprintf(ret_path, 256, "/v1/cells?bbox=%.9f,%.9f,%.9f,%.9f%s", west, south, east, north, more);
}

FACT(cells_in_a_box_come_once_each_page_by_page)
{
    char path[256], more[64] = "&limit=300";
    uint64_t last = 0;
    int n = 0, pages = 0;

    while (pages++ < 20) {
        box_path(514000, 100, more, path);
        json_t *root = get_json(path, 200), *item;
        size_t i;
        json_array_foreach(at(root, "items"), i, item) {
            const uint64_t id = strtoull(text_at(item, "id"), NULL, 10);
            CHECK(id > last);
            last = id;
            n++;
        }
        const bool is_end = json_is_null(at(root, "next"));
        snprintf(more, sizeof more, "&limit=300&after=%s", text_at(root, "next"));
        json_decref(root);
        if (is_end)
            break;
    }
    CHECK_INT(pages, 4);
    CHECK_INT(n, 1000);
}

FACT(cells_in_a_box_can_be_asked_by_code)
{
    char path[256];

    box_path(513990, 100, "&limit=1000&code=red", path);
    json_t *root = get_json(path, 200);
    CHECK_INT(json_array_size(at(root, "items")), 30); /* columns 514000 … 514002 */
    CHECK_STR(text_at(json_array_get(at(root, "items"), 7), "code"), "red");
    json_decref(root);
}

FACT(a_box_elsewhere_holds_nothing)
{
    json_t *root = get_json("/v1/cells?bbox=2.3,48.8,2.35,48.85", 200);

    CHECK_INT(json_array_size(at(root, "items")), 0);
    CHECK(json_is_null(at(root, "next")));
    json_decref(root);
}

FACT(a_defect_shows_size_place_and_entries)
{
    json_t *root = get_json("/v1/defects/" DEFECT_RED, 200);

    CHECK_STR(text_at(root, "state"), "confirmed");
    CHECK_STR(text_at(at(root, "type"), "code"), "pothole");
    CHECK_STR(text_at(root, "severity"), "high");
    CHECK_STR(text_at(root, "code"), "red");
    CHECK_NEAR(json_number_value(at(root, "sigma_major_m")), 0.8, 1e-9);
    CHECK_NEAR(json_number_value(at(root, "sigma_minor_m")), 0.4, 1e-9);
    CHECK_NEAR(json_number_value(at(root, "bearing_deg")), 90, 1e-6);
    CHECK_NEAR(json_number_value(at(at(root, "size"), "value")), 58, 1e-9);
    CHECK_STR(text_at(at(root, "size"), "unit"), "depth_mm");
    CHECK_INT(json_array_size(at(root, "entries")), 2);
    CHECK_INT(json_integer_value(at(json_array_get(at(root, "entries"), 0), "index")), 20);
    CHECK(json_array_size(at(root, "ellipse")) > 16);
    CHECK(strstr(text_at(at(root, "explain"), "en"), "58") != NULL);
    json_decref(root);
}

FACT(a_defect_shows_who_repaired_it_how_far_that_is_verified_and_what_people_said)
{
    json_t *root = get_json("/v1/defects/" DEFECT_RED, 200), *repair = at(root, "repair");

    CHECK_STR(text_at(repair, "stage"), "claimed");
    CHECK_STR(text_at(at(repair, "by"), "kid"), "c0ffee0000000001");
    CHECK_STR(text_at(at(repair, "by"), "name"), "roads");
    CHECK_STR(text_at(repair, "claimed"), "2026-11-23T07:41:00.000Z");
    CHECK_INT(json_integer_value(at(repair, "passes")), 4);
    CHECK_INT(json_integer_value(at(repair, "passes_needed")), 10);
    CHECK_NEAR(json_number_value(at(repair, "miss")), 0.152588, 1e-9);
    CHECK_STR(text_at(at(repair, "text"), "en"), "said to be repaired 2026-11-23 07:41Z; 4 of about 10 clean passes");
    CHECK(strstr(text_at(at(root, "explain"), "en"), "4 of about 10 clean passes: R: Pothole") != NULL);
    CHECK_INT(json_array_size(at(root, "verdicts")), 2);
    json_t *newest = json_array_get(at(root, "verdicts"), 0), *first = json_array_get(at(root, "verdicts"), 1);
    CHECK_STR(text_at(newest, "kind"), "whole");
    CHECK_STR(text_at(newest, "state"), "refused");
    CHECK_STR(text_at(newest, "note"), "who repaired");
    CHECK_STR(text_at(first, "kind"), "repaired");
    CHECK_STR(text_at(first, "by"), "roads");
    CHECK_INT(json_integer_value(at(first, "entry")), 20);
    json_decref(root);
    root = get_json("/v1/defects/" DEFECT_YELLOW, 200);
    CHECK(json_is_null(at(root, "repair")));
    CHECK_INT(json_array_size(at(root, "verdicts")), 0);
    json_decref(root);
}

FACT(defects_can_be_asked_by_box_state_and_type)
{
    static const struct {
        const char *path;
        size_t n;
    } rows[] = {
        {"/v1/defects", 3},
        {"/v1/defects?state=confirmed", 2},
        {"/v1/defects?state=suspected&type=pothole", 1},
        {"/v1/defects?state=repaired", 0},
        {"/v1/defects?type=rutting", 0},
        {"/v1/defects?bbox=120,30,121,31&state=confirmed", 2},
        {"/v1/defects?bbox=121,30,122,31", 0},
        {"/v1/defects?after=" DEFECT_RED, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *root = get_json(rows[i].path, 200);
        CHECK_INT(json_array_size(at(root, "items")), rows[i].n);
        json_decref(root);
    }
    json_t *page = get_json("/v1/defects?limit=1", 200);
    CHECK_STR(text_at(page, "next"), DEFECT_RED);
    json_decref(page);
}

FACT(features_are_geojson_by_box_kind_and_state)
{
    static const struct {
        const char *path;
        size_t n;
    } rows[] = {
        {"/v1/features", 2}, /* registered ones */
        {"/v1/features?state=registered&kind=speed_bump", 1},
        {"/v1/features?state=retired", 1},
        {"/v1/features?kind=rail", 0},
        {"/v1/features?bbox=120,30,121,31", 2},
        {"/v1/features?bbox=121,30,122,31", 0},
        {"/v1/features?after=" FEATURE_BUMP_ID, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *root = get_json(rows[i].path, 200);
        CHECK_STR(text_at(root, "type"), "FeatureCollection");
        CHECK_INT(json_array_size(at(root, "features")), rows[i].n);
        json_decref(root);
    }
    json_t *page = get_json("/v1/features?limit=1", 200);
    CHECK_STR(text_at(page, "next"), DEFECT_YELLOW);
    json_decref(page);
}

FACT(a_feature_tells_its_kind_its_strength_and_whether_it_became_damage)
{
    json_t *root = get_json("/v1/features", 200), *list = at(root, "features");
    json_t *cover = at(json_array_get(list, 0), "properties"), *bump = at(json_array_get(list, 1), "properties");

    CHECK_STR(text_at(bump, "id"), FEATURE_BUMP_ID);
    CHECK_STR(text_at(bump, "kind"), "speed_bump");
    CHECK_STR(text_at(bump, "zh"), "减速带");
    CHECK_NEAR(json_number_value(at(bump, "strength")), 9.3, 1e-9);
    CHECK_NEAR(json_number_value(at(bump, "strength_mad")), 0.31, 1e-9);
    CHECK_NEAR(json_number_value(at(bump, "sigma_m")), 0.2, 1e-9);
    CHECK_NEAR(json_number_value(at(bump, "heading_deg")), 90, 1e-9);
    CHECK_INT(json_integer_value(at(bump, "called_damage")), 1);
    CHECK(json_is_null(at(bump, "defect")));
    CHECK_STR(text_at(cover, "defect"), DEFECT_YELLOW);
    const json_t *place = at(at(json_array_get(list, 1), "geometry"), "coordinates");
    CHECK_NEAR(json_number_value(json_array_get(place, 1)), 30.27, 0.01);
    json_decref(root);
}

FACT(changes_come_in_order_as_they_were_written)
{
    json_t *root = get_json("/v1/changes?after=2&limit=2", 200);

    CHECK_INT(json_array_size(at(root, "items")), 2);
    CHECK_INT(json_integer_value(at(json_array_get(at(root, "items"), 0), "change")), 3);
    CHECK_STR(text_at(root, "next"), "4");
    json_decref(root);
    root = get_json("/v1/changes?after=4", 200);
    CHECK_INT(json_array_size(at(root, "items")), 1);
    CHECK(json_is_null(at(root, "next")));
    json_decref(root);
}

/* The first lies along row 5 from column 513000 to 514000. Red cells lie in its squares 512992 … 513007 (8 m of the
 * road) and 513488 … 513503 (16 m); ten times ten yellow columns reach into one or two squares each. */
FACT(a_road_tells_its_metres_by_code)
{
    json_t *root = get_json("/v1/roads", 200);
    CHECK_INT(json_array_size(at(root, "items")), 2);
    CHECK_STR(text_at(json_array_get(at(root, "items"), 0), "name"), "测试路 <1>");
    json_decref(root);
    root = get_json("/v1/roads/1", 200);
    json_t *road = at(root, "road_m");
    CHECK_NEAR(json_number_value(at(root, "length_m")), 1000, 5);
    CHECK_STR(text_at(root, "code"), "red");
    const double red = json_number_value(at(road, "red")), yellow = json_number_value(at(road, "yellow"));
    const double all = red + yellow + json_number_value(at(road, "green")) + json_number_value(at(road, "grey"));
    CHECK_NEAR(all, json_number_value(at(root, "length_m")), 5);
    CHECK_NEAR(red, 8 + 16, 4);
    CHECK(yellow >= 10 * 10 && yellow <= 10 * 32);
    CHECK_INT(json_integer_value(at(root, "defects_confirmed")), 2);
    json_decref(root);
    check_error("/v1/roads/nowhere", 404, "road");
}

FACT(a_road_page_is_the_answer_in_words_and_safe)
{
    struct reply reply = get(&f, "/R/1");

    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Content-Type"), "text/html; charset=utf-8");
    CHECK(strstr(reply.body, "测试路 &lt;1&gt;") != NULL);
    CHECK(strstr(reply.body, "<1>") == NULL);
    CHECK(strstr(reply.body, "unhealthy") != NULL && strstr(reply.body, "不健康") != NULL);
    reply_done(&reply);
}

/* By hand, from the ten segments of fixture.c: PCI (2 * 50 + 2 * 73 + 4 * 95) / 8 = 78.25; PQI 20 * 4.00 * 0.6 + PCI * 0.4, mean
 * 79.3, B of an arterial road; unknown 1 - (8 + 2 * 0.3) / 10. Points lost: holes 2 * 50 + 2 * 27 * 0.4 = 121.6, alligator 2 * 27 * 0.6 =
 * 32.4, bleeding 4 * 5 = 20, of 174. */
FACT(a_roads_score_is_the_mean_of_its_observed_segments)
{
    json_t *root = get_json("/v1/roads/1", 200), *score = at(root, "score"), *top = at(score, "top");

    CHECK_INT(json_integer_value(at(score, "segments")), 10);
    CHECK_NEAR(json_number_value(at(score, "pci")), 78.25, 0.005);
    CHECK_NEAR(json_number_value(at(score, "rqi")), 4, 1e-9);
    CHECK_NEAR(json_number_value(at(score, "pqi")), 79.3, 0.005);
    CHECK_STR(text_at(score, "grade"), "B");
    CHECK_STR(text_at(score, "code"), "red");
    CHECK_STR(text_at(score, "why"), "hazard");
    CHECK_NEAR(json_number_value(at(score, "unknown")), 0.14, 1e-9);
    CHECK_INT(json_integer_value(at(score, "red_hazards")), 6);
    CHECK_NEAR(json_number_value(at(at(score, "code_m"), "green")), 400, 1e-9);
    CHECK_NEAR(json_number_value(at(at(score, "grade_m"), "D")), 200, 1e-9);
    CHECK_INT(json_array_size(top), 3);
    CHECK_STR(text_at(json_array_get(top, 0), "type"), "pothole");
    CHECK_NEAR(json_number_value(at(json_array_get(top, 0), "share")), 0.699, 1e-9);
    CHECK_STR(text_at(json_array_get(top, 1), "type"), "alligator_crack");
    CHECK_NEAR(json_number_value(at(json_array_get(top, 1), "share")), 0.186, 1e-9);
    CHECK_STR(text_at(json_array_get(top, 2), "type"), "bleeding");
    CHECK_NEAR(json_number_value(at(at(score, "jtg5210"), "pci")), (2 * 60 + 2 * 80 + 4 * 95) / 8.0, 0.005);
    CHECK(strstr(text_at(at(score, "explanation"), "zh"), "坑洞（70 %）") != NULL);
    json_decref(root);
    root = get_json("/v1/roads", 200);
    CHECK_NEAR(json_number_value(at(at(json_array_get(at(root, "items"), 0), "score"), "pqi")), 79.3, 0.005);
    CHECK(json_is_null(at(json_array_get(at(root, "items"), 1), "score"))); /* nobody drove there */
    json_decref(root);
}

FACT(a_roads_segments_come_in_order_with_line_and_reasons)
{
    json_t *root = get_json("/v1/roads/1/segments", 200), *items = at(root, "items"), *second = json_array_get(items, 1);

    CHECK_INT(json_array_size(items), 10);
    CHECK_STR(text_at(second, "way"), "w1");
    CHECK_INT(json_integer_value(at(second, "index")), 1);
    CHECK_STR(text_at(second, "code"), "yellow");
    CHECK_STR(text_at(second, "grade"), "B");
    CHECK_NEAR(json_number_value(at(second, "pci")), 73, 1e-9);
    CHECK_INT(json_integer_value(at(second, "passes")), 7);
    CHECK_STR(text_at(at(second, "explanation"), "en"),
              "Y: the surface is worn. Grade B: surface (PCI) 73.0 of 100, ride (RQI) 4.00 of 4.98, together (PQI) 77.2. Most "
              "points are lost to alligator (fatigue) crack (60 %), pothole (40 %). Observed: 100 %.");
    CHECK_INT(json_array_size(at(at(second, "geometry"), "coordinates")), 2);
    CHECK(json_is_null(at(json_array_get(items, 4), "grade")));
    CHECK(json_is_null(at(json_array_get(items, 4), "pci")));
    json_decref(root);
    root = get_json("/v1/roads/1/segments?format=geojson", 200);
    CHECK_STR(text_at(root, "type"), "FeatureCollection");
    CHECK_STR(text_at(at(json_array_get(at(root, "features"), 0), "geometry"), "type"), "LineString");
    CHECK_STR(text_at(at(json_array_get(at(root, "features"), 0), "properties"), "code"), "red");
    json_decref(root);
    root = get_json("/v1/roads?format=geojson", 200);
    CHECK_STR(text_at(at(json_array_get(at(root, "features"), 1), "geometry"), "type"), "MultiLineString");
    json_decref(root);
    check_error("/v1/roads/1/segments?format=shp", 400, "format");
    check_error("/v1/roads?format=shp", 400, "format");
    check_error("/v1/roads/nowhere/segments", 404, "road");
}

FACT(a_segment_may_be_asked_by_its_name)
{
    json_t *root = get_json("/v1/segments/w1/0/4", 200);

    CHECK_STR(text_at(root, "code"), "grey");
    CHECK_STR(text_at(root, "road"), "测试路 <1>");
    CHECK_NEAR(json_number_value(at(root, "unknown")), 0.7, 1e-9);
    json_decref(root);
    root = get_json("/v1/summary", 200);
    CHECK_INT(json_integer_value(at(at(root, "segments"), "green")), 4);
    CHECK_INT(json_integer_value(at(at(root, "segments"), "red")), 2);
    CHECK_NEAR(json_number_value(at(at(root, "segments"), "unknown")), 0.14, 1e-9);
    json_decref(root);
    check_error("/v1/segments/w1/1/4", 404, "segment");
    check_error("/v1/segments/w1/0/99", 404, "segment");
    check_error("/v1/segments/w1/2/4", 400, "segment");
    check_error("/v1/segments/w1", 400, "segment");
    check_error("/v1/segments/0/4", 400, "segment");
    check_error("/v1/segments/w1/0/-4", 400, "segment");
}

FACT(a_road_page_says_why_and_which_stretches_need_care)
{
    struct reply reply = get(&f, "/r/1");

    CHECK_INT(reply.status, 200);
    CHECK(strstr(reply.body, "坑洞（70 %）") != NULL && strstr(reply.body, "pothole (70 %)") != NULL);
    const char *red = strstr(reply.body, "→ 0–100 m"), *yellow = strstr(reply.body, "→ 100–200 m");
    CHECK(red && yellow && red < yellow);                   /* worst first */
    CHECK(strstr(reply.body, "→ 200–300 m") == NULL);       /* green ones are not listed */
    reply_done(&reply);
}

FACT(the_proof_of_an_entry_leads_to_the_signed_root)
{
    struct reply proof = get(&f, "/v1/proof/20"), checkpoint = get(&f, "/log/checkpoint");

    CHECK_INT(proof.status, 200);
    CHECK(strncmp(proof.body, "c2sp.org/tlog-proof@v1\nindex 20\n", 32) == 0);
    CHECK(strstr(proof.body, checkpoint.body) != NULL);
    CHECK(strncmp(checkpoint.body, "roads.example/test\n300\n", 23) == 0);
    reply_done(&proof);
    reply_done(&checkpoint);
    check_error("/v1/proof/300", 404, "index");
    check_error("/v1/proof/-1", 400, "index");
    check_error("/v1/proof/99999999999999999999", 400, "index");
}

FACT(an_entry_hashes_to_its_leaf)
{
    struct reply bundle = get(&f, "/log/tile/entries/001.p/44"), leaves = get(&f, "/log/tile/0/001.p/44");
    struct tree_hash leaf;
    size_t offset = 0, length;
    const uint8_t *entry;

    CHECK_INT(bundle.status, 200);
    CHECK_INT(leaves.length, 44 * 32);
    for (int i = 0; i < 44; i++) {
        CHECK_STATUS(bundle_next((const uint8_t *)bundle.body, bundle.length, &offset, &entry, &length), ROAD_OK);
        tree_leaf_hash(entry, length, &leaf);
        CHECK(memcmp(leaf.bytes, leaves.body + 32 * i, 32) == 0);
    }
    reply_done(&bundle);
    reply_done(&leaves);
    json_t *root = get_json("/v1/entries/20", 200);
    CHECK_STR(text_at(at(root, "entry"), "subject"), "defect/" DEFECT_RED);
    CHECK_INT(json_string_length(at(root, "leaf_hash")), 64);
    json_decref(root);
}

FACT(the_logs_tiles_are_named_exactly)
{
    struct reply full = get(&f, "/log/tile/0/000"), top = get(&f, "/log/tile/1/000.p/1");

    CHECK_INT(full.length, 8192);
    CHECK(strstr(reply_header(&full, "Cache-Control"), "immutable") != NULL);
    CHECK_INT(top.length, 32);
    reply_done(&full);
    reply_done(&top);
    static const char *const wrong[] = {"/log/tile/0/0",   "/log/tile/0/000.p/0", "/log/tile/0/001",  "/log/tile/0/001.p/45",
                                        "/log/tile/0/002", "/log/tile/64/000",    "/log/tile/0/x000", "/log/", "/log/secret"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_error(wrong[i], 404, "tile");
}

FACT(bad_requests_name_their_field)
{
    static const struct {
        const char *path;
        long status;
        const char *field;
    } rows[] = {
        {"/v1/cells/nothing", 400, "id"},
        {"/v1/cells/0", 400, "id"},
        {"/v1/cells/18446744073709551615", 400, "id"},
        {"/v1/cells/at?lat=nan&lon=120", 400, "lat"},
        {"/v1/cells/at?lat=91&lon=120", 400, "lat"},
        {"/v1/cells/at?lat=30", 400, "lon"},
        {"/v1/cells/at?lat=30&lon=1e400", 400, "lon"},
        {"/v1/cells/at?lat=30&lon=-50", 400, "lon"},
        {"/v1/cells", 400, "bbox"},
        {"/v1/cells?bbox=1,2,3", 400, "bbox"},
        {"/v1/cells?bbox=nan,nan,nan,nan", 400, "bbox"},
        {"/v1/cells?bbox=120,30,121,31", 400, "bbox"},
        {"/v1/cells?bbox=120,30,120.1,30.1&code=blue", 400, "code"},
        {"/v1/cells?bbox=120,30,120.1,30.1&limit=1001", 400, "limit"},
        {"/v1/cells?bbox=120,30,120.1,30.1&after=x", 400, "after"},
        {"/v1/defects/unknown", 404, "id"},
        {"/v1/defects?bbox=x", 400, "bbox"},
        {"/v1/defects?state=great", 400, "state"},
        {"/v1/defects?type=hole", 400, "type"},
        {"/v1/features?bbox=1,2", 400, "bbox"},
        {"/v1/features?kind=hole", 400, "kind"},
        {"/v1/features?state=seen", 400, "state"},
        {"/v1/features?limit=0", 400, "limit"},
        {"/v1/changes?after=-1", 400, "after"},
        {"/v1/changes?limit=0", 400, "limit"},
        {"/v1/entries/300", 404, "index"},
        {"/v1/entries/x", 400, "index"},
        {"/tiles/cells/23/0/0.mvt", 400, "z"},
        {"/tiles/cells/1/2/0.mvt", 400, "x"},
        {"/tiles/cells/1/0/2.mvt", 400, "y"},
        {"/tiles/houses/1/0/0.mvt", 404, "layer"},
        {"/events?after=x", 400, "Last-Event-ID"},
        {"/v1/nothing", 404, NULL},
        {"/%zz", 400, NULL},
        {"/nothing.html", 404, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_error(rows[i].path, rows[i].status, rows[i].field);
}

FACT(only_get_and_head_without_body_are_answered)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < 6; i++) {
        struct reply reply = http(&f, methods[i], "/v1/summary", NULL);
        CHECK_INT(reply.status, 405);
        CHECK_STR(reply_header(&reply, "Allow"), "GET, HEAD");
        reply_done(&reply);
    }
    struct reply head = http(&f, "HEAD", "/v1/summary", NULL);
    CHECK_INT(head.status, 200);
    CHECK_INT(head.length, 0);
    CHECK(atoi(reply_header(&head, "Content-Length")) > 100);
    reply_done(&head);
    const char *const body[] = {"Content-Length: 5", NULL};
    struct reply with_body = http(&f, NULL, "/v1/summary", body);
    CHECK_INT(with_body.status, 413);
    reply_done(&with_body);
}

FACT(an_address_that_is_too_long_is_refused)
{
    char path[1200];

    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    check_error(path, 414, NULL);
}

FACT(no_path_leads_out_of_the_web_folder)
{
    static const char *const paths[] = {"/../server.db",        "/%2e%2e/server.db",   "/assets/../../server.db",
                                        "/assets/%2e%2e/%2e%2e/server.db", "/..%2fserver.db", "//etc/passwd",
                                        "/./index.html",        "/.hidden",            "/..\\server.db",
                                        "/assets/",             "/link.html",          "/assets"};
    char command[256];

    snprintf(command, sizeof command, "ln -sf ../server.db %s/web/link.html; echo x > %s/web/.hidden", f.dir, f.dir);
    CHECK_INT(system(command), 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        check_error(paths[i], 404, NULL);
}

FACT(built_pages_are_served_with_their_types)
{
    struct reply index = get(&f, "/"), script = get(&f, "/assets/app.js"), icon = get(&f, "/favicon.ico");

    CHECK_STR(index.body, "<p>built</p>");
    CHECK_STR(reply_header(&index, "Content-Type"), "text/html; charset=utf-8");
    CHECK_STR(reply_header(&index, "Cache-Control"), "no-cache");
    CHECK_STR(reply_header(&script, "Content-Type"), "text/javascript; charset=utf-8");
    CHECK(strstr(reply_header(&script, "Cache-Control"), "immutable") != NULL);
    CHECK_INT(icon.status, 200);
    char known[96];
    snprintf(known, sizeof known, "If-None-Match: %s", reply_header(&index, "ETag"));
    const char *const headers[] = {known, NULL};
    struct reply again = http(&f, NULL, "/", headers);
    CHECK_INT(again.status, 304);
    reply_done(&again);
    reply_done(&index);
    reply_done(&script);
    reply_done(&icon);
}

FACT(every_answer_carries_the_security_headers)
{
    static const char *const paths[] = {"/", "/v1/summary", "/tiles/cells/17/0/0.mvt", "/nothing", "/%zz"};

    for (size_t i = 0; i < 5; i++) {
        struct reply reply = get(&f, paths[i]);
        const char *policy = reply_header(&reply, "Content-Security-Policy");
        CHECK(policy && strstr(policy, "default-src 'self'") && strstr(policy, "worker-src 'self' blob:"));
        CHECK(policy && !strstr(policy, "unsafe"));
        CHECK_STR(reply_header(&reply, "X-Content-Type-Options"), "nosniff");
        CHECK_STR(reply_header(&reply, "X-Frame-Options"), "DENY");
        reply_done(&reply);
    }
}

FACT(the_truth_is_given_as_it_is)
{
    struct reply reply = get(&f, "/v1/truth");

    CHECK_STR(reply.body, "{\"type\":\"FeatureCollection\",\"features\":[]}");
    CHECK_STR(reply_header(&reply, "Content-Type"), "application/geo+json");
    reply_done(&reply);
}

FACT(metrics_are_told_as_prometheus_reads_them)
{
    CHECK_STATUS(api_set_metric(f.api, API_GAUGE, "roadchief_inbox_items", "items in the inbox", 7), ROAD_OK);
    CHECK_STATUS(api_set_metric(f.api, API_COUNTER, "roadchief_refused_total{reason=\"FULL\"}", "refusals", 1), ROAD_OK);
    CHECK_STATUS(api_set_metric(f.api, API_COUNTER, "roadchief_refused_total{reason=\"BAD\"}", "refusals", 2), ROAD_OK);
    CHECK_STATUS(api_set_metric(f.api, API_GAUGE, "bad name", "x", 1), ROAD_BAD_INPUT);
    CHECK_STATUS(api_set_metric(f.api, API_GAUGE, "evil\nname", "x", 1), ROAD_BAD_INPUT);
    struct reply reply = get(&f, "/metrics");
    CHECK(strstr(reply.body, "# HELP roadchief_inbox_items items in the inbox\n# TYPE roadchief_inbox_items gauge\n"
                             "roadchief_inbox_items 7\n") != NULL);
    CHECK(strstr(reply.body, "# TYPE roadchief_refused_total counter\nroadchief_refused_total{reason=\"BAD\"} 2\n"
                             "roadchief_refused_total{reason=\"FULL\"} 1\n") != NULL);
    CHECK(strstr(reply.body, "roadchief_http_answers_total{class=\"2xx\"} ") != NULL);
    CHECK(strstr(reply.body, "roadchief_event_streams 0\n") != NULL);
    reply_done(&reply);
}

/* Web mercator as any map client computes it (OpenStreetMap wiki, slippy map tilenames). */
static void tile_of(double lat_deg, double lon_deg, int zoom, double *ret_x, double *ret_y)
{
    const double tiles = (double)(1 << zoom), lat = lat_deg * M_PI / 180;

    *ret_x = (lon_deg + 180) / 360 * tiles;
    *ret_y = (1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * tiles;
}

static bool get_tile(const char *layer, int zoom, double x, double y, struct read_layer *ret_layer)
{
    char path[128];

    snprintf(path, sizeof path, "/tiles/%s/%d/%d/%d.mvt", layer, zoom, (int)x, (int)y);
    struct reply reply = get(&f, path);
    CHECK_INT(reply.status, 200);
    const bool is_good = mvt_read((const uint8_t *)reply.body, reply.length, ret_layer);
    if (!is_good)
        CHECK_FAILED("%s does not follow the specification", path);
    reply_done(&reply);
    return is_good;
}

static void check_rings(const struct read_layer *layer)
{
    int outside = 0, inward = 0;

    for (size_t i = 0; i < layer->n_rings; i++)
        inward += mvt_read_area(layer, &layer->rings[i]) <= 0;
    for (size_t i = 0; i < layer->n_points; i++)
        for (int k = 0; k < 2; k++)
            outside += layer->points[i][k] < -256 || layer->points[i][k] > 4096 + 256;
    CHECK_INT(inward, 0);
    CHECK_INT(outside, 0);
}

/* The features drawn at a place of the grid. */
static int features_at(int zoom, struct grid_point point, char ret_id[32], char ret_code[8])
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;
    int n = 0;

    grid_unproject(fixture_zone, point, &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, zoom, &x, &y);
    if (get_tile("cells", zoom, x, y, &layer)) {
        check_rings(&layer);
        for (size_t i = 0; i < layer.n_features; i++)
            if (mvt_read_contains(&layer, &layer.features[i], (x - floor(x)) * 4096, (y - floor(y)) * 4096)) {
                snprintf(ret_id, 32, "%s", mvt_read_value(&layer, &layer.features[i], "id"));
                snprintf(ret_code, 8, "%s", mvt_read_value(&layer, &layer.features[i], "code"));
                n++;
            }
    }
    mvt_read_done(&layer);
    return n;
}

FACT(near_tiles_hold_the_right_cell_at_every_place)
{
    char id[32], code[8], want[32];

    for (int i = 0; i < 60; i++) {
        const int zoom = 17 + i % 6;
        const int64_t column = FIRST_COLUMN + (i * 1009) % COLUMNS, row = FIRST_ROW + i % ROWS;
        const struct cell cell = fixture_cell(column, row, 0);
        CHECK_INT(features_at(zoom, cell_centre(cell), id, code), 1);
        snprintf(want, sizeof want, "%" PRIu64, cell.id);
        CHECK_STR(id, want);
        CHECK_INT(atoi(code), fixture_code(column));
    }
}

FACT(a_coarse_square_is_drawn_around_the_finer_cell_in_it)
{
    const struct cell fine = fixture_cell(FIRST_COLUMN + 3, SQUARE_ROW + 3, 0);
    const struct cell coarse = fixture_cell(FIRST_COLUMN, SQUARE_ROW, 4);
    const struct grid_point corner = cell_corner(coarse);
    char id[32], code[8];

    for (int zoom = 17; zoom <= 22; zoom++)
        for (int i = 0; i < 16; i++) {
            const struct grid_point point = {corner.e_mm + 1000 * i + 500, corner.n_mm + 1000 * ((i * 5) % 16) + 500};
            struct cell cell;
            cell_from_point(fixture_zone, point, 0, &cell);
            CHECK_INT(features_at(zoom, point, id, code), 1);
            CHECK_INT(atoi(code), cell.id == fine.id ? CODE_RED : CODE_GREEN);
        }
    CHECK_INT(features_at(20, cell_centre(fine), id, code), 1);
    CHECK_INT(atoi(code), CODE_RED);
}

/* Areas by code of the road inside one square, counted naively. */
static void count_areas(struct cell square, int ret_area[4])
{
    const struct grid_point low = cell_corner(square);

    for (int64_t column = FIRST_COLUMN; column < FIRST_COLUMN + COLUMNS; column++)
        for (int64_t row = FIRST_ROW; row < FIRST_ROW + ROWS; row++)
            ret_area[fixture_code(column)] += column * 1000 >= low.e_mm && row * 1000 >= low.n_mm &&
                                              column * 1000 < low.e_mm + cell_size_mm(square) &&
                                              row * 1000 < low.n_mm + cell_size_mm(square);
}

static void check_far_feature(const struct read_layer *layer, const struct read_feature *feature, const int area[4])
{
    const int known = area[CODE_RED] + area[CODE_YELLOW] + area[CODE_GREEN];

    CHECK_INT(atoi(mvt_read_value(layer, feature, "code")),
              area[CODE_RED] ? CODE_RED : area[CODE_YELLOW] ? CODE_YELLOW : CODE_GREEN);
    CHECK_NEAR(atof(mvt_read_value(layer, feature, "red")), (double)area[CODE_RED] / known, 0.0051);
    CHECK_NEAR(atof(mvt_read_value(layer, feature, "yellow")), (double)area[CODE_YELLOW] / known, 0.0051);
    CHECK_NEAR(atof(mvt_read_value(layer, feature, "green")), (double)area[CODE_GREEN] / known, 0.0051);
}

/* What is drawn in the middle of a square of the road; squares that also hold the 16 m row are left out. */
static void check_far_square(struct cell square, int zoom)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;
    int area[4] = {0}, drawn = 0;

    count_areas(square, area);
    if (cell_corner(square).n_mm + cell_size_mm(square) > SQUARE_ROW * INT64_C(1000))
        return;
    grid_unproject(fixture_zone, cell_centre(square), &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, zoom, &x, &y);
    if (!get_tile("cells", zoom, x, y, &layer))
        return;
    for (size_t i = 0; i < layer.n_features; i++)
        if (mvt_read_contains(&layer, &layer.features[i], (x - floor(x)) * 4096, (y - floor(y)) * 4096)) {
            check_far_feature(&layer, &layer.features[i], area);
            drawn++;
        }
    CHECK_INT(drawn, area[CODE_RED] + area[CODE_YELLOW] + area[CODE_GREEN] > 0);
    mvt_read_done(&layer);
}

FACT(far_tiles_hold_the_worst_code_and_the_shares)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;

    grid_unproject(fixture_zone, (struct grid_point){515500000, 3350515000}, &lat_deg, &lon_deg);
    for (int zoom = 0; zoom < 17; zoom++) {
        tile_of(lat_deg, lon_deg, zoom, &x, &y);
        if (!get_tile("cells", zoom, x, y, &layer))
            continue;
        check_rings(&layer);
        CHECK(layer.n_features > 0 && layer.n_features < 3000);
        const int level = atoi(mvt_read_value(&layer, &layer.features[0], "level"));
        mvt_read_done(&layer);
        for (int64_t column = FIRST_COLUMN + 5; column < FIRST_COLUMN + COLUMNS; column += 203)
            check_far_square(fixture_cell(column, FIRST_ROW + 2, level), zoom);
    }
}

FACT(squares_are_about_four_pixels_or_more)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;

    grid_unproject(fixture_zone, (struct grid_point){513005000, 3350515000}, &lat_deg, &lon_deg);
    for (int zoom = 4; zoom < 17; zoom++) {
        tile_of(lat_deg, lon_deg, zoom, &x, &y);
        if (!get_tile("cells", zoom, x, y, &layer))
            continue;
        const double size_m = ldexp(1, atoi(mvt_read_value(&layer, &layer.features[0], "level")));
        const double pixel_m = 40075016.7 * cos(lat_deg * M_PI / 180) / 512 / (1 << zoom);
        CHECK(size_m / pixel_m >= 3 && (size_m / pixel_m < 12 || size_m == 4));
        mvt_read_done(&layer);
    }
}

FACT(defects_are_points_from_zoom_13)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;

    grid_unproject(fixture_zone, (struct grid_point){513001500, 3350515500}, &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, 18, &x, &y);
    if (get_tile("defects", 18, x, y, &layer)) {
        CHECK_INT(layer.n_features, 1);
        CHECK_STR(mvt_read_value(&layer, &layer.features[0], "id"), DEFECT_RED);
        CHECK_STR(mvt_read_value(&layer, &layer.features[0], "type"), "pothole");
        CHECK_STR(mvt_read_value(&layer, &layer.features[0], "state"), "confirmed");
        CHECK_STR(mvt_read_value(&layer, &layer.features[0], "code"), "3");
        CHECK_NEAR(layer.points[0][0], (x - floor(x)) * 4096, 1);
        CHECK_NEAR(layer.points[0][1], (y - floor(y)) * 4096, 1);
    }
    mvt_read_done(&layer);
    tile_of(lat_deg, lon_deg, 12, &x, &y);
    if (get_tile("defects", 12, x, y, &layer))
        CHECK_INT(layer.n_features, 0);
    mvt_read_done(&layer);
}

FACT(roads_are_lines_cut_at_the_tiles_edge)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;

    grid_unproject(fixture_zone, (struct grid_point){513500000, 3350515500}, &lat_deg, &lon_deg);
    for (int zoom = 0; zoom <= 22; zoom += 2) {
        tile_of(lat_deg, lon_deg, zoom, &x, &y);
        if (!get_tile("roads", zoom, x, y, &layer))
            continue;
        check_rings(&(struct read_layer){.points = layer.points, .n_points = layer.n_points});
        if (zoom >= 12) /* below, 1 km is hardly a unit */
            CHECK(layer.n_features >= 1 && strcmp(mvt_read_value(&layer, &layer.features[0], "class"), "branch") == 0);
        mvt_read_done(&layer);
    }
}

FACT(segments_are_lines_with_code_grade_and_the_share_unknown)
{
    double lat_deg, lon_deg, x, y;
    struct read_layer layer;
    int seen[4] = {0};

    grid_unproject(fixture_zone, (struct grid_point){513050000, 3350515500}, &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, 11, &x, &y);
    if (!get_tile("segments", 11, x, y, &layer))
        return;
    CHECK(layer.n_features >= 1 && layer.n_features <= 10); /* the others may lie in the next tile */
    for (size_t i = 0; i < layer.n_features; i++) {
        const struct read_feature *feature = &layer.features[i];
        const int code = atoi(mvt_read_value(&layer, feature, "code"));
        CHECK_INT(feature->type, 2);
        seen[code & 3]++;
        CHECK_STR(mvt_read_value(&layer, feature, "unknown"), code == CODE_GREY ? "70" : "0");
        CHECK_STR(mvt_read_value(&layer, feature, "grade"), code == CODE_RED ? "D" : code == CODE_YELLOW ? "B" : code == CODE_GREEN ? "A" : "");
        CHECK_STR(mvt_read_value(&layer, feature, "road"), "测试路 <1>");
    }
    CHECK(seen[CODE_RED] >= 1);
    mvt_read_done(&layer);
    tile_of(lat_deg, lon_deg, 7, &x, &y);
    if (get_tile("segments", 7, x, y, &layer)) {
        CHECK_INT(layer.n_features, 0);
        mvt_read_done(&layer);
    }
}

FACT(a_tile_is_compressed_and_revalidates)
{
    const char *const gzip[] = {"Accept-Encoding: gzip", NULL};
    char path[128], known[96];
    double lat_deg, lon_deg, x, y;

    grid_unproject(fixture_zone, (struct grid_point){513500000, 3350515500}, &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, 18, &x, &y);
    snprintf(path, sizeof path, "/tiles/cells/18/%d/%d.mvt?v=1", (int)x, (int)y);
    struct reply plain = get(&f, path), packed = http(&f, NULL, path, gzip);
    CHECK_STR(reply_header(&packed, "Content-Encoding"), "gzip");
    CHECK(reply_header(&plain, "Content-Encoding") == NULL);
    CHECK(packed.length > 100 && packed.length < plain.length / 2);
    CHECK(memcmp(packed.body, "\x1f\x8b", 2) == 0);
    CHECK_STR(reply_header(&packed, "Cache-Control"), "no-cache");
    snprintf(known, sizeof known, "If-None-Match: %s", reply_header(&packed, "ETag"));
    const char *const headers[] = {known, NULL};
    struct reply again = http(&f, NULL, path, headers);
    CHECK_INT(again.status, 304);
    CHECK_INT(again.length, 0);
    reply_done(&plain);
    reply_done(&packed);
    reply_done(&again);
}

/* GDAL's reader of vector tiles, an independent judge. */
FACT(gdal_reads_as_many_features_as_we_do)
{
    double lat_deg, lon_deg, x, y;
    char path[160], command[512], line[256];
    struct read_layer layer;
    long counted = -1;

    if (system("command -v ogrinfo >/dev/null 2>&1") != 0)
        SKIP("ogrinfo (gdal-bin) is not installed");
    grid_unproject(fixture_zone, (struct grid_point){513500000, 3350515500}, &lat_deg, &lon_deg);
    tile_of(lat_deg, lon_deg, 18, &x, &y);
    snprintf(path, sizeof path, "/tiles/cells/18/%d/%d.mvt", (int)x, (int)y);
    struct reply reply = get(&f, path);
    CHECK(mvt_read((const uint8_t *)reply.body, reply.length, &layer));
    snprintf(path, sizeof path, "%s/tile.mvt", f.dir);
    FILE *file = fopen(path, "wb");
    fwrite(reply.body, 1, reply.length, file);
    fclose(file);
    snprintf(command, sizeof command, "ogrinfo -ro -so %s cells -oo X=%d -oo Y=%d -oo Z=18 2>&1", path, (int)x, (int)y);
    FILE *ogr = popen(command, "r");
    while (ogr && fgets(line, sizeof line, ogr))
        sscanf(line, "Feature Count: %ld", &counted);
    CHECK(ogr && pclose(ogr) == 0);
    CHECK(layer.n_features > 100);
    CHECK_INT(counted, layer.n_features);
    mvt_read_done(&layer);
    reply_done(&reply);
}

/* Sums that took long to make are kept for a while: asked until they are as wanted, 5 s at most. */
static json_int_t summary_red_once(json_int_t wanted)
{
    json_int_t red = -1;

    for (int i = 0; i < 100 && red != wanted; i++) {
        if (i)
            poll(NULL, 0, 50);
        json_t *root = get_json("/v1/summary", 200);
        red = json_integer_value(at(at(root, "cells"), "red"));
        json_decref(root);
    }
    return red;
}

FACT(a_published_change_makes_tiles_fresh)
{
    const struct cell cell = fixture_cell(FIRST_COLUMN + 4444, FIRST_ROW + 4, 0);
    char id[32], code[8], sql[160];

    CHECK_INT(features_at(19, cell_centre(cell), id, code), 1);
    CHECK_INT(atoi(code), CODE_GREEN);
    snprintf(sql, sizeof sql, "UPDATE cell SET code = 3 WHERE id = %" PRIu64, cell.id);
    CHECK_INT(sqlite3_exec(f.db, sql, NULL, NULL, NULL), SQLITE_OK);
    fixture_change(&f, 6);
    api_publish(f.api, 6, "{\"change\":6}");
    CHECK_INT(features_at(19, cell_centre(cell), id, code), 1);
    CHECK_INT(atoi(code), CODE_RED);
    CHECK_INT(summary_red_once(302), 302);
    snprintf(sql, sizeof sql, "UPDATE cell SET code = 1 WHERE id = %" PRIu64 "; DELETE FROM change WHERE id = 6", cell.id);
    CHECK_INT(sqlite3_exec(f.db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void *ask_much(void *closure)
{
    static const char *const paths[] = {"/v1/summary", "/tiles/cells/18/218584/107951.mvt", "/v1/defects",
                                        "/v1/cells/40-513001-3350510", "/metrics", "/tiles/cells/15/27323/13493.mvt",
                                        "/log/checkpoint", "/", "/v1/changes"};
    int *good = closure;

    for (int i = 0; i < 60; i++) {
        struct reply reply = get(&f, paths[(size_t)i % (sizeof paths / sizeof paths[0])]);
        *good += reply.status == 200;
        reply_done(&reply);
    }
    http_done();
    return NULL;
}

FACT(many_clients_are_answered_together_while_changes_arrive)
{
    pthread_t threads[8];
    int good[8] = {0};

    for (int i = 0; i < 8; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, ask_much, &good[i]), 0);
    for (int id = 100; id < 200; id++)
        api_publish(f.api, id, "{}");
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(good[i], 60);
    }
}

FACT(an_open_address_needs_tls)
{
    struct api_config config = f.config;
    char error[API_ERROR_SIZE];
    struct api *api = NULL;

    config.http_host = "0.0.0.0";
    config.ret_error = error;
    CHECK_STATUS(api_start(&config, &api), ROAD_DENIED);
    CHECK(strstr(error, "tls_cert") != NULL);
    config.http_host = "localhost";
    CHECK_STATUS(api_start(&config, &api), ROAD_IO);
    CHECK(api == NULL);
}

FACT(what_cannot_be_used_is_refused_at_the_start)
{
    struct api_config config = f.config;
    char error[API_ERROR_SIZE] = "", path[160];
    struct api *api = NULL;

    config.ret_error = error;
    config.http_port = api_port(f.api);
    CHECK_STATUS(api_start(&config, &api), ROAD_IO);
    CHECK(strstr(error, "port") != NULL);
    config = f.config;
    config.ret_error = error;
    config.database_path = "/nowhere/server.db";
    CHECK(api_start(&config, &api) != ROAD_OK);
    config.database_path = f.database;
    fixture_file(&f, "bad.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"geometry\":{\"type\":\"Point\"}}]}");
    snprintf(path, sizeof path, "%s/bad.geojson", f.dir);
    config.roads_file = path;
    CHECK_STATUS(api_start(&config, &api), ROAD_BAD_INPUT);
    CHECK(strstr(error, "feature 0") != NULL);
    config.roads_file = NULL;
    config.tls_cert = path;
    CHECK_STATUS(api_start(&config, &api), ROAD_IO);
    CHECK(api == NULL);
}

static size_t take_nothing(char *data, size_t size, size_t n, void *closure)
{
    (void)data;
    (void)closure;
    return size * n;
}

/* As a browser would: the certificate is checked against the one that was made. */
FACT(https_is_spoken_where_a_certificate_is_given)
{
    struct api_config config = f.config;
    char command[512], cert[128], key[128], url[96];
    struct api *api = NULL;
    CURL *curl = curl_easy_init();
    long status = 0;

    if (system("command -v openssl >/dev/null 2>&1") != 0)
        SKIP("openssl is not installed");
    snprintf(cert, sizeof cert, "%s/web.crt", f.dir);
    snprintf(key, sizeof key, "%s/web.key", f.dir);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext "
             "subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
             key, cert);
    CHECK_INT(system(command), 0);
    config.tls_cert = cert;
    config.tls_key = key;
    config.http_host = "0.0.0.0";
    CHECK_STATUS(api_start(&config, &api), ROAD_OK);
    if (api) {
        snprintf(url, sizeof url, "https://127.0.0.1:%d/healthz", api_port(api));
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_CAINFO, cert);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_nothing);
        CHECK_INT(curl_easy_perform(curl), CURLE_OK);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        CHECK_INT(status, 200);
    }
    curl_easy_cleanup(curl);
    api_stop(api);
}

/* Answers of a connection that sends half a request and then nothing are not waited for by others. */
FACT(a_half_request_holds_nobody_up)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port(f.api))};
    int sockets[20];

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    for (int i = 0; i < 20; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_INT(connect(sockets[i], (struct sockaddr *)&to, sizeof to), 0);
        CHECK_INT(send(sockets[i], "GET /v1/sum", 11, MSG_NOSIGNAL), 11);
    }
    struct reply reply = get(&f, "/healthz");
    CHECK_INT(reply.status, 200);
    reply_done(&reply);
    for (int i = 0; i < 20; i++)
        close(sockets[i]);
}

static void make_files(char web[128], char truth[128], char roads[128])
{
    char command[200], text[512];
    double lat[2], lon[2];

    snprintf(command, sizeof command, "mkdir -p %s/web/assets", f.dir);
    if (system(command) != 0)
        abort();
    fixture_file(&f, "web/index.html", "<p>built</p>");
    fixture_file(&f, "web/assets/app.js", "1");
    fixture_file(&f, "truth.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}");
    for (int i = 0; i < 2; i++)
        grid_unproject(fixture_zone, (struct grid_point){513000000 + 1000000 * i, 3350515500}, &lat[i], &lon[i]);
    snprintf(text, sizeof text,
             "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"name\":\"测试路 "
             "<1>\",\"class\":\"branch\"},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[%.9f,%.9f],[%.9f,"
             "%.9f]]}},{\"type\":\"Feature\",\"properties\":{\"id\":\"b-2\"},\"geometry\":{\"type\":"
             "\"MultiLineString\",\"coordinates\":[[[121,31],[121.1,31]],[[121.2,31],[121.3,31]]]}}]}",
             lon[0], lat[0], lon[1], lat[1]);
    fixture_file(&f, "roads.geojson", text);
    snprintf(web, 128, "%s/web", f.dir);
    snprintf(truth, 128, "%s/truth.geojson", f.dir);
    snprintf(roads, 128, "%s/roads.geojson", f.dir);
}

int main(int argc, char **argv)
{
    char web[128], truth[128], roads[128];

    fixture_init(&f);
    make_files(web, truth, roads);
    f.config.web_dir = web;
    f.config.truth_file = truth;
    f.config.roads_file = roads;
    for (int id = 1; id <= 5; id++)
        fixture_change(&f, id);
    fixture_start(&f);
    const int failed = check_main(argc, argv);
    fixture_done(&f);
    return failed;
}
