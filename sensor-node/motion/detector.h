/* detector.h - from peaks of the body's acceleration to findings: each event is described (traits.h),
 * classified (classify.h), sized (size.h) and put where its front axle was.
 *
 * One finding for the two axles. Look-alikes are found as features. What is not of the road and what does not
 * stand out of it gives nothing. Cracks are never claimed: the tyre bridges them. Pure, no allocation. */
#ifndef MOTION_DETECTOR_H
#define MOTION_DETECTOR_H

#include "sensor-node/motion/background.h"
#include "sensor-node/motion/bank.h"
#include "sensor-node/motion/classify.h"
#include "sensor-node/motion/window.h"

struct detector {
    struct bank bank;
    struct fourier_table fourier;
    double wheelbase_m, half_track_m;
    int64_t quiet_until; /* index before which no new event begins: one finding for both axles */
    uint64_t look_alikes;
    /* Hears of every event before it is judged, quiet or not: for training. NULL = nobody. */
    void (*watcher)(void *context, const struct event *event, const struct match *matches,
                    const float *traits);
    void *watcher_context;
};

struct finding {
    int type;                  /* DEFECT_NONE: a look-alike, see `feature` */
    enum feature_kind feature; /* FEATURE_NONE for a defect */
    double strength,
        strength_sigma;      /* peak to peak over the usual RMS at this speed; 0 while none is usual yet */
    double size, size_sigma; /* in the type's unit */
    bool also_high;          /* the type's second road to high */
    double confidence;       /* 0..1 */
    enum wheel_side side;
    int64_t index;        /* tick at which the front axle stood over it ... */
    double fraction;      /* ... plus this much of a tick, -0.5..0.5 */
    double along_sigma_m; /* 1 sigma of that, by what is felt alone */
};

void detector_init(struct detector *detector, double imu_x_m, double wheelbase_m, double half_track_m);
/* A new stretch begins: indices start again. */
void detector_reset(struct detector *detector);
/* Looks at the tick `centre`, in order. True if an event that peaks there is a defect or a look-alike. */
bool detector_look(struct detector *detector, const struct window *window, int64_t centre,
                   const struct background *background, struct finding *ret_finding);

#endif
