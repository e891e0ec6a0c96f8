#include "gateway/roads_import.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define ID_MAX 63
#define TEXT_MAX 255
#define LINES_MAX 4000000

struct import {
    const struct roads_options *options;
    struct roads_summary *summary;
    char *error;
    bool has_zone;
    struct grid_zone zone;
    struct roads_line *lines;
    size_t n_lines, capacity;
    uint64_t n_points;
    char where[96]; /* "feature 12 (id 4400154)" */
};

static enum road_status refuse(struct import *import, enum road_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum road_status refuse(struct import *import, enum road_status status, const char *format, ...)
{
    va_list arguments;
    const int used = snprintf(import->error, ROADS_ERROR_SIZE, "%s%s", import->where, import->where[0] ? ": " : "");

    va_start(arguments, format);
    vsnprintf(import->error + used, ROADS_ERROR_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return status;
}

static void skip(struct import *import, const char *why, const char *detail)
{
    struct roads_summary *s = import->summary;
    char text[ROADS_REASON_SIZE];
    size_t i = 0;

    snprintf(text, sizeof text, "%s%.24s", why, detail);
    s->n_skipped++;
    while (i < s->n_reasons && strcmp(s->reasons[i].text, text) != 0)
        i++;
    if (i == ROADS_REASONS_MAX)
        return;
    if (i == s->n_reasons)
        memcpy(s->reasons[s->n_reasons++].text, text, sizeof text);
    s->reasons[i].n++;
}

/* ---- properties ----------------------------------------------------------------------------------------- */

static void not_read(struct import *import, const char *key, json_t *value)
{
    const char *text = json_string_value(value);

    if (import->summary->n_unread++ == 0)
        snprintf(import->summary->unread_example, ROADS_ERROR_SIZE, "%s: %s '%.40s'", import->where, key,
                 text ? text : "is neither a number nor a text");
}

/* A number, or a text that is one ("2", "7.5", "7.5 m"). NAN if not given or not read. */
static double number_of(struct import *import, json_t *properties, const char *key, double low, double high)
{
    json_t *value = json_object_get(properties, key);
    const char *text = json_string_value(value);
    double number = NAN;
    char *end;

    if (!value || json_is_null(value))
        return NAN;
    if (json_is_number(value)) {
        number = json_number_value(value);
    } else if (text && text[0] >= '0' && text[0] <= '9') {
        number = strtod(text, &end);
        if (strcmp(end, "") != 0 && strcmp(end, " m") != 0 && strcmp(end, "m") != 0)
            number = NAN;
    }
    if (number >= low && number <= high)
        return number;
    not_read(import, key, value);
    return NAN;
}

static const char *text_of(json_t *properties, const char *key, const char *or_key)
{
    const char *text = json_string_value(json_object_get(properties, key));

    if (!text && or_key)
        text = json_string_value(json_object_get(properties, or_key));
    return text ? text : "";
}

/* Classes by their names, and how OpenStreetMap's highway tags fall into them. */
static const struct class_word {
    const char *word;
    enum road_class class;
} class_words[] = {
    {"expressway", ROAD_EXPRESSWAY},
    {"快速路", ROAD_EXPRESSWAY},
    {"motorway", ROAD_EXPRESSWAY},
    {"motorway_link", ROAD_EXPRESSWAY},
    {"trunk", ROAD_EXPRESSWAY},
    {"trunk_link", ROAD_EXPRESSWAY},
    {"arterial", ROAD_ARTERIAL},
    {"主干路", ROAD_ARTERIAL},
    {"primary", ROAD_ARTERIAL},
    {"primary_link", ROAD_ARTERIAL},
    {"secondary", ROAD_SECONDARY},
    {"次干路", ROAD_SECONDARY},
    {"secondary_link", ROAD_SECONDARY},
    {"tertiary", ROAD_SECONDARY},
    {"tertiary_link", ROAD_SECONDARY},
    {"branch", ROAD_BRANCH},
    {"支路", ROAD_BRANCH},
    {"residential", ROAD_BRANCH},
    {"unclassified", ROAD_BRANCH},
    {"living_street", ROAD_BRANCH},
    {"service", ROAD_BRANCH},
    {"road", ROAD_BRANCH},
};

static bool class_of(const char *word, enum road_class *ret_class)
{
    for (size_t i = 0; i < sizeof class_words / sizeof class_words[0]; i++)
        if (strcmp(class_words[i].word, word) == 0) {
            *ret_class = class_words[i].class;
            return true;
        }
    return false;
}

/* Says why, and returns false, if the feature is no road for vehicles. */
static bool read_class(struct import *import, json_t *properties, enum road_class *ret_class)
{
    const char *word = text_of(properties, "class", "highway"), *service = text_of(properties, "service", NULL);

    if (!word[0]) {
        skip(import, "no class and no highway", "");
        return false;
    }
    if (!class_of(word, ret_class)) {
        skip(import, "no road for vehicles: ", word);
        return false;
    }
    if (strcmp(text_of(properties, "area", NULL), "yes") == 0) {
        skip(import, "an area", "");
        return false;
    }
    if (strcmp(service, "parking_aisle") == 0 || strcmp(service, "driveway") == 0) {
        skip(import, "service: ", service);
        return false;
    }
    return true;
}

/* 1 along the line, -1 against it, 0 both ways. */
static int read_oneway(struct import *import, json_t *properties)
{
    json_t *value = json_object_get(properties, "oneway");
    const char *text = json_string_value(value), *highway = text_of(properties, "highway", NULL);
    const bool is_implied = strcmp(highway, "motorway") == 0 || strcmp(highway, "motorway_link") == 0 ||
                            strcmp(text_of(properties, "junction", NULL), "roundabout") == 0;

    if (json_is_boolean(value))
        return json_is_true(value);
    if (json_is_integer(value) && llabs(json_integer_value(value)) <= 1)
        return (int)json_integer_value(value);
    if (!value || json_is_null(value))
        return is_implied;
    if (text && (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0))
        return 1;
    if (text && strcmp(text, "-1") == 0)
        return -1;
    if (!text || (strcmp(text, "no") != 0 && strcmp(text, "false") != 0 && strcmp(text, "0") != 0))
        not_read(import, "oneway", value); /* reversible, alternating: both ways */
    return 0;
}

static void read_properties(struct import *import, json_t *properties, struct roads_line *line, int *ret_oneway)
{
    *ret_oneway = read_oneway(import, properties);
    line->is_oneway = *ret_oneway != 0;
    line->name = text_of(properties, "name", NULL);
    line->name_zh = text_of(properties, "name_zh", "name:zh");
    line->owner = text_of(properties, "owner", NULL);
    const double lanes = number_of(import, properties, "lanes", 1, ROAD_LANES_MAX);
    line->lanes = isnan(lanes) ? road_lanes_default(line->class, line->is_oneway) : (uint8_t)lanes;
    const double width = number_of(import, properties, "width", 1, ROAD_WIDTH_MM_MAX / 1e3);
    const uint32_t by_lanes = line->lanes * road_lane_width_mm(line->class);
    line->width_mm = !isnan(width) ? (uint32_t)llround(width * 1000) : by_lanes < ROAD_WIDTH_MM_MAX ? by_lanes : ROAD_WIDTH_MM_MAX;
    const double cadence = number_of(import, properties, "cadence_d", 0, 365);
    const double sigma = number_of(import, properties, "line_sigma_m", 0.01, 60);
    line->line_sigma_mm = isnan(sigma) ? import->options->line_sigma_mm : (uint16_t)llround(sigma * 1000);
    line->cadence_h = isnan(cadence) ? road_cadence_default_h(line->class) : (uint16_t)llround(cadence * 24);
}

/* ---- geometry ------------------------------------------------------------------------------------------- */

static enum road_status read_point(struct import *import, json_t *position, size_t index, struct grid_point *ret_point)
{
    json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);

    if (!json_is_number(lon) || !json_is_number(lat))
        return refuse(import, ROAD_BAD_INPUT, "place %zu is no [lon, lat]", index);
    const double lon_deg = json_number_value(lon), lat_deg = json_number_value(lat);
    if (!(fabs(lon_deg) <= 180 && fabs(lat_deg) <= 84))
        return refuse(import, ROAD_BAD_RANGE, "place %zu [%g, %g] is beyond 180 or 84 degrees", index, lon_deg, lat_deg);
    if (!import->has_zone) {
        import->zone = grid_zone_nearest(lat_deg, lon_deg);
        if (import->options->has_meridian)
            import->zone.meridian_deg = import->options->meridian_deg;
        import->has_zone = true;
    }
    if (grid_project(import->zone, lat_deg, lon_deg, ret_point) != ROAD_OK)
        return refuse(import, ROAD_BAD_RANGE, "place %zu [%g, %g] is outside the frame of meridian %d", index, lon_deg,
                      lat_deg, import->zone.meridian_deg);
    return ROAD_OK;
}

static enum road_status add_point(struct import *import, struct roads_line *line, struct grid_point point, size_t index)
{
    if (line->n_points) {
        const struct grid_point last = line->points[line->n_points - 1];
        if (last.e_mm == point.e_mm && last.n_mm == point.n_mm)
            return ROAD_OK;
        if (hypot((double)(point.e_mm - last.e_mm), (double)(point.n_mm - last.n_mm)) > (double)ROAD_LINE_MM_MAX)
            return refuse(import, ROAD_BAD_RANGE, "place %zu is more than 20 km from the one before", index);
    }
    ROOM(line->points, line->capacity, line->n_points + 1);
    line->points[line->n_points++] = point;
    return ROAD_OK;
}

static void turn_round(struct roads_line *line)
{
    for (size_t i = 0, k = line->n_points; i + 1 < k; i++) {
        const struct grid_point point = line->points[i];
        line->points[i] = line->points[--k];
        line->points[k] = point;
    }
}

/* One array of positions becomes a way like `model`. */
static enum road_status read_line(struct import *import, json_t *positions, const struct roads_line *model, int oneway)
{
    struct roads_line line = *model;
    enum road_status status = ROAD_OK;
    json_t *position;
    size_t i;

    if (!json_is_array(positions) || json_array_size(positions) < 2)
        return refuse(import, ROAD_BAD_INPUT, "a line needs two places or more");
    json_array_foreach(positions, i, position) {
        struct grid_point point;
        status = read_point(import, position, i + 1, &point);
        if (status == ROAD_OK)
            status = add_point(import, &line, point, i + 1);
        if (status != ROAD_OK)
            break;
    }
    if (status == ROAD_OK && line.n_points < 2)
        skip(import, "all places of a line are one", "");
    if (status != ROAD_OK || line.n_points < 2) {
        free(line.points);
        return status;
    }
    if (oneway < 0)
        turn_round(&line);
    import->n_points += line.n_points;
    import->summary->n_lines++;
    ROOM(import->lines, import->capacity, import->n_lines + 1);
    import->lines[import->n_lines++] = line;
    return import->n_lines > LINES_MAX ? refuse(import, ROAD_TOO_LARGE, "more than 4 million lines") : ROAD_OK;
}

static enum road_status read_geometry(struct import *import, json_t *geometry, const struct roads_line *model, int oneway)
{
    json_t *coordinates = json_object_get(geometry, "coordinates"), *part;
    const char *type = text_of(geometry, "type", NULL);
    size_t i;

    if (strcmp(type, "LineString") == 0)
        return read_line(import, coordinates, model, oneway);
    if (!json_is_array(coordinates))
        return refuse(import, ROAD_BAD_INPUT, "geometry.coordinates is no array");
    json_array_foreach(coordinates, i, part) {
        const enum road_status status = read_line(import, part, model, oneway);
        if (status != ROAD_OK)
            return status;
    }
    return ROAD_OK;
}

/* ---- features ------------------------------------------------------------------------------------------- */

static enum road_status check_text(struct import *import, const char *what, const char *text, size_t max, bool is_id)
{
    if (strlen(text) > max)
        return refuse(import, ROAD_TOO_LARGE, "%s is longer than %zu bytes", what, max);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || (is_id && strchr("\"'<>&?#%\\,", *c)))
            return refuse(import, ROAD_BAD_INPUT, "%s holds a character that it must not", what);
    return ROAD_OK;
}

