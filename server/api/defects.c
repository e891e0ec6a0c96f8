/* defects.c - /v1/defects: one defect with its ellipse and entries, and lists by box, state and type. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/api/defects.h"
#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/api/place.h"
#include "server/api/repairs.h"
#include "server/store/words.h"

#define BOX_SIDE_MAX_DEG 360.0
#define ENTRIES_SHOWN 100

static void copy_text(sqlite3_stmt *s, int column, char ret_text[DEFECT_ID_TEXT_SIZE])
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    snprintf(ret_text, DEFECT_ID_TEXT_SIZE, "%s", text ? text : "");
}

void defect_row_read(sqlite3_stmt *s, struct defect_row *ret_row)
{
    struct defect_row *row = ret_row;

    copy_text(s, 0, row->id);
    row->state = sqlite3_column_int(s, 1);
    copy_text(s, 2, row->alias_of);
    row->type = sqlite3_column_int(s, 3);
    row->severity = sqlite3_column_int(s, 4);
    row->may_be_red = sqlite3_column_int(s, 5) != 0;
    row->posterior_permille = sqlite3_column_int(s, 6);
    row->at = (struct grid_point){sqlite3_column_int64(s, 7), sqlite3_column_int64(s, 8)};
    row->cell = (uint64_t)sqlite3_column_int64(s, 9);
    /* 1 cm^2 = 100 mm^2 */
    row->covariance = (struct grid_covariance){100 * sqlite3_column_double(s, 10), 100 * sqlite3_column_double(s, 11),
                                               100 * sqlite3_column_double(s, 12)};
    row->size_milli = sqlite3_column_int(s, 13);
    row->size_sigma_milli = sqlite3_column_int(s, 14);
    row->hits = sqlite3_column_int(s, 15);
    row->passes = sqlite3_column_int(s, 16);
    row->motion_hits = sqlite3_column_int(s, 17);
    row->camera_hits = sqlite3_column_int(s, 18);
    row->first_ns = sqlite3_column_int64(s, 19);
    row->last_ns = sqlite3_column_int64(s, 20);
}

enum road_code defect_row_code(const struct defect_row *row)
{
    return defect_colour(row->state, row->type, row->severity, row->may_be_red);
}

/* What is no longer believed says so before its old reasons; what people say of it goes first of all. */
static json_t *explain_in(const struct defect_row *row, const struct repair *repair, const struct code_reason *reason,
                          enum code_language language)
{
    static const char *const was[] = {"; it was: ", "，此前为："}, *const is[] = {": ", "："};
    static const char *const dropped[] = {"believed no more; it was: ", "已不再认定，此前为："};
    static const char *const merged[] = {"one with another defect: ", "已并入另一病害："};
    const char *before = row->state == DEFECT_DROPPED ? dropped[language]
                         : row->state == DEFECT_ALIAS ? merged[language]
                                                      : "";
    char said[160], text[800];

    repair_explain(repair, language, said, sizeof said);
    const char *link = !*said ? "" : row->state == DEFECT_REPAIRED ? was[language] : is[language];
    const size_t length = (size_t)snprintf(text, sizeof text, "%s%s%s", said, link, before);

    code_explain(reason, language, text + length, sizeof text - length);
    return json_string(text);
}

static json_t *explanation(const struct defect_row *row, const struct repair *repair)
{
    const struct code_reason reason = {
        .code = defect_row_code(row),
        .channel = CHANNEL_HAZARD,
        .type = (uint8_t)row->type,
        .severity = (uint8_t)row->severity,
        .posterior_permille = (uint16_t)row->posterior_permille,
        .size_milli = row->size_milli,
        .size_sigma_milli = row->size_sigma_milli,
        .hits = (uint16_t)row->hits,
        .passes = (uint16_t)row->passes,
        .motion_hits = (uint16_t)row->motion_hits,
        .camera_hits = (uint16_t)row->camera_hits,
        .csi = CODE_CSI_NONE,
        .iri_centi = 0xFFFF,
        .seen_ns = row->last_ns,
    };

    return json_pack("{s:o, s:o}", "en", explain_in(row, repair, &reason, LANGUAGE_EN), "zh",
                     explain_in(row, repair, &reason, LANGUAGE_ZH));
}

