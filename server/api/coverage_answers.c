/* coverage_answers.c - /v1/coverage: how old what is known is, road by road or as lines on a map; /v1/coverage/next: what to
 * drive next. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/api/place.h"

#define NS_PER_DAY INT64_C(86400000000000)
#define BOX_SIDE_MAX_DEG 0.5
#define LINES_MAX 20000
#define POINTS_MAX 512

/* Takes the coverage, or answers why there is none. */
static const struct coverage *take(struct call *call)
{
    struct site *site = call->site;
    const struct coverage *coverage;

    if (!site->roads->network.block) {
        answer_error(call->answer, 404, "coverage needs a road network: roads_file = what `roadchief roads import` made", NULL);
        return NULL;
    }
    const enum road_status status =
        coverage_cache_take(&site->coverage, call->reader, &site->roads->network.network, site->last_change, &coverage);
    return answer_is_ok(call->answer, status, NULL) ? coverage : NULL;
}

/* ---- sums ------------------------------------------------------------------------------------------------ */

static json_t *age(uint16_t days, bool is_known)
{
    return is_known ? json_integer(days) : json_null();
}

static void add_sums(json_t *object, const struct piece_sums *sums)
{
    const double planned = piece_sums_planned_m(sums);
    const bool is_known = sums->newest_d != UINT16_MAX;

    json_object_set_new(object, "planned_m", json_real(planned));
    for (int state = 0; state < PIECE_STATES; state++) {
        char key[24];
        snprintf(key, sizeof key, "%s_m", piece_state_words[state]);
        json_object_set_new(object, key, json_real(sums->metres[state]));
    }
    json_object_set_new(object, "share_on_time", planned > 0 ? json_real(piece_sums_share(sums)) : json_null());
    json_object_set_new(object, "newest_d", age(sums->newest_d, is_known));
    json_object_set_new(object, "oldest_d", age(sums->oldest_d, is_known));
    json_object_set_new(object, "due_cells", json_integer((json_int_t)llround(sums->due_cells)));
}

static json_t *road_object(const struct coverage *c, const struct covered_road *road)
{
    static const char *const classes[4] = {"expressway", "arterial", "secondary", "branch"};
    json_t *object = json_pack("{s:s, s:s, s:s, s:f}", "id", covered_road_id(c, road), "name", road_text(c->network, road->name),
                               "class", classes[road->class], "cadence_d", road->cadence_h / 24.0);

    add_sums(object, &road->sums);
    return object;
}

/* Roads behind the one that `after` names, most due first. */
static bool find_after(const struct coverage *c, const char *after, size_t *ret_from)
{
    size_t i = 0;

    while (after && i < c->n_roads && strcmp(covered_road_id(c, &c->roads[i]), after) != 0)
        i++;
    *ret_from = after ? i + 1 : 0;
    return *ret_from <= c->n_roads;
}

static void answer_list(struct call *call, const struct coverage *c)
{
    json_t *items = json_array(), *district = json_object();
    size_t from, n = 0;
    int limit;

    if (request_limit(call->request, &limit)) {
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
    } else if (!find_after(c, request_text(call->request, "after"), &from)) {
        answer_error(call->answer, 400, "after is what `next` said", "after");
    } else {
        for (; n < (size_t)limit && from + n < c->n_roads; n++)
            json_array_append_new(items, road_object(c, &c->roads[from + n]));
        json_t *list = json_list(json_incref(items), n && from + n < c->n_roads ? covered_road_id(c, &c->roads[from + n - 1]) : NULL);
        add_sums(district, &c->district);
        json_object_set(list, "district", district);
        json_object_set_new(list, "as_of", json_time(c->as_of_day * NS_PER_DAY));
        answer_json(call->answer, list);
    }
    json_decref(items);
    json_decref(district);
}

/* ---- lines ----------------------------------------------------------------------------------------------- */

