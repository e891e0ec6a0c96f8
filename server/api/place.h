/* place.h - from degrees to ranges of cell ids and back to outlines in degrees.
 *
 * Pure; any thread. A box of degrees becomes the box of metres that holds it (a superset: the frame is turned against
 * north by up to a few degrees), and that becomes ascending ranges of ids. */
#ifndef SERVER_API_PLACE_H
#define SERVER_API_PLACE_H

#include "grid/cell.h"
#include "grid/shape.h"

struct grid_box {
    int64_t west_mm, south_mm, east_mm, north_mm;
};

struct id_range {
    uint64_t first, last;
};
#define PLACE_RANGES_MAX 512

/* `degrees`: west, south, east, north. ROAD_NOT_FOUND if no part of it lies in the zone's frame. */
enum road_status place_box(struct grid_zone zone, const double degrees[4], struct grid_box *ret_box);
bool place_box_meets(const struct grid_box *box, struct cell cell);
/* The ids of all cells, of every level, that meet the box and, below one cell in eight by eight of it, some that lie
 * just beside it. Ascending, disjoint. */
void place_cover(struct grid_zone zone, const struct grid_box *box, struct id_range ret_ranges[PLACE_RANGES_MAX],
                 size_t *ret_count);
/* The squares of level 20 that meet the box, ascending: where a walk down the levels starts. At most 16. */
void place_roots(struct grid_zone zone, const struct grid_box *box, struct cell ret_roots[16], size_t *ret_count);
/* The four squares one level below, ascending ids. level >= 1. */
struct cell place_child(struct cell cell, unsigned child);

/* Corners as lon, lat: south-west, south-east, north-east, north-west, south-west. */
enum road_status place_ring(struct cell cell, double ret_ring[5][2]);
/* West, south, east, north of such a ring. */
void place_ring_bounds(double ring[5][2], double ret_bounds[4]);
/* The 95 % ellipse of a position (2.4477 sigma), closed, lon and lat. */
#define PLACE_ELLIPSE_POINTS 33
enum road_status place_ellipse(struct grid_zone zone, struct grid_point centre, struct grid_covariance covariance,
                               double ret_ring[PLACE_ELLIPSE_POINTS][2]);

#endif
