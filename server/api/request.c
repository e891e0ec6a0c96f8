#include "server/api/request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In order: the first that fits wins. A prefix that ends with '/' takes a tail; others are the whole address. */
static const struct {
    const char *prefix;
    enum route route;
} routes[] = {
    {"/healthz", ROUTE_HEALTHZ},
    {"/metrics", ROUTE_METRICS},
    {"/v1/summary", ROUTE_SUMMARY},
    {"/v1/config", ROUTE_CONFIG},
    {"/v1/truth", ROUTE_TRUTH},
    {"/v1/cells/at", ROUTE_CELL_AT},
    {"/v1/cells", ROUTE_CELLS},
    {"/v1/cells/", ROUTE_CELL},
    {"/v1/defects", ROUTE_DEFECTS},
    {"/v1/defects/", ROUTE_DEFECT},
    {"/v1/features", ROUTE_FEATURES},
    {"/v1/nodes", ROUTE_NODES},
    {"/v1/changes", ROUTE_CHANGES},
    {"/v1/roads", ROUTE_ROADS},
    {"/v1/coverage", ROUTE_COVERAGE},
    {"/v1/coverage/next", ROUTE_COVERAGE_NEXT},
    {"/v1/roads/", ROUTE_ROAD},
    {"/v1/segments/", ROUTE_SEGMENT},
    {"/r/", ROUTE_ROAD_PAGE},
    {"/R/", ROUTE_ROAD_PAGE},
    {"/v1/proof/", ROUTE_PROOF},
    {"/v1/entries/", ROUTE_ENTRY},
    {"/events", ROUTE_EVENTS},
    {"/tiles/", ROUTE_TILE},
    {"/log/", ROUTE_LOG},
    {"/v1/", ROUTE_NONE},
    {"/", ROUTE_PAGE},
};

static void find_route(const char *path, struct request *request)
{
    request->route = ROUTE_NONE;
    request->tail = "";
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const size_t length = strlen(routes[i].prefix);
        const bool takes_tail = routes[i].prefix[length - 1] == '/';
        if (takes_tail ? strncmp(path, routes[i].prefix, length) == 0 : strcmp(path, routes[i].prefix) == 0) {
            request->route = routes[i].route;
            request->tail = path + (takes_tail ? length : strlen(path));
            return;
        }
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes text[0 .. length) into ret_text with a NUL behind; '+' is a blank only in queries. */
static bool decode(const char *text, size_t length, bool is_query, char *ret_text)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7F)
            return false;
        ret_text[used++] = c;
    }
    ret_text[used] = '\0';
    return true;
}

/* One "name=value" of a query; *room moves behind what was decoded. */
static enum road_status add_parameter(struct request *request, const char *pair, size_t length, char **room,
                                      struct request_error *ret_error)
{
    const char *equals = memchr(pair, '=', length);
    const size_t name_length = equals ? (size_t)(equals - pair) : length;
    char *name = *room, *value;

    if (request->n_parameters == REQUEST_PARAMETERS_MAX) {
        *ret_error = (struct request_error){"too many parameters", NULL};
        return ROAD_BAD_INPUT;
    }
    if (!decode(pair, name_length, true, name))
        goto broken;
    value = name + strlen(name) + 1;
    if (!equals)
        *--value = '\0'; /* shares the name's NUL: an empty value */
    else if (!decode(equals + 1, length - name_length - 1, true, value))
        goto broken;
    if (request_text(request, name)) {
        *ret_error = (struct request_error){"a parameter is given twice", NULL};
        return ROAD_BAD_INPUT;
    }
    request->parameters[request->n_parameters++] = (struct request_parameter){name, value};
    *room = value + strlen(value) + 1;
    return ROAD_OK;
broken:
    *ret_error = (struct request_error){"the query holds a broken escape or a control character", NULL};
    return ROAD_BAD_INPUT;
}

enum road_status request_parse(const char *target, struct request *ret_request, struct request_error *ret_error)
{
    struct request *request = ret_request;
    const size_t length = strnlen(target, REQUEST_TARGET_MAX + 1), path_length = strcspn(target, "?");
    enum road_status status = ROAD_OK;

    request->route = ROUTE_NONE;
    request->tail = "";
    request->n_parameters = 0;
    if (length > REQUEST_TARGET_MAX) {
        *ret_error = (struct request_error){"the address is longer than 1,024 bytes", NULL};
        return ROAD_TOO_LARGE;
    }
    if (target[0] != '/' || !decode(target, path_length, false, request->text)) {
        *ret_error = (struct request_error){"the address is not a path, or holds a broken escape", NULL};
        return ROAD_BAD_INPUT;
    }
    char *room = request->text + strlen(request->text) + 1;
    for (const char *pair = target + path_length; *pair && !status;) {
        const size_t pair_length = strcspn(++pair, "&");
        if (pair_length > 0)
            status = add_parameter(request, pair, pair_length, &room, ret_error);
        pair += pair_length;
    }
    if (!status)
        find_route(request->text, request);
    return status;
}

const char *request_text(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->n_parameters; i++)
        if (strcmp(request->parameters[i].name, name) == 0)
            return request->parameters[i].value;
    return NULL;
}

