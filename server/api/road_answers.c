/* road_answers.c - /v1/roads and the page of one road, /r/<road>: the answer in words, before any map. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grid/code.h"
#include "server/api/json.h"
#include "server/api/place.h"
#include "server/api/road_page.h"
#include "server/api/segments.h"
#include "server/store/leaf.h"
#include "server/store/words.h"

#define STEP_M 4.0       /* along the line; the squares are 16 m */
#define SQUARE_LEVEL 4
#define STEPS_MAX 200000 /* 800 km: a longer road is cut */

/* One walk along a road. */
struct walk {
    struct call *call;
    struct road_state *state;
    struct cell square;  /* the one the last step fell into */
    enum road_code code; /* and its worst code */
    int steps;
};

static enum road_status count_defects(struct walk *walk)
{
    sqlite3_stmt *s = reader_query(walk->call->reader, QUERY_DEFECTS_NEAR);
    enum road_status status;
    uint64_t first, last;

    cell_range(walk->square, &first, &last);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)last);
    while (reader_step(s, &status))
        walk->state->confirmed += sqlite3_column_int(s, 1) == DEFECT_CONFIRMED;
    return status;
}

static enum road_status enter_square(struct walk *walk, struct cell square)
{
    sqlite3_stmt *s = reader_query(walk->call->reader, QUERY_SQUARE);
    enum road_status status = ROAD_OK;

    walk->square = square;
    walk->code = CODE_GREY;
    sqlite3_bind_int64(s, 1, store_key_of(square));
    if (reader_step(s, &status)) {
        walk->code = sqlite3_column_int64(s, 0) > 0   ? CODE_RED
                     : sqlite3_column_int64(s, 1) > 0 ? CODE_YELLOW
                     : sqlite3_column_int64(s, 2) > 0 ? CODE_GREEN
                                                      : CODE_GREY;
        sqlite3_reset(s);
    }
    if (walk->code > walk->state->worst)
        walk->state->worst = walk->code;
    return status ? status : count_defects(walk);
}

/* Metres of one straight piece; `a` to `b` in the frame. */
static enum road_status walk_piece(struct walk *walk, struct grid_point a, struct grid_point b)
{
    const double length_m = hypot((double)(b.e_mm - a.e_mm), (double)(b.n_mm - a.n_mm)) / 1000;
    const int steps = (int)fmin(ceil(length_m / STEP_M), STEPS_MAX);
    enum road_status status = ROAD_OK;

    for (int i = 0; i < steps && !status && walk->steps < STEPS_MAX; i++, walk->steps++) {
        const double t = (i + 0.5) / steps;
        const struct grid_point at = {a.e_mm + llround((double)(b.e_mm - a.e_mm) * t),
                                      a.n_mm + llround((double)(b.n_mm - a.n_mm) * t)};
        struct cell square;
        if (cell_from_point(walk->call->site->config.zone, at, SQUARE_LEVEL, &square))
            continue;
        if (square.id != walk->square.id)
            status = enter_square(walk, square);
        walk->state->metres[walk->code] += length_m / steps;
    }
    return status;
}

enum road_status road_state_read(struct call *call, const struct road *road, struct road_state *ret_state)
{
    const struct roads *roads = call->site->roads;
    const size_t number = (size_t)(road - roads->roads);
    struct road_state state = {.worst = CODE_GREY};
    struct walk walk = {.call = call, .state = &state};
    enum road_status status = ROAD_OK;

    for (size_t i = 0; i < roads->n_lines && !status; i++) {
        const struct road_line *line = &roads->lines[i];
        for (size_t k = 1; line->road == number && k < line->n_points && !status; k++) {
            const struct road_point *p = &line->points[k - 1], *q = &line->points[k];
            struct grid_point a, b;
            if (!grid_project(call->site->config.zone, p->lat_deg, p->lon_deg, &a) &&
                !grid_project(call->site->config.zone, q->lat_deg, q->lon_deg, &b))
                status = walk_piece(&walk, a, b);
        }
    }
    if (!status)
        *ret_state = state;
    return status;
}

