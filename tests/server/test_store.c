/* What the store holds after changes: roll-ups against a recount of the cells, the event line field by field.
 */
#include <jansson.h>

#include "grid/projection.h"
#include "server/store/leaf.h"
#include "server/store/rollup.h"
#include "server/store/store.h"
#include "link/message_segment.h"
#include "tests/server/sample.h"

static struct sample s;
static char *last_event;

static void on_change(void *context, int64_t id, const char *event, const struct store_touch *touch)
{
    (void)touch, (void)context, (void)id;
    free(last_event);
    last_event = strdup(event);
}

static void begin(void)
{
    const struct intake_config config = {.on_change = on_change};

    sample_new(&s, &config);
}

static void apply(struct sample_change *c)
{
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    free(c);
}

/* Areas of one square, counted from the cells: each known cell of its level or finer inside it. */
static void recount(struct cell square, int64_t ret_area_m2[4])
{
    uint64_t first, last;
    sqlite3_stmt *q;

    memset(ret_area_m2, 0, 4 * sizeof ret_area_m2[0]);
    cell_range(square, &first, &last);
    CHECK_STATUS(database_prepare(s.db, "SELECT id, code FROM cell WHERE id BETWEEN ? AND ?", &q), ROAD_OK);
    sqlite3_bind_int64(q, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)last);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const struct cell cell = {(uint64_t)sqlite3_column_int64(q, 0)};
        const int64_t side_m = cell_size_mm(cell) / 1000;
        ret_area_m2[sqlite3_column_int(q, 1)] += side_m * side_m;
    }
    sqlite3_finalize(q);
}

static void check_squares(void)
{
    sqlite3_stmt *q;
    int64_t want[4];
    int rows = 0;

    CHECK_STATUS(database_prepare(s.db, "SELECT key, red_m2, yellow_m2, green_m2 FROM square", &q), ROAD_OK);
    for (; sqlite3_step(q) == SQLITE_ROW; rows++) {
        const struct cell square = {(uint64_t)sqlite3_column_int64(q, 0) % (UINT64_C(1) << 53)};
        CHECK_INT(sqlite3_column_int64(q, 0) >> 53, cell_level(square));
        recount(square, want);
        CHECK_INT(sqlite3_column_int64(q, 1), want[CODE_RED]);
        CHECK_INT(sqlite3_column_int64(q, 2), want[CODE_YELLOW]);
        CHECK_INT(sqlite3_column_int64(q, 3), want[CODE_GREEN]);
    }
    sqlite3_finalize(q);
    CHECK(rows > 0);
}

/* Every coloured cell must be counted in a square of each level from its own upwards. */
static void check_no_square_is_missing(void)
{
    sqlite3_stmt *q;

    CHECK_STATUS(database_prepare(s.db, "SELECT id FROM cell WHERE code > 0", &q), ROAD_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const struct cell cell = {(uint64_t)sqlite3_column_int64(q, 0)};
        for (int level = 4; level <= 16; level += 2) {
            char sql[128];
            if (level < cell_level(cell))
                continue;
            snprintf(sql, sizeof sql, "SELECT count(*) FROM square WHERE key = (%d << 53) + %llu", level,
                     (unsigned long long)cell_parent(cell, level).id);
            CHECK_INT(sample_count(s.db, sql), 1);
        }
    }
    sqlite3_finalize(q);
}

/* 30 changes of 60 random moves each, over cells of five levels that lie in each other; fixed seed. */
FACT(roll_ups_equal_a_recount_of_the_cells)
{
    static const int levels[] = {0, 0, 0, 2, 3, 4, 6};
    unsigned seed = 12345;

    begin();
    for (uint64_t seq = 1; seq <= 30; seq++) {
        struct sample_change *c = sample_change_new(seq);
        for (int i = 0; i < 60; i++) {
            const int level = levels[rand_r(&seed) % 7];
            const struct cell cell = sample_cell(rand_r(&seed) % 40, rand_r(&seed) % 40, level);
            bool is_there = false;
            for (size_t k = 0; k < c->change.n_cells; k++)
                is_there = is_there || c->cells[k].cell.id == cell.id;
            if (!is_there)
                sample_put_cell(c, cell, (enum road_code)(rand_r(&seed) % 4));
        }
        apply(c);
    }
    check_squares();
    check_no_square_is_missing();
    sample_done(&s);
}

