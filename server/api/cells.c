/* cells.c - /v1/cells: one cell with its reasons, by id or by place, and the known cells in a box. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grid/code.h"
#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/api/place.h"
#include "server/store/words.h"

#define BOX_SIDE_MAX_DEG 0.1
#define TILE_LEVEL 8 /* 256 m: what the ledger's change digests are about */
#define IRI_NOT_KNOWN 0xFFFF

/* A row of table cell. */
struct cell_row {
    struct cell cell;
    struct code_reason reason;
    char defect[DEFECT_ID_TEXT_SIZE]; /* "" if none */
};

static void read_row(sqlite3_stmt *s, struct cell_row *ret_row)
{
    const char *defect = (const char *)sqlite3_column_text(s, 17);

    *ret_row = (struct cell_row){
        .cell.id = (uint64_t)sqlite3_column_int64(s, 0),
        .reason = {.code = (enum road_code)(sqlite3_column_int(s, 1) & 3),
                   .channel = (enum code_channel)sqlite3_column_int(s, 2),
                   .is_pale = sqlite3_column_int(s, 3) != 0,
                   .type = (uint8_t)sqlite3_column_int(s, 4),
                   .severity = (uint8_t)sqlite3_column_int(s, 5),
                   .posterior_permille = (uint16_t)sqlite3_column_int(s, 6),
                   .size_milli = sqlite3_column_int(s, 7),
                   .size_sigma_milli = sqlite3_column_int(s, 8),
                   .hits = (uint16_t)sqlite3_column_int(s, 9),
                   .passes = (uint16_t)sqlite3_column_int(s, 10),
                   .motion_hits = (uint16_t)sqlite3_column_int(s, 11),
                   .camera_hits = (uint16_t)sqlite3_column_int(s, 12),
                   .csi = (uint8_t)sqlite3_column_int(s, 13),
                   .iri_centi = (uint16_t)sqlite3_column_int(s, 14),
                   .coverage_centi = (uint16_t)sqlite3_column_int(s, 15),
                   .seen_ns = sqlite3_column_int64(s, 16)},
    };
    snprintf(ret_row->defect, sizeof ret_row->defect, "%s", defect ? defect : "");
}

/* What is known at the cell or at its nearest known ancestor; grey, at the cell itself, if nothing is. */
static enum road_status find_known(struct reader *reader, struct cell asked, struct cell_row *ret_row)
{
    enum road_status status = ROAD_OK;

    for (int level = cell_level(asked); level <= CELL_LEVEL_MAX && !status; level++) {
        sqlite3_stmt *s = reader_query(reader, QUERY_CELL);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)cell_parent(asked, level).id);
        if (reader_step(s, &status)) {
            read_row(s, ret_row);
            sqlite3_reset(s);
            return ROAD_OK;
        }
    }
    if (!status)
        *ret_row = (struct cell_row){
            .cell = asked, .reason = {.code = CODE_GREY, .channel = CHANNEL_UNKNOWN, .iri_centi = IRI_NOT_KNOWN}};
    return status;
}

static json_t *both(const char *en, const char *zh)
{
    return json_pack("{s:s, s:s}", "en", en, "zh", zh);
}

static json_t *explanation(const struct code_reason *reason)
{
    char en[512], zh[512];

    code_explain(reason, LANGUAGE_EN, en, sizeof en);
    code_explain(reason, LANGUAGE_ZH, zh, sizeof zh);
    return both(en, zh);
}

/* The newest ledger entry about the cell's defect or about its 256 m tile. */
static enum road_status newest_entry(struct reader *reader, const struct cell_row *row, json_t **ret_entry)
{
    char subject[DEFECT_ID_TEXT_SIZE + 16];
    json_t *newest = json_null(), *found;
    enum road_status status = ROAD_OK;

