/* vehicle.h - a car as four quarter-car corners, its accelerometer and its GPS receiver.
 *
 * Corner constants: passenger car of the domain figures (ms 375 kg, mu 40 kg, ks 20 kN/m, kt 190 kN/m,
 * cs 1.5 kNs/m: body 1.1 Hz, wheel hop 11.5 Hz), tyre as a rigid disc of 0.32 m with a 0.10 m contact patch that can lift off. Front
 * and rear follow the same track; the body is rigid between them, so an IMU at x between the axles feels the
 * weighted mean of the corners. Own units: metres, seconds. */
#ifndef SIM_VEHICLE_H
#define SIM_VEHICLE_H

#include <stdio.h>

#include "link/message.h"
#include "tests/sim/route.h"

/* Vertical shaking at an IMU between the axles over that of one corner: the mean of four half-correlated
 * corners. A calibration drive would measure it; the node is told. */
#define SIM_RIDE_GAIN 0.6
/* The simulated clocks agree; what is left is the sampling. */
#define SIM_TIMING_SIGMA_S 0.002

struct sim_vehicle {
    char name[NAME_SIZE];
    bool is_phone;
    enum gnss_class gnss;
    double gnss_sigma_m, gnss_rate_hz, gnss_tau_s, gnss_lag_s;
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m;
    double cruise_mps;
    double mount_roll_rad, mount_pitch_rad, mount_yaw_rad; /* how the sensor sits in the car */
    double accel_noise_mps2, gyro_noise_radps, accel_bias_mps2;
    double softness; /* scales springs and dampers: 1 = the standard car */
};

/* One wheel over one placed thing, for the truth file. */
struct sim_crossing {
    int placed;
    double time_s;
    bool is_left;
};

struct sim_drive_result {
    double distance_m, duration_s;
    struct sim_crossing *crossings; /* the caller's array */
    int n_crossings, crossings_capacity;
};

/* Drives the route once and writes the plain CSV. false if writing failed or memory ran out. */
bool sim_drive(const struct sim_district *district, const struct sim_route *route, const struct sim_vehicle *vehicle,
               double sample_hz, uint64_t seed, FILE *csv, struct sim_drive_result *result);

#endif