FACT(a_cell_given_twice_in_one_change_counts_once)
{
    begin();
    struct sample_change *c = sample_change_new(1);
    sample_put_cell(c, sample_cell(0, 0, 0), CODE_RED);
    sample_put_cell(c, sample_cell(0, 0, 0), CODE_GREEN);
    const bool is_encodable = sample_push(&s, c, s.gateway) == ROAD_OK;
    CHECK(is_encodable);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    free(c);
    if (sample_count(s.db, "SELECT count(*) FROM cell") > 0)
        check_squares();
    sample_done(&s);
}

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static void check_cell(json_t *row, struct cell cell, const char *code, const char *was)
{
    char id[32];
    double lat_deg, lon_deg;

    snprintf(id, sizeof id, "%llu", (unsigned long long)cell.id);
    CHECK_STR(text_of(row, "id"), id);
    CHECK_STR(text_of(row, "code"), code);
    CHECK_STR(text_of(row, "was"), was);
    CHECK_INT(json_integer_value(json_object_get(row, "level")), cell_level(cell));
    CHECK_STATUS(grid_unproject(sample_zone, cell_centre(cell), &lat_deg, &lon_deg), ROAD_OK);
    json_t *center = json_object_get(row, "center");
    CHECK_NEAR(json_real_value(json_array_get(center, 0)), lon_deg, 1e-7);
    CHECK_NEAR(json_real_value(json_array_get(center, 1)), lat_deg, 1e-7);
}

FACT(the_event_line_says_what_the_api_promises)
{
    begin();
    struct sample_change *c = sample_change_new(1);
    sample_put_cell(c, sample_cell(0, 0, 0), CODE_YELLOW);
    apply(c);
    c = sample_change_new(2);
    sample_put_cell(c, sample_cell(0, 0, 0), CODE_RED);
    sample_put_cell(c, sample_cell(3, 0, 4), CODE_GREEN);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.gateway);
    sample_put_defect(c, 8, DEFECT_SUSPECTED, s.gateway);
    apply(c);
    CHECK(strchr(last_event, '\n') == NULL);
    json_t *event = json_loads(last_event, JSON_REJECT_DUPLICATES, NULL);
    CHECK_INT(json_integer_value(json_object_get(event, "change")), 2);
    CHECK_STR(text_of(event, "gateway"), "gw-1");
    CHECK_STR(text_of(json_object_get(event, "cause"), "kid"), "0102030405060708");
    CHECK_INT(json_integer_value(json_object_get(json_object_get(event, "cause"), "seq")), 2);
    CHECK(json_is_true(json_object_get(event, "is_last")));
    CHECK_STR(text_of(event, "as_of"), "2026-11-23T07:41:00.000Z");
    check_cell(json_array_get(json_object_get(event, "cells"), 0), sample_cell(0, 0, 0), "red", "yellow");
    check_cell(json_array_get(json_object_get(event, "cells"), 1), sample_cell(3, 0, 4), "green", "grey");
    json_t *defect = json_array_get(json_object_get(event, "defects"), 0);
    CHECK_STR(text_of(defect, "id"), "1795419660000000000.0102030405060708.7.0");
    CHECK_STR(text_of(defect, "state"), "confirmed");
    CHECK_STR(text_of(defect, "type"), "pothole");
    CHECK_STR(text_of(defect, "severity"), "high");
    CHECK_STR(text_of(defect, "code"), "red");
    CHECK_STR(text_of(json_array_get(json_object_get(event, "defects"), 1), "code"), "grey");
    CHECK_NEAR(json_real_value(json_object_get(json_object_get(event, "road_m"), "covered")), 1000, 1e-9);
    CHECK_NEAR(json_real_value(json_object_get(json_object_get(event, "road_m"), "red")), 10, 1e-9);
    CHECK(json_object_get(event, "cells_more") == NULL);
    json_decref(event);
    sample_done(&s);
}

