#include "tests/server/api/fixture.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "grid/code.h"
#include "link/database.h"
#include "link/sign.h"
#include "link/message.h"
#include "server/ledger/ledger.h"
#include "server/store/repair.h"
#include "server/store/rollup.h"
#include "server/store/schema.h"
#include "server/store/segment.h"

const struct grid_zone fixture_zone = {120, false};

struct cell fixture_cell(int64_t column, int64_t row, int level)
{
    struct cell cell = {0};

    cell_from_point(fixture_zone, (struct grid_point){column * 1000, row * 1000}, level, &cell);
    return cell;
}

int fixture_code(int64_t column)
{
    if (column % 500 < 3)
        return CODE_RED;
    if (column % 100 >= 50 && column % 100 < 60)
        return CODE_YELLOW;
    return column % 1000 >= 700 && column % 1000 < 710 ? CODE_GREY : CODE_GREEN;
}

static void must(int is_good)
{
    if (!is_good) {
        fprintf(stderr, "the fixture could not be made\n");
        abort();
    }
}

struct filler {
    sqlite3_stmt *cell, *square;
    struct rollup rollup;
};

static void put_cell(struct filler *filler, struct cell cell, int code, bool is_pale, const char *defect)
{
    sqlite3_stmt *s = filler->cell;
    const int channel = code == CODE_RED ? CHANNEL_HAZARD : code == CODE_YELLOW ? CHANNEL_RIDE : CHANNEL_CLEAN;

    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)cell.id);
    sqlite3_bind_int(s, 2, code);
    sqlite3_bind_int(s, 3, code == CODE_GREY ? CHANNEL_UNKNOWN : channel);
    sqlite3_bind_int(s, 4, is_pale);
    sqlite3_bind_int(s, 5, code == CODE_RED ? DEFECT_POTHOLE : 0);
    if (defect)
        sqlite3_bind_text(s, 6, defect, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, 6);
    must(sqlite3_step(s) == SQLITE_DONE);
    rollup_add(&filler->rollup, cell, CODE_GREY, (enum road_code)code);
    if (filler->rollup.n > ROLLUP_SQUARES_MAX - 16)
        must(rollup_write(&filler->rollup, filler->square) == ROAD_OK);
}

static void fill_cells(sqlite3 *db)
{
    struct filler *filler = calloc(1, sizeof *filler);

    must(filler != NULL);
    must(!database_prepare(db,
                           "INSERT INTO cell VALUES(?1, ?2, ?3, ?4, ?5, 3 * (?2 = 3), 970 * (?2 = 3), "
                           "58000 * (?2 = 3), 15000 * (?2 = 3), 3, 5, 3, 0, 47, 320, 175, 1795419660000000000, ?6)",
                           &filler->cell));
    must(!database_prepare(db, ROLLUP_UPSERT, &filler->square));
    for (int64_t row = 0; row < ROWS; row++)
        for (int64_t column = 0; column < COLUMNS; column++) {
            const int code = fixture_code(FIRST_COLUMN + column);
            put_cell(filler, fixture_cell(FIRST_COLUMN + column, FIRST_ROW + row, 0), code, false,
                     code == CODE_RED ? DEFECT_RED : NULL);
        }
    for (int64_t i = 0; i < SQUARES; i++)
        put_cell(filler, fixture_cell(FIRST_COLUMN + 16 * i, SQUARE_ROW, 4), CODE_GREEN, true, NULL);
    put_cell(filler, fixture_cell(FIRST_COLUMN + 3, SQUARE_ROW + 3, 0), CODE_RED, false, DEFECT_RED);
    must(rollup_write(&filler->rollup, filler->square) == ROAD_OK);
    sqlite3_finalize(filler->cell);
    sqlite3_finalize(filler->square);
    free(filler);
}

