#include "server/api/tile_make.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "server/api/defects.h"
#include "server/api/json.h"
#include "server/api/tile_segments.h"
#include "server/store/words.h"

#define GZIP_WINDOW (15 + 16)
#define GZIP_LEVEL 4 /* of 1..9: 6 costs twice the time for 4 % fewer bytes on tiles of cells */
#define NO_VALUE UINT32_MAX

/* A layer with the few values that many features share. */
struct cell_layer {
    struct mvt_layer layer;
    const struct tile_frame *frame;
    uint32_t codes[4], flags[2], levels[CELL_LEVEL_MAX + 1], shares[101];
};

static const char *const cell_keys[] = {"id", "code", "pale", "level", "red", "yellow", "green"};
enum { KEY_ID, KEY_CODE, KEY_PALE, KEY_LEVEL, KEY_RED, KEY_YELLOW, KEY_GREEN, CELL_KEYS };

static void cell_layer_init(struct cell_layer *cells, const struct tile_frame *frame)
{
    mvt_layer_init(&cells->layer);
    cells->frame = frame;
    for (unsigned i = 0; i < 4; i++)
        cells->codes[i] = mvt_value_uint(&cells->layer, i);
    for (unsigned i = 0; i < 2; i++)
        cells->flags[i] = mvt_value_bool(&cells->layer, i != 0);
    for (unsigned i = 0; i <= CELL_LEVEL_MAX; i++)
        cells->levels[i] = NO_VALUE;
    for (unsigned i = 0; i <= 100; i++)
        cells->shares[i] = NO_VALUE;
}

static void begin_square(struct cell_layer *cells, struct cell cell, int code, bool is_pale)
{
    const int level = cell_level(cell);
    char id[24];

    snprintf(id, sizeof id, "%" PRIu64, cell.id);
    if (cells->levels[level] == NO_VALUE)
        cells->levels[level] = mvt_value_uint(&cells->layer, (uint64_t)level);
    mvt_feature_begin(&cells->layer);
    mvt_tag(&cells->layer, KEY_ID, mvt_value_text(&cells->layer, id));
    mvt_tag(&cells->layer, KEY_CODE, cells->codes[code]);
    mvt_tag(&cells->layer, KEY_PALE, cells->flags[is_pale]);
    mvt_tag(&cells->layer, KEY_LEVEL, cells->levels[level]);
}

/* Shares are whole percents. */
static uint32_t share_value(struct cell_layer *cells, int64_t part, int64_t whole)
{
    const int64_t percent = (200 * part + whole) / (2 * whole);
    uint32_t *value = &cells->shares[percent < 0 ? 0 : percent > 100 ? 100 : percent];

    if (*value == NO_VALUE)
        *value = mvt_value_double(&cells->layer, (double)(value - cells->shares) / 100);
    return *value;
}

/* Known cells of a tile, ascending ids. */
struct known {
    struct cell cell;
    uint8_t code;
    bool is_pale;
};
struct known_list {
    struct known *rows;
    size_t n, capacity;
};

static enum road_status push_known(struct known_list *list, struct known row)
{
    if (list->n == list->capacity) {
        const size_t capacity = 2 * list->capacity + 1024;
        struct known *rows = realloc(list->rows, capacity * sizeof *rows);
        if (!rows)
            return ROAD_NO_MEMORY;
        list->rows = rows;
        list->capacity = capacity;
    }
    list->rows[list->n++] = row;
    return ROAD_OK;
}

static enum road_status read_known(struct reader *reader, const struct tile_frame *frame, struct known_list *list)
{
    struct id_range ranges[PLACE_RANGES_MAX];
    enum road_status status = ROAD_OK, end = ROAD_OK;
    size_t n;

    place_cover(frame->zone, &frame->box, ranges, &n);
    for (size_t i = 0; i < n && !status && !end; i++) {
        sqlite3_stmt *s = reader_query(reader, QUERY_CELL_CODES);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)ranges[i].first);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)ranges[i].last);
        while (!status && reader_step(s, &end)) {
            const struct known row = {{(uint64_t)sqlite3_column_int64(s, 0)},
                                      (uint8_t)(sqlite3_column_int(s, 1) & 3),
                                      sqlite3_column_int(s, 2) != 0};
            if (cell_is_valid(row.cell))
                status = push_known(list, row);
        }
    }
    return status ? status : end;
}

