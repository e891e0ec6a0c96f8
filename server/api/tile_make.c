#include "server/api/tile_make.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "server/api/defects.h"
#include "server/api/json.h"
#include "server/api/tile_cells.h"
#include "server/api/tile_segments.h"
#include "server/store/words.h"

#define GZIP_WINDOW (15 + 16)
#define GZIP_LEVEL 4 /* of 1..9: 6 costs twice the time for 4 % fewer bytes on tiles of cells */

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
        status = tile_cells(reader, &frame, ret_bytes);
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