static json_t *line_geometry(const struct road_network *n, uint32_t way, bool is_backward, int64_t from_mm, int64_t to_mm)
{
    struct grid_point points[POINTS_MAX];
    const size_t count = coverage_line(n, way, is_backward, from_mm, to_mm, points, POINTS_MAX);
    json_t *line = json_array();

    for (size_t i = 0; i < count; i++) {
        double lat = 0, lon = 0;
        if (grid_unproject(n->zone, points[i], &lat, &lon) == ROAD_OK)
            json_array_append_new(line, json_pack("[f, f]", round(lon * 1e7) / 1e7, round(lat * 1e7) / 1e7));
    }
    return json_pack("{s:s, s:o}", "type", "LineString", "coordinates", line);
}

static json_t *run_feature(const struct coverage *c, const struct piece *first, const struct piece *last)
{
    const struct road_way *way = &c->network->ways[first->way];

    return json_pack("{s:s, s:{s:s, s:s, s:b, s:s, s:o, s:f, s:f, s:f}, s:o}", "type", "Feature", "properties", "way",
                     road_text(c->network, way->id), "road", road_text(c->network, way->name), "backward", first->is_backward, "state",
                     piece_state_words[first->state], "age_d", age(first->age_d, first->state != PIECE_NEVER), "cadence_d",
                     way->cadence_h / 24.0, "from_m", first->from_mm / 1000.0, "to_m", last->to_mm / 1000.0, "geometry",
                     line_geometry(c->network, first->way, first->is_backward, first->from_mm, last->to_mm));
}

static bool is_one_run(const struct piece *a, const struct piece *b)
{
    return a->way == b->way && a->is_backward == b->is_backward && a->state == b->state && a->age_d == b->age_d;
}

static bool is_in_box(const struct coverage *c, const struct piece *piece, const struct grid_box *box)
{
    struct grid_point at;

    if (!box)
        return true;
    road_point_at(c->network, piece->way, piece->from_mm, 0, &at, NULL);
    return at.e_mm >= box->west_mm && at.e_mm <= box->east_mm && at.n_mm >= box->south_mm && at.n_mm <= box->north_mm;
}

/* Neighbouring pieces of one age are one line. */
static void answer_lines(struct call *call, const struct coverage *c)
{
    double degrees[4];
    struct grid_box box;
    const enum road_status status = request_box(call->request, BOX_SIDE_MAX_DEG, degrees);

    if (status && status != ROAD_NOT_FOUND) {
        answer_error(call->answer, 400, "bbox is west,south,east,north, at most 0.5 degrees a side", "bbox");
        return;
    }
    const bool has_box = !status && place_box(c->network->zone, degrees, &box) == ROAD_OK;
    json_t *features = json_array();
    size_t n = 0;
    for (size_t i = 0, end; i < c->n_pieces && n <= LINES_MAX; i = end) {
        for (end = i + 1; end < c->n_pieces && is_one_run(&c->pieces[i], &c->pieces[end]); end++)
            ;
        if ((!status && !has_box) || (has_box && !is_in_box(c, &c->pieces[i], &box) && !is_in_box(c, &c->pieces[end - 1], &box)))
            continue;
        if (n++ < LINES_MAX)
            json_array_append_new(features, run_feature(c, &c->pieces[i], &c->pieces[end - 1]));
    }
    answer_json(call->answer, json_pack("{s:s, s:o, s:b, s:o}", "type", "FeatureCollection", "features", features, "more",
                                        n > LINES_MAX, "as_of", json_time(c->as_of_day * NS_PER_DAY)));
}

static bool wants_geojson(struct call *call, bool *ret_is_good)
{
    const char *format = request_text(call->request, "format");

    *ret_is_good = !format || strcmp(format, "json") == 0 || strcmp(format, "geojson") == 0;
    if (!*ret_is_good)
        answer_error(call->answer, 400, "format is json or geojson", "format");
    return format && strcmp(format, "geojson") == 0;
}

void answer_coverage(struct call *call)
{
    bool is_good;
    const bool is_geojson = wants_geojson(call, &is_good);
    const struct coverage *coverage = is_good ? take(call) : NULL;

    if (!coverage)
        return;
    if (is_geojson)
        answer_lines(call, coverage);
    else
        answer_list(call, coverage);
    coverage_cache_give(&call->site->coverage);
}