/* The feature's id, in `buffer` where it is a number. */
static const char *id_of(struct import *import, json_t *feature, json_t *properties, char buffer[24])
{
    json_t *const places[] = {json_object_get(properties, "id"), json_object_get(properties, "@id"),
                              json_object_get(properties, "osm_id"), json_object_get(feature, "id")};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (json_is_integer(places[i])) {
            snprintf(buffer, 24, "%lld", (long long)json_integer_value(places[i]));
            return buffer;
        }
        if (json_is_string(places[i]) && json_string_value(places[i])[0])
            return json_string_value(places[i]);
    }
    import->summary->n_unnamed_ids++;
    snprintf(buffer, 24, "n%llu", (unsigned long long)import->summary->n_features);
    return buffer;
}

static enum road_status check_texts(struct import *import, const struct roads_line *line)
{
    enum road_status status = check_text(import, "id", line->id, ID_MAX - 8, true); /* room for ".2" */

    if (status == ROAD_OK)
        status = check_text(import, "name", line->name, TEXT_MAX, false);
    if (status == ROAD_OK)
        status = check_text(import, "name_zh", line->name_zh, TEXT_MAX, false);
    if (status == ROAD_OK)
        status = check_text(import, "owner", line->owner, TEXT_MAX, false);
    return status;
}

