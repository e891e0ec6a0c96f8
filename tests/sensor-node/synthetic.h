/* synthetic.h - a made-up drive with known truth, independent of the code under test: four quarter-car
 * corners under a rigid body, solved by Runge-Kutta, on a road given as a function; GPS fixes with lag and
 * lever arm.
 *
 * Vehicle: domain figures section 3 (ms 375, mu 40 kg, ks 20, kt 190 kN/m, cs 1.5 kNs/m, disc of 0.32 m). */
#ifndef TESTS_SYNTHETIC_H
#define TESTS_SYNTHETIC_H

#include "sensor-node/core.h"

struct synthetic {
    double (*height_m)(double along_m, bool is_left); /* of the road; NULL = flat */
    double speed_mps, sway_mps, sway_s;               /* v = speed + sway * sin(2 pi t / sway_s) */
    double heading_rad, turn_radius_m;                /* 0 = straight; > 0 bends to the right */
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m, lag_s;
    double fix_hz, sample_hz, sigma_m, noise_mps2;
    double mount[3][3]; /* sensor = mount * vehicle */
    bool has_gyro;
    int64_t start_ns;
    double lat_deg, lon_deg; /* where the drive starts */
    enum gnss_class gnss;
    /* inside */
    double time_s, corner[4][4], accel[4], fix_time_s, gps_e_m, gps_n_m;
    uint64_t random;
};

struct truth {
    double along_m, speed_mps, e_m, n_m, heading_rad; /* of the middle between the front wheels */
};

void synthetic_init(struct synthetic *ret_drive);
struct truth synthetic_truth(const struct synthetic *drive, double time_s);
/* One sample further; ret_has_fix tells whether a fix came with it (to be given after the sample). */
void synthetic_next(struct synthetic *drive, struct motion_sample *ret_sample, struct fix *ret_fix,
                    bool *ret_has_fix);

#endif