/* The first row at or behind an id, among rows [low, high). */
static size_t first_row(const struct known_list *list, size_t low, size_t high, uint64_t id)
{
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (list->rows[middle].cell.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Draws what of a square is not under a known cell inside it; [low, high) are the rows below the square. */
static void put_pieces(struct cell_layer *cells, const struct known_list *list, struct cell square, size_t low,
                       size_t high)
{
    if (low == high) {
        tile_frame_square(cells->frame, square, &cells->layer);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        const struct cell child = place_child(square, i);
        uint64_t first, last;
        cell_range(child, &first, &last);
        const size_t from = first_row(list, low, high, first), behind = first_row(list, from, high, last + 1);
        const size_t self = first_row(list, from, behind, child.id);
        const bool is_known = self < behind && list->rows[self].cell.id == child.id;
        if (!is_known && place_box_meets(&cells->frame->box, child))
            put_pieces(cells, list, child, from, behind);
    }
}

static void put_known(struct cell_layer *cells, const struct known_list *list, size_t i)
{
    const struct known *row = &list->rows[i];
    uint64_t first, last;

    cell_range(row->cell, &first, &last);
    const size_t low = first_row(list, 0, i, first), high = first_row(list, i, list->n, last + 1);
    begin_square(cells, row->cell, row->code, row->is_pale);
    if (high - low == 1)
        tile_frame_square(cells->frame, row->cell, &cells->layer);
    else
        put_pieces(cells, list, row->cell, low, high);
    mvt_feature_end(&cells->layer, MVT_POLYGON);
}

static enum road_status make_known(struct reader *reader, struct cell_layer *cells)
{
    struct known_list list = {.n = 0};

    const enum road_status status = read_known(reader, cells->frame, &list);
    for (size_t i = 0; i < list.n && !status; i++)
        if (place_box_meets(&cells->frame->box, list.rows[i].cell))
            put_known(cells, &list, i);
    free(list.rows);
    return status;
}

/* Areas by enum road_code of one roll-up square; false if nothing is known there. */
static bool read_square(struct reader *reader, struct cell square, int64_t ret_area[4], enum road_status *status)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_SQUARE);

    sqlite3_bind_int64(s, 1, (sqlite3_int64)square.id);
    if (!reader_step(s, status))
        return false;
    ret_area[CODE_RED] = sqlite3_column_int64(s, 0);
    ret_area[CODE_YELLOW] = sqlite3_column_int64(s, 1);
    ret_area[CODE_GREEN] = sqlite3_column_int64(s, 2);
    sqlite3_reset(s);
    return ret_area[CODE_RED] + ret_area[CODE_YELLOW] + ret_area[CODE_GREEN] > 0;
}

static void put_square(struct cell_layer *cells, struct cell square, const int64_t area[4])
{
    const int64_t whole = area[CODE_RED] + area[CODE_YELLOW] + area[CODE_GREEN];
    const int worst = area[CODE_RED] > 0 ? CODE_RED : area[CODE_YELLOW] > 0 ? CODE_YELLOW : CODE_GREEN;

    begin_square(cells, square, worst, false);
    mvt_tag(&cells->layer, KEY_RED, share_value(cells, area[CODE_RED], whole));
    mvt_tag(&cells->layer, KEY_YELLOW, share_value(cells, area[CODE_YELLOW], whole));
    mvt_tag(&cells->layer, KEY_GREEN, share_value(cells, area[CODE_GREEN], whole));
    tile_frame_square(cells->frame, square, &cells->layer);
    mvt_feature_end(&cells->layer, MVT_POLYGON);
}

/* Walks down to `level` through squares where something is known; roll-ups are kept at even levels up to 16. */
static enum road_status walk_squares(struct reader *reader, struct cell_layer *cells, struct cell square, int level)
{
    enum road_status status = ROAD_OK;
    const int own = cell_level(square);
    int64_t area[4] = {0};