static char *copy_of(const char *text)
{
    char *copy = room_zeroed(strlen(text) + 1, 1);

    return memcpy(copy, text, strlen(text));
}

static enum road_status read_feature(struct import *import, json_t *feature)
{
    json_t *properties = json_object_get(feature, "properties"), *geometry = json_object_get(feature, "geometry");
    const char *type = text_of(geometry, "type", NULL);
    struct roads_line line = {.n_points = 0};
    char buffer[24];
    int oneway;

    import->summary->n_features++;
    line.id = id_of(import, feature, properties, buffer);
    snprintf(import->where, sizeof import->where, "feature %llu (id %.40s)",
             (unsigned long long)import->summary->n_features, line.id);
    if (!json_is_object(properties) || strcmp(text_of(feature, "type", NULL), "Feature") != 0)
        return refuse(import, ROAD_BAD_INPUT, "is no Feature with properties");
    if (strcmp(type, "LineString") != 0 && strcmp(type, "MultiLineString") != 0) {
        skip(import, "no line: ", type[0] ? type : "no geometry");
        return ROAD_OK;
    }
    if (!read_class(import, properties, &line.class))
        return ROAD_OK;
    read_properties(import, properties, &line, &oneway);
    enum road_status status = check_texts(import, &line);
    if (status != ROAD_OK)
        return status;
    const size_t first = import->n_lines;
    status = read_geometry(import, geometry, &line, oneway);
    /* The texts must outlive the parsed value. */
    for (size_t i = first; i < import->n_lines; i++) {
        struct roads_line *l = &import->lines[i];
        l->id = copy_of(line.id), l->name = copy_of(line.name);
        l->name_zh = copy_of(line.name_zh), l->owner = copy_of(line.owner);
    }
    return status;
}

