#include "tests/sim/driver.h"

#include <math.h>
#include <stdlib.h>

#define CORNER_MPS 4.5
#define SLOW_BEFORE_M 3.0
#define LIGHT_BEFORE_M 1.0 /* of the lane's end */
#define END_WAIT_S 12.0

static void slow_down(struct sim_driver *d, const struct sim_placed *placed, double at_m, double speed_mps)
{
    const double reach = sim_placed_reach_m(placed);
    const int from = (int)((at_m - reach - SLOW_BEFORE_M) / SIM_LIMIT_STEP_M), to = (int)((at_m + reach + 1) / SIM_LIMIT_STEP_M);

    for (int i = from < 0 ? 0 : from; i <= to && i < d->n; i++)
        d->limit_mps[i] = fminf(d->limit_mps[i], (float)speed_mps);
}

/* The things of the lane that begins at `begin_m` of the route. */
static void fill_lane(struct sim_driver *d, const struct sim_district *district, const struct sim_vehicle *vehicle, int lane,
                      double begin_m, struct sim_random *random)
{
    for (int k = 0; k < district->n_placed; k++) {
        const struct sim_placed *p = &district->placed[k];
        if (p->lane != lane || p->wanted_mps == 0)
            continue;
        const bool is_careless = p->feature != FEATURE_KERB && sim_uniform(random, 0, 1) < vehicle->careless_share;
        const double speed = p->wanted_mps * sim_uniform(random, 0.85, 1.15);
        if (!is_careless)
            slow_down(d, p, begin_m + p->station_m, speed);
    }
}

static void add_stop(struct sim_driver *d, double at_m, double wait_s)
{
    if (d->n_stops < SIM_STOPS_MAX) {
        d->stops_m[d->n_stops] = at_m;
        d->waits_s[d->n_stops++] = wait_s;
    }
}

static void fill(struct sim_driver *d, const struct sim_route *route, const struct sim_vehicle *vehicle, double end_m,
                 struct sim_random *random)
{
    double wish = 0;
    int lane = -2;

    for (int i = 0; i < d->n; i++) {
        const struct sim_route_point p = sim_route_at(route, i * SIM_LIMIT_STEP_M);
        if (p.lane != lane && p.lane < 0 && sim_uniform(random, 0, 1) < vehicle->red_light_share)
            add_stop(d, i * SIM_LIMIT_STEP_M - LIGHT_BEFORE_M, sim_uniform(random, 4, 15));
        if (p.lane != lane && p.lane >= 0)
            wish = sim_uniform(random, vehicle->cruise_low_mps, vehicle->cruise_high_mps);
        lane = p.lane;
        d->limit_mps[i] = (float)(lane < 0 ? CORNER_MPS : wish);
    }
    add_stop(d, end_m, END_WAIT_S);
}

bool sim_driver_init(struct sim_driver *ret_driver, const struct sim_district *district, const struct sim_route *route,
                     const struct sim_vehicle *vehicle, double end_m, struct sim_random *random)
{
    struct sim_driver *d = ret_driver;
    int lane = -1;

    *d = (struct sim_driver){.n = (int)((route->n_points - 1) * SIM_ROUTE_STEP_M / SIM_LIMIT_STEP_M)};
    d->limit_mps = calloc((size_t)d->n, sizeof *d->limit_mps);
    if (!d->limit_mps)
        return false;
    fill(d, route, vehicle, end_m, random);
    for (int i = 0; i < d->n; i++) {
        const struct sim_route_point p = sim_route_at(route, i * SIM_LIMIT_STEP_M);
        if (p.lane >= 0 && p.lane != lane)
            fill_lane(d, district, vehicle, p.lane, i * SIM_LIMIT_STEP_M - p.station_m, random);
        lane = p.lane;
    }
    for (int i = d->n - 2; i >= 0; i--) {
        const double next = (double)d->limit_mps[i + 1];
        d->limit_mps[i] = fminf(d->limit_mps[i], (float)sqrt(next * next + 2 * SIM_BRAKE_MPS2 * SIM_LIMIT_STEP_M));
    }
    return true;
}

void sim_driver_done(struct sim_driver *driver)
{
    free(driver->limit_mps);
    *driver = (struct sim_driver){0};
}

double sim_driver_speed(const struct sim_driver *driver, double distance_m)
{
    const double to_stop_m = driver->stops_m[driver->next_stop] - distance_m;
    const int i = (int)(distance_m / SIM_LIMIT_STEP_M);

    if (driver->next_stop >= driver->n_stops || to_stop_m <= 0)
        return 0;
    return fmin((double)driver->limit_mps[i < driver->n ? i : driver->n - 1], sqrt(2 * SIM_BRAKE_MPS2 * to_stop_m));
}
