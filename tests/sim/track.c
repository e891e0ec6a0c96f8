#include "tests/sim/track.h"

#include <math.h>
#include <stdlib.h>

#define TYRE_RADIUS_M 0.32
#define PATCH_M 0.10
#define WANDER_SIGMA_M 0.18 /* how far a driver strays inside the lane */
#define WANDER_LENGTH_M 40.0

/* The middle of a rigid disc rolling over the heights: max over its chord, then the patch's mean. */
static bool tyre_smooth(float *height_m, int n)
{
    enum { REACH = 12 };
    const int patch = (int)(PATCH_M / SIM_TRACK_STEP_M / 2 + 0.5);
    float drop[REACH + 1], *disc = malloc((size_t)n * sizeof *disc);

    if (!disc)
        return false;
    for (int u = 0; u <= REACH; u++) {
        const double x = u * SIM_TRACK_STEP_M;
        drop[u] = (float)(TYRE_RADIUS_M - sqrt(TYRE_RADIUS_M * TYRE_RADIUS_M - x * x));
    }
    for (int i = 0; i < n; i++) {
        float top = height_m[i];
        for (int u = 1; u <= REACH; u++) {
            const float behind = i >= u ? height_m[i - u] - drop[u] : -1, ahead = i + u < n ? height_m[i + u] - drop[u] : -1;
            top = fmaxf(top, fmaxf(behind, ahead));
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
    struct sim_markov wander;
    const double vary = fabs(1 + sim_gauss(random, 0.45)), bias_m = sim_gauss(random, 0.10);

    sim_markov_init(&wander, random, WANDER_SIGMA_M, WANDER_LENGTH_M);
    for (int i = 0; i < t->n; i++) {
        const struct sim_route_point p = sim_route_at(route, i * SIM_TRACK_STEP_M);
        const double lateral = sim_markov_step(&wander, random, SIM_TRACK_STEP_M) + bias_m;
        t->lateral_m[i] = (float)lateral;
        if (p.lane < 0)
            continue;
        t->left_m[i] = (float)sim_height_m(district, p.lane, p.station_m, lateral + half_track_m, true, vary);
        t->right_m[i] = (float)sim_height_m(district, p.lane, p.station_m, lateral - half_track_m, false, vary);
    }
}

bool sim_track_init(struct sim_track *ret_track, const struct sim_district *district, const struct sim_route *route,
                    double half_track_m, struct sim_random *random)
{
    const int n = (int)((route->n_points - 1) * SIM_ROUTE_STEP_M / SIM_TRACK_STEP_M);
    struct sim_track t = {.n = n};

    t.left_m = calloc((size_t)n, sizeof *t.left_m);
    t.right_m = calloc((size_t)n, sizeof *t.right_m);
    t.lateral_m = calloc((size_t)n, sizeof *t.lateral_m);
    if (!t.left_m || !t.right_m || !t.lateral_m) {
        sim_track_done(&t);
        return false;
    }
    fill_heights(&t, district, route, half_track_m, random);
    if (!tyre_smooth(t.left_m, n) || !tyre_smooth(t.right_m, n)) {
        sim_track_done(&t);
        return false;
    }
    *ret_track = t;
    return true;
}

void sim_track_done(struct sim_track *track)
{
    free(track->left_m);
    free(track->right_m);
    free(track->lateral_m);
    *track = (struct sim_track){0};
}

static double between(const float *values, int n, double distance_m)
{
    const double at = fmin(fmax(distance_m / SIM_TRACK_STEP_M, 0), n - 1.001);
    const int i = (int)at;

    return values[i] + (at - i) * (double)(values[i + 1] - values[i]);
}

double sim_track_height_m(const struct sim_track *track, double distance_m, bool is_left)
{
    return distance_m < 0 ? 0 : between(is_left ? track->left_m : track->right_m, track->n, distance_m);
}

double sim_track_lateral_m(const struct sim_track *track, double distance_m)
{
    return between(track->lateral_m, track->n, distance_m);
}
