#include "server/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/store/event.h"
#include "server/store/plain.h"
#include "server/store/repair.h"
#include "server/store/rollup.h"
#include "server/store/segment.h"

struct store {
    sqlite3 *db;
    sqlite3_stmt *select_code, *upsert_cell, *upsert_square, *upsert_defect, *upsert_repair, *upsert_feature, *upsert_segment, *next_change, *insert_change,
        *upsert_fact, *select_facts;
    struct plain *plain;
    struct plain_news plain_news;
    struct rollup rollup;
    enum road_code was[CHANGE_CELLS_MAX];
    uint64_t touched[CHANGE_CELLS_MAX + CHANGE_PATCHES_MAX];
    struct store_touch touch;
};

static const struct statement_row {
    size_t offset;
    const char *sql;
} statements[] = {
    {offsetof(struct store, select_code), "SELECT code FROM cell WHERE id = ?"},
    {offsetof(struct store, upsert_cell),
     "REPLACE INTO cell VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {offsetof(struct store, upsert_square), ROLLUP_UPSERT},
    {offsetof(struct store, upsert_defect),
     "REPLACE INTO defect VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {offsetof(struct store, upsert_repair), REPAIR_UPSERT},
    {offsetof(struct store, upsert_feature),
     "REPLACE INTO feature VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {offsetof(struct store, upsert_segment), SEGMENT_UPSERT},
    {offsetof(struct store, next_change), "SELECT coalesce(max(id), 0) + 1 FROM change"},
    {offsetof(struct store, insert_change), "INSERT INTO change VALUES(?, ?, ?, ?, ?, ?, ?)"},
    {offsetof(struct store, upsert_fact), "REPLACE INTO fact VALUES(? || '.' || ?, ?)"},
    {offsetof(struct store, select_facts),
     "SELECT substr(name, instr(name, '.') + 1), sum(value) FROM fact GROUP BY 1"},
};
#define STATEMENTS (sizeof statements / sizeof statements[0])

static sqlite3_stmt **statement_at(struct store *store, size_t i)
{
    return (sqlite3_stmt **)(void *)((char *)store + statements[i].offset);
}

enum road_status store_open(sqlite3 *db, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);
    enum road_status status = store ? ROAD_OK : ROAD_NO_MEMORY;

    if (status)
        return status;
    store->db = db;
    status = repair_tables(db);
    for (size_t i = 0; i < STATEMENTS && !status; i++)
        status = database_prepare(db, statements[i].sql, statement_at(store, i));
    if (!status)
        status = plain_open(db, &store->plain);
    if (status) {
        store_close(store);
        return status;
    }
    *ret_store = store;
    return ROAD_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(*statement_at(store, i));
    plain_close(store->plain);
    free(store);
}

static bool zone_is_equal(struct grid_zone a, struct grid_zone b)
{
    return a.meridian_deg == b.meridian_deg && a.is_south == b.is_south;
}

static enum road_status refuse(enum road_status status, const char *field, const char **ret_field)
{
    if (ret_field)
        *ret_field = field;
    return status;
}

static bool kind_is_kept(const struct statement *statement)
{
    static const char *const kinds[] = {"defect", "change-digest", "rules"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (statement->kind_length == strlen(kinds[i]) &&
            memcmp(statement->kind, kinds[i], statement->kind_length) == 0)
            return true;
    return false;
}

enum road_status store_check_change(const struct change *change, struct grid_zone zone,
                                    const char **ret_field)
{
    struct cell cell;

    if (!zone_is_equal(change->zone, zone))
        return refuse(ROAD_BAD_RANGE, "zone", ret_field);
    if (change->n_cells > CHANGE_CELLS_MAX)
        return refuse(ROAD_TOO_LARGE, "cells", ret_field);
    for (size_t i = 0; i < change->n_cells; i++)
        if (!cell_is_valid(change->cells[i].cell) || !zone_is_equal(cell_zone(change->cells[i].cell), zone) ||
            change->cells[i].reason.code > CODE_RED)
            return refuse(ROAD_BAD_RANGE, "cells", ret_field);
    if (change->n_patches > CHANGE_PATCHES_MAX) /* their zone and levels are the message's own rules */
        return refuse(ROAD_TOO_LARGE, "patches", ret_field);
    for (size_t i = 0; i < change->n_defects; i++)
        if (!catalogue_type(change->defects[i].type) ||
            cell_from_point(zone, change->defects[i].at, 0, &cell))
            return refuse(ROAD_BAD_RANGE, "defects", ret_field);
    for (size_t i = 0; i < change->n_features; i++)
        if (change->features[i].kind < 1 || change->features[i].kind > FEATURE_KIND_COUNT ||
            cell_from_point(zone, change->features[i].at, 0, &cell))
            return refuse(ROAD_BAD_RANGE, "features", ret_field);
    for (size_t i = 0; i < change->n_segments; i++)
        if (segment_cell(zone, &change->segments[i], &cell))
            return refuse(ROAD_BAD_RANGE, "segments", ret_field);
    for (size_t i = 0; i < change->n_statements; i++)
        if (!kind_is_kept(&change->statements[i]) ||
            !envelope_subject_is_valid(change->statements[i].subject, change->statements[i].subject_length) ||
            change->statements[i].cose_length > ENVELOPE_SAID_MAX)
            return refuse(ROAD_BAD_INPUT, "statements", ret_field);
    return ROAD_OK;
}

static enum road_status run(sqlite3_stmt *s)
{
    const int code = sqlite3_step(s);

    sqlite3_reset(s);
    return code == SQLITE_DONE ? ROAD_OK : database_status(code);
}

static void bind_integers(sqlite3_stmt *s, int first, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_bind_int64(s, first + i, values[i]);
}
#define BIND(s, first, ...)                                                                                  \
    bind_integers(s, first, (const int64_t[]){__VA_ARGS__},                                                  \
                  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

/* What the cell showed, as a row of its own or as a plain square; from now on it is a row. */
static enum road_status read_code(struct store *store, struct cell cell, enum road_code *ret_code)
{
    enum road_status status = ROAD_OK;

    sqlite3_bind_int64(store->select_code, 1, (sqlite3_int64)cell.id);
    const int code = sqlite3_step(store->select_code);
    if (code == SQLITE_ROW)
        *ret_code = (enum road_code)(sqlite3_column_int(store->select_code, 0) & 3);
    else if (code != SQLITE_DONE)
        status = database_status(code);
    sqlite3_reset(store->select_code);
    return code == SQLITE_DONE ? plain_take_out(store->plain, cell, ret_code) : status;
}

static enum road_status write_cell(struct store *store, const struct cell_change *row)
{
    const struct code_reason *r = &row->reason;
    sqlite3_stmt *s = store->upsert_cell;
    char defect[DEFECT_ID_TEXT_SIZE];

    BIND(s, 1, (int64_t)row->cell.id, r->code, r->channel, r->is_pale, r->type, r->severity,
         r->posterior_permille, r->size_milli, r->size_sigma_milli, r->hits, r->passes, r->motion_hits,
         r->camera_hits, r->csi, r->iri_centi, r->coverage_centi, r->seen_ns);
    if (row->has_defect)
        sqlite3_bind_text(s, 18, defect_id_format(&row->defect, defect), -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, 18);
    return run(s);
}

/* Patches first: where a change says both, the cell holds. */
static enum road_status apply_cells(struct store *store, const struct change *change)
{
    store->rollup.n = 0;
    enum road_status status =
        plain_apply(store->plain, change, &store->rollup, store->upsert_square, &store->plain_news);
    for (size_t i = 0; i < change->n_cells && !status; i++) {
        const struct cell_change *row = &change->cells[i];
        if ((status = read_code(store, row->cell, &store->was[i])) != ROAD_OK)
            break;
        rollup_add(&store->rollup, row->cell, store->was[i], row->reason.code);
        status = write_cell(store, row);
        if (!status && store->rollup.n + ROLLUP_LEVELS > ROLLUP_SQUARES_MAX)
            status = rollup_write(&store->rollup, store->upsert_square);
    }
    return status ? status : rollup_write(&store->rollup, store->upsert_square);
}

static enum road_status apply_repair(struct store *store, const char *gateway, const struct defect_belief *d)
{
    char id[DEFECT_ID_TEXT_SIZE], kid[KID_TEXT_SIZE];

    repair_bind(store->upsert_repair, defect_id_format(&d->id, id), gateway, &d->repair, kid);
    return run(store->upsert_repair);
}

static void note_touch(struct store *store, const struct change *change)
{
    size_t n = store->plain_news.n_looks;

    memcpy(store->touched, store->plain_news.looks, n * sizeof store->touched[0]);
    for (size_t i = 0; i < change->n_cells; i++)
        store->touched[n++] = change->cells[i].cell.id;
    store->touch = (struct store_touch){store->touched, n, change->n_defects > 0, change->n_segments > 0};
}

struct store_touch store_last_touch(const struct store *store)
{
    return store->touch;
}

static enum road_status apply_defect(struct store *store, struct grid_zone zone,
                                     const struct defect_belief *d)
{
    sqlite3_stmt *s = store->upsert_defect;
    char id[DEFECT_ID_TEXT_SIZE], alias_of[DEFECT_ID_TEXT_SIZE];
    struct cell cell;

    enum road_status status = cell_from_point(zone, d->at, 0, &cell);
    if (status)
        return status;
    sqlite3_bind_text(s, 1, defect_id_format(&d->id, id), -1, SQLITE_STATIC);
    BIND(s, 2, d->state);
    if (d->state == DEFECT_ALIAS)
        sqlite3_bind_text(s, 3, defect_id_format(&d->alias_of, alias_of), -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, 3);
    BIND(s, 4, d->type, d->severity, d->may_be_red, d->posterior_permille, d->at.e_mm, d->at.n_mm,
         (int64_t)cell.id, d->cov_ee_cm2, d->cov_en_cm2, d->cov_nn_cm2, d->size_milli, d->size_sigma_milli,
         d->hits, d->passes, d->motion_hits, d->camera_hits, d->units, d->first_ns, d->last_ns);
    return run(s);
}

static enum road_status apply_feature(struct store *store, struct grid_zone zone,
                                      const struct feature_belief *f)
{
    sqlite3_stmt *s = store->upsert_feature;
    char id[DEFECT_ID_TEXT_SIZE], alias_of[DEFECT_ID_TEXT_SIZE];
    struct cell cell;

    enum road_status status = cell_from_point(zone, f->at, 0, &cell);
    if (status)
        return status;
    sqlite3_bind_text(s, 1, defect_id_format(&f->id, id), -1, SQLITE_STATIC);
    BIND(s, 2, f->state);
    if (f->state == FEATURE_ALIAS)
        sqlite3_bind_text(s, 3, defect_id_format(&f->alias_of, alias_of), -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, 3);
    BIND(s, 4, f->kind, f->posterior_permille, f->at.e_mm, f->at.n_mm, (int64_t)cell.id, f->cov_ee_cm2,
         f->cov_en_cm2, f->cov_nn_cm2, f->strength_milli, f->strength_mad_milli, f->heading_cdeg, f->hits, f->passes,
         f->called_damage, f->first_ns, f->last_ns);
    return run(s);
}

/* Names of the road metres in table fact, behind "GATEWAY.". */
static const struct fact_row {
    const char *name;
    size_t offset;
} facts[] = {
    {"covered_cm", offsetof(struct road_metres, covered_cm)},
    {"red_cm", offsetof(struct road_metres, red_cm)},
    {"yellow_cm", offsetof(struct road_metres, yellow_cm)},
    {"green_cm", offsetof(struct road_metres, green_cm)},
    {"grey_cm", offsetof(struct road_metres, grey_cm)},
    {"unplaced_cm", offsetof(struct road_metres, unplaced_cm)},
};
#define FACTS (sizeof facts / sizeof facts[0])

static enum road_status apply_road(struct store *store, const char *gateway, const struct road_metres *road)
{
    enum road_status status = ROAD_OK;

    for (size_t i = 0; i < FACTS && !status; i++) {
        uint64_t value_cm;
        memcpy(&value_cm, (const char *)road + facts[i].offset, sizeof value_cm);
        sqlite3_bind_text(store->upsert_fact, 1, gateway, -1, SQLITE_STATIC);
        sqlite3_bind_text(store->upsert_fact, 2, facts[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(store->upsert_fact, 3, (sqlite3_int64)value_cm);
        status = run(store->upsert_fact);
    }
    return status;
}

static enum road_status sum_road(struct store *store, struct road_metres *ret_road)
{
    int code;

    memset(ret_road, 0, sizeof *ret_road);
    while ((code = sqlite3_step(store->select_facts)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(store->select_facts, 0);
        const uint64_t value_cm = (uint64_t)sqlite3_column_int64(store->select_facts, 1);
        for (size_t i = 0; name && i < FACTS; i++)
            if (strcmp(name, facts[i].name) == 0)
                memcpy((char *)ret_road + facts[i].offset, &value_cm, sizeof value_cm);
    }
    sqlite3_reset(store->select_facts);
    return code == SQLITE_DONE ? ROAD_OK : database_status(code);
}

static enum road_status next_change_id(struct store *store, int64_t *ret_id)
{
    const int code = sqlite3_step(store->next_change);

    if (code == SQLITE_ROW)
        *ret_id = sqlite3_column_int64(store->next_change, 0);
    sqlite3_reset(store->next_change);
    return code == SQLITE_ROW ? ROAD_OK : database_status(code);
}

static enum road_status write_change(struct store *store, const struct event_input *input, const char *event)
{
    const struct change *change = input->change;
    sqlite3_stmt *s = store->insert_change;
    char kid[KID_TEXT_SIZE];

    sqlite3_bind_int64(s, 1, input->change_id);
    sqlite3_bind_text(s, 2, input->gateway, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)change->seq);
    sqlite3_bind_text(s, 4, kid_format(change->cause_kid, kid), -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)change->cause_seq);
    sqlite3_bind_int64(s, 6, change->as_of_ns);
    sqlite3_bind_text(s, 7, event, -1, SQLITE_STATIC);
    return run(s);
}

static enum road_status apply_statement(struct ledger *ledger, const struct statement *statement,
                                        int64_t now_ms)
{
    char kind[ENVELOPE_KIND_SIZE], subject[ENVELOPE_SUBJECT_SIZE];

    snprintf(kind, sizeof kind, "%.*s", (int)statement->kind_length, statement->kind);
    snprintf(subject, sizeof subject, "%.*s", (int)statement->subject_length, statement->subject);
    return ledger_say(ledger, kind, subject, statement->cose, statement->cose_length, now_ms, NULL);
}

enum road_status store_apply_change(struct store *store, struct ledger *ledger, const char *gateway,
                                    const struct change *change, int64_t now_ms, int64_t *ret_change_id,
                                    char **ret_event)
{
    struct event_input input = {
        .gateway = gateway, .change = change, .was = store->was, .plain = &store->plain_news};
    char *event = NULL;

    enum road_status status = apply_cells(store, change);
    for (size_t i = 0; i < change->n_defects && !status; i++)
        if ((status = apply_defect(store, change->zone, &change->defects[i])) == ROAD_OK)
            status = apply_repair(store, gateway, &change->defects[i]);
    for (size_t i = 0; i < change->n_features && !status; i++)
        status = apply_feature(store, change->zone, &change->features[i]);
    for (size_t i = 0; i < change->n_segments && !status; i++)
        status = segment_write(store->upsert_segment, change->zone, &change->segments[i]);
    if (!status)
        status = apply_road(store, gateway, &change->road);
    if (!status)
        status = sum_road(store, &input.district);
    if (!status)
        status = next_change_id(store, &input.change_id);
    if (!status)
        status = event_format(&input, &event);
    if (!status)
        status = write_change(store, &input, event);
    for (size_t i = 0; i < change->n_statements && !status; i++)
        status = apply_statement(ledger, &change->statements[i], now_ms);
    if (status) {
        free(event);
        return status;
    }
    note_touch(store, change);
    *ret_change_id = input.change_id;
    *ret_event = event;
    return ROAD_OK;
}