    if (!place_box_meets(&cells->frame->box, square))
        return ROAD_OK;
    if (own <= 16 && own % 2 == 0 && !read_square(reader, square, area, &status))
        return status;
    if (own == level) {
        put_square(cells, square, area);
        return ROAD_OK;
    }
    for (unsigned i = 0; i < 4 && !status; i++)
        status = walk_squares(reader, cells, place_child(square, i), level);
    return status;
}

static enum road_status make_squares(struct reader *reader, struct cell_layer *cells)
{
    const int level = tile_square_level(cells->frame->tile);
    enum road_status status = ROAD_OK;
    struct cell roots[16];
    size_t n;

    place_roots(cells->frame->zone, &cells->frame->box, roots, &n);
    for (size_t i = 0; i < n && !status; i++)
        status = walk_squares(reader, cells, roots[i], level);
    return status;
}

static enum road_status make_cells(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes)
{
    struct cell_layer cells;

    cell_layer_init(&cells, frame);
    const enum road_status status =
        frame->tile.zoom >= TILE_CELLS_ZOOM ? make_known(reader, &cells) : make_squares(reader, &cells);
    if (!status)
        mvt_layer_finish(&cells.layer, "cells", cell_keys, CELL_KEYS, ret_bytes);
    mvt_layer_done(&cells.layer);
    return status;
}

static const char *const defect_keys[] = {"id", "type", "state", "severity", "code", "sigma_m"};

static void put_defect(struct mvt_layer *layer, const struct tile_frame *frame, const struct defect_row *row)
{
    const struct defect_type *type = catalogue_type(row->type);
    const struct tile_place place = tile_frame_place(frame, row->at);
    double major_mm, minor_mm, bearing_deg;

    if (!(place.x >= -TILE_BUFFER && place.x <= MVT_EXTENT + TILE_BUFFER && place.y >= -TILE_BUFFER &&
          place.y <= MVT_EXTENT + TILE_BUFFER))
        return;
    covariance_axes(row->covariance, &major_mm, &minor_mm, &bearing_deg);
    mvt_feature_begin(layer);
    mvt_tag(layer, 0, mvt_value_text(layer, row->id));
    mvt_tag(layer, 1, mvt_value_text(layer, type ? type->code : "unknown"));
    mvt_tag(layer, 2, mvt_value_text(layer, defect_state_text(row->state)));
    mvt_tag(layer, 3, mvt_value_text(layer, severity_text(row->severity)));
    mvt_tag(layer, 4, mvt_value_uint(layer, (uint64_t)defect_row_code(row)));
    mvt_tag(layer, 5, mvt_value_double(layer, major_mm / 1000));
    mvt_put_point(layer, (struct mvt_point){(int32_t)lround(place.x), (int32_t)lround(place.y)});
    mvt_feature_end(layer, MVT_POINT);
}

static enum road_status make_defects(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes)
{
    struct id_range ranges[PLACE_RANGES_MAX];
    enum road_status status = ROAD_OK;
    struct mvt_layer layer;
    struct defect_row row;
    size_t n;

    if (frame->tile.zoom < TILE_DEFECTS_ZOOM)
        return ROAD_OK;
    mvt_layer_init(&layer);
    place_cover(frame->zone, &frame->box, ranges, &n);
    for (size_t i = 0; i < n && !status; i++) {
        sqlite3_stmt *s = reader_query(reader, QUERY_DEFECTS_NEAR);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)ranges[i].first);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)ranges[i].last);
        while (reader_step(s, &status)) {
            defect_row_read(s, &row);
            if (row.state == DEFECT_SUSPECTED || row.state == DEFECT_CONFIRMED)
                put_defect(&layer, frame, &row);
        }
    }
    if (!status)
        mvt_layer_finish(&layer, "defects", defect_keys, 6, ret_bytes);
    mvt_layer_done(&layer);
    return status;
}

static const char *const road_keys[] = {"name", "class"};

static enum road_status put_road(struct mvt_layer *layer, const struct tile_frame *frame, const struct road_line *line)
{
    struct tile_place *places = malloc(line->n_points * sizeof *places);

