#include "sensor-node/motion/coarse.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "sensor-node/motion/coarse_table.h"
#include "sensor-node/motion/exact.h"

#define AROUND_NS     1500000000 /* the mean that a sample is held against: so far to both sides */
#define NEAR_NS       266666667  /* triangle that sums neighbours: at 5 Hz their weight is a quarter */
#define APART_NS      1400000000 /* between two peaks */
#define AHEAD_NS      2800000000 /* a peak is settled when so much after it is known: two more peaks */
#define JITTER_NS     1000000    /* stamps of 0.1 s, written as decimals */
#define MOVING_MPS2   0.5        /* less energy is a standing car */
#define USUAL_SAMPLES 300        /* a minute at 5 Hz */
#define USUAL_MPS2                                                                                           \
    2.6 /* the most, of 18 drives of one campaign on good and bad roads, that any minute had: 2.5 */
#define TURN_MPS 4.903 /* half a g for one rad/s */

static struct coarse_sample *at(struct coarse *c, uint64_t index)
{
    return &c->samples[index % COARSE_SAMPLES];
}

/* The energy at which the confidence is `p`. */
static double energy_of(double p)
{
    return exact_exp((exact_log(p / (1 - p)) - COARSE_BIAS) / COARSE_SLOPE);
}

void coarse_init(struct coarse *coarse)
{
    *coarse = (struct coarse){.floor_mps2 = energy_of(COARSE_FLOOR_CONFIDENCE)};
}

/* What a vehicle always feels is no event: where the usual is beyond that of the cars it was learnt from, so
 * much more is asked for. */
static double above_usual(const struct coarse *c, double energy)
{
    return energy * fmin(1, exact_exp(exact_log(USUAL_MPS2) - c->usual_log));
}

static void tell(struct coarse *c, const struct coarse_sample *s)
{
    const double energy = above_usual(c, s->energy);
    const double score = COARSE_BIAS + COARSE_SLOPE * exact_log(energy);

    if (energy < c->floor_mps2)
        return;
    if (c->end_jolt - c->first_jolt == COARSE_JOLTS)
        c->first_jolt++;
    c->jolts[c->end_jolt++ % COARSE_JOLTS] =
        (struct coarse_jolt){s->time_ns, energy, 1 / (1 + exact_exp(-score))};
}

/* Squared distance from the mean of what lies around it. */
static double weigh(struct coarse *c, uint64_t index)
{
    const struct coarse_sample *s = at(c, index);
    double sum[TICK_AXES] = {0}, away2 = 0;
    unsigned n[TICK_AXES] = {0};

    for (uint64_t i = c->judged; i < c->end; i++) {
        const struct coarse_sample *o = at(c, i);
        if (o->time_ns < s->time_ns - AROUND_NS - JITTER_NS ||
            o->time_ns > s->time_ns + AROUND_NS + JITTER_NS)
            continue;
        for (int k = 0; k < TICK_AXES; k++)
            if (!isnan(o->value[k])) {
                sum[k] += o->value[k];
                n[k]++;
            }
    }
    for (int k = 0; k < TICK_AXES; k++) {
        const double away = (k < 3 ? 1 : TURN_MPS) * (s->value[k] - sum[k] / n[k]);
        away2 += isnan(away) ? 0 : away * away;
    }
    return away2;
}

static double sum_near(struct coarse *c, uint64_t index)
{
    const int64_t time_ns = at(c, index)->time_ns;
    double weights = 0, sum = 0;

    for (uint64_t i = c->judged; i < c->weighed; i++) {
        const int64_t apart_ns = at(c, i)->time_ns - time_ns;
        const double weight = 1 - (double)(apart_ns < 0 ? -apart_ns : apart_ns) / NEAR_NS;
        if (weight <= 0)
            continue;
        weights += weight;
        sum += weight * at(c, i)->away2;
    }
    return sqrt(sum / weights);
}

