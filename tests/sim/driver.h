/* driver.h - how fast a driver goes where: a new wish in every lane, slow in crossings and before what shakes, red lights. */
#ifndef SIM_DRIVER_H
#define SIM_DRIVER_H

#include "tests/sim/route.h"
#include "tests/sim/vehicle.h"

#define SIM_BRAKE_MPS2 1.8
#define SIM_STOPS_MAX 64

struct sim_driver {
    float *limit_mps; /* every SIM_LIMIT_STEP_M of the route, braking in time already worked in */
    int n;
    double stops_m[SIM_STOPS_MAX], waits_s[SIM_STOPS_MAX]; /* red lights and the end, in order */
    int n_stops, next_stop;
};
#define SIM_LIMIT_STEP_M 0.5

bool sim_driver_init(struct sim_driver *ret_driver, const struct sim_district *district, const struct sim_route *route,
                     const struct sim_vehicle *vehicle, double end_m, struct sim_random *random);
void sim_driver_done(struct sim_driver *driver);
/* The speed to be had at this place, on the way to the next stop. */
double sim_driver_speed(const struct sim_driver *driver, double distance_m);

#endif
