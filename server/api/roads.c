#include "server/api/roads.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX (256L << 20)
#define POINTS_MAX 2000000
#define EARTH_RADIUS_M 6371008.8 /* mean radius; lengths of roads are shown in whole metres */

void mercator_from_degrees(double lat_deg, double lon_deg, double *ret_x, double *ret_y)
{
    *ret_x = (lon_deg + 180) / 360;
    *ret_y = (1 - asinh(tan(lat_deg * M_PI / 180)) / M_PI) / 2;
}

/* While loading: counts first (arrays NULL), then fills. */
struct loader {
    struct roads *roads;
    json_t *by_key; /* id or name -> number of the road */
    size_t n_points;
    bool is_counting;
};

static bool read_point(json_t *pair, struct road_point *ret_point)
{
    const double lon = json_number_value(json_array_get(pair, 0)), lat = json_number_value(json_array_get(pair, 1));

    if (!json_is_number(json_array_get(pair, 0)) || !json_is_number(json_array_get(pair, 1)) || fabs(lon) > 180 ||
        fabs(lat) > 85)
        return false;
    ret_point->lon_deg = lon;
    ret_point->lat_deg = lat;
    mercator_from_degrees(lat, lon, &ret_point->x, &ret_point->y);
    return true;
}

static double distance_m(const struct road_point *a, const struct road_point *b)
{
    const double dy = (b->lat_deg - a->lat_deg) * M_PI / 180;
    const double dx = (b->lon_deg - a->lon_deg) * M_PI / 180 * cos((a->lat_deg + b->lat_deg) * M_PI / 360);

    return EARTH_RADIUS_M * hypot(dx, dy);
}

static void widen_line(struct road_line *line, const struct road_point *p)
{
    line->west_x = fmin(line->west_x, p->x);
    line->east_x = fmax(line->east_x, p->x);
    line->north_y = fmin(line->north_y, p->y);
    line->south_y = fmax(line->south_y, p->y);
}

static void widen_road(struct road *road, const struct road_line *line)
{
    for (size_t i = 0; i < line->n_points; i++) {
        const struct road_point *p = &line->points[i];
        road->bounds[0] = fmin(road->bounds[0], p->lon_deg);
        road->bounds[1] = fmin(road->bounds[1], p->lat_deg);
        road->bounds[2] = fmax(road->bounds[2], p->lon_deg);
        road->bounds[3] = fmax(road->bounds[3], p->lat_deg);
        if (i > 0)
            road->length_m += distance_m(p - 1, p);
    }
}

/* The road a feature belongs to; a new one at its first line. */
static size_t road_of(struct loader *loader, json_t *properties)
{
    struct roads *roads = loader->roads;
    json_t *id = json_object_get(properties, "id");
    const char *name = json_string_value(json_object_get(properties, "name"));
    const char *class = json_string_value(json_object_get(properties, "class"));
    char key[ROAD_ID_SIZE];

    if (json_is_integer(id))
        snprintf(key, sizeof key, "%lld", (long long)json_integer_value(id));
    else
        snprintf(key, sizeof key, "%s", json_is_string(id) ? json_string_value(id) : name ? name : "");
    if (key[0] == '\0')
        return ROAD_NONE;
    json_t *known = json_object_get(loader->by_key, key);
    if (known)
        return (size_t)json_integer_value(known);
    const size_t number = roads->n_roads++;
    json_object_set_new(loader->by_key, key, json_integer((json_int_t)number));
    if (!loader->is_counting) {
        struct road *road = &roads->roads[number];
        *road = (struct road){.class = class ? class : "", .bounds = {INFINITY, INFINITY, -INFINITY, -INFINITY}};
        if (id)
            snprintf(road->id, sizeof road->id, "%s", key);
        else
            snprintf(road->id, sizeof road->id, "%zu", number + 1);
        road->name = name ? name : road->id;
    }
    return number;
}