FACT(an_event_lists_200_cells_and_counts_the_rest)
{
    begin();
    struct sample_change *c = sample_change_new(1);
    for (int i = 0; i < 230; i++)
        sample_put_cell(c, sample_cell(i, 1, 0), CODE_GREEN);
    apply(c);
    json_t *event = json_loads(last_event, 0, NULL);
    CHECK_INT(json_array_size(json_object_get(event, "cells")), 200);
    CHECK_INT(json_integer_value(json_object_get(event, "cells_more")), 30);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM cell"), 230);
    json_decref(event);
    sample_done(&s);
}

FACT(a_later_state_of_a_defect_replaces_the_earlier)
{
    begin();
    struct sample_change *c = sample_change_new(1);
    sample_put_defect(c, 7, DEFECT_SUSPECTED, s.gateway);
    apply(c);
    c = sample_change_new(2);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.gateway);
    c->defects[0].state = DEFECT_ALIAS;
    c->defects[0].alias_of = sample_defect_id(3);
    c->change.n_statements = 0;
    apply(c);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM defect"), 1);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM defect WHERE state = 4 AND "
                                 "alias_of = '1795419660000000000.0102030405060708.3.0'"),
              1);
    CHECK_INT(sample_count(s.db, "SELECT cell FROM defect"), (int64_t)sample_cell(0, 0, 0).id);
    sample_done(&s);
}

FACT(a_feature_is_kept_beside_the_defect_of_its_name_and_its_later_state_replaces_it)
{
    begin();
    struct feature_belief feature = {.id = sample_defect_id(7),
                                     .state = FEATURE_REGISTERED,
                                     .kind = FEATURE_MANHOLE,
                                     .posterior_permille = 990,
                                     .at = {515741500, 3350510500},
                                     .strength_milli = 2040,
                                     .strength_mad_milli = 160,
                                     .heading_cdeg = 9000,
                                     .hits = 12,
                                     .passes = 19,
                                     .called_damage = 1,
                                     .first_ns = SAMPLE_TIME_NS,
                                     .last_ns = SAMPLE_TIME_NS};
    struct sample_change *c = sample_change_new(1);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.gateway);
    c->change.features = &feature;
    c->change.n_features = 1;
    apply(c);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM feature f JOIN defect USING(id) WHERE f.state = 2 AND kind = 5 AND "
                                 "strength_milli = 2040 AND strength_mad_milli = 160 AND heading_cdeg = 9000 AND "
                                 "f.hits = 12 AND f.passes = 19 AND called_damage = 1"),
              1);
    CHECK_INT(sample_count(s.db, "SELECT cell FROM feature"), (int64_t)sample_cell(0, 0, 0).id);
    feature.state = FEATURE_RETIRED;
    c = sample_change_new(2);
    c->change.features = &feature;
    c->change.n_features = 1;
    apply(c);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM feature"), 1);
    CHECK_INT(sample_count(s.db, "SELECT state FROM feature"), FEATURE_RETIRED);
    sample_done(&s);
}

