#include "tests/sim/track.h"

#include <math.h>
#include <stdlib.h>

#define WANDER_SIGMA_M 0.18 /* how far a driver strays inside the lane */
#define WANDER_LENGTH_M 40.0
#define HABIT_SIGMA_M 0.10
#define LOOSE_SIGMA 0.5 /* of a loose cover's effect from pass to pass */

/* The middle of a rigid disc rolling over the heights: max over its chord, then the patch's mean. */
bool sim_tyre_smooth(float *height_m, int n, double radius_m, double patch_m)
{
    enum { REACH = 16 };
    const int patch = (int)(patch_m / SIM_TRACK_STEP_M / 2 + 0.5);
    float drop[REACH + 1], *disc = malloc((size_t)n * sizeof *disc);
    int reach = 0;

    if (!disc)
        return false;
    for (; reach < REACH && (reach + 1) * SIM_TRACK_STEP_M < 0.95 * radius_m; reach++) {
        const double x = (reach + 1) * SIM_TRACK_STEP_M;
        drop[reach + 1] = (float)(radius_m - sqrt(radius_m * radius_m - x * x));
    }
    for (int i = 0; i < n; i++) {
        float top = height_m[i];
        for (int u = 1; u <= reach; u++) {
            if (i >= u)
                top = fmaxf(top, height_m[i - u] - drop[u]);
            if (i + u < n)
                top = fmaxf(top, height_m[i + u] - drop[u]);
        }
        disc[i] = top;
    }
    for (int i = patch; i < n - patch; i++) {
        float sum = 0;
        for (int u = -patch; u <= patch; u++)
            sum += disc[i + u];
        height_m[i] = sum / (float)(2 * patch + 1);
    }
    free(disc);
    return true;
}

static void fill_heights(struct sim_track *t, const struct sim_district *district, const struct sim_route *route,
                         double half_track_m, struct sim_random *random)
{
    const double habit_m = sim_gauss(random, HABIT_SIGMA_M);
    struct sim_markov wander;

    sim_markov_init(&wander, random, WANDER_SIGMA_M, WANDER_LENGTH_M);
    for (int i = 0; i < t->n; i++) {
        const struct sim_route_point p = sim_route_at(route, i * SIM_TRACK_STEP_M);
        if (i % 10 == 0)
            sim_markov_step(&wander, random, 10 * SIM_TRACK_STEP_M);
        /* Followed softly, so that the path has no corners. */
        const double wanted = wander.value + habit_m, last = i ? (double)t->lateral_m[i - 1] : wanted;
        const double lateral = last + SIM_TRACK_STEP_M / 4.0 * (wanted - last);
        t->lateral_m[i] = (float)lateral;
        if (p.lane < 0)
            continue;
        t->left_m[i] = (float)sim_height_m(district, p.lane, p.station_m, lateral + half_track_m, true, t->share);
        t->right_m[i] = (float)sim_height_m(district, p.lane, p.station_m, lateral - half_track_m, false, t->share);
    }
}

bool sim_track_init(struct sim_track *ret_track, const struct sim_district *district, const struct sim_route *route,
                    const struct sim_car *car, struct sim_random *random)
{
    const int n = (int)((route->n_points - 1) * SIM_ROUTE_STEP_M / SIM_TRACK_STEP_M);
    struct sim_track t = {.n = n};

    t.left_m = calloc((size_t)n, sizeof *t.left_m);
    t.right_m = calloc((size_t)n, sizeof *t.right_m);
    t.lateral_m = calloc((size_t)n, sizeof *t.lateral_m);
    t.share = calloc((size_t)district->n_placed + 1, sizeof *t.share);
    bool is_good = t.left_m && t.right_m && t.lateral_m && t.share;
    if (is_good) {
        for (int i = 0; i < district->n_placed; i++)
            t.share[i] = district->placed[i].is_loose ? (float)fabs(1 + sim_gauss(random, LOOSE_SIGMA)) : 1;
        fill_heights(&t, district, route, car->half_track_m, random);
        is_good = sim_tyre_smooth(t.left_m, n, car->tyre_radius_m, car->patch_m) &&
                  sim_tyre_smooth(t.right_m, n, car->tyre_radius_m, car->patch_m);
    }
    if (is_good)
        *ret_track = t;
    else
        sim_track_done(&t);
    return is_good;
}

void sim_track_done(struct sim_track *track)
{
    free(track->left_m);
    free(track->right_m);
    free(track->lateral_m);
    free(track->share);
    *track = (struct sim_track){0};
}

static double between(const float *values, int n, double distance_m, double *ret_slope)
{
    const double at = fmin(fmax(distance_m / SIM_TRACK_STEP_M, 0), n - 1.001);
    const int i = (int)at;
    const double rise = (double)(values[i + 1] - values[i]);

    *ret_slope = rise / SIM_TRACK_STEP_M;
    return (double)values[i] + (at - i) * rise;
}

double sim_track_height_m(const struct sim_track *track, double distance_m, bool is_left, double *ret_slope)
{
    *ret_slope = 0;
    return distance_m < 0 ? 0 : between(is_left ? track->left_m : track->right_m, track->n, distance_m, ret_slope);
}

double sim_track_lateral_m(const struct sim_track *track, double distance_m)
{
    double slope;

    return between(track->lateral_m, track->n, distance_m, &slope);
}
