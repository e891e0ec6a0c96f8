/* cells.c - /v1/cells: one cell with its reasons, by id or by place, and the known cells in a box. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grid/code.h"
#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/api/known.h"
#include "server/api/place.h"
#include "server/store/leaf.h"
#include "server/store/words.h"

#define BOX_SIDE_MAX_DEG 0.1
#define TILE_LEVEL 8 /* 256 m: what the ledger's change digests are about */

static json_t *both(const char *en, const char *zh)
{
    return json_pack("{s:s, s:s}", "en", en, "zh", zh);
}

static json_t *explanation(const struct known_cell *row)
{
    char en[512], zh[512];

    if (row->is_plain) {
        cover_explain(row->reason.code, row->reason.is_pale, row->age_d, LANGUAGE_EN, en, sizeof en);
        cover_explain(row->reason.code, row->reason.is_pale, row->age_d, LANGUAGE_ZH, zh, sizeof zh);
    } else {
        code_explain(&row->reason, LANGUAGE_EN, en, sizeof en);
        code_explain(&row->reason, LANGUAGE_ZH, zh, sizeof zh);
    }
    return both(en, zh);
}

/* The newest ledger entry about the cell's defect or about its 256 m tile. */
static enum road_status newest_entry(struct reader *reader, const struct known_cell *row, json_t **ret_entry)
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
static void add_measures(json_t *object, const struct known_cell *row)
{
    const struct code_reason *r = &row->reason;
    const bool is_known = r->channel != CHANNEL_UNKNOWN || r->seen_ns > 0;
    json_t *defects = json_array();

    if (row->defect[0])
        json_array_append_new(defects, json_string(row->defect));
    json_object_set_new(object, "seen", json_time(r->seen_ns));
    json_object_set_new(object, "coverage", is_known ? json_real(r->coverage_centi / 100.0) : json_null());
    json_object_set_new(object, "csi", is_known && r->csi <= 100 ? json_integer(r->csi) : json_null());
    json_object_set_new(object, "iri", r->iri_centi == IRI_UNKNOWN ? json_null() : json_real(r->iri_centi / 100.0));
    json_object_set_new(object, "passes", row->is_plain ? json_null() : json_integer(r->passes));
    json_object_set_new(object, "hits", json_integer(r->hits));
    json_object_set_new(object, "defects", defects);
}

static enum road_status cell_object(struct reader *reader, struct cell asked, const struct known_cell *row,
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
        channel_text((int)r->channel), "explain", explanation(row), "bounds", bounds[0], bounds[1], bounds[2],
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
    struct known_cell row;
    json_t *object = NULL;

    enum road_status status = known_find(call->reader, asked, &row);
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

/* The known cells of a box, as far as the limit reaches. They come kind by kind, each ascending by id: first those with
 * a reason, then the plain squares of level 0, 1, … 5. `next` names the last: its kind * 2^53 + its id. */
struct listing {
    struct call *call;
    struct grid_box box;
    double box_deg[4];
    int code; /* -1 = any */
    int limit;
    int64_t as_of_ns;
    uint64_t after; /* as in `next` */
    int kind;       /* of what is being listed */
    json_t *items;
    bool is_full; /* there is at least one more */
};
#define KINDS (1 + PATCH_LEVEL_MAX - LEAF_LEVELS + 1)

static bool boxes_meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

static enum road_status list_row(struct listing *list, const struct known_cell *row)
{
    double ring[5][2], bounds[4];
    json_t *object = NULL;

    if (list->code >= 0 && (int)row->reason.code != list->code)
        return ROAD_OK;
    enum road_status status = place_ring(row->cell, ring);
    if (status)
        return status;
    place_ring_bounds(ring, bounds);
    if (!boxes_meet(bounds, list->box_deg))
        return ROAD_OK;
    if ((int)json_array_size(list->items) == list->limit) {
        list->is_full = true;
        return ROAD_OK;
    }
    status = cell_object(list->call->reader, row->cell, row, &object);
    if (!status && json_array_append_new(list->items, object))
        status = ROAD_NO_MEMORY;
    list->after = (uint64_t)store_key(list->kind, row->cell.id);
    return status;
}

static enum road_status list_specials(struct listing *list, struct id_range range, uint64_t after)
{
    sqlite3_stmt *s = reader_query(list->call->reader, QUERY_CELL_RANGE);
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct known_cell row;

    sqlite3_bind_int64(s, 1, (sqlite3_int64)range.first);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)range.last);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)after);
    while (!status && !list->is_full && reader_step(s, &end)) {
        known_read(s, &row);
        status = list_row(list, &row);
    }
    sqlite3_reset(s);
    return status ? status : end;
}