static enum road_status read_value(struct import *import, json_t *value)
{
    json_t *features = json_object_get(value, "features"), *feature;
    size_t i;

    import->where[0] = '\0';
    if (strcmp(text_of(value, "type", NULL), "Feature") == 0)
        return read_feature(import, value);
    if (strcmp(text_of(value, "type", NULL), "FeatureCollection") != 0 || !json_is_array(features))
        return refuse(import, ROAD_BAD_INPUT, "this is neither a GeoJSON FeatureCollection nor a Feature");
    json_array_foreach(features, i, feature) {
        const enum road_status status = read_feature(import, feature);
        if (status != ROAD_OK)
            return status;
    }
    return ROAD_OK;
}

/* The parser's own limit is far deeper than what its recursion should be trusted with. */
static bool is_too_deep(const char *text, size_t length)
{
    bool is_in_text = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        if (is_in_text) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                is_in_text = false;
        } else if (text[i] == '"') {
            is_in_text = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > ROADS_DEPTH_MAX)
                return true;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return false;
}

static bool is_between_values(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0x1e; /* RFC 8142: record separator */
}

/* Values one behind the other. */
static enum road_status read_text(struct import *import, const char *text, size_t length)
{
    json_error_t problem;
    size_t at = 0, n_values = 0;

    if (length > ROADS_INPUT_MAX)
        return refuse(import, ROAD_TOO_LARGE, "larger than 1 GiB");
    if (is_too_deep(text, length))
        return refuse(import, ROAD_TOO_DEEP, "nested deeper than %d", ROADS_DEPTH_MAX);
    for (;; n_values++) {
        while (at < length && is_between_values(text[at]))
            at++;
        if (at == length)
            break;
        json_t *value = json_loadb(text + at, length - at, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &problem);
        import->where[0] = '\0';
        if (!value)
            return refuse(import, ROAD_BAD_INPUT, "value %zu, line %d of it: %s", n_values + 1, problem.line, problem.text);
        const enum road_status status = read_value(import, value);
        json_decref(value);
        if (status != ROAD_OK)
            return status;
        at += (size_t)problem.position;
    }
    return n_values ? ROAD_OK : refuse(import, ROAD_BAD_INPUT, "empty");
}