FACT(a_segment_is_kept_whole_and_a_later_one_of_its_name_replaces_it)
{
    begin();
    struct segment_belief segment = {.way = "w/7", .way_length = 3, .name = "庆春路", .name_length = 9, .index = 12, .is_backward = true,
                                     .road_class = ROAD_SECONDARY, .length_cm = 9876, .n_line = 2,
                                     .line = {{515741500, 3350510500}, {515641500, 3350510500}},
                                     .facts = {.code = CODE_YELLOW, .why = SEGMENT_RIDE, .grade = 1, .floors_deci = {850, 700, 600},
                                               .pci_centi = 9000, .rqi_centi = 320, .pqi_centi = SCORE_UNKNOWN, .jtg_pci_centi = 9100,
                                               .jtg_rqi_centi = SCORE_UNKNOWN, .observed_permille = 800, .rough_permille = 900,
                                               .red_hazards = 1, .passes = 9, .n_top = 1, .top = {{5, 1000}}, .seen_ns = SAMPLE_TIME_NS}};
    struct sample_change *c = sample_change_new(1);
    c->change.segments = &segment;
    c->change.n_segments = 1;
    apply(c);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM segment WHERE way = 'w/7' AND backward = 1 AND idx = 12 AND road = '庆春路' AND "
                                 "class = 2 AND length_cm = 9876 AND code = 2 AND why = 4 AND grade = 1 AND floor_a = 850 AND floor_c = 600 "
                                 "AND pci = 9000 AND rqi = 320 AND pqi IS NULL AND jtg_pci = 9100 AND jtg_rqi IS NULL AND "
                                 "observed_permille = 800 AND rough_permille = 900 AND reds = 1 AND passes = 9 AND type1 = 5 AND share1 = 1000 "
                                 "AND type2 IS NULL AND length(line) = 32 AND hex(substr(line, 1, 4)) = '86F51203'"), /* 51574150 cm */
              1);
    segment.name_length = 0;
    segment.facts.code = CODE_GREEN;
    c = sample_change_new(2);
    c->change.segments = &segment;
    c->change.n_segments = 1;
    apply(c);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM segment WHERE code = 1 AND road = 'w/7'"), 1);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM segment"), 1);
    sample_done(&s);
}

/* --- plain squares, against a list of what was said last of each --- */

#define SAID_MAX 8192
struct said {
    struct cell cell;
    bool is_special;
    uint16_t cover;      /* plain */
    enum road_code code; /* special */
};
static struct said said[SAID_MAX];
static size_t n_said;

static struct said *said_of(struct cell cell)
{
    for (size_t i = 0; i < n_said; i++)
        if (said[i].cell.id == cell.id)
            return &said[i];
    CHECK(n_said < SAID_MAX);
    said[n_said] = (struct said){.cell = cell};
    return &said[n_said++];
}

static enum road_code shown_of(const struct said *what)
{
    return what->is_special ? what->code : cover_shown(what->cover);
}

static int by_leaf(const void *a, const void *b)
{
    const struct leaf_patch *left = a, *right = b;

    return (left->leaf.id > right->leaf.id) - (left->leaf.id < right->leaf.id);
}