static json_t *road_object(const struct road *road)
{
    return json_pack("{s:s, s:s, s:s, s:f, s:[f, f, f, f]}", "id", road->id, "name", road->name, "class", road->class,
                     "length_m", road->length_m, "bounds", road->bounds[0], road->bounds[1], road->bounds[2],
                     road->bounds[3]);
}

/* All lines of a road, [[[lon, lat], …], …]. */
static json_t *road_lines(const struct roads *roads, const struct road *road)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < roads->n_lines; i++) {
        const struct road_line *line = &roads->lines[i];
        if (line->road != (size_t)(road - roads->roads))
            continue;
        json_t *points = json_array();
        for (size_t k = 0; k < line->n_points; k++)
            json_array_append_new(points, json_pack("[f, f]", line->points[k].lon_deg, line->points[k].lat_deg));
        json_array_append_new(lines, points);
    }
    return lines;
}

static json_t *as_feature(const struct roads *roads, const struct road *road, json_t *properties)
{
    return json_pack("{s:s, s:o, s:{s:s, s:o}}", "type", "Feature", "properties", properties, "geometry", "type",
                     "MultiLineString", "coordinates", road_lines(roads, road));
}

/* A list of features as GeoJSON has it; `next` stays beside them. */
static json_t *as_collection(json_t *list)
{
    json_object_set_new(list, "type", json_string("FeatureCollection"));
    json_object_set(list, "features", json_object_get(list, "items"));
    json_object_del(list, "items");
    return list;
}

/* With the score that its segments come to. */
static enum road_status scored_road(struct call *call, const struct road *road, json_t **ret_object)
{
    struct road_score score;

    const enum road_status status = road_score_read(call->reader, road->name, &score);
    if (status)
        return status;
    *ret_object = road_object(road);
    json_object_set_new(*ret_object, "score", road_score_object(&score));
    return ROAD_OK;
}

void answer_roads(struct call *call)
{
    const struct roads *roads = call->site->roads;
    const char *after = request_text(call->request, "after");
    size_t from = 0;
    char next[ROAD_ID_SIZE];
    int limit;

    bool is_good;
    const bool is_geojson = segments_want_geojson(call, &is_good);
    if (!is_good)
        return;
    if (request_limit(call->request, &limit)) {
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
        return;
    }
    const struct road *last = after ? roads_find(roads, after) : NULL;
    if (after && !last) {
        answer_error(call->answer, 400, "after is what `next` said", "after");
        return;
    }
    if (last)
        from = (size_t)(last - roads->roads) + 1;
    const size_t end = roads->n_roads - from < (size_t)limit ? roads->n_roads : from + (size_t)limit;
    json_t *items = json_array();
    enum road_status status = ROAD_OK;
    for (size_t i = from; i < end && !status; i++) {
        json_t *object = NULL;
        status = scored_road(call, &roads->roads[i], &object);
        if (!status && is_geojson)
            object = as_feature(roads, &roads->roads[i], object);
        if (!status)
            json_array_append_new(items, object);
    }
    if (!answer_is_ok(call->answer, status, NULL)) {
        json_decref(items);
        return;
    }
    if (end > from)
        snprintf(next, sizeof next, "%s", roads->roads[end - 1].id);
    json_t *list = json_list(items, end < roads->n_roads ? next : NULL);
    answer_json(call->answer, is_geojson ? as_collection(list) : list);
}

/* Of the request's tail up to `suffix`; answers 404 itself. */
static const struct road *asked_road(struct call *call, const char *suffix)
{
    const size_t length = strlen(call->request->tail) - strlen(suffix);
    char id[ROAD_ID_SIZE];

    snprintf(id, sizeof id, "%.*s", (int)(length < sizeof id ? length : sizeof id), call->request->tail);
    const struct road *road = length < sizeof id ? roads_find(call->site->roads, id) : NULL;

    if (!road)
        answer_error(call->answer, 404, "no such road is known to this deployment", "road");
    return road;
}

#define SEGMENTS_SUFFIX "/segments"

