/* shape.h - which cells a line, a polygon or an ellipse touches.
 *
 * All functions fill the caller's array and report through *ret_count how many cells there are; when that
 * is more than `capacity` they return ROAD_FULL with the first `capacity` filled. Cells come once each, in
 * ascending id order for areas, in travel order for lines. No allocation. At most 2^22 cells are visited;
 * beyond that ROAD_TOO_LARGE. */
#ifndef GRID_SHAPE_H
#define GRID_SHAPE_H

#include "grid/cell.h"

/* A 2x2 covariance in mm^2: ee = var(east), en = cov(east, north), nn = var(north). */
struct grid_covariance {
    double ee_mm2, en_mm2, nn_mm2;
};

/* Every cell that holds a point of the closed segment a..b, exactly; docs/grid.md tells what happens at
 * corners. */
enum road_status cells_on_line(struct grid_zone zone, struct grid_point a, struct grid_point b, int level,
                               struct cell *ret_cells, size_t capacity, size_t *ret_count);
/* Cells whose centre lies inside the simple polygon (even-odd); it closes itself. n >= 3. */
enum road_status cells_in_polygon(struct grid_zone zone, const struct grid_point *corners, size_t n,
                                  int level, struct cell *ret_cells, size_t capacity, size_t *ret_count);
/* Cells whose centre lies within k sigma of `centre`; there may be none. ROAD_BAD_RANGE if the covariance is
 * not positive definite. */
enum road_status cells_in_ellipse(struct grid_zone zone, struct grid_point centre,
                                  struct grid_covariance covariance, double k, int level,
                                  struct cell *ret_cells, size_t capacity, size_t *ret_count);
/* The probability that a Gaussian position lies inside the cell (exact along axes, Gauss-Legendre for the
 * correlated rest; error below 1e-6). A covariance that is not positive definite counts as a point. */
double cell_probability(struct cell cell, struct grid_point mean, struct grid_covariance covariance);

/* The cells a defect is painted on: the fewest squares of one level that hold >= 80 % of the position;
 * 1 m where that takes <= 4, else 4 m where <= 4, else 16 m (at most 16 of them). Most probable first. */
enum road_status cells_to_paint(struct grid_zone zone, struct grid_point mean,
                                struct grid_covariance covariance, struct cell ret_cells[16],
                                size_t *ret_count);

/* Semi-axes (1 sigma, mm) and the direction of the major one, degrees clockwise from north. */
void covariance_axes(struct grid_covariance covariance, double *ret_major_mm, double *ret_minor_mm,
                     double *ret_bearing_deg);

#endif
