/* tile_make.h - the content of a vector tile: known cells near, roll-up squares from far, defects, roads.
 *
 * At one place the finest known cell is drawn: a coarse square leaves out what lies under known cells inside it. */
#ifndef SERVER_API_TILE_MAKE_H
#define SERVER_API_TILE_MAKE_H

#include "server/api/reader.h"
#include "server/api/roads.h"
#include "server/api/tile_cache.h"
#include "server/api/tile_frame.h"

#define TILE_DEFECTS_ZOOM 13 /* before it no defects */

/* The tile, not compressed, appended to ret_bytes (empty if nothing is there). `reader` may be NULL for roads. */
enum road_status tile_make(struct reader *reader, const struct roads *roads, struct grid_zone zone,
                           struct map_tile tile, struct bytes *ret_bytes);
/* Compressed and with its ETag; the caller's reference. */
enum road_status tile_pack(const struct bytes *bytes, struct tile_body **ret_body);
/* Undoes the compression, for a client without gzip. */
enum road_status tile_unpack(const struct tile_body *body, struct bytes *ret_bytes);

#endif
