#include "grid/projection.h"

#include <math.h>

#include "grid/band.h"
#include "grid/krueger.h"
#include "grid/rounding.h"

#define LAT_LIMIT_DEG        84.0
#define LON_LIMIT_DEG        10.0
#define OTHER_HEMISPHERE_DEG 1.0 /* a deployment may straddle the equator by as much */

bool grid_zone_is_valid(struct grid_zone zone)
{
    return zone.meridian_deg >= 0 && zone.meridian_deg <= 357 && zone.meridian_deg % 3 == 0;
}

struct grid_zone grid_zone_nearest(double lat_deg, double lon_deg)
{
    struct grid_zone zone = {0, lat_deg < 0};

    if (isfinite(lon_deg) && fabs(lon_deg) <= 360)
        zone.meridian_deg = ((int)lround(lon_deg / 3) * 3 + 720) % 360;
    return zone;
}

/* A millimetre's rounding may carry a point on the rim just over it on the way back. */
#define RIM_DEG 1e-6

/* Degrees east of the meridian, -180..180. Exact near the meridian, since the two are then alike. */
static double from_meridian(struct grid_zone zone, double lon_deg)
{
    const double d = lon_deg - (zone.meridian_deg > 180 ? zone.meridian_deg - 360 : zone.meridian_deg);

    return d > 180 ? d - 360 : d < -180 ? d + 360 : d;
}

static bool is_inside(struct grid_zone zone, double lat_deg, double from_meridian_deg, double rim_deg)
{
    const double northern = zone.is_south ? -lat_deg : lat_deg;

    /* Written so that NaN and infinity are outside. */
    return grid_zone_is_valid(zone) && northern >= -OTHER_HEMISPHERE_DEG - rim_deg &&
           northern <= LAT_LIMIT_DEG + rim_deg && fabs(from_meridian_deg) <= LON_LIMIT_DEG + rim_deg;
}

enum road_status grid_project_m(struct grid_zone zone, double lat_deg, double lon_deg, double *ret_e_m,
                                double *ret_n_m)
{
    const double d = from_meridian(zone, lon_deg);
    double e, n;

    if (!is_inside(zone, lat_deg, d, 0))
        return ROAD_BAD_RANGE;
    if (fabs(d) <= BAND_HALF_WIDTH_DEG)
        band_project(fabs(lat_deg), d, &e, &n);
    else
        krueger_project(fabs(lat_deg), d, &e, &n);
    n = lat_deg < 0 ? -n : n;
    *ret_e_m = e + GRID_FALSE_EASTING_M;
    *ret_n_m = zone.is_south ? n + GRID_FALSE_NORTHING_SOUTH_M : n;
    return ROAD_OK;
}

enum road_status grid_project(struct grid_zone zone, double lat_deg, double lon_deg,
                              struct grid_point *ret_point)
{
    double e, n;
    const enum road_status status = grid_project_m(zone, lat_deg, lon_deg, &e, &n);

    if (status != ROAD_OK)
        return status;
    *ret_point = (struct grid_point){millimetres_of(e), millimetres_of(n)};
    return ROAD_OK;
}

enum road_status grid_unproject(struct grid_zone zone, struct grid_point point, double *ret_lat_deg,
                                double *ret_lon_deg)
{
    const double e = (double)point.e_mm / 1000 - GRID_FALSE_EASTING_M;
    const double n = (double)point.n_mm / 1000 - (zone.is_south ? GRID_FALSE_NORTHING_SOUTH_M : 0);
    double lat, lon;

    /* 9,350 km reach 84 degrees, 1,120 km 10 degrees at the equator. */
    if (!grid_zone_is_valid(zone) || !(fabs(e) <= 1200e3) || !(fabs(n) <= 9500e3))
        return ROAD_BAD_RANGE;
    krueger_unproject(e, n, &lat, &lon);
    if (!is_inside(zone, lat, lon, RIM_DEG))
        return ROAD_BAD_RANGE;
    lon += zone.meridian_deg;
    *ret_lat_deg = lat;
    *ret_lon_deg = lon > 180 ? lon - 360 : lon;
    return ROAD_OK;
}
