/* tile_cells.h - layer `cells` of a vector tile: what is known of the road, near and from far.
 *
 * Near (from zoom 17) the squares themselves: one with a reason is a feature of its own with its id, plain ones are
 * features of many rectangles by code, paleness and level. Further away squares of 4 m to 65 km with the worst code and
 * shares of area, equal neighbours joined too. At one place the finest known square is drawn. */
#ifndef SERVER_API_TILE_CELLS_H
#define SERVER_API_TILE_CELLS_H

#include "server/api/reader.h"
#include "server/api/tile_frame.h"

#define TILE_CELLS_ZOOM 17 /* from here on the squares themselves */

/* Appends the layer to a tile, unless nothing is there. */
enum road_status tile_cells(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes);

#endif
