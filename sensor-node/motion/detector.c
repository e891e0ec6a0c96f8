#include "sensor-node/motion/detector.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/motion/size.h"

#define AFTER_TICKS  40   /* ringing after the rear axle has left: not another event */
#define WIDE_M       0.45 /* the second road to high: a hole so wide ... */
#define WIDE_FROM_MM 25.0 /* ... and at least so deep */
#define SIDE_ONE     0.3  /* roll per vertical of a hit under one wheel, at the least */

void detector_init(struct detector *detector, double imu_x_m, double wheelbase_m, double half_track_m)
{
    memset(detector, 0, sizeof *detector);
    detector->wheelbase_m = wheelbase_m;
    detector->half_track_m = half_track_m;
    bank_init(&detector->bank, imu_x_m, wheelbase_m);
    fourier_init(&detector->fourier);
}

void detector_reset(struct detector *detector)
{
    detector->quiet_until = 0;
}

static bool is_one_sided(enum motion_class class)
{
    return class == CLASS_POTHOLE || class == CLASS_MANHOLE_LEVEL || class == CLASS_MANHOLE_COVER ||
           class == CLASS_PATCH_FAILURE || class == CLASS_MANHOLE;
}

static enum wheel_side side_of(enum motion_class class, const float traits[TRAITS])
{
    const float roll = traits[T_ROLL_FRONT] + traits[T_ROLL_REAR];

    if (!is_one_sided(class))
        return WHEEL_BOTH;
    if (!(fabsf(roll) >= (float)SIDE_ONE))
        return WHEEL_UNKNOWN; /* also without a gyroscope */
    return roll > 0 ? WHEEL_LEFT : WHEEL_RIGHT;
}

/* Both axles have left the shape, and its peak lies behind: what comes later is another event. */
static int64_t event_end(const struct event *e, double shift, double half_m)
{
    const int64_t left = e->from + (int64_t)(shift + half_m / e->speed_mps / TICK_S + e->axle_ticks);

    return (left > e->centre ? left : e->centre) + AFTER_TICKS;
}

/* Over what this vehicle as a whole makes usual at this speed: the bin of the speed alone jumps to double
 * where a vehicle drives slowly on smooth streets only. */
static void measure_strength(const struct event *e, const float traits[TRAITS], double gain,
                             struct finding *f)
{
    const double usual_mps2 = gain * exact_pow(e->speed_mps, BACKGROUND_SPEED_POWER);
    const bool is_known = usual_mps2 > 0; /* false for NAN */

    f->strength = is_known ? (double)traits[T_PEAK_TO_PEAK] / usual_mps2 : 0;
    f->strength_sigma = is_known ? M_SQRT2 * e->usual_mps2 / usual_mps2 : 0; /* noise on both peaks */
}

static bool judge(struct detector *d, const struct event *e, const struct match *matches,
                  const float traits[TRAITS], struct finding *ret_finding)
{
    struct verdict verdict;
    double along_m;

    classify(traits, &verdict);
    struct finding f = {.type = class_defect(verdict.class),
                        .feature = class_feature(verdict.class),
                        .confidence = (double)verdict.confidence};
    if (!verdict.is_told || (f.type == DEFECT_NONE && f.feature == FEATURE_NONE))
        return false;
    const struct match *own = &matches[bank_best(matches, class_families(verdict.class))];
    size_middle(verdict.class, traits, &along_m, &f.along_sigma_m);
    const double shift = (double)own->shift + along_m / e->speed_mps / TICK_S;
    const bool is_echo = e->from + (int64_t)shift < d->quiet_until - AFTER_TICKS;
    d->quiet_until = event_end(e, shift, (double)traits[T_LENGTH_M] / 2);
    if (is_echo)
        return false;
    d->look_alikes += f.type == DEFECT_NONE;
    f.also_high = size_estimate(verdict.class, traits, &f.size, &f.size_sigma) &&
                  verdict.class == CLASS_POTHOLE && f.size >= WIDE_FROM_MM && size_hole_m(traits) >= WIDE_M;
    f.side = side_of(verdict.class, traits);
    f.index = e->from + llround(shift);
    f.fraction = shift - (double)llround(shift);
    *ret_finding = f;
    return true;
}

bool detector_look(struct detector *detector, const struct window *window, int64_t centre,
                   const struct background *background, struct finding *ret_finding)
{
    struct detector *d = detector;
    const bool is_quiet = centre < d->quiet_until;
    struct match matches[BANK_SHAPES];
    float traits[TRAITS];
    struct event event;
    double usual_mps2;

    if ((is_quiet && !d->watcher) || !event_is_peak(window, centre, background, d->wheelbase_m, &usual_mps2))
        return false;
    event_fill(&event, window, centre, usual_mps2, background, d->wheelbase_m, d->half_track_m);
    bank_prepare(&d->bank, event.speed_mps);
    const int best = bank_match(&d->bank, &event, matches);
    traits_make(&d->fourier, &d->bank, &event, background, matches, best, d->wheelbase_m, traits);
    if (d->watcher)
        d->watcher(d->watcher_context, &event, matches, traits);
    if (is_quiet || !judge(d, &event, matches, traits, ret_finding))
        return false;
    measure_strength(&event, traits, background_gain(background), ret_finding);
    return true;
}
