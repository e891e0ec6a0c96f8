#include "sensor-node/motion/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/motion/exact.h"

#define SPEED_MIN_MPS 2.0
#define FLOOR_PP_MPS2                                                                                        \
    0.6 /* 0.25 g p-p at the corner (domain figures, section 3 d), a quarter of it in the cabin */
#define FLOOR_SIGMAS      6.0 /* of the background, peak to peak */
#define PEAK_SIGMAS       2.5 /* one-sided peak that is worth a look */
#define RADIUS_TICKS      40  /* an event's peak is the greatest of 0.8 s */
#define SCAN_BEFORE_TICKS 40  /* the peak comes at most so long after an axle stood over the middle ... */
#define SCAN_AFTER_TICKS  25  /* ... or so long before */
#define LOCAL_TICKS       240 /* local background: 2.4 s to each side */
#define NOISE_CORRELATION 5.0 /* ticks of road noise that hang together: its energy counts for so much less  \
                               */
#define MODEL_ERROR    0.02   /* share of the event's energy that a car unlike ours leaves unexplained */
#define GAIN_SIGMA     0.25   /* spread of ln(amplitude): springs, tyres, half-hit holes */
#define GAIN_LOW       0.4
#define GAIN_HIGH      1.6
#define SIDE_EXPECTED  0.8 /* of a one-sided hit: the sensor is not midway, the road rolls the body too */
#define SIDE_SIGMA     0.25
#define EXPLAINED_MIN  0.35
#define CONFIDENCE_MIN 0.30 /* share of the type among the explanations, times what it explains */
#define SIZE_SIGMA_MIN 0.15 /* relative: no car is known better */

struct event {
    const struct window *window;
    int64_t centre;
    double speed_mps, sigma_mps2, energy;
    double usual_mps2; /* RMS of this vehicle at this speed, 0 unknown */
    int axle_ticks;
    int64_t from; /* first tick of the part that has to be explained */
    int n;
    float felt[3 * BANK_TICKS];
};

struct match {
    double residual, gain, log_posterior, peak_to_peak;
    double shift; /* ticks: front axle over the middle, from event.from */
};

void detector_init(struct detector *detector, double imu_x_m, double wheelbase_m, double half_track_m)
{
    memset(detector, 0, sizeof *detector);
    detector->half_track_m = half_track_m;
    bank_init(&detector->bank, imu_x_m, wheelbase_m);
}

void detector_reset(struct detector *detector)
{
    detector->quiet_until = 0;
}

static double felt_at(const struct window *window, int64_t index)
{
    const struct look *look = window_at(window, index);

    return look ? look->felt_mps2 : 0;
}