/* Patches of some of 8 leaves of three levels over one another, and cells among their squares. */
static void random_change(uint64_t seq, unsigned *seed)
{
    static struct leaf_patch patches[12];
    struct sample_change *c = sample_change_new(seq);

    c->change.patches = patches;
    for (int k = 0; k < 12; k++) {
        struct leaf_patch *patch = &patches[c->change.n_patches];
        if (rand_r(seed) % 3 == 0)
            continue;
        *patch = (struct leaf_patch){
            .leaf = sample_cell(k < 6 ? 8 * k : 0, 0, k < 6 ? 3 : k - 3), /* levels 3 x 6, then 3..8 again */
            .mask = ((uint64_t)rand_r(seed) << 42 ^ (uint64_t)rand_r(seed) << 20 ^ (uint64_t)rand_r(seed)) | 1};
        bool is_there = false;
        for (size_t i = 0; i < c->change.n_patches; i++)
            is_there |= patches[i].leaf.id == patch->leaf.id;
        if (is_there)
            continue;
        for (unsigned i = 0; i < 64; i++)
            if (patch->mask >> i & 1 && rand_r(seed) % 5)
                patch->covers[i] = cover_pack(CODE_GREEN, 20780, (unsigned)rand_r(seed) % 32);
        for (unsigned i = 0; i < 64; i++)
            if (patch->mask >> i & 1)
                *said_of(cell_of_leaf(patch->leaf, i)) =
                    (struct said){.cell = cell_of_leaf(patch->leaf, i), .cover = patch->covers[i]};
        c->change.n_patches++;
    }
    qsort(patches, c->change.n_patches, sizeof *patches, by_leaf);
    for (int i = 0; i < 20; i++) {
        const struct cell cell = sample_cell(rand_r(seed) % 48, rand_r(seed) % 8, rand_r(seed) % 3);
        bool is_there = false;
        for (size_t k = 0; k < c->change.n_cells; k++)
            is_there |= c->cells[k].cell.id == cell.id;
        if (is_there)
            continue;
        sample_put_cell(c, cell, (enum road_code)(rand_r(seed) % 4));
        *said_of(cell) = (struct said){
            .cell = cell, .is_special = true, .code = c->cells[c->change.n_cells - 1].reason.code};
    }
    apply(c);
}

/* Each square stands where it was said last: a row of table cell, a bit of its leaf, or nowhere. */
static void check_said(const struct said *what)
{
    char sql[160];

    snprintf(sql, sizeof sql, "SELECT coalesce((SELECT code FROM cell WHERE id = %llu), -1)",
             (unsigned long long)what->cell.id);
    CHECK_INT(sample_count(s.db, sql), what->is_special ? (int)what->code : -1);
    const struct cell leaf = cell_parent(what->cell, cell_level(what->cell) + 3);
    struct leaf_patch row = {.mask = 0};
    sqlite3_stmt *q;
    snprintf(sql, sizeof sql, "SELECT covers FROM leaf WHERE key = (%d << 53) + %llu", cell_level(leaf),
             (unsigned long long)leaf.id);
    CHECK_STATUS(database_prepare(s.db, sql, &q), ROAD_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        CHECK_STATUS(leaf_read(leaf, sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0), &row), ROAD_OK);
    sqlite3_finalize(q);
    const unsigned i = cell_number_in_leaf(what->cell);
    CHECK_INT(row.mask >> i & 1, !what->is_special && what->cover != 0);
    if (!what->is_special)
        CHECK_INT(row.covers[i], what->cover);
}

static void check_counts(void)
{
    int64_t want[6][4] = {{0}};
    char sql[128];

    for (size_t i = 0; i < n_said; i++)
        if (!said[i].is_special && said[i].cover)
            want[cell_level(said[i].cell)][shown_of(&said[i])]++;
    for (int level = 0; level < 6; level++)
        for (int code = 0; code < 4; code++) {
            snprintf(sql, sizeof sql, "SELECT coalesce(sum(squares), 0) FROM plain WHERE level = %d AND code = %d",
                     level, code);
            CHECK_INT(sample_count(s.db, sql), want[level][code]);
        }
}

static void check_said_square(struct cell square)
{
    int64_t want[4] = {0};
    char sql[160];

    for (size_t i = 0; i < n_said; i++)
        if (cell_level(said[i].cell) <= cell_level(square) && cell_contains(square, said[i].cell))
            want[shown_of(&said[i])] += INT64_C(1) << (2 * cell_level(said[i].cell));
    for (int code = CODE_GREEN; code <= CODE_RED; code++) {
        snprintf(sql, sizeof sql, "SELECT coalesce(sum(%s_m2), 0) FROM square WHERE key = (%d << 53) + %llu",
                 code == CODE_RED ? "red" : code == CODE_YELLOW ? "yellow" : "green", cell_level(square),
                 (unsigned long long)square.id);
        CHECK_INT(sample_count(s.db, sql), want[code]);
    }
}