static json_t *type_object(int type)
{
    const struct defect_type *row = catalogue_type(type);

    return row ? json_pack("{s:i, s:s, s:s, s:s}", "id", row->id, "code", row->code, "en", row->name_en, "zh",
                           row->name_zh)
               : json_null();
}

static json_t *size_object(const struct defect_row *row)
{
    const struct defect_type *type = catalogue_type(row->type);

    if (!type || (row->size_milli == 0 && row->size_sigma_milli == 0))
        return json_null();
    return json_pack("{s:f, s:f, s:s}", "value", row->size_milli / 1000.0, "sigma", row->size_sigma_milli / 1000.0,
                     "unit", type->unit);
}

/* Where it is, how sure that is. */
static enum road_status add_place(struct grid_zone zone, const struct defect_row *row, json_t *object)
{
    double lat_deg, lon_deg, major_mm, minor_mm, bearing_deg, ellipse[PLACE_ELLIPSE_POINTS][2];
    char cell[24];

    enum road_status status = grid_unproject(zone, row->at, &lat_deg, &lon_deg);
    if (!status)
        status = place_ellipse(zone, row->at, row->covariance, ellipse);
    if (status)
        return status;
    covariance_axes(row->covariance, &major_mm, &minor_mm, &bearing_deg);
    snprintf(cell, sizeof cell, "%" PRIu64, row->cell);
    json_object_set_new(object, "position", json_pack("[f, f]", lon_deg, lat_deg));
    json_object_set_new(object, "sigma_major_m", json_real(major_mm / 1000));
    json_object_set_new(object, "sigma_minor_m", json_real(minor_mm / 1000));
    json_object_set_new(object, "bearing_deg", json_real(bearing_deg));
    json_object_set_new(object, "ellipse", json_ring(ellipse, PLACE_ELLIPSE_POINTS));
    json_object_set_new(object, "cell", json_string(cell));
    return ROAD_OK;
}

static enum road_status add_people(struct call *call, const struct defect_row *row, const struct repair *repair,
                                   json_t *object)
{
    json_t *repair_object = NULL, *verdicts = NULL;

    enum road_status status = json_repair(call->reader, repair, &repair_object);
    if (status)
        return status;
    json_object_set_new(object, "repair", repair_object);
    if ((status = json_verdicts(call->reader, row->id, &verdicts)) == ROAD_OK)
        json_object_set_new(object, "verdicts", verdicts);
    return status;
}

static enum road_status defect_object(struct call *call, const struct defect_row *row, json_t **ret_object)
{
    char subject[DEFECT_ID_TEXT_SIZE + 16];
    struct repair repair;
    json_t *entries = NULL;

    snprintf(subject, sizeof subject, "defect/%s", row->id);
    enum road_status status = repair_read(call->reader, row->id, &repair);
    if (!status)
        status = json_entries_about(call->reader, subject, ENTRIES_SHOWN, &entries);
    if (status)
        return status;
    json_t *object = json_pack(
        "{s:s, s:s, s:s?, s:o, s:s, s:s, s:f, s:o, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "id", row->id, "state",
        defect_state_text(row->state), "alias_of", row->alias_of[0] ? row->alias_of : NULL, "type",
        type_object(row->type), "severity", severity_text(row->severity), "code", code_text((int)defect_row_code(row)),
        "probability", row->posterior_permille / 1000.0, "size", size_object(row), "hits", row->hits, "passes",
        row->passes, "motion_hits", row->motion_hits, "camera_hits", row->camera_hits, "first",
        json_time(row->first_ns), "last", json_time(row->last_ns), "explain", explanation(row, &repair), "entries", entries);
    if (!object)
        return ROAD_NO_MEMORY;
    status = add_place(call->site->config.zone, row, object);
    if (!status)
        status = add_people(call, row, &repair, object);
    if (status)
        json_decref(object);
    else
        *ret_object = object;
    return status;
}