static void fill_defects(sqlite3 *db)
{
    static const char *const ids[] = {DEFECT_RED, DEFECT_YELLOW, DEFECT_SUSPECT};
    static const int states[] = {2, 2, 1};
    sqlite3_stmt *s;

    must(!database_prepare(db,
                           "INSERT INTO defect VALUES(?1, ?2, NULL, 5, 3, ?3, 970, ?4, ?5, ?6, 6400, 0, 1600, 58000, "
                           "15000, 3, 5, 3, 0, 2, 1795419000000000000, 1795419660000000000)",
                           &s));
    for (int i = 0; i < 3; i++) {
        const int64_t column = FIRST_COLUMN + 500 * i + 1, row = FIRST_ROW + 5;
        sqlite3_reset(s);
        sqlite3_bind_text(s, 1, ids[i], -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 2, states[i]);
        sqlite3_bind_int(s, 3, i == 0);
        sqlite3_bind_int64(s, 4, column * 1000 + 500);
        sqlite3_bind_int64(s, 5, row * 1000 + 500);
        sqlite3_bind_int64(s, 6, (sqlite3_int64)fixture_cell(column, row, 0).id);
        must(sqlite3_step(s) == SQLITE_DONE);
    }
    sqlite3_finalize(s);
}

/* The red one is said to be repaired, and four of about ten passes bear it out. */
static void fill_repairs(sqlite3 *db)
{
    must(!database_exec(db, "INSERT INTO defect_repair VALUES"
                            "('" DEFECT_RED "', 'gw-1', 1, 0, 1795419660000000000, 'c0ffee0000000001', 0, 4, 10, 152588),"
                            "('" DEFECT_YELLOW "', 'gw-1', 0, 0, 0, '0000000000000000', 0, 0, 0, 0);"
                            "INSERT INTO verdict VALUES"
                            "(1, 1, '" DEFECT_RED "', 1, 0, 1795419660000000000, 'roads', 'c0ffee0000000001', 'gw-1', 20, NULL),"
                            "(2, 2, '" DEFECT_RED "', 2, 0, 1795419661000000000, 'roads', NULL, NULL, NULL, 'who repaired');"));
}

static void fill_features(sqlite3 *db)
{
    static const struct {
        const char *id;
        int state, kind, strength_milli;
    } rows[] = {{FEATURE_BUMP_ID, FEATURE_REGISTERED, FEATURE_SPEED_BUMP, 9300},
                {DEFECT_YELLOW, FEATURE_REGISTERED, FEATURE_MANHOLE, 2040},
                {"1795419000000000004.0102030405060708.7.514", FEATURE_RETIRED, FEATURE_RAIL, 0},
                {"1795419000000000005.0102030405060708.7.515", FEATURE_ALIAS, FEATURE_RAIL, 0}};
    sqlite3_stmt *s;

    must(!database_prepare(db,
                           "INSERT INTO feature VALUES(?1, ?2, NULL, ?3, 998, ?5, ?6, ?7, 400, 0, 100, ?4, ?4 / 30, "
                           "9000, 12, 19, 1, 1795419000000000000, 1795419660000000000)",
                           &s));
    for (int i = 0; i < 4; i++) {
        const int64_t column = FIRST_COLUMN + 500 * i + 1, row = FIRST_ROW + 5;
        sqlite3_reset(s);
        sqlite3_bind_text(s, 1, rows[i].id, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 2, rows[i].state);
        sqlite3_bind_int(s, 3, rows[i].kind);
        sqlite3_bind_int(s, 4, rows[i].strength_milli);
        sqlite3_bind_int64(s, 5, column * 1000 + 500);
        sqlite3_bind_int64(s, 6, row * 1000 + 500);
        sqlite3_bind_int64(s, 7, (sqlite3_int64)fixture_cell(column, row, 0).id);
        must(sqlite3_step(s) == SQLITE_DONE);
    }
    sqlite3_finalize(s);
}

