/* detector.h - defects from what the body felt: a peak above the background is matched against the shapes of
 * the bank; the best explanation gives type, size, side and the moment at which the front axle was there.
 *
 * One finding for the two axles. What a look-alike explains better is found as a feature; nothing is found that no
 * shape explains or that does not stand out of the background: 6 sigma peak to peak and an absolute floor. Cracks are never
 * claimed. Size is a mean over the sizes that explain the signal, so where the body hardly tells sizes apart
 * (short holes above 40 km/h) its sigma is wide. Pure, no allocation. */
#ifndef MOTION_DETECTOR_H
#define MOTION_DETECTOR_H

#include "sensor-node/motion/background.h"
#include "sensor-node/motion/bank.h"
#include "sensor-node/motion/window.h"

struct detector {
    struct bank bank;
    double half_track_m;
    int64_t quiet_until; /* index before which no new event begins: one finding for both axles */
    float shapes[BANK_ENTRIES_MAX][BANK_TICKS]; /* of the event under way */
    uint64_t look_alikes;
};

struct finding {
    int type;                  /* DEFECT_NONE: a look-alike, see `feature` */
    enum feature_kind feature; /* FEATURE_NONE for a defect */
    double strength, strength_sigma; /* peak to peak over the usual RMS at this speed; 0 while none is usual yet */
    double size, size_sigma; /* in the type's unit */
    bool also_high;          /* the type's second road to high */
    double confidence;       /* 0..1 */
    enum wheel_side side;
    int64_t index;   /* tick at which the front axle stood over it ... */
    double fraction; /* ... plus this much of a tick, -0.5..0.5 */
};

void detector_init(struct detector *detector, double imu_x_m, double wheelbase_m, double half_track_m);
/* A new stretch begins: indices start again. */
void detector_reset(struct detector *detector);
/* Looks at the tick `centre`, in order. True if an event that peaks there is a defect or a look-alike. */
bool detector_look(struct detector *detector, const struct window *window, int64_t centre,
                   const struct background *background, struct finding *ret_finding);

#endif
