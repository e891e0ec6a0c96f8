/* calibrate.h - what a vehicle learns of itself from crossing the same things again: how late its receiver is, and where
 * the antenna sits.
 *
 * A thing crossed in opposite directions at v1 and v2 seems to lie in two places, (v1 + v2) * lag apart along the way; a
 * wrong lever arm parts them by twice the error whatever the speed. So: a Kalman filter over
 *     lag (s), antenna x and y (m), the receiver's own error now (east, north, m), velocity lag less position lag (s),
 *     how far off the middle of a wide thing is felt (m), and the places of up to CALIBRATE_OBJECTS things (east, north),
 * all with their covariances. The receiver's error is a state of its own, first-order Gauss-Markov over
 * CALIBRATE_BIAS_S: twenty things crossed in one minute share one error, and what it says of its own sigma is honest.
 * Crossings find their thing by kind and distance in sigmas (a hole seen from another direction may well be another hole
 * in the next lane: it counts only where the receiver tells lanes apart); one that could be two things teaches nothing; one that fits
 * badly counts less.
 *
 * Plain memory (about 85 KiB), no allocation, one thread. Frame: vehicle, origin in the middle of the front axle. */
#ifndef POSITION_CALIBRATE_H
#define POSITION_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALIBRATE_OBJECTS 48
#define CALIBRATE_FIXED   7
#define CALIBRATE_STATES  (CALIBRATE_FIXED + 2 * CALIBRATE_OBJECTS)
#define CALIBRATE_BIAS_S  60.0

/* How the receiver sits in time and in the vehicle. */
struct mount {
    double lag_s; /* reports are late by this much */
    double antenna_x_m, antenna_y_m;
};

/* One crossing, as placed with the mount `applied` then. */
struct sighting {
    int64_t time_ns;
    bool is_wide; /* lies across the whole road; only two of a kind can be the same thing */
    double e_m, n_m, heading_rad, speed_mps;
    double receiver_sigma_m;              /* of its position, per axis: hangs together */
    double along_sigma_m, across_sigma_m; /* what differs from crossing to crossing */
    struct mount applied;
};

struct calibrate_object {
    bool is_wide;
    int seen;
    double heading_rad; /* when it was seen first */
    int64_t last_ns;
};

struct calibrate {
    int n;              /* objects */
    int64_t bias_ns;    /* time of the receiver's error below; 0 = a new drive */
    uint32_t recrossed; /* crossings that taught something */
    struct calibrate_object objects[CALIBRATE_OBJECTS];
    double x[CALIBRATE_STATES], p[CALIBRATE_STATES][CALIBRATE_STATES];
};

/* A sigma of 0 says that the value was measured: it is never changed. */
void calibrate_init(struct calibrate *calibrate, const struct mount *prior, const struct mount *sigma);
/* Another drive: the receiver's error is a new one, and the mount may have changed a little. */
void calibrate_drive(struct calibrate *calibrate);
/* True if the crossing was one of a thing known before. */
bool calibrate_sight(struct calibrate *calibrate, const struct sighting *sighting);
/* The lag of the receiver's velocity, from lag.h: once for each stretch of data. */
void calibrate_velocity_lag(struct calibrate *calibrate, double lag_s, double sigma_s);
struct mount calibrate_mount(const struct calibrate *calibrate);
struct mount calibrate_sigma(const struct calibrate *calibrate);

#endif
