/* The grid's projection against PROJ, which projects by its own code (Poder and Engsager). */
#include "tests/check.h"

#include <proj.h>

#include "grid/cell.h"

#define HANGZHOU ((struct grid_zone){120, false})

FACT(the_design_vector_of_hangzhou_holds)
{
    double e, n;

    CHECK_STATUS(grid_project_m(HANGZHOU, 30.2741, 120.1636, &e, &n), ROAD_OK);
    CHECK_NEAR(e, 515741.606037, 1e-6);
    CHECK_NEAR(n, 3350510.016589, 1e-6);
}

FACT(a_projected_point_comes_back)
{
    for (double lat = -84; lat <= 84; lat += 0.7)
        for (double lon = 110; lon <= 130; lon += 0.37) {
            const struct grid_zone zone = {120, lat < 0};
            struct grid_point point;
            double lat_back, lon_back;
            CHECK_STATUS(grid_project(zone, lat, lon, &point), ROAD_OK);
            CHECK_STATUS(grid_unproject(zone, point, &lat_back, &lon_back), ROAD_OK);
            CHECK_NEAR(lat_back, lat, 1e-8); /* 1 mm is 9e-9 degrees */
            CHECK_NEAR(lon_back, lon, 1e-8 / cos(lat * M_PI / 180));
        }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