/* ---- lines to network ----------------------------------------------------------------------------------- */

/* Lines of one id differ by their geometry: the network must not depend on the order of the file. */
static int by_id(const void *a, const void *b)
{
    const struct roads_line *x = a, *y = b;
    const int order = strcmp(x->id, y->id);

    if (order)
        return order;
    for (size_t i = 0; i < x->n_points && i < y->n_points; i++) {
        if (x->points[i].e_mm != y->points[i].e_mm)
            return x->points[i].e_mm < y->points[i].e_mm ? -1 : 1;
        if (x->points[i].n_mm != y->points[i].n_mm)
            return x->points[i].n_mm < y->points[i].n_mm ? -1 : 1;
    }
    return (x->n_points > y->n_points) - (x->n_points < y->n_points);
}

/* The second, third ... line of an id becomes ID.2, ID.3 ... false: one of these was given as an id, too. */
static bool number_lines(struct roads_line *lines, size_t n)
{
    size_t same = 1;
    char id[ID_MAX + 1];

    for (size_t i = 1; i < n; i++) {
        const char *base = lines[i - same].id;
        same = strcmp(lines[i].id, base) == 0 ? same + 1 : 1;
        if (same == 1)
            continue;
        snprintf(id, sizeof id, "%s.%zu", base, same);
        free((char *)lines[i].id);
        lines[i].id = copy_of(id);
    }
    qsort(lines, n, sizeof *lines, by_id);
    for (size_t i = 1; i < n; i++)
        if (strcmp(lines[i - 1].id, lines[i].id) == 0)
            return false;
    return true;
}

/* Each text once: open hash of offsets, in order of first use. */
struct texts {
    char *bytes;
    uint32_t length;
    uint32_t *slots;
    size_t mask;
};

static uint32_t text_put(struct texts *texts, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    if (!text[0])
        return 0;
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    size_t slot = (hash ^ hash >> 32) & texts->mask;
    for (; texts->slots[slot]; slot = (slot + 1) & texts->mask)
        if (strcmp(texts->bytes + texts->slots[slot], text) == 0)
            return texts->slots[slot];
    const uint32_t offset = texts->length;
    memcpy(texts->bytes + offset, text, strlen(text) + 1);
    texts->length += (uint32_t)strlen(text) + 1;
    return texts->slots[slot] = offset;
}

