#include "tests/sim/city/truth.h"

#include <math.h>
#include <stdlib.h>

#define BUCKETS (1 << 15)
#define BUCKET_M 32.0
#define WHEEL_M 0.75
#define GROWS_SLOW 0.005 /* a day: a hole doubles in 5 months, at most in 5 weeks */
#define GROWS_FAST 0.02

static unsigned bucket_of(double e_m, double n_m)
{
    const uint64_t e = (uint64_t)(int64_t)floor(e_m / BUCKET_M), n = (uint64_t)(int64_t)floor(n_m / BUCKET_M);

    return (unsigned)((e * 0x9E3779B97F4A7C15u ^ n * 0xC2B2AE3D27D4EB4Fu) >> 40) & (BUCKETS - 1);
}

int truth_put(struct truth *truth, const struct thing *thing)
{
    if (truth->n == truth->capacity) {
        const int wanted = truth->capacity ? 2 * truth->capacity : 256;
        void *grown = realloc(truth->things, (size_t)wanted * sizeof *truth->things);
        if (!grown)
            return -1;
        truth->things = grown;
        truth->capacity = wanted;
    }
    const int index = truth->n++;
    struct thing *t = &truth->things[index];
    *t = *thing;
    const struct town_place at = town_at(truth->town, t->lane, t->station_m, t->left_m);
    t->e_m = at.e_m;
    t->n_m = at.n_m;
    t->heading_rad = at.heading_rad;
    t->size = t->first_size;
    t->repaired_s = t->suspected_s = t->confirmed_s = NEVER_S;
    t->ordered_s = t->crew_s = t->claimed_s = t->verified_s = NEVER_S;
    t->next_on_lane = truth->first_on_lane[t->lane];
    truth->first_on_lane[t->lane] = index;
    int *bucket = &truth->buckets[bucket_of(t->e_m, t->n_m)];
    t->next_in_bucket = *bucket;
    *bucket = index;
    return index;
}