FACT(plain_squares_and_cells_are_where_a_list_says_they_were_told_last)
{
    unsigned seed = 4711;

    begin();
    n_said = 0;
    for (uint64_t seq = 1; seq <= 40; seq++)
        random_change(seq, &seed);
    for (size_t i = 0; i < n_said; i++)
        check_said(&said[i]);
    check_counts();
    for (int level = 4; level <= 16; level += 2)
        for (int i = 0; i < 48; i += 16)
            check_said_square(sample_cell(i, 0, level));
    CHECK(n_said > 500);
    sample_done(&s);
}

FACT(the_event_line_counts_plain_squares)
{
    static struct leaf_patch patch;

    begin();
    struct sample_change *c = sample_change_new(1);
    patch = (struct leaf_patch){.leaf = sample_cell(0, 0, 3), .mask = 7};
    patch.covers[0] = patch.covers[1] = cover_pack(CODE_GREEN, 20780, COVER_PALE);
    patch.covers[2] = cover_pack(CODE_GREEN, 20780, 1); /* too thin to show */
    c->change.patches = &patch, c->change.n_patches = 1;
    apply(c);
    json_t *event = json_loads(last_event, 0, NULL), *plain = json_object_get(event, "plain");
    CHECK_INT(json_integer_value(json_object_get(plain, "squares")), 3);
    CHECK_INT(json_integer_value(json_object_get(plain, "green")), 2);
    CHECK_INT(json_integer_value(json_object_get(plain, "grey")), 0);
    CHECK_INT(json_array_size(json_object_get(plain, "center")), 2);
    CHECK_INT(json_array_size(json_object_get(event, "cells")), 0);
    json_decref(event);
    c = sample_change_new(2);
    patch = (struct leaf_patch){.leaf = patch.leaf, .mask = 6};
    patch.covers[1] = cover_pack(CODE_GREEN, 20700, 0); /* stale; square 2 is taken back */
    c->change.patches = &patch, c->change.n_patches = 1;
    apply(c);
    event = json_loads(last_event, 0, NULL), plain = json_object_get(event, "plain");
    CHECK_INT(json_integer_value(json_object_get(plain, "grey")), 1);
    json_decref(event);
    CHECK_INT(sample_count(s.db, "SELECT length(covers) FROM leaf"), 8 + 2 * 2);
    sample_done(&s);
}

/* A database of version 2, its squares keyed by id alone, is brought to today's. */
FACT(an_older_database_keeps_its_roll_ups_under_the_new_key)
{
    const char *older[] = {store_migrations[0], store_migrations[1], NULL};
    char path[] = "/tmp/road-older-XXXXXX", error[512], sql[256];
    sqlite3 *db;

    CHECK(mkstemp(path) >= 0);
    CHECK_STATUS(database_open(path, older, &db, error), ROAD_OK);
    for (int level = 2; level <= 16; level += 2) {
        snprintf(sql, sizeof sql, "INSERT INTO square VALUES(%llu, %d, 20, 30)",
                 (unsigned long long)sample_cell(5, 5, level).id, level);
        CHECK_STATUS(database_exec(db, sql), ROAD_OK);
    }
    database_close(db);
    CHECK_STATUS(database_open(path, store_migrations, &db, error), ROAD_OK);
    CHECK_INT(sample_count(db, "SELECT count(*) FROM square"), 7); /* 4 m squares are drawn from the leaves */
    for (int level = 4; level <= 16; level += 2) {
        snprintf(sql, sizeof sql, "SELECT red_m2 FROM square WHERE key = (%d << 53) + %llu", level,
                 (unsigned long long)sample_cell(5, 5, level).id);
        CHECK_INT(sample_count(db, sql), level);
    }
    database_close(db);
    unlink(path);
}

int main(int argc, char **argv)
{
    const int result = check_main(argc, argv);

    free(last_event);
    return result;
}
