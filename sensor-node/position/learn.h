/* learn.h - the mount of the receiver (its lag, its lever arm) as applied to each place, and as learnt on the way.
 *
 * What was configured is where it starts, with the sigma that the configuration gives it; 0 = measured, never changed.
 * Two teachers: lag.h within minutes of any drive, calibrate.h whenever something is crossed again. What they say is
 * applied slowly, so that a pass stays one line: the lag by at most LEARN_SLEW of a second each second, the lever arm at
 * the start of the next drive. Until it is, the difference counts as uncertainty of the place.
 *
 * Everything follows ticks and fixes in their own order, so that blocks make no difference. No allocation. */
#ifndef POSITION_LEARN_H
#define POSITION_LEARN_H

#include "sensor-node/position/calibrate.h"
#include "sensor-node/position/lag.h"
#include "sensor-node/position/track.h"

#define LEARN_SLEW 0.002

struct learn {
    struct mount prior, sigma; /* as configured */
    struct mount applied;
    int64_t lag_ns;               /* the same lag */
    struct mount known;           /* what the teachers say now ... */
    double p[2][2], p_across;     /* ... and its covariance: lag and x; y */
    struct calibrate calibrate;
    struct lag lag;
    uint64_t fed; /* fixes of the track given to `lag` */
    int ticks;    /* since it was last asked */
};

void learn_init(struct learn *learn, const struct mount *prior, const struct mount *sigma);
/* The time on the receiver's own clock at which a tick is to be looked up. */
int64_t learn_time_ns(const struct learn *learn, int64_t tick_ns);
/* One tick, and the fixes of the track behind it. A tick that cannot be used breaks the row. */
void learn_tick(struct learn *learn, const struct track *track, int64_t time_ns, const double accel_mps2[3],
                bool is_usable);
/* Adds what is not known of the mount to the covariance of a place. */
void learn_spread(const struct learn *learn, struct place *place);
/* Something was crossed at `place` (its covariance as learn_spread left it), seen at e_m, n_m. `is_wide`: it lies across
 * the whole road, so that where it is across says nothing. */
void learn_sight(struct learn *learn, const struct place *place, int64_t time_ns, double e_m, double n_m, bool is_wide);
/* The track was emptied: its fixes are counted from 0 again. */
void learn_restart_track(struct learn *learn);
/* The drive is over: the next one begins with all that is known. */
void learn_finish(struct learn *learn);
/* After `calibrate` was read from disk. */
void learn_resume(struct learn *learn);

#endif
