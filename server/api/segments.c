#include "server/api/segments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/json.h"
#include "server/api/road_page.h"
#include "server/store/words.h"

#define PAGE_ROWS_MAX 10

/* ---- rows ---------------------------------------------------------------------------------------------- */

static int64_t get_int64(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static void read_line(sqlite3_stmt *s, int column, struct segment_row *row)
{
    const uint8_t *bytes = sqlite3_column_blob(s, column);
    const size_t n = (size_t)sqlite3_column_bytes(s, column) / 16;

    row->n_line = n < SEGMENT_POINTS_MAX ? n : SEGMENT_POINTS_MAX;
    for (size_t i = 0; i < row->n_line; i++)
        row->line[i] = (struct grid_point){10 * get_int64(&bytes[16 * i]), 10 * get_int64(&bytes[16 * i + 8])};
}

static uint16_t read_score(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? SCORE_UNKNOWN : (uint16_t)sqlite3_column_int(s, column);
}

static void read_text(sqlite3_stmt *s, int column, char *ret_text, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    snprintf(ret_text, size, "%s", text ? text : "");
}

/* From the column of the code on. */
static void read_facts(sqlite3_stmt *s, int column, struct segment_facts *facts)
{
    *facts = (struct segment_facts){.code = (enum road_code)(sqlite3_column_int(s, column) & 3),
                                    .why = (enum segment_why)sqlite3_column_int(s, column + 1),
                                    .grade = sqlite3_column_int(s, column + 2)};
    for (int i = 0; i < 3; i++)
        facts->floors_deci[i] = (uint16_t)sqlite3_column_int(s, column + 3 + i);
    column += 6;
    facts->pci_centi = read_score(s, column++);
    facts->rqi_centi = read_score(s, column++);
    facts->pqi_centi = read_score(s, column++);
    facts->jtg_pci_centi = read_score(s, column++);
    facts->jtg_rqi_centi = read_score(s, column++);
    facts->observed_permille = (uint16_t)sqlite3_column_int(s, column++);
    facts->rough_permille = (uint16_t)sqlite3_column_int(s, column++);
    facts->red_hazards = (uint16_t)sqlite3_column_int(s, column++);
    facts->passes = (uint16_t)sqlite3_column_int(s, column++);
    for (int i = 0; i < SEGMENT_TOP; i++, column += 2) {
        if (sqlite3_column_type(s, column) == SQLITE_NULL)
            continue;
        facts->top[facts->n_top].type = (uint8_t)sqlite3_column_int(s, column);
        facts->top[facts->n_top++].permille = (uint16_t)sqlite3_column_int(s, column + 1);
    }
    facts->seen_ns = sqlite3_column_int64(s, column);
}

void segment_row_read(sqlite3_stmt *s, struct segment_row *ret_row)
{
    struct segment_row *row = ret_row;

    read_text(s, 0, row->way, sizeof row->way);
    row->is_backward = sqlite3_column_int(s, 1) != 0;
    row->index = sqlite3_column_int64(s, 2);
    read_text(s, 3, row->road, sizeof row->road);
    row->road_class = (enum road_class)(sqlite3_column_int(s, 4) & 3);
    row->length_m = sqlite3_column_double(s, 5) / 100;
    read_line(s, 6, row);
    read_facts(s, 7, &row->facts);
}

/* ---- a road -------------------------------------------------------------------------------------------- */

/* Sums over the segments; a mean of what is known. */
struct sums {
    double pci, pci_m, rqi, rqi_m, pqi, pqi_m, jtg_pci, jtg_rqi;
    double lost[DEFECT_TYPE_COUNT + 1]; /* metres * points by type */
};

static void add_mean(double *sum, double *metres, uint16_t score_centi, double length_m)
{
    if (score_centi == SCORE_UNKNOWN)
        return;
    *sum += score_centi * length_m;
    *metres += length_m;
}

static uint16_t mean(double sum, double metres)
{
    return metres > 0 ? (uint16_t)lround(sum / metres) : SCORE_UNKNOWN;
}

static void add_segment(struct road_score *score, struct sums *sums, const struct segment_row *row)
{
    const struct segment_facts *f = &row->facts;
    const double m = row->length_m;
    double unused = 0;

    score->n_segments++;
    score->length_m += m;
    score->observed_m += m * f->observed_permille / 1000;
    score->metres[f->code] += m;
    if (f->grade >= 0 && f->grade <= 3)
        score->graded_m[f->grade] += m;
    add_mean(&sums->pci, &sums->pci_m, f->pci_centi, m);
    add_mean(&sums->rqi, &sums->rqi_m, f->rqi_centi, m);
    add_mean(&sums->pqi, &sums->pqi_m, f->pqi_centi, m);
    add_mean(&sums->jtg_pci, &unused, f->jtg_pci_centi, m);
    add_mean(&sums->jtg_rqi, &unused, f->jtg_rqi_centi, m);
    for (size_t i = 0; i < f->n_top && f->pci_centi != SCORE_UNKNOWN; i++)
        if (f->top[i].type <= DEFECT_TYPE_COUNT)
            sums->lost[f->top[i].type] += m * (10000 - f->pci_centi) * f->top[i].permille;
    struct segment_facts *road = &score->facts;
    if (f->code > road->code || score->n_segments == 1)
        road->code = f->code, road->why = f->why;
    if (f->floors_deci[0] > road->floors_deci[0])
        memcpy(road->floors_deci, f->floors_deci, sizeof road->floors_deci); /* of its highest class */
    road->red_hazards = (uint16_t)(road->red_hazards + f->red_hazards);
    if (f->seen_ns > road->seen_ns)
        road->seen_ns = f->seen_ns;
}

static void find_top(const struct sums *sums, struct segment_facts *road)
{
    double left[DEFECT_TYPE_COUNT + 1], all = 0;

    memcpy(left, sums->lost, sizeof left);
    for (int t = 1; t <= DEFECT_TYPE_COUNT; t++)
        all += left[t];
    for (road->n_top = 0; road->n_top < SEGMENT_TOP; road->n_top++) {
        int best = 1;
        for (int t = 2; t <= DEFECT_TYPE_COUNT; t++)
            if (left[t] > left[best])
                best = t;
        if (!(left[best] > 0))
            return;
        road->top[road->n_top].type = (uint8_t)best;
        road->top[road->n_top].permille = (uint16_t)lround(1000 * left[best] / all);
        left[best] = 0;
    }
}

static void finish(struct road_score *score, const struct sums *sums)
{
    struct segment_facts *road = &score->facts;

    road->pci_centi = mean(sums->pci, sums->pci_m);
    road->rqi_centi = mean(sums->rqi, sums->rqi_m);
    road->pqi_centi = mean(sums->pqi, sums->pqi_m);
    road->jtg_pci_centi = mean(sums->jtg_pci, sums->pci_m);
    road->jtg_rqi_centi = mean(sums->jtg_rqi, sums->rqi_m);
    road->observed_permille = (uint16_t)lround(score->length_m > 0 ? 1000 * score->observed_m / score->length_m : 0);
    road->grade = SEGMENT_UNGRADED;
    const uint16_t graded = road->pqi_centi != SCORE_UNKNOWN ? road->pqi_centi : road->pci_centi;
    for (int grade = 3; grade >= 0 && graded != SCORE_UNKNOWN; grade--)
        if (grade == 3 || graded >= 10 * road->floors_deci[grade])
            road->grade = grade;
    find_top(sums, road);
}

enum road_status road_score_read(struct reader *reader, const char *road, struct road_score *ret_score)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_SEGMENTS_OF);
    struct road_score score = {.n_segments = 0};
    enum road_status status = ROAD_OK;
    struct sums sums = {.pci = 0};
    struct segment_row row;

    sqlite3_bind_text(s, 1, road, -1, SQLITE_STATIC);
    while (reader_step(s, &status)) {
        segment_row_read(s, &row);
        add_segment(&score, &sums, &row);
    }
    if (status)
        return status;
    finish(&score, &sums);
    *ret_score = score;
    return ROAD_OK;
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static json_t *score_number(uint16_t centi)
{
    return centi == SCORE_UNKNOWN ? json_null() : json_real(centi / 100.0);
}

