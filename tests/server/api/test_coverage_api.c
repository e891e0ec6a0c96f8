/* /v1/coverage and /v1/coverage/next over HTTP, on the fixture's district with a road network of its own. */
#include "tests/check.h"

#include <jansson.h>

#include "link/road_file.h"
#include "server/store/leaf.h"
#include "tests/server/api/fixture.h"

#define SEEN_NS INT64_C(1795419660000000000) /* of all the fixture's cells: day 20780 */
#define NS_PER_DAY INT64_C(86400000000000)

static struct fixture f;

static json_t *at(json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static json_t *get_json(const char *path, long status)
{
    struct reply reply = get(&f, path);
    json_t *root = json_loadb(reply.body, reply.length, JSON_REJECT_DUPLICATES, NULL);

    if (reply.status != status)
        CHECK_FAILED("%s: got %ld, want %ld: %.200s", path, reply.status, status, reply.body);
    reply_done(&reply);
    return root;
}

static void check_error(const char *path, const char *field)
{
    json_t *root = get_json(path, 400);

    CHECK_STR(json_string_value(at(root, "field")) ? json_string_value(at(root, "field")) : "(none)", field);
    json_decref(root);
}

/* Main Street, a oneway on the fixture's 5,000 m of cells, meant to be driven every day; from its end Far Lane, both ways, 300 m north
 * where nothing is known; and a yard that nobody plans to drive. */
static void write_network(char path[128])
{
    static const char text[] = "\0w1\0w2\0w3\0Main Street\0Far Lane";
    static const struct road_way ways[3] = {
        {.id = 1, .name = 10, .class = ROAD_ARTERIAL, .lanes = 2, .is_oneway = true, .cadence_h = 24, .width_mm = 8000, .first = 0, .n_vertices = 2},
        {.id = 4, .name = 22, .class = ROAD_BRANCH, .lanes = 2, .cadence_h = 72, .width_mm = 6000, .first = 2, .n_vertices = 2},
        {.id = 7, .class = ROAD_BRANCH, .lanes = 1, .cadence_h = 0, .width_mm = 4000, .first = 4, .n_vertices = 2}};
    const int64_t e = FIRST_COLUMN * 1000, n = FIRST_ROW * 1000 + 5000;
    struct road_vertex vertices[6] = {{{e, n}, 0}, {{e + 5000000, n}, 0}, {{e + 5000000, n}, 0}, {{e + 5000000, n + 300000}, 0}, {{e, n}, 0}, {{e, n - 90000}, 0}};
    const struct road_network network = {.zone = fixture_zone, .ways = ways, .n_ways = 3, .vertices = vertices, .n_vertices = 6, .text = text, .text_length = sizeof text};
    char error[ROAD_FILE_ERROR_SIZE];

    snprintf(path, 128, "%s/network", f.dir);
    CHECK_STATUS(road_file_write(path, &network, error), ROAD_OK);
}

static int64_t next_change = 1;

/* The newest event lies so many days behind the passes. A slow machine renews what it keeps a little later: asked until it has. */
static void days_later(int days)
{
    char sql[200];

    snprintf(sql, sizeof sql, "INSERT INTO change VALUES(%" PRId64 ", 'gw-1', %" PRId64 ", '0102030405060708', 7, %" PRId64 ", '{}')", next_change, next_change,
             SEEN_NS + days * NS_PER_DAY);
    CHECK(sqlite3_exec(f.db, sql, NULL, NULL, NULL) == SQLITE_OK);
    api_publish(f.api, next_change++, "{}");
    snprintf(sql, sizeof sql, "2026-11-%02dT00:00:00.000Z", 23 + days);
    for (int tries = 0; tries < 5000; tries++) {
        json_t *root = get_json("/v1/coverage?limit=1", 200);
        const char *as_of = json_string_value(at(root, "as_of"));
        const bool is_there = as_of && strcmp(as_of, sql) == 0;
        json_decref(root);
        if (is_there)
            return;
    }
    CHECK_FAILED("the coverage stays old");
}

FACT(a_network_file_gives_the_roads_by_name)
{
    json_t *root = get_json("/v1/roads", 200), *first = json_array_get(at(root, "items"), 0);

    CHECK_INT(json_array_size(at(root, "items")), 2);
    CHECK_STR(json_string_value(at(first, "id")), "w1");
    CHECK_STR(json_string_value(at(first, "name")), "Main Street");
    CHECK_STR(json_string_value(at(first, "class")), "arterial");
    CHECK_NEAR(json_number_value(at(first, "length_m")), 5000, 20); /* of a sphere */
    json_decref(root);
    root = get_json("/v1/roads/w2", 200);
    CHECK_STR(json_string_value(at(root, "name")), "Far Lane");
    json_decref(root);
}

FACT(coverage_tells_ages_and_shares_road_by_road_most_due_first)
{
    days_later(1);
    json_t *root = get_json("/v1/coverage", 200), *items = at(root, "items"), *far = json_array_get(items, 0), *main_street = json_array_get(items, 1);

    CHECK_INT(json_array_size(items), 3); /* the one without a name, too */
    CHECK_STR(json_string_value(at(far, "name")), "Far Lane");
    CHECK_NEAR(json_number_value(at(far, "never_m")), 600, 11); /* both directions; its first metres cross Main Street */
    CHECK_NEAR(json_number_value(at(far, "due_cells")), 600 * 3, 35);
    CHECK_STR(json_string_value(at(main_street, "id")), "w1");
    CHECK_NEAR(json_number_value(at(main_street, "on_time_m")), 5000, 1e-6);
    CHECK_NEAR(json_number_value(at(main_street, "share_on_time")), 1, 1e-9);
    CHECK_INT(json_integer_value(at(main_street, "newest_d")), 1);
    CHECK_NEAR(json_number_value(at(main_street, "cadence_d")), 1, 1e-9);
    CHECK_NEAR(json_number_value(at(at(root, "district"), "planned_m")), 5600, 1e-6);
    CHECK_STR(json_string_value(at(root, "as_of")), "2026-11-24T00:00:00.000Z");
    json_decref(root);
}

FACT(a_day_beyond_the_cadence_is_late_and_three_cadences_are_stale)
{
    days_later(2);
    json_t *root = get_json("/v1/coverage?limit=1", 200), *main_street = json_array_get(at(root, "items"), 0);
    CHECK_STR(json_string_value(at(main_street, "name")), "Main Street");
    CHECK_NEAR(json_number_value(at(main_street, "late_m")), 5000, 1e-6);
    CHECK_STR(json_string_value(at(root, "next")), "w1");
    json_decref(root);
    days_later(3);
    root = get_json("/v1/coverage?after=w1", 200);
    CHECK_STR(json_string_value(at(json_array_get(at(root, "items"), 0), "name")), "Far Lane");
    CHECK_NEAR(json_number_value(at(at(root, "district"), "stale_m")), 5000, 20);
    json_decref(root);
}

/* 2 m squares of a leaf that a pass wrote four days after the cells: 16 m of Main Street are fresh again. */
FACT(plain_squares_count_too)
{
    const int64_t day = SEEN_NS / NS_PER_DAY + 4;
    struct leaf_patch leaf = {.leaf = cell_parent(fixture_cell(FIRST_COLUMN + 1024, FIRST_ROW + 2, 0), 4), .mask = UINT64_MAX};
    uint8_t blob[LEAF_BLOB_MAX];
    sqlite3_stmt *s;

    for (int i = 0; i < 64; i++)
        leaf.covers[i] = cover_pack(CODE_GREEN, day, 20);
    CHECK(sqlite3_prepare_v2(f.db, "INSERT INTO leaf VALUES(?, ?)", -1, &s, NULL) == SQLITE_OK);
    sqlite3_bind_int64(s, 1, store_key_of(leaf.leaf));
    sqlite3_bind_blob(s, 2, blob, (int)leaf_blob(&leaf, blob), SQLITE_STATIC);
    CHECK(sqlite3_step(s) == SQLITE_DONE);
    sqlite3_finalize(s);
    days_later(4);
    json_t *root = get_json("/v1/coverage", 200), *main_street = json_array_get(at(root, "items"), 0);
    CHECK_NEAR(json_number_value(at(main_street, "on_time_m")), 16, 10);
    CHECK(json_number_value(at(main_street, "on_time_m")) > 0);
    CHECK_INT(json_integer_value(at(main_street, "newest_d")), 0);
    CHECK_INT(json_integer_value(at(main_street, "oldest_d")), 4);
    json_decref(root);
    CHECK(sqlite3_exec(f.db, "DELETE FROM leaf", NULL, NULL, NULL) == SQLITE_OK);
}

FACT(lines_for_a_map_run_as_far_as_their_age)
{
    days_later(1);
    json_t *root = get_json("/v1/coverage?format=geojson", 200), *features = at(root, "features"), *first = json_array_get(features, 0);

    CHECK_STR(json_string_value(at(root, "type")), "FeatureCollection");
    CHECK(json_is_false(at(root, "more")));
    CHECK(json_array_size(features) >= 3 && json_array_size(features) <= 5);
    CHECK_STR(json_string_value(at(at(first, "properties"), "state")), "on_time");
    CHECK_NEAR(json_number_value(at(at(first, "properties"), "to_m")), 5000, 1e-6);
    CHECK_INT(json_array_size(at(at(first, "geometry"), "coordinates")), 2);
    json_decref(root);
    root = get_json("/v1/coverage?format=geojson&bbox=121,30,121.1,30.1", 200);
    CHECK_INT(json_array_size(at(root, "features")), 0);
    json_decref(root);
    check_error("/v1/coverage?format=shp", "format");
    check_error("/v1/coverage?format=geojson&bbox=100,10,120,30", "bbox");
}

FACT(what_to_drive_next_is_a_drive_along_what_is_due)
{
    days_later(1);
    json_t *root = get_json("/v1/coverage/next?km=1", 200), *items = at(root, "items"), *leg = json_array_get(items, 0);

    CHECK_INT(json_array_size(items), 2); /* up Far Lane and back, in one order or the other */
    CHECK_STR(json_string_value(at(leg, "road")), "Far Lane");
    CHECK_NEAR(json_number_value(at(root, "length_m")), 600, 1e-6);
    CHECK_NEAR(json_number_value(at(root, "due_cells")), json_number_value(at(root, "due_cells_all")), 0.5);
    CHECK(json_boolean_value(at(leg, "backward")) != json_boolean_value(at(json_array_get(items, 1), "backward")));
    CHECK_INT(json_array_size(at(at(leg, "geometry"), "coordinates")), 2);
    json_decref(root);
    root = get_json("/v1/coverage/next?km=0.2&format=geojson", 200); /* no stretch is as short */
    CHECK_INT(json_array_size(at(root, "features")), 0);
    json_decref(root);
    root = get_json("/v1/coverage/next?km=1&lat=30.2768&lon=120.1871", 200); /* from its northern end */
    CHECK(json_is_true(at(json_array_get(at(root, "items"), 0), "backward")));
    json_decref(root);
    check_error("/v1/coverage/next?km=0", "km");
    check_error("/v1/coverage/next?km=5&lat=30", "lon");
}

FACT(the_command_prints_the_same)
{
    char config[512], command[512], line[256];
    bool has_road = false, has_drive = false;

    days_later(1);
    snprintf(config, sizeof config, "name = server\ndistrict = 330103\nzone_meridian_deg = 120\ndata_dir = %s\nbrokers = 127.0.0.1:9\nkey_file = k\nregistry = r\nlog_origin = roads.example/t\nweb_dir = %s\n"
             "bounds = 120.1,30.2,120.2,30.3\nroads_file = %s/network\n", f.dir, f.dir, f.dir);
    fixture_file(&f, "server.conf", config);
    snprintf(command, sizeof command, ROADCHIEF " coverage --config %s/server.conf --next 1 2>&1", f.dir);
    FILE *pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof line, pipe)) {
        has_road |= strstr(line, "5.000     0.000     0.000     0.000  100.0 %") && strstr(line, "Main Street");
        has_drive |= strcmp(line, "drive: 0.600 km, 1800 of 1800 due m2\n") == 0;
        if (strncmp(line, "roadchief", 9) == 0)
            CHECK_FAILED("%s", line);
    }
    CHECK(pipe && pclose(pipe) == 0);
    CHECK(has_road);
    CHECK(has_drive);
}

FACT(the_page_is_told_that_there_is_coverage)
{
    json_t *root = get_json("/v1/config", 200);

    CHECK(json_is_true(at(root, "coverage")));
    json_decref(root);
}

FACT(without_a_network_coverage_says_what_is_missing)
{
    struct api_config config = f.config;
    struct api *api;
    char error[API_ERROR_SIZE];
    struct fixture other = f;

    config.roads_file = NULL;
    config.ret_error = error;
    CHECK_STATUS(api_start(&config, &api), ROAD_OK);
    http_done();
    other.api = api;
    struct reply reply = get(&other, "/v1/coverage");
    CHECK_INT(reply.status, 404);
    CHECK(strstr(reply.body, "roads import") != NULL);
    reply_done(&reply);
    http_done();
    api_stop(api);
}

int main(int argc, char **argv)
{
    char path[128];

    fixture_init(&f);
    write_network(path);
    f.config.roads_file = path;
    fixture_start(&f);
    const int leave = check_main(argc, argv);
    fixture_done(&f);
    return leave;
}
