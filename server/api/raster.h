/* raster.h - the squares of one level inside a box as a picture of numbers, and back to rectangles.
 *
 * Coarse squares are painted first and finer ones over them, so that at one place the finest stays; equal neighbours
 * then become one rectangle each, so that a road costs a few corners and not four a square. Pure; any thread. */
#ifndef SERVER_API_RASTER_H
#define SERVER_API_RASTER_H

#include "server/api/place.h"

struct raster {
    int level;             /* of a point: 2^level m */
    int64_t column, row;   /* of the south-west point, in points from the frame's corner */
    int width, height;
    uint32_t *values;      /* row by row from the south; 0 = nothing */
};

/* Points of a run of equal rows: columns [x0, x1), rows [y0, y1). */
struct raster_rectangle {
    uint32_t value;
    int x0, x1, y0, y1;
};

/* All points that meet the box, empty. ROAD_TOO_LARGE beyond RASTER_POINTS_MAX. */
#define RASTER_POINTS_MAX (1 << 22)
enum road_status raster_init(struct raster *raster, const struct grid_box *box, int level);
void raster_done(struct raster *raster);
/* Paints a square of the raster's level or above, as far as it lies inside. */
void raster_paint(struct raster *raster, struct cell square, uint32_t value);
/* The 64 squares of a leaf (message.h), values in Morton order; 0 leaves what is there. */
void raster_paint_leaf(struct raster *raster, struct cell leaf, const uint32_t values[64]);
/* The point that holds the cell, of the raster's level or below; NULL if it lies outside. */
uint32_t *raster_at(const struct raster *raster, struct cell cell);
/* Rectangles ascending by value, from malloc. */
enum road_status raster_rectangles(const struct raster *raster, struct raster_rectangle **ret_rectangles, size_t *ret_count);
/* South-west corner of the point (x, y) in the frame; x may be the width, y the height. */
struct grid_point raster_corner(const struct raster *raster, int x, int y);

#endif
