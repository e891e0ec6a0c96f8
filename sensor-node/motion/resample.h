/* resample.h - samples of any rate become ticks of 10 ms on the UTC grid.
 *
 * A tick is the mean, over its 10 ms, of the straight lines between samples: it averages fast sensors,
 * interpolates slow ones and needs no case for either. The same samples give the same ticks in any blocks. */
#ifndef MOTION_RESAMPLE_H
#define MOTION_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor-node/reason.h"

#define TICK_NS   10000000
#define TICK_S    0.01
#define TICK_HZ   100.0
#define TICK_AXES 6 /* accelerometer x y z, gyroscope x y z */

struct tick {
    int64_t time_ns;         /* middle of its 10 ms */
    double value[TICK_AXES]; /* m/s2 and rad/s in the sensor's axes; gyro NAN where there is none */
    double gap_s;  /* unwatched time just before this tick: it starts a new stretch; 0 = it continues */
    enum unwatched_reason gap_reason;
    enum unwatched_reason fault; /* what was known against its samples when it was made ... */
    enum unwatched_reason doubt; /* ... and what turned out later, while it waited for its place */
    bool is_first;               /* of a stretch */
};

struct resample {
    bool has_last, is_first;
    bool has_gyro; /* in the tick under way; without one its axes are not summed */
    int64_t last_ns, start_ns; /* of the tick under way */
    double last[TICK_AXES], sum[TICK_AXES];
    double gap_s;
    enum unwatched_reason gap_reason;
    enum unwatched_reason fault; /* set by the caller before each sample; its ticks carry it */
};

/* The next sample starts a new stretch, `gap_s` after the last one. */
void resample_break(struct resample *resample, double gap_s, enum unwatched_reason reason);
/* Takes a sample that lies in the same tick as the last one, as nearly all of a fast sensor do: the area under the line
 * from that one, `step_ns` before. False, and nothing taken, if it does not. */
static inline bool resample_add(struct resample *resample, int64_t time_ns, double step_ns, const float accel[3],
                                const float gyro[3])
{
    struct resample *r = resample;
    const double half_width = step_ns * (0.5 / TICK_NS);

    if (!r->has_last || r->last_ns < r->start_ns || time_ns >= r->start_ns + TICK_NS)
        return false;
    for (int k = 0; k < 3; k++) {
        const double value = (double)accel[k];
        r->sum[k] += half_width * (r->last[k] + value);
        r->last[k] = value;
    }
    for (int k = 0; k < 3 && r->has_gyro; k++) {
        const double value = (double)gyro[k];
        r->sum[k + 3] += half_width * (r->last[k + 3] + value);
        r->last[k + 3] = value;
    }
    r->last_ns = time_ns;
    return true;
}
/* Takes one sample, later than the last one. Calls `emit` for each tick that it completes. */
void resample_push(struct resample *resample, int64_t time_ns, const double value[TICK_AXES],
                   void (*emit)(void *context, const struct tick *tick), void *context);

#endif
