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
/* Takes one sample, later than the last one. Calls `emit` for each tick that it completes. */
void resample_push(struct resample *resample, int64_t time_ns, const double value[TICK_AXES],
                   void (*emit)(void *context, const struct tick *tick), void *context);

#endif
