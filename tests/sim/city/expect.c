#include "tests/sim/city/expect.h"

#include <math.h>
#include <string.h>

#define STEP_NATS 0.04
#define BINS 300 /* from the floor to beyond what confirms: (2.2 + 8.9) / 0.04 = 278 */
#define WHEEL_M 0.75
#define TYRE_HALF_M 0.12
#define STRAY_M 0.206          /* 0.10 a drive and 0.18 a lane */
#define ALONG_SIGMA_M 0.5      /* of a sighting, beside the receiver's */
#define ACROSS_SIGMA_M 0.25
#define CAMERA_HALF_LANE_M 1.75
#define OFF_STEPS 9
#define HOURS_MAX 20000.0

/* Domain figures 2.4. */
static double motion_pd_pass(int class) { return class == 0 ? 0.6 : 0.375; }
static double motion_pd_crossed(int class) { return class == 0 ? 0.6 : 0.75; }
#define MOTION_PF 0.002
#define RULE_CAMERA_PD 0.7
#define RULE_CAMERA_PF 0.01

static double below(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* Two wheels, or the lane that a camera sees, over something whose middle lies `off_m` right of the left wheel's line, with
 * an error of sigma. */
static double wheel_probability(double off_m, double half_width_m, double sigma_m)
{
    const double band = half_width_m + TYRE_HALF_M;
    const double other = off_m - 2 * WHEEL_M; /* from the right wheel */

    if (band >= WHEEL_M)
        return below((off_m + band) / sigma_m) - below((other - band) / sigma_m);
    return below((off_m + band) / sigma_m) - below((off_m - band) / sigma_m) + below((other + band) / sigma_m) -
           below((other - band) / sigma_m);
}

static double lane_probability(double off_m, double sigma_m)
{
    const double left = WHEEL_M - off_m;

    return below((left + CAMERA_HALF_LANE_M) / sigma_m) - below((left - CAMERA_HALF_LANE_M) / sigma_m);
}

static double sighting_sigma(const struct expect_fleet *fleet, int class)
{
    return hypot(fleet->sigma_m[class], ALONG_SIGMA_M);
}

static double place_cost(const struct expect_fleet *fleet, int class)
{
    return log(fmax(1, sqrt(2 * M_PI) * sighting_sigma(fleet, class)));
}

/* Sigma across the way between a pass and a defect that one sighting of an average class has placed, both ways: the error,
 * and what the gateway allows for it. */
static double relative_sigma(const struct expect_fleet *fleet, int class)
{
    double square = 0;

    for (int k = 0; k < EXPECT_CLASSES; k++)
        square += (fleet->share[k][0] + fleet->share[k][1]) *
                  (fleet->sigma_m[k] * fleet->sigma_m[k] + ACROSS_SIGMA_M * ACROSS_SIGMA_M);
    return sqrt(2 * (square + fleet->sigma_m[class] * fleet->sigma_m[class]));
}

static bool motion_may_speak(int type)
{
    return catalogue_type(type)->sense & SENSE_MOTION;
}

/* What a pass without a hit of this sense adds: whether its wheel ran over the thing is known as far as places are. */
static double motion_miss(const struct expect_fleet *fleet, const struct defect_rates *rates, int class, double off_m)
{
    const double w = wheel_probability(off_m, rates->half_width_m, hypot(relative_sigma(fleet, class), STRAY_M));

    return motion_may_speak(rates->type) ? fmin(0, log((1 - w * motion_pd_crossed(class)) / (1 - MOTION_PF))) : 0;
}

static double camera_miss(const struct expect_fleet *fleet, const struct defect_rates *rates, int class, double off_m)
{
    const double w = lane_probability(off_m, hypot(relative_sigma(fleet, class), STRAY_M));

    return catalogue_type(rates->type)->sense & SENSE_CAMERA ? log((1 - w * RULE_CAMERA_PD) / (1 - RULE_CAMERA_PF)) : 0;
}

struct pass {
    double felt, seen; /* probabilities of a hit */
    double motion_hit, camera_hit, motion_miss, camera_miss, cost;
};

static struct pass pass_of(const struct expect_fleet *fleet, const struct defect_rates *rates, bool is_big, double off_m,
                           int class)
{
    const double recall = rates->seen_by == SEEN_BY_CAMERA ? 0
                          : fleet->is_domain_rates       ? 0.75
                          : is_big                       ? rates->recall_big
                                                         : rates->recall_small;

    return (struct pass){.felt = recall * wheel_probability(off_m, rates->half_width_m, STRAY_M),
                         .seen = rates->seen_by == SEEN_BY_MOTION ? 0 : CAMERA_PD * lane_probability(off_m, STRAY_M),
                         .motion_hit = log(motion_pd_pass(class) / MOTION_PF),
                         .camera_hit = log(RULE_CAMERA_PD / RULE_CAMERA_PF),
                         .motion_miss = motion_miss(fleet, rates, class, off_m),
                         .camera_miss = camera_miss(fleet, rates, class, off_m),
                         .cost = place_cost(fleet, class)};
}

/* Felt or not, seen or not. Of two hits in one pass only the first is spared the cost of its place. */
static int pass_outcomes(const struct pass *p, double share, bool has_camera, struct expect_outcome *ret)
{
    int n = 0;

    for (int felt = 0; felt < 2; felt++)
        for (int seen = 0; seen < (has_camera ? 2 : 1); seen++) {
            const double probability = (felt ? p->felt : 1 - p->felt) * (!has_camera ? 1 : seen ? p->seen : 1 - p->seen);
            const double nats = (felt ? p->motion_hit : p->motion_miss) +
                                (!has_camera ? 0 : seen ? p->camera_hit : p->camera_miss);
            const int hits = felt + seen;
            ret[n++] = (struct expect_outcome){share * probability, nats - (hits > 1 ? p->cost : 0), nats - hits * p->cost,
                                               hits > 0};
        }
    return n;
}

int expect_outcomes(const struct expect_fleet *fleet, const struct defect_rates *rates, bool is_big, double off_m,
                    struct expect_outcome ret_outcomes[EXPECT_OUTCOMES])
{
    int n = 0;

    for (int class = 0; class < EXPECT_CLASSES; class++)
        for (int camera = 0; camera < 2; camera++) {
            const struct pass p = pass_of(fleet, rates, is_big, off_m, class);
            if (fleet->share[class][camera] > 0)
                n += pass_outcomes(&p, fleet->share[class][camera], camera, ret_outcomes + n);
        }
    return n;
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

/* Bin 0 lies at the floor; what is confirmed leaves. Linear between bins, so that the mean step is kept. */
static double spread(double *next, double at_nats, double mass)
{
    if (at_nats >= EXPECT_CONFIRM_NATS)
        return mass;
    const double x = fmax(0, (at_nats - EXPECT_FLOOR_NATS) / STEP_NATS);
    const int i = (int)x;
    next[i] += mass * (1 - (x - i));
    next[i + 1] += mass * (x - i);
    return 0;
}

void expect_reached_at(const struct expect_fleet *fleet, const struct defect_rates *rates, bool is_big, double off_m,
                       struct expect_reach *ret_reach)
{
    struct expect_outcome outcomes[EXPECT_OUTCOMES];
    const int n = expect_outcomes(fleet, rates, is_big, off_m, outcomes);
    double odds[BINS] = {0}, next[BINS], unseen = 1, done = 0;

    ret_reach->suspected[0] = ret_reach->confirmed[0] = 0;
    for (int k = 1; k <= EXPECT_PASSES; k++) {
        memset(next, 0, sizeof next);
        double still_unseen = 0;
        for (int i = 0; i < n; i++) {
            const struct expect_outcome *o = &outcomes[i];
            if (o->is_hit)
                done += spread(next, fleet->start_nats + o->first_nats, unseen * o->probability);
            else
                still_unseen += unseen * o->probability;
            for (int b = 0; b < BINS; b++)
                if (odds[b] > 0)
                    done += spread(next, EXPECT_FLOOR_NATS + b * STEP_NATS + o->later_nats, odds[b] * o->probability);
        }
        memcpy(odds, next, sizeof odds);
        unseen = still_unseen;
        ret_reach->suspected[k] = 1 - unseen;
        ret_reach->confirmed[k] = done;
    }
}

/* Sizes appear log-uniform: the share that is beyond the floor of its detector from the first day. */
static double big_share(const struct defect_rates *rates)
{
    const double *size = catalogue_type(rates->type)->min_size;
    const double low = log(size[0]), high = log(1.33 * size[2]);

    if (rates->type == DEFECT_MANHOLE_COVER || rates->floor_size <= size[0])
        return 1;
    return fmin(fmax((high - log(rates->floor_size)) / (high - low), 0), 1);
}

static void add(struct expect_reach *sum, const struct expect_reach *part, double weight)
{
    for (int k = 0; k <= EXPECT_PASSES; k++) {
        sum->suspected[k] += weight * part->suspected[k];
        sum->confirmed[k] += weight * part->confirmed[k];
    }
}

/* Over the places across the way that such defects have: middles of equal slices of the normal distribution. */
static void add_type(const struct expect_fleet *fleet, const struct defect_rates *rates, double weight,
                     struct expect_reach *sum)
{
    static const double slices[OFF_STEPS] = {-1.5932, -0.9674, -0.5895, -0.2822, 0, 0.2822, 0.5895, 0.9674, 1.5932};
    const double big = big_share(rates);
    const int n = rates->off_track_m > 0 ? OFF_STEPS : 1;

    for (int i = 0; i < n; i++) {
        /* Across the lane: its middle lies a wheel's way right of the left wheel. */
        const double off_m = rates->off_track_m > 0 ? slices[i] * rates->off_track_m : WHEEL_M;
        for (int is_big = 0; is_big < 2; is_big++) {
            const double share = (is_big ? big : 1 - big) * weight / n;
            struct expect_reach part;
            if (share <= 0)
                continue;
            expect_reached_at(fleet, rates, is_big, off_m, &part);
            add(sum, &part, share);
        }
    }
}

void expect_reached(const struct expect_fleet *fleet, enum seen_by seen_by, struct expect_reach *ret_reach)
{
    double weights = 0;

    memset(ret_reach, 0, sizeof *ret_reach);
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        if (rates_of_type(type) && rates_of_type(type)->seen_by == seen_by)
            weights += rates_of_type(type)->weight;
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        if (rates_of_type(type) && rates_of_type(type)->seen_by == seen_by)
            add_type(fleet, rates_of_type(type), rates_of_type(type)->weight / weights, ret_reach);
}

/* ---- time ---------------------------------------------------------------------------------------------- */

static double with_poisson(const double reached[EXPECT_PASSES + 1], double mean)
{
    double log_term = -mean, sum = 0, mass = 0;

    for (int k = 0; k <= EXPECT_PASSES; k++) {
        const double term = exp(log_term);
        sum += term * reached[k];
        mass += term;
        log_term += log(mean) - log(k + 1.0);
    }
    return sum + fmax(0, 1 - mass) * reached[EXPECT_PASSES];
}

/* Hours of daytime between two times since a midnight. */
static double day_hours(double until_h)
{
    const double days = floor(until_h / 24), rest = until_h - 24 * days;

    return days * (DAY_TO_H - DAY_FROM_H) + fmin(fmax(rest - DAY_FROM_H, 0), DAY_TO_H - DAY_FROM_H);
}

double expect_within(const double reached[EXPECT_PASSES + 1], double passes_a_day, double hours)
{
    double sum = 0;

    for (int half = 0; half < 48; half++) {
        const double at = (half + 0.5) / 2, mean = passes_a_day / (DAY_TO_H - DAY_FROM_H) * (day_hours(at + hours) - day_hours(at));
        sum += mean > 0 ? with_poisson(reached, mean) / 48 : 0;
    }
    return sum;
}

double expect_hours(const double reached[EXPECT_PASSES + 1], double passes_a_day, double share)
{
    double low = 0, high = HOURS_MAX;

    if (expect_within(reached, passes_a_day, high) < share)
        return NAN;
    while (high - low > 0.01) {
        const double middle = (low + high) / 2;
        if (expect_within(reached, passes_a_day, middle) < share)
            low = middle;
        else
            high = middle;
    }
    return high;
}
