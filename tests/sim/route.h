/* route.h - one round through the district: every lane once, no U-turns, as a dense line. */
#ifndef SIM_ROUTE_H
#define SIM_ROUTE_H

#include "tests/sim/district.h"

#define SIM_ROUTE_STEP_M 0.1

struct sim_route_point {
    double e_m, n_m;
    double heading_rad; /* clockwise from north */
    int lane;           /* -1 inside a crossing */
    double station_m;
};

struct sim_route {
    struct sim_route_point *points; /* SIM_ROUTE_STEP_M apart */
    int n_points;
};

/* A different seed gives another order of the lanes. false if memory runs out or no round is found. */
bool sim_route_init(struct sim_route *ret_route, const struct sim_district *district, uint64_t seed);
void sim_route_done(struct sim_route *route);
/* Between points, clamped to the ends. */
struct sim_route_point sim_route_at(const struct sim_route *route, double distance_m);

#endif