static json_t *grade_text(int grade)
{
    return grade == SEGMENT_UNGRADED ? json_null() : json_string(segment_grade_letter(grade));
}

static const char *why_text(enum segment_why why)
{
    static const char *const words[] = {"unknown", "clean", "hazard", "surface", "ride", "both"};

    return words[(unsigned)why < sizeof words / sizeof words[0] ? why : 0];
}

json_t *segment_explanation(const struct segment_facts *facts)
{
    char en[512], zh[512];

    segment_explain(facts, LANGUAGE_EN, en, sizeof en);
    segment_explain(facts, LANGUAGE_ZH, zh, sizeof zh);
    return json_pack("{s:s, s:s}", "en", en, "zh", zh);
}

static json_t *top_list(const struct segment_facts *facts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < facts->n_top; i++) {
        const struct defect_type *type = catalogue_type(facts->top[i].type);
        if (type)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:f}", "type", type->code, "en", type->name_en, "zh",
                                                  type->name_zh, "share", facts->top[i].permille / 1000.0));
    }
    return list;
}

/* What segments and roads have in common. */
static json_t *facts_object(const struct segment_facts *f)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:f, s:i, s:o, s:o, s:{s:o, s:o}, s:o}", "code", code_text((int)f->code),
                     "why", why_text(f->why), "grade", grade_text(f->grade), "pci", score_number(f->pci_centi), "rqi",
                     score_number(f->rqi_centi), "pqi", score_number(f->pqi_centi), "unknown",
                     1 - f->observed_permille / 1000.0, "red_hazards", f->red_hazards, "top", top_list(f), "seen",
                     json_time(f->seen_ns), "jtg5210", "pci", score_number(f->jtg_pci_centi), "rqi",
                     score_number(f->jtg_rqi_centi), "explanation", segment_explanation(f));
}

