/* tile_frame.h - where things of the grid lie on one vector tile.
 *
 * From zoom 11 (tiles under 20 km) a lattice of 5 x 5 exact points and bilinear steps between them serve for what lies
 * inside the tile's box; the error is below d^2 / 8R with d a quarter of the tile, under a tenth of a unit of 1/4096.
 * Everything else is projected exactly. Pure; any thread. */
#ifndef SERVER_API_TILE_FRAME_H
#define SERVER_API_TILE_FRAME_H

#include "server/api/mvt.h"
#include "server/api/place.h"
#include "server/api/request.h"

#define TILE_BUFFER 256 /* units that are drawn beyond each side */
#define TILE_LATTICE 4  /* steps a side */

struct tile_frame {
    struct grid_zone zone;
    struct map_tile tile;
    struct grid_box box; /* holds tile and buffer */
    bool has_lattice;
    double x[TILE_LATTICE + 1][TILE_LATTICE + 1], y[TILE_LATTICE + 1][TILE_LATTICE + 1]; /* [north][east] */
};

struct tile_place {
    double x, y; /* units, 0..4096 inside the tile */
};

/* ROAD_NOT_FOUND if the tile lies outside the zone's frame. The box holds the tile and its buffer. */
enum road_status tile_frame_box(struct grid_zone zone, struct map_tile tile, struct grid_box *ret_box);
enum road_status tile_frame_init(struct grid_zone zone, struct map_tile tile, struct tile_frame *ret_frame);
struct tile_place tile_frame_place(const struct tile_frame *frame, struct grid_point point);
struct tile_place tile_frame_mercator(const struct tile_frame *frame, double x, double y);
/* A rectangle of the grid as a ring of the feature under way, cut at the buffer's edge; nothing if it lies outside. */
void tile_frame_rectangle(const struct tile_frame *frame, struct grid_point south_west, struct grid_point north_east,
                          struct mvt_layer *layer);
/* A line of 2 or more places likewise, perhaps in several pieces. */
void tile_frame_line(const struct tile_place *places, size_t n, struct mvt_layer *layer);
/* Metres of ground to 1/512 of the tile's side (a pixel of the map) at the tile's middle. */
double tile_metres_per_pixel(struct map_tile tile);
/* Metres of ground to one of its 4096 units. */
double tile_metres_per_unit(struct map_tile tile);
/* Size of a map tile's pixels decides the squares: the smallest even level of at least three of them. */
int tile_square_level(struct map_tile tile);

#endif