/* Ten segments of the road, see fixture.h. */
static void fill_segments(sqlite3 *db)
{
    static const struct segment_facts states[5] = {
        {.code = CODE_RED, .why = SEGMENT_HAZARD, .grade = 3, .pci_centi = 5000, .rqi_centi = 400, .pqi_centi = 6800,
         .observed_permille = 1000, .red_hazards = 3, .n_top = 1, .top = {{DEFECT_POTHOLE, 1000}}, .jtg_pci_centi = 6000},
        {.code = CODE_YELLOW, .why = SEGMENT_SURFACE, .grade = 1, .pci_centi = 7300, .rqi_centi = 400, .pqi_centi = 7720,
         .observed_permille = 1000, .n_top = 2, .top = {{DEFECT_ALLIGATOR_CRACK, 600}, {DEFECT_POTHOLE, 400}}, .jtg_pci_centi = 8000},
        {.code = CODE_GREEN, .why = SEGMENT_CLEAN, .pci_centi = 9500, .rqi_centi = 400, .pqi_centi = 8600,
         .observed_permille = 1000, .n_top = 1, .top = {{DEFECT_BLEEDING, 1000}}, .jtg_pci_centi = 9500},
        {.code = CODE_GREEN, .why = SEGMENT_CLEAN, .pci_centi = 9500, .rqi_centi = 400, .pqi_centi = 8600,
         .observed_permille = 1000, .n_top = 1, .top = {{DEFECT_BLEEDING, 1000}}, .jtg_pci_centi = 9500},
        {.grade = SEGMENT_UNGRADED, .pci_centi = SCORE_UNKNOWN, .rqi_centi = SCORE_UNKNOWN, .pqi_centi = SCORE_UNKNOWN,
         .jtg_pci_centi = SCORE_UNKNOWN, .observed_permille = 300},
    };
    static const char name[] = "测试路 <1>";
    sqlite3_stmt *s;

    must(!database_prepare(db, SEGMENT_UPSERT, &s));
    for (uint32_t i = 0; i < 10; i++) {
        const int64_t e_mm = FIRST_COLUMN * 1000 + 100000 * (int64_t)i, n_mm = (FIRST_ROW + 5) * 1000 + 500;
        struct segment_belief segment = {.way = "w1", .way_length = 2, .name = name, .name_length = strlen(name), .index = i,
                                         .road_class = ROAD_ARTERIAL, .length_cm = 10000, .n_line = 2,
                                         .line = {{e_mm, n_mm}, {e_mm + 100000, n_mm}}, .facts = states[i % 5]};
        const uint16_t floors[3] = {850, 700, 600};
        memcpy(segment.facts.floors_deci, floors, sizeof floors);
        segment.facts.jtg_rqi_centi = SCORE_UNKNOWN;
        segment.facts.passes = 7;
        segment.facts.seen_ns = 1795419660000000000;
        must(!segment_write(s, fixture_zone, &segment));
    }
    sqlite3_finalize(s);
}

static void fill_ledger(sqlite3 *db)
{
    uint8_t seed[32];
    struct signer *signer;
    struct ledger *ledger;
    char subject[96];

    memset(seed, 7, sizeof seed);
    must(!signer_from_seed(seed, &signer));
    must(!ledger_open(db, "roads.example/test", signer, &ledger));
    for (int i = 0; i < ENTRIES; i++) {
        if (i == 10 || i == 20)
            snprintf(subject, sizeof subject, "defect/" DEFECT_RED);
        else
            snprintf(subject, sizeof subject, "tile/%" PRIu64,
                     fixture_cell(FIRST_COLUMN + 256 * (i % 4), FIRST_ROW, 8).id);
        must(!ledger_say(ledger, i == 10 || i == 20 ? "defect" : "change-digest", subject, (const uint8_t *)"said", 4,
                         1795419660000, NULL));
    }
    must(!ledger_sign(ledger));
    ledger_close(ledger);
    signer_close(signer);
}