    for (int i = 0; i < 2 && !status; i++) {
        if (i == 0 ? row->defect[0] == '\0' : cell_level(row->cell) > TILE_LEVEL)
            continue;
        if (i == 0)
            snprintf(subject, sizeof subject, "defect/%s", row->defect);
        else
            snprintf(subject, sizeof subject, "tile/%" PRIu64, cell_parent(row->cell, TILE_LEVEL).id);
        if ((status = json_entries_about(reader, subject, 1, &found)) != ROAD_OK)
            break;
        json_t *entry = json_array_get(found, 0);
        if (entry && json_integer_value(json_object_get(entry, "index")) >=
                         json_integer_value(json_object_get(newest, "index"))) {
            json_decref(newest);
            newest = json_incref(entry);
        }
        json_decref(found);
    }
    if (status)
        json_decref(newest);
    else
        *ret_entry = newest;
    return status;
}

/* The measured part: null where it is not known. */
static void add_measures(json_t *object, const struct cell_row *row)
{
    const struct code_reason *r = &row->reason;
    const bool is_known = r->channel != CHANNEL_UNKNOWN || r->seen_ns > 0;
    json_t *defects = json_array();

    if (row->defect[0])
        json_array_append_new(defects, json_string(row->defect));
    json_object_set_new(object, "seen", json_time(r->seen_ns));
    json_object_set_new(object, "coverage", is_known ? json_real(r->coverage_centi / 100.0) : json_null());
    json_object_set_new(object, "csi", is_known ? json_integer(r->csi) : json_null());
    json_object_set_new(object, "iri", r->iri_centi == IRI_NOT_KNOWN ? json_null() : json_real(r->iri_centi / 100.0));
    json_object_set_new(object, "passes", json_integer(r->passes));
    json_object_set_new(object, "hits", json_integer(r->hits));
    json_object_set_new(object, "defects", defects);
}

static enum road_status cell_object(struct reader *reader, struct cell asked, const struct cell_row *row,
                                    json_t **ret_object)
{
    const struct code_reason *r = &row->reason;
    char id[24], human[CELL_TEXT_SIZE], asked_human[CELL_TEXT_SIZE];
    double ring[5][2], bounds[4];
    json_t *entry = NULL;

    enum road_status status = place_ring(row->cell, ring);
    if (!status)
        status = newest_entry(reader, row, &entry);
    if (status)
        return status;
    place_ring_bounds(ring, bounds);
    snprintf(id, sizeof id, "%" PRIu64, row->cell.id);
    json_t *object = json_pack(
        "{s:s, s:s, s:i, s:I, s:s, s:s, s:o, s:o, s:b, s:s, s:o, s:[f, f, f, f], s:o}", "id", id, "human",
        cell_format(row->cell, human), "level", cell_level(row->cell), "size_m",
        (json_int_t)(cell_size_mm(row->cell) / 1000), "asked", cell_format(asked, asked_human), "code",
        code_text((int)r->code), "letter", both(code_letter(r->code, LANGUAGE_EN), code_letter(r->code, LANGUAGE_ZH)),
        "word", both(code_word(r->code, LANGUAGE_EN), code_word(r->code, LANGUAGE_ZH)), "pale", r->is_pale, "channel",
        channel_text((int)r->channel), "explain", explanation(r), "bounds", bounds[0], bounds[1], bounds[2],
        bounds[3], "polygon", json_ring(ring, 5));
    if (object) {
        add_measures(object, row);
        json_object_set_new(object, "entry", entry);
    } else {
        json_decref(entry);
    }
    *ret_object = object;
    return ROAD_OK;
}

static void answer_known(struct call *call, struct cell asked)
{
    struct cell_row row;
    json_t *object = NULL;

    enum road_status status = find_known(call->reader, asked, &row);
    if (!status)
        status = cell_object(call->reader, asked, &row, &object);
    if (answer_is_ok(call->answer, status, NULL))
        answer_json(call->answer, object);
}

void answer_cell(struct call *call)
{
    struct cell cell;

    if (cell_parse(call->request->tail, &cell))
        answer_error(call->answer, 400, "a cell's id is its decimal number or its human form", "id");
    else
        answer_known(call, cell);
}

