/* orient.h - how the sensor sits in the vehicle, learnt while driving.
 *
 * "Up" is the slow mean of the specific force (gravity): any axis may point up or down. "Forward" is the
 * horizontal direction in which the felt acceleration follows the change of the GPS speed; unknown until the
 * driver has braked and accelerated enough. Fed with ticks of 10 ms. Plain values, no allocation. */
#ifndef MOTION_ORIENT_H
#define MOTION_ORIENT_H

#include <stdbool.h>

struct orient {
    double slow[3], fast[3]; /* m/s2 */
    double square, size;     /* of `slow`: its length squared, and its length */
    double age_s, tilted_s;
    double smooth[3], smooth_along; /* 1 s means of the horizontal part and of the GPS's acceleration */
    double sum_hv[3], sum_hh[3][3], sum_vv;
    double forward_size; /* length of sum_hv once it is known to be forward, else 0 */
};

void orient_reset(struct orient *orient);
/* One tick. Returns false when the mount was moved: what was learnt is dropped and learning starts again. */
bool orient_step(struct orient *orient, const double accel_mps2[3]);
/* What is felt has leaned away from up for a while: hard braking, or a mount that turns. */
bool orient_is_tilted(const struct orient *orient);
/* Gravity is known and has the size of gravity (a sensor that removes it cannot be used). */
bool orient_is_ready(const struct orient *orient);
/* Along up, less gravity. */
double orient_vertical(const struct orient *orient, const double accel_mps2[3]);
/* `accel_mps2`, `turn_radps`: of the vehicle along its way, from the position filter. Bends teach nothing. */
void orient_learn_forward(struct orient *orient, const double felt_mps2[3], double accel_mps2,
                          double turn_radps);
/* Roll rate, positive when the left side rises; NAN while forward is unknown or without a gyroscope. */
double orient_roll(const struct orient *orient, const double gyro_radps[3]);
/* Pitch rate, positive when the nose goes down; NAN as above. */
double orient_pitch(const struct orient *orient, const double gyro_radps[3]);
/* Size of what is felt across up: braking, bends, a slammed door; not signed. */
double orient_level(const struct orient *orient, const double accel_mps2[3]);

#endif
