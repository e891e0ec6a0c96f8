/* lag.h - how late the receiver's velocity is, from what both sensors feel: the change of its speed against the forward
 * acceleration, the change of its course against the yaw rate. Converges in minutes on any drive that brakes or turns.
 *
 * For each candidate lag, what the motion sensor gathered over the very interval between two fixes is regressed on what
 * the fixes say: speed on the three axes of the accelerometer (how it is mounted need not be known), course on the turn
 * about up. The least residual, by a parabola through its neighbours, is the lag; its curvature gives the sigma. The
 * course of an antenna ahead of the rear axle leads the body's heading by distance / speed, which is taken off.
 *
 * Plain memory (about 25 KiB), no allocation; fed tick by tick, in order. */
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
    double speed_mps, heading_rad; /* NAN if unknown; clockwise from north */
};

/* Sums of a regression of y on up to three x. */
struct lag_sums {
    double x[3], xx[6], xy[3]; /* xx: 00 01 02 11 12 22 */
};

struct lag_channel {
    double n, y, yy;
    struct lag_sums at[LAG_CANDIDATES];
};

struct lag {
    double ahead_m; /* of the rear axle: where the antenna is */
    int64_t first_ns, end; /* time of tick 0; ticks so far in this stretch */
    double gathered[LAG_TICKS][4]; /* accelerometer and turn, summed up over time: m/s and rad */
    bool has_turn;
    struct lag_fix from;
    bool has_from;
    struct lag_fix waiting[LAG_WAITING][2]; /* intervals that wait for their ticks */
    int n_waiting;
    struct lag_channel speed, course;
};

void lag_init(struct lag *lag, double antenna_ahead_m);
/* The ticks have a hole here. */
void lag_break(struct lag *lag);
/* `turn_radps`: about up, clockwise; NAN without a gyroscope. */
void lag_tick(struct lag *lag, int64_t time_ns, const double accel_mps2[3], double turn_radps);
/* In time order, not later than about the newest tick. */
void lag_fix(struct lag *lag, const struct lag_fix *fix);
/* False while nothing stands out. */
bool lag_estimate(const struct lag *lag, double *ret_lag_s, double *ret_sigma_s);
/* What was learnt has been used: start again. */
void lag_clear(struct lag *lag);

#endif
