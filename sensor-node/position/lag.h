/* lag.h - how late the receiver's velocity is, from what both sensors feel: the change of its speed against the forward
 * acceleration. Converges in minutes on any drive that brakes and speeds up.
 *
 * For each candidate lag, what the accelerometer gathered over the very interval between two fixes explains the change of
 * speed that the fixes tell, by regression on its three axes: how it is mounted need not be known. The least residual, by
 * a parabola through its neighbours, is the lag; its curvature gives the sigma. The course against the yaw rate would be
 * sharper and is not used: the course of an antenna leads the body's heading by its distance ahead of the rear axle over
 * the speed, 0.1 to 0.5 s in town, and what leads how is known too badly.
 *
 * Plain memory (about 30 KiB), no allocation; fed tick by tick, in order. */
#ifndef POSITION_LAG_H
#define POSITION_LAG_H

#include <stdbool.h>
#include <stdint.h>

#define LAG_TICKS      1024
#define LAG_CANDIDATES 37 /* -0.4 to 1.4 s */
#define LAG_FIRST_S    (-0.4)
#define LAG_STEP_S     0.05
#define LAG_WAITING    16

/* What a fix says of velocity; time as stamped, no lag taken off. */
struct lag_fix {
    int64_t time_ns;
    double speed_mps; /* NAN if unknown */
};

/* Sums of a regression of y on up to three x. */
struct lag_sums {
    double x[3], xx[6], xy[3]; /* xx: 00 01 02 11 12 22 */
};

struct lag {
    int64_t first_ns, end; /* time of tick 0; ticks so far in this stretch */
    double gathered[LAG_TICKS][3]; /* accelerometer, summed up over time: m/s */
    struct lag_fix from;
    bool has_from;
    struct lag_fix waiting[LAG_WAITING][2]; /* intervals that wait for their ticks */
    int n_waiting;
    double n, y, yy;
    struct lag_sums at[LAG_CANDIDATES];
};

void lag_init(struct lag *lag);
/* The ticks have a hole here. */
void lag_break(struct lag *lag);
void lag_tick(struct lag *lag, int64_t time_ns, const double accel_mps2[3]);
/* In time order, not later than about the newest tick. */
void lag_fix(struct lag *lag, const struct lag_fix *fix);
/* False while nothing stands out. */
bool lag_estimate(const struct lag *lag, double *ret_lag_s, double *ret_sigma_s);
/* What was learnt has been used: start again. */
void lag_clear(struct lag *lag);

#endif
