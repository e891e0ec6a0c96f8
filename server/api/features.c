/* features.c - /v1/features: what stands on the road and is no damage, as GeoJSON, by box, kind and state. */
#include <stdio.h>
#include <string.h>

#include "grid/shape.h"
#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/store/words.h"

#define BOX_SIDE_MAX_DEG 360.0
#define MM2_PER_CM2 100

/* A row of table feature, with the state of the defect of that name. */
struct feature_row {
    char id[DEFECT_ID_TEXT_SIZE];
    int state, kind, posterior_permille;
    struct grid_point at;
    struct grid_covariance covariance;
    int strength_milli, strength_mad_milli, heading_cdeg;
    int hits, passes, called_damage, defect_state;
    int64_t first_ns, last_ns;
};

static void read_row(sqlite3_stmt *s, struct feature_row *ret_row)
{
    const char *id = (const char *)sqlite3_column_text(s, 0);

    *ret_row = (struct feature_row){
        .state = sqlite3_column_int(s, 1),
        .kind = sqlite3_column_int(s, 2),
        .posterior_permille = sqlite3_column_int(s, 3),
        .at = {sqlite3_column_int64(s, 4), sqlite3_column_int64(s, 5)},
        .covariance = {MM2_PER_CM2 * sqlite3_column_double(s, 6), MM2_PER_CM2 * sqlite3_column_double(s, 7),
                       MM2_PER_CM2 * sqlite3_column_double(s, 8)},
        .strength_milli = sqlite3_column_int(s, 9),
        .strength_mad_milli = sqlite3_column_int(s, 10),
        .heading_cdeg = sqlite3_column_int(s, 11),
        .hits = sqlite3_column_int(s, 12),
        .passes = sqlite3_column_int(s, 13),
        .called_damage = sqlite3_column_int(s, 14),
        .first_ns = sqlite3_column_int64(s, 15),
        .last_ns = sqlite3_column_int64(s, 16),
        .defect_state = sqlite3_column_int(s, 17), /* NULL reads as 0: there is none */
    };
    snprintf(ret_row->id, sizeof ret_row->id, "%s", id ? id : "");
}

/* A median of nothing is not 0. */
static json_t *strength(const struct feature_row *row, int milli)
{
    return row->strength_milli ? json_real(milli / 1000.0) : json_null();
}

static json_t *feature_object(const struct feature_row *row, double lat_deg, double lon_deg)
{
    const enum feature_kind kind = (enum feature_kind)row->kind;
    double major_mm, minor_mm, bearing_deg;

    covariance_axes(row->covariance, &major_mm, &minor_mm, &bearing_deg);
    json_t *properties = json_pack(
        "{s:s, s:s?, s:s?, s:s?, s:s, s:f, s:f, s:f, s:o, s:o, s:i, s:i, s:i, s:s?, s:o, s:o}", "id", row->id, "kind",
        feature_code(kind), "en", feature_name_en(kind), "zh", feature_name_zh(kind), "state",
        feature_state_text(row->state), "probability", row->posterior_permille / 1000.0, "sigma_m", major_mm / 1000,
        "heading_deg", row->heading_cdeg / 100.0, "strength", strength(row, row->strength_milli), "strength_mad",
        strength(row, row->strength_mad_milli), "hits", row->hits, "passes", row->passes, "called_damage",
        row->called_damage, "defect", row->defect_state == DEFECT_CONFIRMED ? row->id : NULL, "first",
        json_time(row->first_ns), "last", json_time(row->last_ns));

    return json_pack("{s:s, s:{s:s, s:[f, f]}, s:o}", "type", "Feature", "geometry", "type", "Point", "coordinates",
                     lon_deg, lat_deg, "properties", properties);
}

struct listing {
    struct call *call;
    bool has_box;
    double box[4];
    int kind, state; /* 0 = any kind */
    int limit;
    json_t *items;
    char last[DEFECT_ID_TEXT_SIZE];
    bool is_full;
};

static bool box_holds(const double box[4], double lat_deg, double lon_deg)
{
    return lon_deg >= box[0] && lon_deg <= box[2] && lat_deg >= box[1] && lat_deg <= box[3];
}

static enum road_status list_row(struct listing *list, const struct feature_row *row)
{
    double lat_deg, lon_deg;

    if (row->state != list->state || (list->kind && row->kind != list->kind))
        return ROAD_OK;
    const enum road_status status = grid_unproject(list->call->site->config.zone, row->at, &lat_deg, &lon_deg);
    if (status)
        return status;
    if (list->has_box && !box_holds(list->box, lat_deg, lon_deg))
        return ROAD_OK;
    if ((int)json_array_size(list->items) == list->limit) {
        list->is_full = true;
        return ROAD_OK;
    }
    snprintf(list->last, sizeof list->last, "%s", row->id);
    return json_array_append_new(list->items, feature_object(row, lat_deg, lon_deg)) ? ROAD_NO_MEMORY : ROAD_OK;
}

/* Reads the parameters; answers the error itself. */
static bool read_listing(struct call *call, struct listing *list)
{
    const char *kind = request_text(call->request, "kind"), *state = request_text(call->request, "state");
    const enum road_status box = request_box(call->request, BOX_SIDE_MAX_DEG, list->box);

    for (int i = 1; kind && i <= FEATURE_KIND_COUNT; i++)
        if (strcmp(kind, feature_code((enum feature_kind)i)) == 0)
            list->kind = i;
    list->state = state ? 0 : FEATURE_REGISTERED;
    for (int i = FEATURE_REGISTERED; state && i <= FEATURE_RETIRED; i++)
        if (strcmp(state, feature_state_text(i)) == 0)
            list->state = i;
    list->has_box = box == ROAD_OK;
    if (box && box != ROAD_NOT_FOUND)
        answer_error(call->answer, 400, "bbox is west,south,east,north in degrees", "bbox");
    else if (kind && list->kind == 0)
        answer_error(call->answer, 400, "there is no such kind of feature", "kind");
    else if (list->state == 0)
        answer_error(call->answer, 400, "state is registered or retired", "state");
    else if (request_limit(call->request, &list->limit))
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
    else
        return true;
    return false;
}

void answer_features(struct call *call)
{
    const char *after = request_text(call->request, "after");
    sqlite3_stmt *s = reader_query(call->reader, QUERY_FEATURES);
    struct listing list = {.call = call};
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct feature_row row;

    if (!read_listing(call, &list))
        return;
    list.items = json_array();
    sqlite3_bind_text(s, 1, after ? after : "", -1, SQLITE_TRANSIENT);
    while (!status && !list.is_full && reader_step(s, &end)) {
        read_row(s, &row);
        status = list_row(&list, &row);
    }
    sqlite3_reset(s);
    if (!answer_is_ok(call->answer, status ? status : end, NULL)) {
        json_decref(list.items);
        return;
    }
    answer_json(call->answer, json_pack("{s:s, s:o, s:s?}", "type", "FeatureCollection", "features", list.items, "next",
                                        list.is_full ? list.last : NULL));
    call->answer->type = "application/geo+json";
}