static void put_ways(const struct import *import, struct texts *texts, struct road_way *ways,
                     struct road_vertex *vertices, struct road_network *network)
{
    for (size_t i = 0; i < import->n_lines; i++) {
        const struct roads_line *line = &import->lines[i];
        if (line->is_gone)
            continue;
        ways[network->n_ways++] = (struct road_way){.id = text_put(texts, line->id),
                                                    .name = text_put(texts, line->name),
                                                    .name_zh = text_put(texts, line->name_zh),
                                                    .owner = text_put(texts, line->owner),
                                                    .class = line->class,
                                                    .lanes = line->lanes,
                                                    .is_oneway = line->is_oneway,
                                                    .cadence_h = line->cadence_h,
                                                    .line_sigma_mm = line->line_sigma_mm,
                                                    .width_mm = line->width_mm,
                                                    .first = network->n_vertices,
                                                    .n_vertices = (uint32_t)line->n_points};
        for (size_t k = 0; k < line->n_points; k++)
            vertices[network->n_vertices++] = (struct road_vertex){line->points[k], 0};
    }
}

static uint64_t bytes_of_texts(const struct import *import)
{
    uint64_t length = 1;

    for (size_t i = 0; i < import->n_lines; i++) {
        const struct roads_line *line = &import->lines[i];
        length += strlen(line->id) + strlen(line->name) + strlen(line->name_zh) + strlen(line->owner) + 4;
    }
    return length;
}

static enum road_status build(struct import *import, struct road_network *ret_network, void **ret_block)
{
    const uint64_t text_bytes = bytes_of_texts(import);
    const size_t ways = (import->n_lines * sizeof(struct road_way) + 7) & ~(size_t)7;
    const size_t vertices = import->n_points * sizeof(struct road_vertex);
    struct texts texts = {.length = 1, .mask = 15};

    if (text_bytes > UINT32_MAX || import->n_points > UINT32_MAX / 2)
        return refuse(import, ROAD_TOO_LARGE, "too many places or too much text");
    while (texts.mask < 8 * import->n_lines)
        texts.mask = 2 * texts.mask + 1;
    texts.slots = room_zeroed(texts.mask + 1, sizeof *texts.slots);
    uint8_t *block = room_zeroed(ways + vertices + text_bytes, 1);
    texts.bytes = (char *)block + ways + vertices;
    struct road_network network = {.zone = import->zone,
                                   .is_left_hand = import->options->is_left_hand,
                                   .ways = (struct road_way *)block,
                                   .vertices = (struct road_vertex *)(block + ways),
                                   .text = texts.bytes};
    put_ways(import, &texts, (struct road_way *)block, network.vertices, &network);
    network.text_length = texts.length;
    free(texts.slots);
    road_measure(&network);
    *ret_network = network;
    *ret_block = block;
    return ROAD_OK;
}

static void drop_lines(struct import *import)
{
    for (size_t i = 0; i < import->n_lines; i++) {
        struct roads_line *line = &import->lines[i];
        free((char *)line->id);
        free((char *)line->name);
        free((char *)line->name_zh);
        free((char *)line->owner);
        free(line->points);
    }
    free(import->lines);
}

enum road_status roads_import(const char *text, size_t length, const struct roads_options *options,
                              struct road_network *ret_network, void **ret_block,
                              struct roads_summary *ret_summary, char *ret_error)
{
    struct import import = {.options = options, .summary = ret_summary, .error = ret_error};

    *ret_summary = (struct roads_summary){.n_features = 0};
    enum road_status status = read_text(&import, text, length);
    import.where[0] = '\0';
    if (status == ROAD_OK && import.n_lines == 0)
        status = refuse(&import, ROAD_NOT_FOUND, "there is no road in it");
    if (status == ROAD_OK) {
        qsort(import.lines, import.n_lines, sizeof *import.lines, by_id);
        if (!number_lines(import.lines, import.n_lines))
            status = refuse(&import, ROAD_EXISTS, "two ways have one id");
    }
    if (status == ROAD_OK && !options->keep_ways)
        roads_join(import.lines, import.n_lines);
    if (status == ROAD_OK)
        status = build(&import, ret_network, ret_block);
    drop_lines(&import);
    return status;
}