    if (!places)
        return ROAD_NO_MEMORY;
    for (size_t i = 0; i < line->n_points; i++)
        places[i] = tile_frame_mercator(frame, line->points[i].x, line->points[i].y);
    mvt_feature_begin(layer);
    if (line->name[0])
        mvt_tag(layer, 0, mvt_value_text(layer, line->name));
    if (line->class[0])
        mvt_tag(layer, 1, mvt_value_text(layer, line->class));
    tile_frame_line(places, line->n_points, layer);
    mvt_feature_end(layer, MVT_LINE);
    free(places);
    return ROAD_OK;
}

static enum road_status make_roads(const struct roads *roads, const struct tile_frame *frame, struct bytes *ret_bytes)
{
    const double tiles = ldexp(1, frame->tile.zoom), margin = (double)TILE_BUFFER / MVT_EXTENT;
    const double west = (frame->tile.x - margin) / tiles, east = (frame->tile.x + 1 + margin) / tiles;
    const double north = (frame->tile.y - margin) / tiles, south = (frame->tile.y + 1 + margin) / tiles;
    enum road_status status = ROAD_OK;
    struct mvt_layer layer;

    mvt_layer_init(&layer);
    for (size_t i = 0; i < roads->n_lines && !status; i++) {
        const struct road_line *line = &roads->lines[i];
        if (line->west_x <= east && line->east_x >= west && line->north_y <= south && line->south_y >= north)
            status = put_road(&layer, frame, line);
    }
    if (!status)
        mvt_layer_finish(&layer, "roads", road_keys, 2, ret_bytes);
    mvt_layer_done(&layer);
    return status;
}

enum road_status tile_make(struct reader *reader, const struct roads *roads, struct grid_zone zone,
                           struct map_tile tile, struct bytes *ret_bytes)
{
    struct tile_frame frame = {.tile = tile};
    enum road_status status = ROAD_OK;

    if (tile.layer != LAYER_ROADS)
        status = tile_frame_init(zone, tile, &frame);
    if (status == ROAD_NOT_FOUND)
        return ROAD_OK; /* another part of the world: nothing is there */
    if (!status && tile.layer == LAYER_CELLS)
        status = make_cells(reader, &frame, ret_bytes);
    else if (!status && tile.layer == LAYER_DEFECTS)
        status = make_defects(reader, &frame, ret_bytes);
    else if (!status && tile.layer == LAYER_SEGMENTS)
        status = tile_make_segments(reader, &frame, ret_bytes);
    else if (!status)
        status = make_roads(roads, &frame, ret_bytes);
    return !status && ret_bytes->is_bad ? ROAD_TOO_LARGE : status;
}

enum road_status tile_pack(const struct bytes *bytes, struct tile_body **ret_body)
{
    z_stream z = {.zalloc = Z_NULL};
    uint8_t digest[SHA256_SIZE];
    char hex[17];

    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return ROAD_NO_MEMORY;
    const size_t capacity = deflateBound(&z, bytes->length);
    struct tile_body *body = malloc(sizeof *body + capacity);
    if (!body) {
        deflateEnd(&z);
        return ROAD_NO_MEMORY;
    }
    z.next_in = bytes->data;
    z.avail_in = (uInt)bytes->length;
    z.next_out = body->data;
    z.avail_out = (uInt)capacity;
    const int code = deflate(&z, Z_FINISH);
    body->length = capacity - z.avail_out;
    deflateEnd(&z);
    if (code != Z_STREAM_END) {
        free(body);
        return ROAD_NO_MEMORY;
    }
    sha256(bytes->data, bytes->length, digest);
    snprintf(body->etag, sizeof body->etag, "\"%s\"", hex_format(digest, 8, hex));
    atomic_init(&body->references, 1);
    *ret_body = body;
    return ROAD_OK;
}

enum road_status tile_unpack(const struct tile_body *body, struct bytes *ret_bytes)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)body->data, .avail_in = (uInt)body->length};
    int code = Z_OK;

    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return ROAD_NO_MEMORY;
    while (code == Z_OK) {
        uint8_t *room = bytes_reserve(ret_bytes, 65536);
        if (!room)
            break;
        z.next_out = room;
        z.avail_out = 65536;
        code = inflate(&z, Z_NO_FLUSH);
        ret_bytes->length += 65536 - z.avail_out;
    }
    inflateEnd(&z);
    return code == Z_STREAM_END ? ROAD_OK : ROAD_NO_MEMORY;
}