void answer_cell_at(struct call *call)
{
    double lat_deg, lon_deg;
    struct grid_point point;
    struct cell cell;

    if (request_number(call->request, "lat", -90, 90, &lat_deg)) {
        answer_error(call->answer, 400, "lat is wanted, in degrees from -90 to 90", "lat");
        return;
    }
    if (request_number(call->request, "lon", -180, 180, &lon_deg)) {
        answer_error(call->answer, 400, "lon is wanted, in degrees from -180 to 180", "lon");
        return;
    }
    const struct grid_zone zone = call->site->config.zone;
    if (grid_project(zone, lat_deg, lon_deg, &point) || cell_from_point(zone, point, 0, &cell))
        answer_error(call->answer, 400, "the place lies outside this district's zone", "lon");
    else
        answer_known(call, cell);
}

/* The known cells of one list of ids, as far as the limit reaches. */
struct listing {
    struct call *call;
    double box[4];
    int code; /* -1 = any */
    int limit;
    uint64_t after;
    json_t *items;
    bool is_full; /* there is at least one more */
};

static bool boxes_meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

static enum road_status list_row(struct listing *list, const struct cell_row *row)
{
    double ring[5][2], bounds[4];
    json_t *object = NULL;

    if (list->code >= 0 && (int)row->reason.code != list->code)
        return ROAD_OK;
    enum road_status status = place_ring(row->cell, ring);
    if (status)
        return status;
    place_ring_bounds(ring, bounds);
    if (!boxes_meet(bounds, list->box))
        return ROAD_OK;
    if ((int)json_array_size(list->items) == list->limit) {
        list->is_full = true;
        return ROAD_OK;
    }
    status = cell_object(list->call->reader, row->cell, row, &object);
    if (!status && json_array_append_new(list->items, object))
        status = ROAD_NO_MEMORY;
    list->after = row->cell.id;
    return status;
}

static enum road_status list_range(struct listing *list, struct id_range range)
{
    sqlite3_stmt *s = reader_query(list->call->reader, QUERY_CELL_RANGE);
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct cell_row row;

    sqlite3_bind_int64(s, 1, (sqlite3_int64)range.first);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)range.last);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)list->after);
    while (!status && !list->is_full && reader_step(s, &end)) {
        read_row(s, &row);
        status = list_row(list, &row);
    }
    sqlite3_reset(s);
    return status ? status : end;
}

/* Reads bbox, code, limit and after; answers the error itself. */
static bool read_listing(struct call *call, struct listing *list)
{
    const char *code = request_text(call->request, "code"), *after = request_text(call->request, "after");
    int64_t number = 0;

    list->code = -1;
    for (int i = 0; code && i < 4; i++)
        if (strcmp(code, code_text(i)) == 0)
            list->code = i;
    const enum road_status box = request_box(call->request, BOX_SIDE_MAX_DEG, list->box);
    if (box == ROAD_NOT_FOUND || box == ROAD_BAD_INPUT)
        answer_error(call->answer, 400, "bbox is wanted: west,south,east,north in degrees", "bbox");
    else if (box)
        answer_error(call->answer, 400, "bbox is empty, off the Earth, or has a side of more than 0.1 degree", "bbox");
    else if (code && list->code < 0)
        answer_error(call->answer, 400, "code is one of red, yellow, green, grey", "code");
    else if (request_limit(call->request, &list->limit))
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
    else if (after && request_count(after, &number))
        answer_error(call->answer, 400, "after is what `next` said", "after");
    else {
        list->after = (uint64_t)number;
        return true;
    }
    return false;
}

void answer_cells(struct call *call)
{
    struct listing list = {.call = call};
    struct id_range ranges[PLACE_RANGES_MAX];
    struct grid_box box;
    size_t n = 0;
    char next[24];

    if (!read_listing(call, &list))
        return;
    list.items = json_array();
    enum road_status status = place_box(call->site->config.zone, list.box, &box);
    if (!status)
        place_cover(call->site->config.zone, &box, ranges, &n);
    if (status == ROAD_NOT_FOUND) /* nothing is known outside the zone */
        status = ROAD_OK;
    for (size_t i = 0; i < n && !status && !list.is_full; i++)
        if (ranges[i].last > list.after)
            status = list_range(&list, ranges[i]);
    if (!answer_is_ok(call->answer, status, NULL)) {
        json_decref(list.items);
        return;
    }
    snprintf(next, sizeof next, "%" PRIu64, list.after);
    answer_json(call->answer, json_list(list.items, list.is_full ? next : NULL));
}
