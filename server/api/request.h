/* request.h - a request target ("/v1/cells?bbox=…") as a route, its variable part and its parameters.
 *
 * The only reader of bytes from outside in this room, and pure: a fuzzer feeds it strings. Percent escapes are
 * decoded once; a target with NUL, control characters, broken escapes, more than REQUEST_TARGET_MAX bytes or
 * REQUEST_PARAMETERS_MAX parameters is refused. Unknown parameters are ignored, repeated ones refused. Getters
 * name the field they refuse. Any thread. */
#ifndef SERVER_API_REQUEST_H
#define SERVER_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define REQUEST_TARGET_MAX 1024 /* bytes, without the NUL */
#define REQUEST_PARAMETERS_MAX 16
#define REQUEST_LIMIT_DEFAULT 100
#define REQUEST_LIMIT_MAX 1000

enum route {
    ROUTE_NONE,
    ROUTE_HEALTHZ,
    ROUTE_METRICS,
    ROUTE_SUMMARY,
    ROUTE_CONFIG,
    ROUTE_TRUTH,
    ROUTE_CELL_AT,
    ROUTE_CELLS,
    ROUTE_CELL,
    ROUTE_DEFECTS,
    ROUTE_DEFECT,
    ROUTE_FEATURES,
    ROUTE_NODES,
    ROUTE_CHANGES,
    ROUTE_ROADS,
    ROUTE_COVERAGE,
    ROUTE_COVERAGE_NEXT,
    ROUTE_ROAD,
    ROUTE_ROAD_PAGE,
    ROUTE_SEGMENT,
    ROUTE_PROOF,
    ROUTE_ENTRY,
    ROUTE_EVENTS,
    ROUTE_TILE,
    ROUTE_LOG,
    ROUTE_PAGE,
    ROUTE_COUNT
};

struct request_parameter {
    const char *name, *value; /* into request.text, decoded */
};

struct request {
    enum route route;
    const char *tail; /* what follows the route's prefix, decoded; "" if nothing */
    size_t n_parameters;
    struct request_parameter parameters[REQUEST_PARAMETERS_MAX];
    char text[REQUEST_TARGET_MAX + 2];
};

/* What is wrong with a request, for people: both static. */
struct request_error {
    const char *text;
    const char *field; /* NULL if it is not one field's fault */
};

/* ROAD_TOO_LARGE: the target is too long (414). ROAD_BAD_INPUT: broken (400). An address that is nobody's parses, with
 * ROUTE_NONE. Pointers in ret_request point into it: it is not to be copied. */
enum road_status request_parse(const char *target, struct request *ret_request, struct request_error *ret_error);

/* NULL if it was not given. */
const char *request_text(const struct request *request, const char *name);
/* Finite decimal numbers in a range. ROAD_NOT_FOUND if not given, ROAD_BAD_INPUT / ROAD_BAD_RANGE. */
enum road_status request_number(const struct request *request, const char *name, double least, double most,
                                double *ret_number);
/* Plain decimal digits, 0 … 2^63 - 1. */
enum road_status request_count(const char *text, int64_t *ret_count);
/* `limit`: REQUEST_LIMIT_DEFAULT without it; ROAD_BAD_RANGE outside 1 … REQUEST_LIMIT_MAX. */
enum road_status request_limit(const struct request *request, int *ret_limit);
/* `bbox` = "west,south,east,north", degrees. ROAD_NOT_FOUND if not given; ROAD_BAD_RANGE if it is empty, leaves the
 * Earth, or is wider or higher than side_max degrees. */
enum road_status request_box(const struct request *request, double side_max, double ret_box[4]);

enum tile_layer { LAYER_CELLS, LAYER_DEFECTS, LAYER_ROADS, LAYER_SEGMENTS, LAYER_COUNT };
struct map_tile {
    enum tile_layer layer;
    int zoom;
    uint32_t x, y;
};
#define TILE_ZOOM_MAX 22
/* The tail of ROUTE_TILE: "cells/17/109236/54321.mvt". ROAD_NOT_FOUND: no such layer; ROAD_BAD_RANGE / ROAD_BAD_INPUT
 * with the field "z", "x", "y" or "tile". */
enum road_status request_tile(const char *tail, struct map_tile *ret_tile, struct request_error *ret_error);

#endif