/* ---- what to drive next ----------------------------------------------------------------------------------- */

static json_t *leg_object(const struct coverage *c, const struct leg *leg, size_t number)
{
    const struct road_way *way = &c->network->ways[leg->way];

    return json_pack("{s:I, s:s, s:s, s:b, s:f, s:f, s:f, s:I}", "order", (json_int_t)number + 1, "way", road_text(c->network, way->id),
                     "road", road_text(c->network, way->name), "backward", leg->is_backward, "from_m", (double)leg->from_mm / 1000, "to_m",
                     (double)leg->to_mm / 1000, "length_m", leg->length_m, "due_cells", (json_int_t)llround(leg->due_m2));
}

static void answer_drive(struct call *call, const struct coverage *c, const struct drive *drive, bool is_geojson)
{
    struct leg *legs = calloc(DRIVE_ARCS_MAX, sizeof *legs);
    const size_t n = legs ? drive_legs(c, drive, legs, DRIVE_ARCS_MAX) : 0;
    json_t *items = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *leg = leg_object(c, &legs[i], i);
        json_t *line = line_geometry(c->network, legs[i].way, legs[i].is_backward, legs[i].from_mm, legs[i].to_mm);
        if (is_geojson)
            leg = json_pack("{s:s, s:o, s:o}", "type", "Feature", "properties", leg, "geometry", line);
        else
            json_object_set_new(leg, "geometry", line);
        json_array_append_new(items, leg);
    }
    free(legs);
    json_t *answer = json_pack("{s:f, s:I, s:I, s:o, s:o}", "length_m", drive->length_m, "due_cells", (json_int_t)llround(drive->due_m2),
                               "due_cells_all", (json_int_t)llround(c->district.due_cells), "as_of", json_time(c->as_of_day * NS_PER_DAY),
                               is_geojson ? "features" : "items", items);
    if (is_geojson)
        json_object_set_new(answer, "type", json_string("FeatureCollection"));
    answer_json(call->answer, answer);
}

/* Where the drive begins, of `lat` and `lon`; anywhere if they are not given. */
static bool read_start(struct call *call, const struct coverage *c, uint32_t *ret_start)
{
    double lat, lon;
    struct grid_point at;
    const enum road_status a = request_number(call->request, "lat", -84, 84, &lat), o = request_number(call->request, "lon", -180, 180, &lon);

    *ret_start = ROAD_NO_WAY;
    if (a == ROAD_NOT_FOUND && o == ROAD_NOT_FOUND)
        return true;
    if (a || o || grid_project(c->network->zone, lat, lon, &at) != ROAD_OK) {
        answer_error(call->answer, 400, "lat and lon are the start, in degrees, inside the deployment's frame", a ? "lat" : "lon");
        return false;
    }
    *ret_start = coverage_junction(c, at);
    return true;
}

void answer_coverage_next(struct call *call)
{
    double km = NEXT_KM_DEFAULT;
    struct drive *drive = malloc(sizeof *drive);
    uint32_t start;
    bool is_good;
    const bool is_geojson = wants_geojson(call, &is_good);
    const enum road_status asked = request_number(call->request, "km", 0.1, NEXT_KM_MAX, &km);

    if (is_good && asked && asked != ROAD_NOT_FOUND) {
        answer_error(call->answer, 400, "km is a number from 0.1 to 500", "km");
        is_good = false;
    }
    const struct coverage *c = is_good && answer_is_ok(call->answer, drive ? ROAD_OK : ROAD_NO_MEMORY, NULL) ? take(call) : NULL;
    if (c) {
        if (read_start(call, c, &start) && answer_is_ok(call->answer, drive_plan(&c->graph, km * 1000, start, drive), NULL))
            answer_drive(call, c, drive, is_geojson);
        coverage_cache_give(&call->site->coverage);
    }
    free(drive);
}