static bool is_greatest(const struct window *window, int64_t centre, int radius)
{
    const double peak = fabs(felt_at(window, centre));

    for (int k = 1; k <= radius; k++)
        if (fabs(felt_at(window, centre - k)) > peak || fabs(felt_at(window, centre + k)) >= peak)
            return false;
    return true;
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Robust sigma of the road around the event: median of |felt| / 0.6745, the event itself left out. */
static double local_sigma(const struct window *window, int64_t centre, int skip)
{
    float values[2 * LOCAL_TICKS];
    int n = 0;

    for (int k = skip; k < skip + LOCAL_TICKS; k++)
        for (int side = -1; side <= 1; side += 2) {
            const struct look *look = window_at(window, centre + side * k);
            if (look && look->place.speed_mps > SPEED_MIN_MPS)
                values[n++] = (float)fabs(look->felt_mps2);
        }
    if (n < 20)
        return 0;
    qsort(values, (size_t)n, sizeof values[0], compare_floats);
    return (double)values[n / 2] / 0.6745;
}

static void event_fill(struct event *e)
{
    e->from = e->centre - e->axle_ticks - RADIUS_TICKS - 20;
    e->n = 2 * e->axle_ticks + 3 * RADIUS_TICKS + 60;
    e->energy = 0;
    for (int i = 0; i < e->n; i++) {
        e->felt[i] = (float)felt_at(e->window, e->from + i);
        e->energy += (double)(e->felt[i] * e->felt[i]);
    }
}

/* Best gain for one shape at one shift, and what it leaves unexplained (a prior on the gain included). */
static double fit(const struct event *e, const float *shape, int n, int shift, double *ret_gain)
{
    const int offset = shift - BANK_ZERO, low = offset < 0 ? -offset : 0;
    const int high = offset + n > e->n ? e->n - offset : n;
    float cross = 0, own = 0;

    for (int i = low; i < high; i++) {
        cross += e->felt[i + offset] * shape[i];
        own += shape[i] * shape[i];
    }
    const double gain = fmin(GAIN_HIGH, fmax(GAIN_LOW, (double)cross / ((double)own + 1e-9)));
    *ret_gain = gain;
    return e->energy - 2 * gain * (double)cross + gain * gain * (double)own;
}

static double peak_to_peak(const float *x, int n)
{
    float low = 0, high = 0;

    for (int i = 0; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    return (double)(high - low);
}

static void match_entry(const struct event *e, const float *shape, int n, struct match *ret_match)
{
    const int peak = (int)(e->centre - e->from);
    double gain;
    int best = peak;

    *ret_match = (struct match){.residual = INFINITY};
    for (int shift = peak - e->axle_ticks - SCAN_BEFORE_TICKS; shift <= peak + SCAN_AFTER_TICKS; shift++) {
        const double residual = fit(e, shape, n, shift, &gain);
        if (residual < ret_match->residual) {
            ret_match->residual = residual;
            ret_match->gain = gain;
            best = shift;
        }
    }
    /* The minimum between ticks, from a parabola through three of them. */
    const double before = fit(e, shape, n, best - 1, &gain), after = fit(e, shape, n, best + 1, &gain);
    const double bend = before - 2 * ret_match->residual + after;
    const double part = bend > 0 ? fmin(0.5, fmax(-0.5, 0.5 * (before - after) / bend)) : 0;
    ret_match->shift = best + part;
    ret_match->peak_to_peak = ret_match->gain * peak_to_peak(shape, n);
}

/* +1: the left wheels did it, -1: the right ones, 0: both; NAN without roll. The roll acceleration follows
 * the acceleration c of the side that moves: roll = c / (4 h), felt = c / 4 for a sensor midway, h the half
 * track. */
static double side_of(const struct event *e, double half_track_m, double shift)
{
    const int64_t from = e->from + (int64_t)shift - 5, to = from + e->axle_ticks + 45;
    double cross = 0, own = 0;

    for (int64_t i = from; i < to; i++) {
        const struct look *look = window_at(e->window, i);
        const struct look *before = window_at(e->window, i - 1), *after = window_at(e->window, i + 1);
        if (!look || !before || !after)
            continue;
        if (isnan(after->roll_radps))
            return NAN;
        cross += (after->roll_radps - before->roll_radps) / (2 * TICK_S) * look->felt_mps2;
        own += look->felt_mps2 * look->felt_mps2;
    }
    return own > 0 ? half_track_m * cross / own : NAN;
}

static double side_penalty(double side, bool is_one_sided)
{
    const double away = is_one_sided ? fabs(side) - SIDE_EXPECTED : side;

    return isnan(side) ? 0 : away * away / (2 * SIDE_SIGMA * SIDE_SIGMA);
}

static void match_all(struct detector *d, const struct event *e, struct match *matches, int *ret_best)
{
    const double noise = NOISE_CORRELATION * e->sigma_mps2 * e->sigma_mps2 + MODEL_ERROR * e->energy;

    *ret_best = -1;
    for (int i = 0; i < d->bank.n; i++) {
        const int n = bank_template(&d->bank, i, e->speed_mps, d->shapes[i]);
        struct match *m = &matches[i];
        m->log_posterior = -INFINITY;
        if (n == 0)
            continue;
        match_entry(e, d->shapes[i], n, m);
        const double off = exact_log(m->gain) / GAIN_SIGMA;
        m->log_posterior =
            exact_log(d->bank.entries[i].prior) - m->residual / (2 * noise) - off * off / 2 -
            side_penalty(side_of(e, d->half_track_m, m->shift), d->bank.entries[i].is_one_sided);
        if (*ret_best < 0 || m->log_posterior > matches[*ret_best].log_posterior)
            *ret_best = i;
    }
}

/* The type with the greatest share, its mean size and the spread of it. */
static void conclude(const struct detector *d, const struct match *matches, int best,
                     struct finding *ret_finding)
{
    double share[DEFECT_TYPE_COUNT + 1] = {0}, total = 0, mean = 0, square = 0, high = 0;
    int type = DEFECT_NONE;

    for (int i = 0; i < d->bank.n; i++) {
        const double w = exact_exp(matches[i].log_posterior - matches[best].log_posterior);
        share[d->bank.entries[i].type] += w;
        total += w;
    }
    for (int t = 1; t <= DEFECT_TYPE_COUNT; t++)
        if (share[t] > share[type])
            type = t;
    for (int i = 0; i < d->bank.n; i++) {
        const struct bank_entry *entry = &d->bank.entries[i];
        if (entry->type != type)
            continue;
        const double w = exact_exp(matches[i].log_posterior - matches[best].log_posterior) / share[type];
        mean += w * entry->size;
        square += w * entry->size * entry->size;
        high += type == DEFECT_POTHOLE && entry->size >= 25 && entry->shape.length_m >= 0.45 ? w : 0;
    }
    ret_finding->type = type;
    ret_finding->size = mean;
    ret_finding->size_sigma = exact_hypot(sqrt(fmax(0, square - mean * mean)), SIZE_SIGMA_MIN * mean);
    ret_finding->also_high = high > 0.5;
    ret_finding->confidence = share[type] / total;
}

static int best_of_type(const struct detector *d, const struct match *matches, int type)
{
    int best = -1;

    for (int i = 0; i < d->bank.n; i++)
        if (d->bank.entries[i].type == type &&
            (best < 0 || matches[i].log_posterior > matches[best].log_posterior))
            best = i;
    return best;
}

/* Both axles have left the shape, and its peak lies behind: what comes later is another event. */
static int64_t event_end(const struct event *e, const struct shape *shape, double shift)
{
    const int64_t left =
        e->from + (int64_t)(shift + shape->length_m / 2 / e->speed_mps / TICK_S) + e->axle_ticks;

    return (left > e->centre ? left : e->centre) + RADIUS_TICKS;
}

static void measure_strength(const struct event *e, struct finding *ret_finding)
{
    const bool is_known = e->usual_mps2 > 0;

    ret_finding->strength = is_known ? peak_to_peak(e->felt, e->n) / e->usual_mps2 : 0;
    ret_finding->strength_sigma = is_known ? M_SQRT2 * e->sigma_mps2 / e->usual_mps2 : 0; /* noise on both peaks */
}

static bool judge(struct detector *d, const struct event *e, struct finding *ret_finding)
{
    struct match matches[BANK_ENTRIES_MAX];
    int best;

    match_all(d, e, matches, &best);
    if (best < 0)
        return false;
    conclude(d, matches, best, ret_finding);
    best = best_of_type(d, matches, ret_finding->type);
    const struct match *m = &matches[best];
    const double explained = 1 - m->residual / e->energy;
    ret_finding->confidence *= explained;
    if (explained < EXPLAINED_MIN || ret_finding->confidence < CONFIDENCE_MIN ||
        m->peak_to_peak < FLOOR_PP_MPS2 || m->peak_to_peak < FLOOR_SIGMAS * e->sigma_mps2)
        return false;
    const bool is_echo = e->from + (int64_t)m->shift < d->quiet_until - RADIUS_TICKS;
    d->quiet_until = event_end(e, &d->bank.entries[best].shape, m->shift);
    if (ret_finding->type == DEFECT_NONE && !is_echo)
        d->look_alikes++;
    if (is_echo)
        return false;
    ret_finding->feature = d->bank.entries[best].feature;
    measure_strength(e, ret_finding);
    const double side = side_of(e, d->half_track_m, m->shift);
    const bool one = d->bank.entries[best].is_one_sided;
    ret_finding->side = !one                              ? WHEEL_BOTH
                        : isnan(side) || fabs(side) < 0.3 ? WHEEL_UNKNOWN
                        : side > 0                        ? WHEEL_LEFT
                                                          : WHEEL_RIGHT;
    ret_finding->index = e->from + llround(m->shift);
    ret_finding->fraction = m->shift - (double)llround(m->shift);
    return true;
}

bool detector_look(struct detector *detector, const struct window *window, int64_t centre,
                   const struct background *background, struct finding *ret_finding)
{
    const struct look *look = window_at(window, centre);

    if (!look || !look->is_watched || look->place.speed_mps < SPEED_MIN_MPS || centre < detector->quiet_until)
        return false;
    if (fabs(look->felt_mps2) < FLOOR_PP_MPS2 / 3)
        return false;
    struct event e = {.window = window, .centre = centre, .speed_mps = look->place.speed_mps};
    e.axle_ticks = (int)bank_axle_ticks(&detector->bank, e.speed_mps);
    if (!is_greatest(window, centre, RADIUS_TICKS > e.axle_ticks + 10 ? RADIUS_TICKS : e.axle_ticks + 10))
        return false;
    e.usual_mps2 = background_rms(background, e.speed_mps);
    e.sigma_mps2 = fmax(local_sigma(window, centre, RADIUS_TICKS + e.axle_ticks), e.usual_mps2);
    if (fabs(look->felt_mps2) < PEAK_SIGMAS * e.sigma_mps2)
        return false;
    event_fill(&e);
    return judge(detector, &e, ret_finding);
}