void answer_defect(struct call *call)
{
    sqlite3_stmt *s = reader_query(call->reader, QUERY_DEFECT);
    enum road_status status = ROAD_OK;
    struct defect_row row;
    json_t *object = NULL;

    sqlite3_bind_text(s, 1, call->request->tail, -1, SQLITE_TRANSIENT);
    if (!reader_step(s, &status)) {
        if (status)
            answer_status(call->answer, status, NULL);
        else
            answer_error(call->answer, 404, "there is no such defect", "id");
        return;
    }
    defect_row_read(s, &row);
    if (answer_is_ok(call->answer, defect_object(call, &row, &object), NULL))
        answer_json(call->answer, object);
}

struct listing {
    struct call *call;
    bool has_box;
    double box[4];
    int state, type; /* 0 = any */
    int limit;
    json_t *items;
    char last[DEFECT_ID_TEXT_SIZE];
    bool is_full;
};

static bool is_wanted(const struct listing *list, const struct defect_row *row)
{
    double lat_deg, lon_deg;

    if ((list->state && row->state != list->state) || (list->type && row->type != list->type))
        return false;
    if (!list->has_box)
        return true;
    if (grid_unproject(list->call->site->config.zone, row->at, &lat_deg, &lon_deg))
        return false;
    return lon_deg >= list->box[0] && lon_deg <= list->box[2] && lat_deg >= list->box[1] && lat_deg <= list->box[3];
}

static enum road_status list_row(struct listing *list, const struct defect_row *row)
{
    json_t *object = NULL;

    if (!is_wanted(list, row))
        return ROAD_OK;
    if ((int)json_array_size(list->items) == list->limit) {
        list->is_full = true;
        return ROAD_OK;
    }
    enum road_status status = defect_object(list->call, row, &object);
    if (!status && json_array_append_new(list->items, object))
        status = ROAD_NO_MEMORY;
    snprintf(list->last, sizeof list->last, "%s", row->id);
    return status;
}

/* Reads the parameters; answers the error itself. */
static bool read_listing(struct call *call, struct listing *list)
{
    const char *state = request_text(call->request, "state"), *type = request_text(call->request, "type");
    const struct defect_type *row = type ? catalogue_by_code(type) : NULL;
    const enum road_status box = request_box(call->request, BOX_SIDE_MAX_DEG, list->box);

    for (int i = DEFECT_SUSPECTED; state && i <= DEFECT_REPAIRED; i++)
        if (strcmp(state, defect_state_text(i)) == 0)
            list->state = i;
    list->type = row ? row->id : 0;
    list->has_box = box == ROAD_OK;
    if (box && box != ROAD_NOT_FOUND)
        answer_error(call->answer, 400, "bbox is west,south,east,north in degrees", "bbox");
    else if (state && list->state == 0)
        answer_error(call->answer, 400, "state is one of suspected, confirmed, dropped, alias, repaired", "state");
    else if (type && !row)
        answer_error(call->answer, 400, "there is no such type of defect", "type");
    else if (request_limit(call->request, &list->limit))
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
    else
        return true;
    return false;
}

void answer_defects(struct call *call)
{
    const char *after = request_text(call->request, "after");
    sqlite3_stmt *s = reader_query(call->reader, QUERY_DEFECTS);
    struct listing list = {.call = call};
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct defect_row row;

    if (!read_listing(call, &list))
        return;
    list.items = json_array();
    sqlite3_bind_text(s, 1, after ? after : "", -1, SQLITE_TRANSIENT);
    while (!status && !list.is_full && reader_step(s, &end)) {
        defect_row_read(s, &row);
        status = list_row(&list, &row);
    }
    sqlite3_reset(s);
    if (answer_is_ok(call->answer, status ? status : end, NULL))
        answer_json(call->answer, json_list(list.items, list.is_full ? list.last : NULL));
    else
        json_decref(list.items);
}
