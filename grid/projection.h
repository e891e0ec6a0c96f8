/* projection.h - degrees to metres and back: 3-degree Gauss-Krueger (transverse Mercator, k0 = 1,
 * false easting 500 km, false northing 0 north / 10,000 km south) on the GRS80 = CGCS2000 ellipsoid.
 *
 * The central meridian belongs to the deployment and is never derived per point. Inside +-2 degrees of
 * it and up to 84 degrees a polynomial per 0.25 degree band is used (coefficients frozen as hex floats,
 * generator in grid/tools): the same bits on every machine, 4 nm from the exact projection. Beyond, up to 10
 * degrees, the Krueger series, whose last bits (1e-9 m) are those of the machine's libm; so is the way back
 * to degrees. Millimetres are llround(metres * 1000). No allocation, no state; any thread. */
#ifndef GRID_PROJECTION_H
#define GRID_PROJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define GRID_FALSE_EASTING_M        500e3
#define GRID_FALSE_NORTHING_SOUTH_M 10000e3

/* A deployment's frame: central meridian in degrees east, a multiple of 3 in 0..357, and hemisphere. */
struct grid_zone {
    int meridian_deg;
    bool is_south;
};

/* A place in a zone's frame, in millimetres. */
struct grid_point {
    int64_t e_mm;
    int64_t n_mm;
};

bool grid_zone_is_valid(struct grid_zone zone);
/* The zone whose meridian is nearest to the longitude. */
struct grid_zone grid_zone_nearest(double lat_deg, double lon_deg);

/* ROAD_BAD_RANGE: not finite, |lat| > 84, wrong hemisphere by more than 1 degree, or > 10 degrees from the
 * meridian. A zone's frame ends earlier in the east and west, see cell_from_point. */
enum road_status grid_project(struct grid_zone zone, double lat_deg, double lon_deg,
                              struct grid_point *ret_point);
/* The same in metres, before rounding; for oracles and sub-millimetre work. */
enum road_status grid_project_m(struct grid_zone zone, double lat_deg, double lon_deg, double *ret_e_m,
                                double *ret_n_m);
enum road_status grid_unproject(struct grid_zone zone, struct grid_point point, double *ret_lat_deg,
                                double *ret_lon_deg);

#endif
