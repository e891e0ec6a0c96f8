/* roads.h - the deployment's road network: what `roadchief roads import` made, or a GeoJSON file of lines with `name`,
 * `class` and perhaps `id`.
 *
 * Read once; afterwards constant, any thread. Of a network file a road is all ways of one name, called by the id of the first of
 * them; its line i is way i. Of GeoJSON a road is all lines of one id, or of one name where there is no id; it
 * is then called by its number. Lines without either are drawn, but are no road one can ask for. GeoJSON: at most 256 MiB,
 * 2 million points. */
#ifndef SERVER_API_ROADS_H
#define SERVER_API_ROADS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"
#include "link/road_file.h"

#define ROAD_ID_SIZE 64
#define ROAD_NONE SIZE_MAX

struct road_point {
    double lon_deg, lat_deg;
    double x, y; /* web mercator, 0..1 from the north-west corner of the world */
};

struct road_line {
    const struct road_point *points;
    size_t n_points;
    size_t road; /* ROAD_NONE if it belongs to none */
    const char *name, *class; /* "" if not given */
    double west_x, north_y, east_x, south_y;
};

struct road {
    char id[ROAD_ID_SIZE];
    const char *name, *class;
    double length_m;
    double bounds[4]; /* west, south, east, north, degrees */
};

struct roads {
    size_t n_lines, n_roads;
    struct road_line *lines;
    struct road *roads;
    struct road_point *points;
    json_t *text; /* holds the names */
    struct road_file network; /* .block NULL: the file is GeoJSON */
};

/* An empty network for path NULL. ret_error: 256 bytes. */
enum road_status roads_open(const char *path, struct roads **ret_roads, char *ret_error);
void roads_close(struct roads *roads); /* NULL is fine */
/* Letters of either case; NULL if there is no such road. */
const struct road *roads_find(const struct roads *roads, const char *id);

/* Web mercator of a place, 0..1. */
void mercator_from_degrees(double lat_deg, double lon_deg, double *ret_x, double *ret_y);

#endif