void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.dir = "/tmp/road-api-XXXXXX"};
    must(mkdtemp(fixture->dir) != NULL);
    snprintf(fixture->database, sizeof fixture->database, "%s/server.db", fixture->dir);
    must(!database_open(fixture->database, store_migrations, &fixture->db, fixture->error));
    must(!repair_tables(fixture->db));
    must(!database_begin(fixture->db));
    fill_cells(fixture->db);
    fill_defects(fixture->db);
    fill_repairs(fixture->db);
    fill_features(fixture->db);
    fill_segments(fixture->db);
    fill_ledger(fixture->db);
    must(!database_exec(fixture->db,
                        "INSERT INTO fact VALUES('gw-1.covered_cm', 500000), ('gw-1.red_cm', 3000), "
                        "('gw-2.covered_cm', 150), ('gw-1.unplaced_cm', 25)"));
    must(!database_commit(fixture->db));
    fixture->config = (struct api_config){
        .database_path = fixture->database,
        .district = "330103",
        .log_origin = "roads.example/test",
        .log_vkey = "roads.example/test+00000000+AAAA",
        .zone = fixture_zone,
        .bounds = {120.13, 30.27, 120.19, 30.28},
        .ret_error = fixture->error,
    };
}

void fixture_start(struct fixture *fixture)
{
    const enum road_status status = api_start(&fixture->config, &fixture->api);

    if (status)
        fprintf(stderr, "api_start: %s\n", fixture->error);
    must(!status);
}

void fixture_done(struct fixture *fixture)
{
    char command[128];

    http_done();
    api_stop(fixture->api);
    database_close(fixture->db);
    snprintf(command, sizeof command, "rm -rf %s", fixture->dir);
    must(system(command) == 0);
}

void fixture_file(const struct fixture *fixture, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", fixture->dir, name);
    FILE *file = fopen(path, "w");
    must(file != NULL);
    fputs(text, file);
    fclose(file);
}

void fixture_change(struct fixture *fixture, int64_t id)
{
    char sql[200];

    snprintf(sql, sizeof sql,
             "INSERT INTO change VALUES(%" PRId64 ", 'gw-1', %" PRId64 ", '0102030405060708', 7, 1795419660000000000, "
             "'{\"change\":%" PRId64 "}')",
             id, id, id);
    must(!database_exec(fixture->db, sql));
}

struct sink {
    char *data;
    size_t length;
};

static size_t take(char *data, size_t size, size_t n, void *closure)
{
    struct sink *sink = closure;

    sink->data = realloc(sink->data, sink->length + size * n + 1);
    must(sink->data != NULL);
    memcpy(sink->data + sink->length, data, size * n);
    sink->length += size * n;
    sink->data[sink->length] = '\0';
    return size * n;
}

static __thread CURL *curl; /* kept alive, as a browser does */

void http_done(void)
{
    curl_easy_cleanup(curl);
    curl = NULL;
}

struct reply http(const struct fixture *fixture, const char *method, const char *path, const char *const *headers)
{
    struct sink head = {calloc(1, 1), 0}, body = {calloc(1, 1), 0};
    struct curl_slist *list = NULL;
    struct reply reply = {.status = 0};
    char url[4096];

    if (!curl)
        curl = curl_easy_init();
    must(curl != NULL);
    curl_easy_reset(curl);
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", api_port(fixture->api), path);
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    if (method && strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_slist_free_all(list);
    reply.head = head.data;
    reply.body = body.data;
    reply.length = body.length;
    return reply;
}

struct reply get(const struct fixture *fixture, const char *path)
{
    return http(fixture, NULL, path, NULL);
}

void reply_done(struct reply *reply)
{
    free(reply->head);
    free(reply->body);
}

const char *reply_header(const struct reply *reply, const char *name)
{
    static __thread char value[1024];
    const size_t length = strlen(name);

    for (const char *line = reply->head; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *text = line + length + 1 + strspn(line + length + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(text, "\r\n"), text);
        return value;
    }
    return NULL;
}