static bool asks_for_segments(const char *tail)
{
    const size_t length = strlen(tail), suffix = strlen(SEGMENTS_SUFFIX);

    return length > suffix && strcmp(tail + length - suffix, SEGMENTS_SUFFIX) == 0;
}

void answer_road(struct call *call)
{
    const bool are_segments = asks_for_segments(call->request->tail);
    const struct road *road = asked_road(call, are_segments ? SEGMENTS_SUFFIX : "");
    struct road_state state;
    json_t *object;

    if (road && are_segments) {
        answer_segments(call, road->name);
        return;
    }

    if (!road || !answer_is_ok(call->answer, road_state_read(call, road, &state), NULL))
        return;
    if (!answer_is_ok(call->answer, scored_road(call, road, &object), NULL))
        return;
    json_object_set_new(object, "code", json_string(code_text((int)state.worst)));
    json_object_set_new(object, "road_m",
                        json_pack("{s:f, s:f, s:f, s:f}", "red", state.metres[CODE_RED], "yellow",
                                  state.metres[CODE_YELLOW], "green", state.metres[CODE_GREEN], "grey",
                                  state.metres[CODE_GREY]));
    json_object_set_new(object, "defects_confirmed", json_integer(state.confirmed));
    json_object_set_new(object, "geometry", json_pack("{s:s, s:o}", "type", "MultiLineString", "coordinates",
                                                      road_lines(call->site->roads, road)));
    answer_json(call->answer, object);
}

static void put_metres(struct bytes *html, const struct road_state *state)
{
    static const enum road_code order[] = {CODE_RED, CODE_YELLOW, CODE_GREEN, CODE_GREY};

    bytes_text(html, "<table><tr><th>健康码 · code</th><th>米 · metres</th></tr>");
    for (int i = 0; i < 4; i++)
        bytes_format(html, "<tr><td class=\"%s\"><b>%s %s</b> %s · %s</td><td>%.0f</td></tr>",
                     code_text((int)order[i]), code_letter(order[i], LANGUAGE_ZH), code_letter(order[i], LANGUAGE_EN),
                     code_word(order[i], LANGUAGE_ZH), code_word(order[i], LANGUAGE_EN), state->metres[order[i]]);
    bytes_text(html, "</table>");
}

void answer_road_page(struct call *call)
{
    const struct road *road = asked_road(call, "");
    struct bytes *html = &call->answer->body;
    struct road_state state;
    struct road_score score;
    int64_t last, as_of_ns = 0;

    if (!road)
        return;
    enum road_status status = road_state_read(call, road, &state);
    if (!status)
        status = road_score_read(call->reader, road->name, &score);
    if (!status)
        status = summary_last_change(call->reader, &last, &as_of_ns);
    if (!answer_is_ok(call->answer, status, NULL))
        return;
    const enum road_code code = score.n_segments > 0 ? score.facts.code : state.worst;
    html_begin(html, road->name);
    bytes_text(html, "<h1>");
    html_text(html, road->name);
    bytes_format(html, "</h1><p class=\"code %s\"><b>%s %s</b> %s · %s</p>", code_text((int)code),
                 code_letter(code, LANGUAGE_ZH), code_letter(code, LANGUAGE_EN),
                 code_word(code, LANGUAGE_ZH), code_word(code, LANGUAGE_EN));
    put_metres(html, &state);
    bytes_format(html, "<p>已确认病害 %lld 处 · %lld confirmed defects along this road.</p>",
                 (long long)state.confirmed, (long long)state.confirmed);
    if (!answer_is_ok(call->answer, segments_page(call, road->name, &score), NULL))
        return;
    json_t *as_of = json_time(as_of_ns);
    if (json_is_string(as_of))
        bytes_format(html, "<p>数据截至 · as of <time>%s</time></p>", json_string_value(as_of));
    json_decref(as_of);
    bytes_text(html, "<p><a href=\"/\">地图 · map</a> · <a href=\"/v1/roads/");
    html_text(html, road->id);
    bytes_text(html, "\">数据 · data</a></p>");
    html_end(html);
    call->answer->type = "text/html; charset=utf-8";
}
