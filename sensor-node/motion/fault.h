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
    float __attribute__((vector_size(16))) last; /* x y z of the accelerometer, and z again */
    float last_gyro[3];
    struct fault_axis axes[TICK_AXES];
    struct fault_end ends[3][2]; /* of the accelerometer: low, high */
    double quantum[3];           /* least step seen, 0 = none yet */
    int64_t clipped_until_ns;
    bool is_clipped, is_stuck;
    double rate_hz;             /* of the last second, 0 = not known yet */
    double rate_s;              /* the second under way ... */
    int rate_rows;              /* ... and its samples */
    bool has_repeated;          /* an axis, in the sample before, while calm */
    bool is_calm, has_gyro;     /* nothing is held against the sensor, all axes move: fault_passes may answer */
    float __attribute__((vector_size(16))) low, high, step; /* while calm: within these, a step greater than this */
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

/* The gyroscope's axes all move, as before; or there is none, as before. */
static inline bool fault_gyro_passes(const struct fault *fault, const float gyro[3])
{
    if (!fault->has_gyro)
        return isnan(gyro[0]) && isnan(gyro[1]) && isnan(gyro[2]);
    return fabsf(gyro[0] - fault->last_gyro[0]) > 0 && fabsf(gyro[1] - fault->last_gyro[1]) > 0 &&
           fabsf(gyro[2] - fault->last_gyro[2]) > 0;
}

/* All axes of the accelerometer at once: within the range seen so far, and moved by clearly more than the least step. */
static inline bool fault_moves(const struct fault *fault, float __attribute__((vector_size(16))) now)
{
    const float __attribute__((vector_size(16))) rise = now - fault->last, fall = fault->last - now;
    const long long __attribute__((vector_size(16))) holds =
        (long long __attribute__((vector_size(16))))((now < fault->high) & (now > fault->low) &
                                                     ((rise > fault->step) | (fall > fault->step)));

    return (holds[0] & holds[1]) == -1;
}

static inline void fault_note(struct fault *fault, int64_t time_ns, const float accel[3], const float gyro[3], double rate_s)
{
    fault->last = (float __attribute__((vector_size(16)))){accel[0], accel[1], accel[2], accel[2]};
    for (int k = 0; k < 3 && fault->has_gyro; k++)
        fault->last_gyro[k] = gyro[k];
    fault->rate_s = rate_s;
    fault->rate_rows++;
    fault->last_ns = time_ns;
}

/* Nearly every sample only moves a little, within the range seen so far: true, and the sample is taken note of. False:
 * nothing has happened yet, ask fault_repeats. `step_ns`: since the sample before. A sample that passes lies between values that were accepted before. */
static inline bool fault_passes(struct fault *fault, int64_t time_ns, double step_ns, const float accel[3],
                                const float gyro[3])
{
    const double rate_s = fault->rate_s + step_ns * 1e-9;
    const float __attribute__((vector_size(16))) now = {accel[0], accel[1], accel[2], accel[2]};

    if (!fault->is_calm || fault->has_repeated || rate_s >= FAULT_RATE_S || !fault_moves(fault, now) ||
        !fault_gyro_passes(fault, gyro))
        return false;
    fault_note(fault, time_ns, accel, gyro, rate_s);
    return true;
}
/* The same, axis by axis, for one that stands still for a few samples or moves by a single step. False: ask fault_step. */
bool fault_repeats(struct fault *fault, int64_t time_ns, double step_ns, const float accel[3], const float gyro[3]);
void fault_init(struct fault *fault);
/* The next sample of a stretch begins: a hole lies before it. What was learnt of the range stays. */
void fault_break(struct fault *fault);
/* One accepted sample, later than the one before. `rate_min_hz`: below this it is too slow. */
struct fault_answer fault_step(struct fault *fault, int64_t time_ns, const double value[TICK_AXES],
                               double rate_min_hz);

#endif
