#include "tests/sim/route.h"

#include <math.h>
#include <stdlib.h>

#define ATTEMPTS 10000
#define NODES (SIM_GRID * SIM_GRID)

/* Pairs every lane that enters a crossing with one that leaves it, never back where it came from. */
static bool pair_lanes(const struct sim_district *d, struct sim_random *random, int ret_next[SIM_LANES])
{
    bool is_taken[SIM_LANES] = {false};

    for (int in = 0; in < SIM_LANES; in++) {
        int choices[4], n = 0;
        for (int out = 0; out < SIM_LANES; out++)
            if (!is_taken[out] && d->lanes[out].from == d->lanes[in].to && d->lanes[out].to != d->lanes[in].from)
                choices[n++] = out;
        if (n == 0)
            return false;
        ret_next[in] = choices[sim_integer(random, n)];
        is_taken[ret_next[in]] = true;
    }
    return true;
}

static bool find_round(const struct sim_district *d, struct sim_random *random, int ret_next[SIM_LANES])
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (!pair_lanes(d, random, ret_next))
            continue;
        int length = 1;
        for (int lane = ret_next[0]; lane != 0; lane = ret_next[lane])
            length++;
        if (length == SIM_LANES)
            return true;
    }
    return false;
}

static void add_point(struct sim_route *route, double e_m, double n_m, int lane, double station_m)
{
    route->points[route->n_points++] = (struct sim_route_point){e_m, n_m, 0, lane, station_m};
}

static void add_lane(struct sim_route *route, const struct sim_district *d, int lane)
{
    for (double s = 0; s < d->lanes[lane].length_m; s += SIM_ROUTE_STEP_M) {
        double e_m, n_m;
        sim_place_at(d, lane, s, 0, &e_m, &n_m);
        add_point(route, e_m, n_m, lane, s);
    }
}

/* Across a crossing: a quadratic curve whose middle corner is where both lanes' lines meet. */
static void add_crossing(struct sim_route *route, const struct sim_district *d, int in, int out)
{
    const struct sim_lane *a = &d->lanes[in], *b = &d->lanes[out];
    double e0, n0;
    sim_place_at(d, in, a->length_m, 0, &e0, &n0);
    const double e2 = b->from_e_m, n2 = b->from_n_m;
    const double along = (e2 - e0) * a->direction_e + (n2 - n0) * a->direction_n;
    const bool is_straight = fabs(a->direction_e * b->direction_e + a->direction_n * b->direction_n) > 0.5;
    const double e1 = e0 + (is_straight ? along / 2 : along) * a->direction_e;
    const double n1 = n0 + (is_straight ? along / 2 : along) * a->direction_n;
    double last_e = e0, last_n = n0;

    for (int i = 1; i < 4000; i++) {
        const double t = i / 4000.0, u = 1 - t;
        const double e = u * u * e0 + 2 * u * t * e1 + t * t * e2, n = u * u * n0 + 2 * u * t * n1 + t * t * n2;
        if (hypot(e - last_e, n - last_n) < SIM_ROUTE_STEP_M)
            continue;
        add_point(route, e, n, -1, 0);
        last_e = e;
        last_n = n;
    }
}

static void set_headings(struct sim_route *route)
{
    for (int i = 0; i < route->n_points; i++) {
        const struct sim_route_point *a = &route->points[i > 2 ? i - 3 : 0];
        const struct sim_route_point *b = &route->points[i < route->n_points - 3 ? i + 3 : route->n_points - 1];
        route->points[i].heading_rad = atan2(b->e_m - a->e_m, b->n_m - a->n_m);
    }
}

bool sim_route_init(struct sim_route *ret_route, const struct sim_district *district, uint64_t seed)
{
    const size_t capacity = (size_t)(SIM_LANES * (district->block_m + 60) / SIM_ROUTE_STEP_M);
    struct sim_random random;
    int next[SIM_LANES];

    sim_random_init(&random, seed);
    *ret_route = (struct sim_route){.points = calloc(capacity, sizeof *ret_route->points)};
    if (!ret_route->points || !find_round(district, &random, next)) {
        sim_route_done(ret_route);
        return false;
    }
    int lane = sim_integer(&random, SIM_LANES);
    for (int i = 0; i < SIM_LANES; i++, lane = next[lane]) {
        add_lane(ret_route, district, lane);
        if (i < SIM_LANES - 1)
            add_crossing(ret_route, district, lane, next[lane]);
    }
    set_headings(ret_route);
    return true;
}

void sim_route_done(struct sim_route *route)
{
    free(route->points);
    *route = (struct sim_route){0};
}

static double angle_between(double a_rad, double b_rad, double share)
{
    return a_rad + share * remainder(b_rad - a_rad, 2 * M_PI);
}

struct sim_route_point sim_route_at(const struct sim_route *route, double distance_m)
{
    const double at = fmin(fmax(distance_m / SIM_ROUTE_STEP_M, 0), route->n_points - 1.001);
    const int i = (int)at;
    const double f = at - i;
    const struct sim_route_point *a = &route->points[i], *b = &route->points[i + 1];
    struct sim_route_point p = *a;

    p.e_m += f * (b->e_m - a->e_m);
    p.n_m += f * (b->n_m - a->n_m);
    p.heading_rad = angle_between(a->heading_rad, b->heading_rad, f);
    if (a->lane >= 0)
        p.station_m += f * SIM_ROUTE_STEP_M;
    return p;
}
