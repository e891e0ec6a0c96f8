/* imu.h - the motion sensor: where it sits, and what it makes of what its place does.
 *
 * The drive gives the specific force and turn rate of its place in the body frame (x forward, y left, z up), many times a
 * sample; a sample is their mean, stamped in the middle of its interval, turned into the sensor's own axes, spoilt. */
#ifndef SIM_IMU_H
#define SIM_IMU_H

#include <stdbool.h>

#include "sensor-node/core.h"
#include "tests/sim/random.h"

/* Cabin mounts ride on the body; the axle mount sits on a front hub and feels the wheel. */
enum sim_mount { SIM_WINDSCREEN, SIM_DASHBOARD, SIM_FLOOR, SIM_AXLE, SIM_MOUNT_COUNT };
const char *sim_mount_name(enum sim_mount mount);

struct sim_imu {
    enum sim_mount mount;
    double x_m, y_m, z_m;                /* from the middle between the front wheels; z above the centre of gravity */
    double roll_rad, pitch_rad, yaw_rad; /* how it sits: yaw first, then pitch, then roll */
    double holder_hz, holder_damping;    /* a phone's holder swings; 0 = screwed down */
    double rate_hz;
    double jitter_s;     /* 1 sigma of the stamps */
    double drops_per_h;  /* bursts of lost samples ... */
    double drop_s;       /* ... of this mean length */
    double accel_noise_mps2, accel_bias_mps2, accel_drift_mps2; /* 1 sigma; the drift wanders over 5 minutes */
    double gyro_noise_radps, gyro_bias_radps;
    double scale_error, cross_axis; /* 1 sigma, relative */
    double range_mps2, gyro_range_radps;
    double accel_step_mps2, gyro_step_radps; /* quantisation; 0 = none */
    double engine_mps2;                      /* amplitude of the engine's shaking */
    bool has_gyro;
};

/* A ringing that dies away: a slammed door, a cover that rattles. */
struct sim_ring {
    double amplitude_mps2, hz, decay_s, age_s;
};

struct sim_imu_state {
    const struct sim_imu *imu;
    double roll_rad, pitch_rad, yaw_rad; /* now: a phone may be moved */
    double turn[3][3];                   /* body to sensor, scale and cross-axis errors included */
    double gain[3][3];
    double accel_bias[3], gyro_bias[3];
    struct sim_markov drift[3];
    double holder_m[3], holder_mps[3];
    double sum_accel[3], sum_gyro[3];
    int n_sum;
    double time_s, engine_phase, last_stamp_s, dropped_until_s;
    struct sim_ring ring;
    double hand_from[3], hand_to[3], hand_start_s, hand_end_s; /* being moved */
    double hand_radps[3];
    struct sim_markov hand[3];
};

void sim_imu_init(struct sim_imu_state *state, const struct sim_imu *imu, struct sim_random *random);
/* One step of the drive. */
void sim_imu_feel(struct sim_imu_state *state, const double force_mps2[3], const double turn_radps[3], double speed_mps,
                  double step_s);
/* The sample that ends now; false if it was lost. Times count from the start of the drive, plus `start_s`. */
bool sim_imu_sample(struct sim_imu_state *state, double now_s, double start_s, struct sim_random *random,
                    struct motion_sample *ret_sample);
void sim_imu_ring(struct sim_imu_state *state, double amplitude_mps2, double hz, double decay_s);
/* From now on for `seconds` somebody handles the device; afterwards it sits as the angles say. */
void sim_imu_handle(struct sim_imu_state *state, double now_s, double seconds, const double angles_rad[3]);

#endif