/* Gamma with mean 1 and this shape (Marsaglia and Tsang 2000; a shape below 1 by the power of a uniform). */
static double gamma_of_mean_one(double shape, struct sim_random *random)
{
    const double boost = shape < 1 ? pow(sim_uniform(random, 1e-12, 1), 1 / shape) : 1;
    const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / sqrt(9 * d);

    for (;;) {
        const double x = sim_gauss(random, 1), v = pow(1 + c * x, 3), u = sim_uniform(random, 1e-12, 1);
        if (1 + c * x > 0 && log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return boost * d * v / shape;
    }
}

static double clumped(double mean, double shape, struct sim_random *random)
{
    return fmin(1, shape > 0 ? mean * gamma_of_mean_one(shape, random) : mean);
}

static double wheel_left(struct sim_random *random, double off_track_m)
{
    if (off_track_m <= 0)
        return 0;
    return (sim_uniform(random, 0, 1) < 0.5 ? WHEEL_M : -WHEEL_M) + sim_gauss(random, off_track_m);
}

static bool put_look_alike(struct truth *truth, int lane, const struct truth_config *config, struct sim_random *random)
{
    const struct look_alike_rates *rates = rates_draw_look_alike(random);
    struct thing t = {.lane = lane, .look_alike = rates, .appears_s = INT64_MIN};

    t.station_m = sim_uniform(random, 0, truth->town->lanes[lane].length_m);
    t.left_m = rates->half_width_m > 0 ? wheel_left(random, 0.35) : 0;
    t.half_width_m = rates->half_width_m > 0 ? rates->half_width_m : 1.75;
    t.called_damage = clumped(rates->called_damage, config->clumping, random);
    t.camera_false = clumped(CAMERA_PF, config->clumping, random);
    t.strength = exp(sim_uniform(random, log(5), log(60)));
    return truth_put(truth, &t) >= 0;
}

bool truth_init(struct truth *ret_truth, const struct town *town, const struct truth_config *config, struct sim_random *random)
{
    struct truth t = {.town = town, .first_on_lane = calloc((size_t)town->n_lanes, sizeof(int)),
                      .buckets = calloc(BUCKETS, sizeof(int))};
    bool is_good = t.first_on_lane && t.buckets;

    for (int i = 0; is_good && i < town->n_lanes; i++)
        t.first_on_lane[i] = -1;
    for (int i = 0; is_good && i < BUCKETS; i++)
        t.buckets[i] = -1;
    for (int lane = 0; is_good && lane < town->n_lanes; lane++) {
        double left = config->look_alikes_per_km * town->lanes[lane].length_m / 1000;
        for (left += sim_uniform(random, 0, 1); is_good && left >= 1; left--)
            is_good = put_look_alike(&t, lane, config, random);
    }
    if (!is_good)
        truth_done(&t);
    *ret_truth = t;
    return is_good;
}

void truth_done(struct truth *truth)
{
    free(truth->things);
    free(truth->first_on_lane);
    free(truth->buckets);
    *truth = (struct truth){0};
}

int truth_appear(struct truth *truth, const struct traffic *traffic, int64_t now_s, struct sim_random *random)
{
    const struct defect_rates *rates = rates_draw_defect(random);
    struct thing t = {.lane = traffic_draw(traffic, truth->town, random), .defect = rates, .appears_s = now_s};

    t.station_m = sim_uniform(random, 0, truth->town->lanes[t.lane].length_m);
    t.left_m = wheel_left(random, rates->off_track_m);
    t.half_width_m = rates->half_width_m;
    t.first_size = rates_draw_size(rates->type, random);
    t.grows_per_day = rates->type == DEFECT_MANHOLE_COVER ? 0 : sim_uniform(random, GROWS_SLOW, GROWS_FAST);
    t.strength = exp(sim_uniform(random, log(5), log(60)));
    return truth_put(truth, &t);
}

bool thing_is_there(const struct thing *thing, int64_t at_s)
{
    return thing->appears_s <= at_s && at_s < thing->repaired_s;
}

enum severity thing_severity(const struct thing *thing)
{
    return thing->defect ? catalogue_severity(catalogue_type(thing->defect->type), thing->size, false) : SEVERITY_NONE;
}

void truth_grow(struct truth *truth, int64_t now_s, double days)
{
    for (int i = 0; i < truth->n; i++) {
        struct thing *t = &truth->things[i];
        if (t->defect && thing_is_there(t, now_s))
            t->size *= 1 + t->grows_per_day * days;
    }
}

/* Groups that the gateway may take for each other at one place: short and long waves meet where a feature is near. */
static bool types_meet(int a, int b)
{
    const bool is_felt_a = rates_of_type(a) && rates_of_type(a)->seen_by != SEEN_BY_CAMERA;
    const bool is_felt_b = rates_of_type(b) && rates_of_type(b)->seen_by != SEEN_BY_CAMERA;

    return a == b || is_felt_a == is_felt_b;
}

static enum truth_match what_it_is(const struct thing *t, int type, int64_t at_s)
{
    if (t->look_alike)
        return MATCH_LOOK_ALIKE;
    if (t->appears_s > at_s || !types_meet(t->defect->type, type))
        return MATCH_NOTHING;
    return at_s < t->repaired_s ? MATCH_DEFECT : MATCH_REPAIRED;
}

enum truth_match truth_match(const struct truth *truth, double e_m, double n_m, double reach_m, int type, int64_t at_s,
                             int *ret_thing)
{
    const int ring = (int)ceil(reach_m / BUCKET_M);
    enum truth_match best = MATCH_NOTHING;
    double nearest = reach_m;

    for (int r = -ring; r <= ring; r++)
        for (int c = -ring; c <= ring; c++) {
            int i = truth->buckets[bucket_of(e_m + c * BUCKET_M, n_m + r * BUCKET_M)];
            for (; i >= 0; i = truth->things[i].next_in_bucket) {
                const struct thing *t = &truth->things[i];
                const double apart = hypot(t->e_m - e_m, t->n_m - n_m);
                const enum truth_match is = what_it_is(t, type, at_s);
                if (apart > reach_m || is == MATCH_NOTHING || is > best || (is == best && apart >= nearest))
                    continue;
                best = is;
                nearest = apart;
                *ret_thing = i;
            }
        }
    return best;
}