json_t *road_score_object(const struct road_score *score)
{
    if (score->n_segments == 0)
        return json_null();
    json_t *object = facts_object(&score->facts);
    json_object_set_new(object, "segments", json_integer(score->n_segments));
    json_object_set_new(object, "lane_m", json_real(score->length_m));
    json_object_set_new(object, "code_m",
                        json_pack("{s:f, s:f, s:f, s:f}", "red", score->metres[CODE_RED], "yellow", score->metres[CODE_YELLOW],
                                  "green", score->metres[CODE_GREEN], "grey", score->metres[CODE_GREY]));
    json_object_set_new(object, "grade_m",
                        json_pack("{s:f, s:f, s:f, s:f}", "A", score->graded_m[0], "B", score->graded_m[1], "C",
                                  score->graded_m[2], "D", score->graded_m[3]));
    return object;
}

static json_t *line_of(struct grid_zone zone, const struct segment_row *row)
{
    json_t *line = json_array();
    double lat_deg, lon_deg;

    for (size_t i = 0; i < row->n_line; i++)
        if (!grid_unproject(zone, row->line[i], &lat_deg, &lon_deg))
            json_array_append_new(line, json_pack("[f, f]", lon_deg, lat_deg));
    return line;
}

static json_t *segment_object(const struct segment_row *row)
{
    static const char *const classes[] = {"expressway", "arterial", "secondary", "branch"};
    json_t *object = facts_object(&row->facts);

    json_object_set_new(object, "way", json_string(row->way));
    json_object_set_new(object, "road", json_string(row->road));
    json_object_set_new(object, "class", json_string(classes[row->road_class]));
    json_object_set_new(object, "backward", json_boolean(row->is_backward));
    json_object_set_new(object, "index", json_integer(row->index));
    json_object_set_new(object, "length_m", json_real(row->length_m));
    json_object_set_new(object, "passes", json_integer(row->facts.passes));
    return object;
}

enum road_status segments_summary(struct reader *reader, json_t **ret_object)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_SEGMENT_COUNTS);
    enum road_status status = ROAD_OK;
    json_int_t n[4] = {0};
    double length = 0, observed = 0;

    while (reader_step(s, &status)) {
        n[sqlite3_column_int(s, 0) & 3] = sqlite3_column_int64(s, 1);
        length += sqlite3_column_double(s, 2);
        observed += sqlite3_column_double(s, 3) / 1000;
    }
    if (!status)
        *ret_object = length > 0 ? json_pack("{s:I, s:I, s:I, s:I, s:f}", "red", n[CODE_RED], "yellow", n[CODE_YELLOW], "green",
                                             n[CODE_GREEN], "grey", n[CODE_GREY], "unknown", 1 - observed / length)
                                 : json_null();
    return status;
}

static json_t *geometry_of(struct grid_zone zone, const struct segment_row *row)
{
    return json_pack("{s:s, s:o}", "type", "LineString", "coordinates", line_of(zone, row));
}

/* "WAY/0/12": the way, 1 against its direction, the number; ways may hold slashes. */
static bool read_key(const char *key, char ret_way[64], int *ret_backward, int64_t *ret_index)
{
    const char *last = strrchr(key, '/');

    if (!last || last - key < 3 || last[-2] != '/' || (last[-1] != '0' && last[-1] != '1') || last - key - 2 > 63)
        return false;
    *ret_backward = last[-1] - '0';
    snprintf(ret_way, 64, "%.*s", (int)(last - key - 2), key);
    return request_count(last + 1, ret_index) == ROAD_OK;
}