/* A finite decimal number that ends at `end`; not hex, not "inf", not with blanks before it. */
static bool read_number(const char *text, char end, const char **ret_end, double *ret_number)
{
    char *stop;

    if (strspn(text, "0123456789+-.eE") == 0)
        return false;
    const double number = strtod(text, &stop);
    if (stop == text || *stop != end || !isfinite(number) || memchr(text, 'x', (size_t)(stop - text)) ||
        memchr(text, 'X', (size_t)(stop - text)))
        return false;
    *ret_end = stop;
    *ret_number = number;
    return true;
}

enum road_status request_number(const struct request *request, const char *name, double least, double most,
                                double *ret_number)
{
    const char *text = request_text(request, name), *end;
    double number;

    if (!text)
        return ROAD_NOT_FOUND;
    if (!read_number(text, '\0', &end, &number))
        return ROAD_BAD_INPUT;
    if (number < least || number > most)
        return ROAD_BAD_RANGE;
    *ret_number = number;
    return ROAD_OK;
}

enum road_status request_count(const char *text, int64_t *ret_count)
{
    const size_t digits = strspn(text, "0123456789");
    int64_t count = 0;

    if (digits == 0 || text[digits] != '\0')
        return ROAD_BAD_INPUT;
    for (size_t i = 0; i < digits; i++)
        if (__builtin_mul_overflow(count, 10, &count) || __builtin_add_overflow(count, text[i] - '0', &count))
            return ROAD_BAD_RANGE;
    *ret_count = count;
    return ROAD_OK;
}

enum road_status request_limit(const struct request *request, int *ret_limit)
{
    const char *text = request_text(request, "limit");
    int64_t limit = REQUEST_LIMIT_DEFAULT;

    const enum road_status status = text ? request_count(text, &limit) : ROAD_OK;
    if (status)
        return status;
    if (limit < 1 || limit > REQUEST_LIMIT_MAX)
        return ROAD_BAD_RANGE;
    *ret_limit = (int)limit;
    return ROAD_OK;
}

enum road_status request_box(const struct request *request, double side_max, double ret_box[4])
{
    const char *text = request_text(request, "bbox");
    double box[4];

    if (!text)
        return ROAD_NOT_FOUND;
    for (int i = 0; i < 4; i++) {
        if (!read_number(text, i < 3 ? ',' : '\0', &text, &box[i]))
            return ROAD_BAD_INPUT;
        text += i < 3;
    }
    if (box[0] < -180 || box[2] > 180 || box[1] < -90 || box[3] > 90 || !(box[0] < box[2]) || !(box[1] < box[3]))
        return ROAD_BAD_RANGE;
    /* A billionth of a degree of grace, so that a box of just side_max passes whatever its rounding. */
    if (box[2] - box[0] > side_max + 1e-9 || box[3] - box[1] > side_max + 1e-9)
        return ROAD_BAD_RANGE;
    memcpy(ret_box, box, sizeof box);
    return ROAD_OK;
}

/* Decimal digits of a tile's number up to `end`; advances *text behind it. */
static bool read_tile_number(const char **text, char end, int64_t most, int64_t *ret_number)
{
    const size_t digits = strspn(*text, "0123456789");

    if (digits == 0 || digits > 8 || (*text)[digits] != end)
        return false;
    *ret_number = strtoll(*text, NULL, 10);
    *text += digits + 1;
    return *ret_number <= most;
}

enum road_status request_tile(const char *tail, struct map_tile *ret_tile, struct request_error *ret_error)
{
    static const char *const layers[LAYER_COUNT] = {"cells/", "defects/", "roads/", "segments/"};
    int64_t zoom, x, y;
    int layer = -1;

    for (int i = 0; i < LAYER_COUNT; i++)
        if (strncmp(tail, layers[i], strlen(layers[i])) == 0)
            layer = i;
    if (layer < 0) {
        *ret_error = (struct request_error){"there is no such layer: cells, defects, roads, segments", "layer"};
        return ROAD_NOT_FOUND;
    }
    tail += strlen(layers[layer]);
    if (!read_tile_number(&tail, '/', TILE_ZOOM_MAX, &zoom)) {
        *ret_error = (struct request_error){"the zoom is a whole number from 0 to 22", "z"};
        return ROAD_BAD_RANGE;
    }
    const int64_t last = (INT64_C(1) << zoom) - 1;
    if (!read_tile_number(&tail, '/', last, &x)) {
        *ret_error = (struct request_error){"the column is not one of this zoom", "x"};
        return ROAD_BAD_RANGE;
    }
    if (!read_tile_number(&tail, '.', last, &y)) {
        *ret_error = (struct request_error){"the row is not one of this zoom", "y"};
        return ROAD_BAD_RANGE;
    }
    if (strcmp(tail, "mvt") != 0) {
        *ret_error = (struct request_error){"tiles end with .mvt", "tile"};
        return ROAD_BAD_INPUT;
    }
    *ret_tile = (struct map_tile){(enum tile_layer)layer, (int)zoom, (uint32_t)x, (uint32_t)y};
    return ROAD_OK;
}
