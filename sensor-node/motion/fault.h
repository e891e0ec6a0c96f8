/* fault.h - can this sample be believed? Watches the stream for a sensor that is stuck, runs into the end of its
 * range, or gives too few samples. Plain values, no allocation, one look at each sample.
 *
 * Stuck: an axis that bears gravity, or one that has moved before, repeats one value for FAULT_STUCK_S and ten samples;
 * a vehicle on the move is never as still as that. Clipped: the greatest value ever seen comes again at once, reached in
 * a leap of many steps of the converter (a natural crest is reached in steps of one or two); the range is learnt from
 * that, and every later sample there counts. Rate: rows that only repeat the row before are no samples. */
#ifndef MOTION_FAULT_H
#define MOTION_FAULT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "sensor-node/motion/resample.h"
#include "sensor-node/reason.h"

#define FAULT_STUCK_S 1.0
#define FAULT_CLIP_S  1.0 /* around a clipped sample nothing is watched: its event is not what was felt */
#define FAULT_HOLE_S  0.5 /* samples farther apart than this are a hole, not a rate */

struct fault_axis {
    int64_t same_ns; /* since when the value has not changed ... */
    int same;        /* ... and for how many samples */
    bool has_varied;
};

/* One end of the range of one axis. */
struct fault_end {
    double extreme;
    int run, plateaus; /* samples in a row at the extreme; how often there were two or more */
    bool has_extreme, is_leap, is_range;
};

struct fault {
    bool has_last;
    int64_t last_ns;
    double last[TICK_AXES];
    struct fault_axis axes[TICK_AXES];
    struct fault_end ends[3][2]; /* of the accelerometer: low, high */
    double quantum[3];           /* least step seen, 0 = none yet */
    int64_t clipped_until_ns;
    bool is_clipped, is_stuck;
    double rate_hz;             /* of the last second, 0 = not known yet */
    double rate_s, rate_rows;   /* the second under way */
    bool has_repeated;          /* an axis, in the sample before, while calm */
    bool is_calm, has_gyro;     /* nothing is held against the sensor, all axes move: fault_passes may answer */
};
#define FAULT_RATE_S 1.0
#define FAULT_REPEATS_CALM 4 /* a value so often in a row is nothing yet */

struct fault_answer {
    enum unwatched_reason reason; /* in force at this sample */
    bool is_new;                  /* it has just been recognised: what came since from_ns is not to be believed */
    int64_t from_ns;
    bool has_resumed; /* the first sample after a stuck one: nothing joins the two */
    bool has_gyro;    /* false: none, or one that does not move */
};

/* Nearly every sample only moves a little, within the range seen so far: true, and the sample is taken note of. False:
 * nothing has happened yet, ask fault_step. A sample that passes lies between values that were accepted before. */
static inline bool fault_passes(struct fault *fault, int64_t time_ns, const float accel[3], const float gyro[3])
{
    const double rate_s = fault->rate_s + (double)(time_ns - fault->last_ns) * 1e-9;

    if (!fault->is_calm || rate_s >= FAULT_RATE_S)
        return false;
    int repeated = 0;
    for (int k = 0; k < 3; k++) {
        const double value = (double)accel[k], step = fabs(value - fault->last[k]);
        if (!(value < fault->ends[k][1].extreme) || !(-value < fault->ends[k][0].extreme))
            return false;
        if (!(step >= fault->quantum[k])) {
            if (step != 0 || fault->axes[k].same >= FAULT_REPEATS_CALM || ++repeated == 3)
                return false;
        }
    }
    if (fault->has_gyro) {
        for (int k = 0; k < 3; k++)
            if (!(fabs((double)gyro[k] - fault->last[k + 3]) > 0))
                return false;
        for (int k = 0; k < 3; k++)
            fault->last[k + 3] = (double)gyro[k];
    } else if (!isnan(gyro[0]) || !isnan(gyro[1]) || !isnan(gyro[2])) {
        return false;
    }
    for (int k = 0; k < 3; k++) {
        const double value = (double)accel[k];
        if (repeated > 0 || fault->has_repeated) {
            const bool is_same = value == fault->last[k];
            if (is_same && fault->axes[k].same == 1)
                fault->axes[k].same_ns = fault->last_ns;
            fault->axes[k].same = is_same ? fault->axes[k].same + 1 : 1;
        }
        fault->last[k] = value;
    }
    fault->has_repeated = repeated > 0;
    fault->rate_s = rate_s;
    fault->rate_rows += 1;
    fault->last_ns = time_ns;
    return true;
}
void fault_init(struct fault *fault);
/* The next sample of a stretch begins: a hole lies before it. What was learnt of the range stays. */
void fault_break(struct fault *fault);
/* One accepted sample, later than the one before. `rate_min_hz`: below this it is too slow. */
struct fault_answer fault_step(struct fault *fault, int64_t time_ns, const double value[TICK_AXES],
                               double rate_min_hz);

#endif