void answer_segment(struct call *call)
{
    sqlite3_stmt *s = reader_query(call->reader, QUERY_SEGMENT);
    enum road_status status = ROAD_OK;
    struct segment_row row;
    char way[64];
    int64_t index;
    int backward;

    if (!read_key(call->request->tail, way, &backward, &index)) {
        answer_error(call->answer, 400, "a segment is named WAY/0/12: the way, 1 if against its direction, the number", "segment");
        return;
    }
    sqlite3_bind_text(s, 1, way, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, backward);
    sqlite3_bind_int64(s, 3, index);
    if (!reader_step(s, &status)) {
        answer_status(call->answer, status ? status : ROAD_NOT_FOUND, "segment");
        return;
    }
    segment_row_read(s, &row);
    json_t *object = segment_object(&row);
    json_object_set_new(object, "geometry", geometry_of(call->site->config.zone, &row));
    answer_json(call->answer, object);
}

bool segments_want_geojson(struct call *call, bool *ret_is_good)
{
    const char *format = request_text(call->request, "format");

    *ret_is_good = !format || strcmp(format, "json") == 0 || strcmp(format, "geojson") == 0;
    if (!*ret_is_good)
        answer_error(call->answer, 400, "format is json or geojson", "format");
    return format && strcmp(format, "geojson") == 0;
}

void answer_segments(struct call *call, const char *road)
{
    sqlite3_stmt *s = reader_query(call->reader, QUERY_SEGMENTS_OF);
    enum road_status status = ROAD_OK;
    json_t *items = json_array();
    struct segment_row row;
    bool is_good;

    const bool is_geojson = segments_want_geojson(call, &is_good);
    sqlite3_bind_text(s, 1, road, -1, SQLITE_STATIC);
    while (is_good && reader_step(s, &status)) {
        segment_row_read(s, &row);
        json_t *geometry = geometry_of(call->site->config.zone, &row), *object = segment_object(&row);
        if (!is_geojson)
            json_object_set_new(object, "geometry", geometry);
        else
            object = json_pack("{s:s, s:o, s:o}", "type", "Feature", "properties", object, "geometry", geometry);
        json_array_append_new(items, object);
    }
    if (!is_good || !answer_is_ok(call->answer, status, NULL))
        json_decref(items);
    else if (is_geojson)
        answer_json(call->answer, json_pack("{s:s, s:o}", "type", "FeatureCollection", "features", items));
    else
        answer_json(call->answer, json_list(items, NULL));
}

/* ---- the page ------------------------------------------------------------------------------------------ */

static void put_explained(struct bytes *html, const struct segment_facts *facts)
{
    char text[512];

    segment_explain(facts, LANGUAGE_ZH, text, sizeof text);
    html_text(html, text);
    bytes_text(html, "<br>");
    segment_explain(facts, LANGUAGE_EN, text, sizeof text);
    html_text(html, text);
}

static void put_segment(struct bytes *html, const struct segment_row *row)
{
    bytes_format(html, "<li class=\"%s\"><b>%s %s</b> %s%lld–%lld m: ", code_text((int)row->facts.code),
                 code_letter(row->facts.code, LANGUAGE_ZH), code_letter(row->facts.code, LANGUAGE_EN),
                 row->is_backward ? "← " : "→ ", (long long)row->index * 100, (long long)(row->index * 100 + lround(row->length_m)));
    put_explained(html, &row->facts);
    bytes_text(html, "</li>");
}

enum road_status segments_page(struct call *call, const char *road, const struct road_score *score)
{
    struct bytes *html = &call->answer->body;
    enum road_status status = ROAD_OK;
    struct segment_row row;
    int left = PAGE_ROWS_MAX;

    if (score->n_segments == 0)
        return ROAD_OK;
    bytes_text(html, "<h2>为什么 · why</h2><p>");
    put_explained(html, &score->facts);
    bytes_text(html, "</p>");
    sqlite3_stmt *s = reader_query(call->reader, QUERY_SEGMENTS_WORST);
    sqlite3_bind_text(s, 1, road, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, left);
    if (score->metres[CODE_RED] + score->metres[CODE_YELLOW] > 0)
        bytes_text(html, "<h2>需要关注的路段 · stretches that need care</h2><ul>");
    while (left > 0 && reader_step(s, &status)) {
        segment_row_read(s, &row);
        put_segment(html, &row);
        left--;
    }
    if (score->metres[CODE_RED] + score->metres[CODE_YELLOW] > 0)
        bytes_text(html, "</ul>");
    return status;
}