/* One array of positions. */
static bool load_line(struct loader *loader, json_t *positions, json_t *properties)
{
    struct roads *roads = loader->roads;
    const size_t n = json_array_size(positions), road = road_of(loader, properties);
    const char *name = json_string_value(json_object_get(properties, "name"));
    const char *class = json_string_value(json_object_get(properties, "class"));

    if (n < 2 || loader->n_points + n > POINTS_MAX)
        return false;
    if (!loader->is_counting) {
        struct road_point *points = roads->points + loader->n_points;
        struct road_line *line = &roads->lines[roads->n_lines];
        *line = (struct road_line){points, n, road, name ? name : "", class ? class : "", 1, 1, 0, 0};
        for (size_t i = 0; i < n; i++) {
            if (!read_point(json_array_get(positions, i), &points[i]))
                return false;
            widen_line(line, &points[i]);
        }
        if (road != ROAD_NONE)
            widen_road(&roads->roads[road], line);
    }
    loader->n_points += n;
    roads->n_lines++;
    return true;
}

static bool load_feature(struct loader *loader, json_t *feature)
{
    json_t *geometry = json_object_get(feature, "geometry"), *properties = json_object_get(feature, "properties");
    json_t *coordinates = json_object_get(geometry, "coordinates"), *part;
    const char *type = json_string_value(json_object_get(geometry, "type"));
    size_t i;

    if (type && strcmp(type, "LineString") == 0)
        return load_line(loader, coordinates, properties);
    if (!type || strcmp(type, "MultiLineString") != 0)
        return false;
    json_array_foreach(coordinates, i, part) {
        if (!load_line(loader, part, properties))
            return false;
    }
    return true;
}

/* One walk through all features; the first walk counts, the second fills. */
static bool load_all(struct roads *roads, bool is_counting, size_t *ret_points, char *ret_error)
{
    json_t *features = json_object_get(roads->text, "features"), *feature;
    struct loader loader = {.roads = roads, .by_key = json_object(), .is_counting = is_counting};
    size_t i;

    roads->n_lines = roads->n_roads = 0;
    bool is_good = json_is_array(features) && loader.by_key;
    if (!is_good)
        snprintf(ret_error, 256, "the roads file is no GeoJSON FeatureCollection");
    json_array_foreach(features, i, feature) {
        if (is_good && !load_feature(&loader, feature)) {
            snprintf(ret_error, 256, "feature %zu of the roads file is no line of two or more places", i);
            is_good = false;
        }
    }
    json_decref(loader.by_key);
    *ret_points = loader.n_points;
    return is_good;
}

/* ---- a network file --------------------------------------------------------------------------------------- */

static bool is_network_file(const char *path)
{
    static const char magic[8] = "RCROADS";
    char begin[8] = "";
    FILE *file = fopen(path, "rb");
    const bool is_one = file && fread(begin, 1, sizeof begin, file) == sizeof begin && memcmp(begin, magic, sizeof magic) == 0;

    if (file)
        fclose(file);
    return is_one;
}

/* The road of a way: by its name, called by the id of its first way. */
static size_t road_of_way(struct roads *roads, json_t *by_name, const struct road_way *way, const char *class)
{
    const struct road_network *n = &roads->network.network;
    const char *name = road_text(n, way->name);

    if (!name[0])
        return ROAD_NONE;
    json_t *known = json_object_get(by_name, name);
    if (known)
        return (size_t)json_integer_value(known);
    struct road *road = &roads->roads[roads->n_roads];
    *road = (struct road){.name = name, .class = class, .bounds = {INFINITY, INFINITY, -INFINITY, -INFINITY}};
    snprintf(road->id, sizeof road->id, "%s", road_text(n, way->id));
    json_object_set_new(by_name, name, json_integer((json_int_t)roads->n_roads));
    return roads->n_roads++;
}