static bool are_apart(const struct coarse_sample *a, int64_t time_ns)
{
    const int64_t apart_ns = a->time_ns - time_ns;

    return (apart_ns < 0 ? -apart_ns : apart_ns) >= APART_NS - JITTER_NS;
}

/* The greatest peak first, then the greatest of those far enough from it, and so on, as far as is known by
 * now: does this sample come to be taken? */
static bool is_peak(struct coarse *c, uint64_t index)
{
    bool is_out[COARSE_SAMPLES] = {false};

    if (at(c, index)->energy < c->floor_mps2 || (c->has_peak && !are_apart(at(c, index), c->last_peak_ns)))
        return false;
    for (uint64_t i = index; i < c->summed; i++)
        is_out[i - index] =
            at(c, i)->energy < c->floor_mps2 || (c->has_peak && !are_apart(at(c, i), c->last_peak_ns));
    for (;;) {
        uint64_t best = c->summed;
        for (uint64_t i = index; i < c->summed; i++)
            if (!is_out[i - index] && (best == c->summed || at(c, i)->energy > at(c, best)->energy))
                best = i;
        if (best == index)
            return true;
        for (uint64_t i = index; i < c->summed; i++)
            is_out[i - index] |= !are_apart(at(c, i), at(c, best)->time_ns);
        if (is_out[0])
            return false;
    }
}

static void learn_usual(struct coarse *c, double energy)
{
    if (energy < MOVING_MPS2)
        return;
    c->usual_samples += c->usual_samples < USUAL_SAMPLES;
    c->usual_log += (exact_log(energy) - c->usual_log) / c->usual_samples;
}

/* What has been judged is not needed any more: AHEAD_NS is more than AROUND_NS. */
static void judge(struct coarse *c)
{
    const struct coarse_sample *s = at(c, c->judged);

    learn_usual(c, s->energy);
    if (is_peak(c, c->judged)) {
        tell(c, s);
        c->last_peak_ns = s->time_ns;
        c->has_peak = true;
    }
    c->judged++;
}

/* Each step goes as far as what it looks at is known; `is_final`: nothing more will come. */
static void settle(struct coarse *c, bool is_final)
{
    while (c->weighed < c->end &&
           (is_final || at(c, c->end - 1)->time_ns > at(c, c->weighed)->time_ns + AROUND_NS + JITTER_NS)) {
        at(c, c->weighed)->away2 = weigh(c, c->weighed);
        c->weighed++;
    }
    while (c->summed < c->weighed &&
           (is_final || at(c, c->weighed - 1)->time_ns >= at(c, c->summed)->time_ns + NEAR_NS)) {
        at(c, c->summed)->energy = sum_near(c, c->summed);
        c->summed++;
    }
    while (c->judged < c->summed &&
           (is_final || at(c, c->summed - 1)->time_ns >= at(c, c->judged)->time_ns + AHEAD_NS))
        judge(c);
}

void coarse_push(struct coarse *coarse, int64_t time_ns, const double value[TICK_AXES])
{
    struct coarse *c = coarse;

    if (c->end - c->judged == COARSE_SAMPLES) /* faster than it is made for */
        coarse_break(c);
    struct coarse_sample *s = at(c, c->end++);
    *s = (struct coarse_sample){.time_ns = time_ns};
    memcpy(s->value, value, sizeof s->value);
    settle(c, false);
}

void coarse_break(struct coarse *coarse)
{
    struct coarse *c = coarse;

    settle(c, true);
    c->has_peak = false;
}

const struct coarse_jolt *coarse_next(const struct coarse *coarse)
{
    return coarse->first_jolt == coarse->end_jolt ? NULL : &coarse->jolts[coarse->first_jolt % COARSE_JOLTS];
}

void coarse_drop(struct coarse *coarse)
{
    coarse->first_jolt += coarse->first_jolt != coarse->end_jolt;
}

void coarse_forget(struct coarse *coarse)
{
    coarse->first_jolt = coarse->end_jolt;
}