static enum road_status list_leaf(struct listing *list, const struct leaf_patch *leaf, uint64_t after)
{
    enum road_status status = ROAD_OK;
    struct known_cell row;

    for (uint64_t left = leaf->mask; left && !status && !list->is_full; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const struct cell square = cell_of_leaf(leaf->leaf, i);
        if (square.id <= after || !place_box_meets(&list->box, square))
            continue;
        known_plain(square, leaf->covers[i], list->as_of_ns, &row);
        status = list_row(list, &row);
    }
    return status;
}

/* Squares of level kind - 1. The leaf of the last one listed is begun again. */
static enum road_status list_plain(struct listing *list, struct id_range range, uint64_t after)
{
    const int level = list->kind - 1 + LEAF_LEVELS;
    const uint64_t reach = UINT64_C(1) << 2 * level; /* a leaf's id lies less than this beyond its squares' */
    const uint64_t first = after >= reach && after - reach > range.first ? after - reach : range.first;
    sqlite3_stmt *s = reader_query(list->call->reader, QUERY_LEAF_RANGE);
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct leaf_patch leaf;

    sqlite3_bind_int64(s, 1, store_key(level, first));
    sqlite3_bind_int64(s, 2, store_key(level, range.last));
    while (!status && !list->is_full && reader_step(s, &end)) {
        status = leaf_read(store_key_cell(sqlite3_column_int64(s, 0)), sqlite3_column_blob(s, 1),
                           (size_t)sqlite3_column_bytes(s, 1), &leaf);
        if (!status)
            status = list_leaf(list, &leaf, after);
    }
    sqlite3_reset(s);
    return status ? status : end;
}

/* All kinds behind `after`, through the ranges of ids that hold the box. */
static enum road_status list_known(struct listing *list, const struct id_range *ranges, size_t n)
{
    const int first_kind = (int)(list->after >> 53);
    const uint64_t after = store_key_cell((int64_t)list->after).id;
    enum road_status status = ROAD_OK;

    for (list->kind = first_kind; list->kind < KINDS; list->kind++)
        for (size_t i = 0; i < n && !status && !list->is_full; i++) {
            const uint64_t behind = list->kind == first_kind ? after : 0;
            status = list->kind == 0 ? list_specials(list, ranges[i], behind) : list_plain(list, ranges[i], behind);
        }
    return status;
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
    const enum road_status box = request_box(call->request, BOX_SIDE_MAX_DEG, list->box_deg);
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
    int64_t last_change;
    size_t n = 0;
    char next[24];

    if (!read_listing(call, &list))
        return;
    list.items = json_array();
    enum road_status status = place_box(call->site->config.zone, list.box_deg, &list.box);
    if (!status)
        place_cover(call->site->config.zone, &list.box, ranges, &n);
    if (status == ROAD_NOT_FOUND) /* nothing is known outside the zone */
        status = ROAD_OK;
    if (!status)
        status = summary_last_change(call->reader, &last_change, &list.as_of_ns);
    if (!status)
        status = list_known(&list, ranges, n);
    if (!answer_is_ok(call->answer, status, NULL)) {
        json_decref(list.items);
        return;
    }
    snprintf(next, sizeof next, "%" PRIu64, list.after);
    answer_json(call->answer, json_list(list.items, list.is_full ? next : NULL));
}