static void line_of_way(struct roads *roads, json_t *by_name, uint32_t w, struct road_point *points)
{
    static const char *const classes[4] = {"expressway", "arterial", "secondary", "branch"};
    const struct road_network *n = &roads->network.network;
    const struct road_way *way = &n->ways[w];
    struct road_line *line = &roads->lines[roads->n_lines++];

    *line = (struct road_line){points, way->n_vertices, road_of_way(roads, by_name, way, classes[way->class]),
                               road_text(n, way->name), classes[way->class], 1, 1, 0, 0};
    for (uint32_t i = 0; i < way->n_vertices; i++) {
        (void)grid_unproject(n->zone, n->vertices[way->first + i].at, &points[i].lat_deg, &points[i].lon_deg);
        mercator_from_degrees(points[i].lat_deg, points[i].lon_deg, &points[i].x, &points[i].y);
        widen_line(line, &points[i]);
    }
    if (line->road != ROAD_NONE)
        widen_road(&roads->roads[line->road], line);
}

static enum road_status load_network(struct roads *roads, const char *path, char *ret_error)
{
    const enum road_status status = road_file_read(path, &roads->network, ret_error);
    if (status)
        return status;
    const struct road_network *n = &roads->network.network;
    json_t *by_name = json_object();
    roads->lines = calloc(n->n_ways + 1, sizeof *roads->lines);
    roads->roads = calloc(n->n_ways + 1, sizeof *roads->roads);
    roads->points = calloc(n->n_vertices + 1, sizeof *roads->points);
    const bool has_room = by_name && roads->lines && roads->roads && roads->points;
    for (uint32_t w = 0; has_room && w < n->n_ways; w++)
        line_of_way(roads, by_name, w, roads->points + n->ways[w].first);
    json_decref(by_name);
    return has_room ? ROAD_OK : ROAD_NO_MEMORY;
}

/* ---- either ------------------------------------------------------------------------------------------------ */

static enum road_status read_file(const char *path, json_t **ret_text, char *ret_error)
{
    json_error_t error;
    struct stat facts;

    if (stat(path, &facts) || !S_ISREG(facts.st_mode)) {
        snprintf(ret_error, 256, "%s: cannot be read", path);
        return ROAD_IO;
    }
    if (facts.st_size > FILE_MAX) {
        snprintf(ret_error, 256, "%s: larger than 256 MiB", path);
        return ROAD_TOO_LARGE;
    }
    *ret_text = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!*ret_text) {
        snprintf(ret_error, 256, "%s: line %d: %s", path, error.line, error.text);
        return ROAD_BAD_INPUT;
    }
    return ROAD_OK;
}

static enum road_status load_file(struct roads *roads, const char *path, char *ret_error)
{
    size_t n_points;

    if (is_network_file(path))
        return load_network(roads, path, ret_error);
    enum road_status status = read_file(path, &roads->text, ret_error);
    if (status)
        return status;
    if (!load_all(roads, true, &n_points, ret_error))
        return ROAD_BAD_INPUT;
    roads->lines = calloc(roads->n_lines + 1, sizeof *roads->lines);
    roads->roads = calloc(roads->n_roads + 1, sizeof *roads->roads);
    roads->points = calloc(n_points + 1, sizeof *roads->points);
    if (!roads->lines || !roads->roads || !roads->points)
        return ROAD_NO_MEMORY;
    return load_all(roads, false, &n_points, ret_error) ? ROAD_OK : ROAD_BAD_INPUT;
}

enum road_status roads_open(const char *path, struct roads **ret_roads, char *ret_error)
{
    struct roads *roads = calloc(1, sizeof *roads);
    enum road_status status = roads ? ROAD_OK : ROAD_NO_MEMORY;

    if (!status && path)
        status = load_file(roads, path, ret_error);
    if (status)
        roads_close(roads);
    else
        *ret_roads = roads;
    return status;
}

void roads_close(struct roads *roads)
{
    if (!roads)
        return;
    free(roads->lines);
    free(roads->roads);
    free(roads->points);
    json_decref(roads->text);
    road_file_done(&roads->network);
    free(roads);
}

const struct road *roads_find(const struct roads *roads, const char *id)
{
    for (size_t i = 0; i < roads->n_roads; i++)
        if (strcasecmp(roads->roads[i].id, id) == 0)
            return &roads->roads[i];
    return NULL;
}
