#include "tests/sim/city/traffic.h"

#include <math.h>
#include <stdlib.h>

#define FITS 150
#define STEPS_A_FIT 12
#define WEIGHT_MIN 1e-4

/* Lanes one may turn into from `lane`. */
static bool may_turn(const struct town *town, int lane, int next)
{
    const int node = town->lanes[lane].to, n = town->out_first[node + 1] - town->out_first[node];

    return n == 1 || next != town->lanes[lane].back;
}

static double sum_of_turns(const struct traffic *traffic, const struct town *town, int lane)
{
    const int node = town->lanes[lane].to;
    double sum = 0;

    for (int i = town->out_first[node]; i < town->out_first[node + 1]; i++)
        if (may_turn(town, lane, town->out[i]))
            sum += traffic->weight[town->out[i]];
    return sum;
}

/* A lane that ends nowhere starts again anywhere: one-way streets at the edge of an extract. */
static void step(const struct traffic *traffic, const struct town *town, const double *flow, double *ret_next)
{
    double lost = 0;

    for (int i = 0; i < town->n_lanes; i++)
        ret_next[i] = 0;
    for (int lane = 0; lane < town->n_lanes; lane++) {
        const double sum = sum_of_turns(traffic, town, lane);
        const int node = town->lanes[lane].to;
        if (sum <= 0)
            lost += flow[lane];
        for (int i = town->out_first[node]; sum > 0 && i < town->out_first[node + 1]; i++)
            if (may_turn(town, lane, town->out[i]))
                ret_next[town->out[i]] += flow[lane] * traffic->weight[town->out[i]] / sum;
    }
    /* A lazy walk has the same stationary flow and does not swing on a grid. */
    for (int i = 0; i < town->n_lanes; i++)
        ret_next[i] = 0.5 * flow[i] + 0.5 * (ret_next[i] + lost / town->n_lanes);
}

static void settle(struct traffic *traffic, const struct town *town, double *spare)
{
    for (int k = 0; k < STEPS_A_FIT; k++) {
        step(traffic, town, traffic->flow, spare);
        step(traffic, town, spare, traffic->flow);
    }
}

static void reweigh(struct traffic *traffic, const struct town *town, const double wanted[4])
{
    double sum = 0;

    for (int i = 0; i < town->n_lanes; i++)
        sum += wanted[town->lanes[i].class];
    for (int i = 0; i < town->n_lanes; i++) {
        const double ratio = wanted[town->lanes[i].class] / sum / fmax(traffic->flow[i], 1e-12);
        traffic->weight[i] = fmax(WEIGHT_MIN, traffic->weight[i] * sqrt(fmin(fmax(ratio, 0.2), 5)));
    }
}

static void add_up(struct traffic *traffic, const struct town *town)
{
    double sum = 0;

    for (int i = 0; i < town->n_lanes; i++)
        traffic->until[i] = sum += traffic->flow[i] * town->lanes[i].length_m;
}

bool traffic_fit(struct traffic *ret_traffic, const struct town *town, const double wanted[4])
{
    const size_t n = (size_t)town->n_lanes;
    struct traffic t = {calloc(n, sizeof(double)), calloc(n, sizeof(double)), calloc(n, sizeof(double))};
    double *spare = calloc(n, sizeof(double));

    if (!t.weight || !t.flow || !t.until || !spare) {
        traffic_done(&t);
        free(spare);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        t.weight[i] = wanted[town->lanes[i].class];
        t.flow[i] = 1.0 / (double)n;
    }
    for (int fit = 0; fit < FITS; fit++) {
        settle(&t, town, spare);
        if (fit + 1 < FITS)
            reweigh(&t, town, wanted);
    }
    add_up(&t, town);
    free(spare);
    *ret_traffic = t;
    return true;
}

void traffic_done(struct traffic *traffic)
{
    free(traffic->weight);
    free(traffic->flow);
    free(traffic->until);
    *traffic = (struct traffic){0};
}

int traffic_next(const struct traffic *traffic, const struct town *town, int lane, struct sim_random *random)
{
    const int node = town->lanes[lane].to;
    const double sum = sum_of_turns(traffic, town, lane);
    double left = sim_uniform(random, 0, 1) * sum;
    int last = -1;

    if (sum <= 0)
        return sim_integer(random, town->n_lanes);
    for (int i = town->out_first[node]; i < town->out_first[node + 1]; i++) {
        if (!may_turn(town, lane, town->out[i]))
            continue;
        last = town->out[i];
        left -= traffic->weight[last];
        if (left < 0)
            break;
    }
    return last;
}

int traffic_draw(const struct traffic *traffic, const struct town *town, struct sim_random *random)
{
    const double at = sim_uniform(random, 0, traffic->until[town->n_lanes - 1]);
    int low = 0, high = town->n_lanes - 1;

    while (low < high) {
        const int middle = (low + high) / 2;
        if (traffic->until[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double traffic_main_share(const struct traffic *traffic, const struct town *town)
{
    double main_m = 0, all_m = 0;

    for (int i = 0; i < town->n_lanes; i++) {
        const double m = traffic->flow[i] * town->lanes[i].length_m;
        all_m += m;
        main_m += town_is_main(town->lanes[i].class) ? m : 0;
    }
    return main_m / all_m;
}

double traffic_unevenness(const struct traffic *traffic, const struct town *town, bool is_main)
{
    double metres = 0, sum = 0, squares = 0;

    for (int i = 0; i < town->n_lanes; i++) {
        if (town_is_main(town->lanes[i].class) != is_main)
            continue;
        metres += town->lanes[i].length_m;
        sum += traffic->flow[i] * town->lanes[i].length_m;
        squares += traffic->flow[i] * traffic->flow[i] * town->lanes[i].length_m;
    }
    const double mean = metres > 0 ? sum / metres : 0;
    return mean > 0 ? sqrt(fmax(0, squares / metres - mean * mean)) / mean : 0;
}
