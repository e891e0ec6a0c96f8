#include "tests/sim/imu.h"

#include <math.h>
#include <string.h>

#define DRIFT_TAU_S 300.0
#define ENGINE_IDLE_HZ 26.0
#define ENGINE_HZ_PER_MPS 1.1
#define HAND_MPS2 2.5
#define HAND_TAU_S 0.15

const char *sim_mount_name(enum sim_mount mount)
{
    static const char *const names[SIM_MOUNT_COUNT] = {"windscreen", "dashboard", "floor", "axle"};

    return names[mount];
}

/* Rows: the sensor's axes in the body frame; yaw about z, then pitch about y, then roll about x. */
static void make_turn(struct sim_imu_state *s)
{
    const double angles[3] = {s->yaw_rad, s->pitch_rad, s->roll_rad};
    static const int axes[3][2] = {{0, 1}, {2, 0}, {1, 2}};
    double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

    for (int k = 0; k < 3; k++) {
        const double c = cos(angles[k]), n = sin(angles[k]);
        double *p = m[axes[k][0]], *q = m[axes[k][1]];
        for (int j = 0; j < 3; j++) {
            const double a = p[j], b = q[j];
            p[j] = c * a + n * b;
            q[j] = -n * a + c * b;
        }
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            s->turn[i][j] = 0;
            for (int k = 0; k < 3; k++)
                s->turn[i][j] += s->gain[i][k] * m[k][j];
        }
}

void sim_imu_init(struct sim_imu_state *state, const struct sim_imu *imu, struct sim_random *random)
{
    struct sim_imu_state *s = state;

    *s = (struct sim_imu_state){.imu = imu, .roll_rad = imu->roll_rad, .pitch_rad = imu->pitch_rad, .yaw_rad = imu->yaw_rad,
                                .last_stamp_s = -1, .ring = {.decay_s = 1}};
    for (int i = 0; i < 3; i++) {
        s->accel_bias[i] = sim_gauss(random, imu->accel_bias_mps2);
        s->gyro_bias[i] = sim_gauss(random, imu->gyro_bias_radps);
        sim_markov_init(&s->drift[i], random, imu->accel_drift_mps2, DRIFT_TAU_S);
        sim_markov_init(&s->hand[i], random, HAND_MPS2, HAND_TAU_S);
        for (int j = 0; j < 3; j++)
            s->gain[i][j] = i == j ? 1 + sim_gauss(random, imu->scale_error) : sim_gauss(random, imu->cross_axis);
    }
    make_turn(s);
}

/* The holder: a mass on a spring and damper whose foot shakes; what the phone feels is its own acceleration. */
static void through_holder(struct sim_imu_state *s, double force_mps2[3], double step_s)
{
    const double w = 2 * M_PI * s->imu->holder_hz;

    for (int k = 0; k < 3; k++) {
        /* Relative movement r: r'' = -a - 2 z w r' - w^2 r; felt: a + r''. */
        const double bend = -force_mps2[k] - 2 * s->imu->holder_damping * w * s->holder_mps[k] - w * w * s->holder_m[k];
        s->holder_mps[k] += step_s * bend;
        s->holder_m[k] += step_s * s->holder_mps[k];
        force_mps2[k] += bend;
    }
}

void sim_imu_feel(struct sim_imu_state *state, const double force_mps2[3], const double turn_radps[3], double speed_mps,
                  double step_s)
{
    struct sim_imu_state *s = state;
    double force[3] = {force_mps2[0], force_mps2[1], force_mps2[2]};

    s->engine_phase += 2 * M_PI * step_s * (ENGINE_IDLE_HZ + ENGINE_HZ_PER_MPS * speed_mps);
    if (s->imu->engine_mps2 > 0)
        force[2] += s->imu->engine_mps2 * sin(s->engine_phase);
    if (s->ring.amplitude_mps2 > 0) {
        const double ring = s->ring.amplitude_mps2 * exp(-s->ring.age_s / s->ring.decay_s) * sin(2 * M_PI * s->ring.hz * s->ring.age_s);
        for (int k = 0; k < 3; k++)
            force[k] += ring * (k == 2 ? 1 : 0.5);
        s->ring.age_s += step_s;
        if (s->ring.age_s > 8 * s->ring.decay_s)
            s->ring.amplitude_mps2 = 0;
    }
    if (s->imu->holder_hz > 0)
        through_holder(s, force, step_s);
    for (int k = 0; k < 3; k++) {
        s->sum_accel[k] += force[k];
        s->sum_gyro[k] += turn_radps[k];
    }
    s->n_sum++;
    s->time_s += step_s;
}

static float spoil(double value, double bias, double noise, double range, double step, struct sim_random *random)
{
    double x = value + bias + sim_gauss(random, noise);

    if (step > 0)
        x = step * round(x / step);
    return (float)(range > 0 ? fmax(-range, fmin(range, x)) : x);
}

/* A hand turns the device smoothly from one place to another and shakes it. */
static void move_by_hand(struct sim_imu_state *s, double now_s, struct sim_random *random)
{
    const double before[3] = {s->roll_rad, s->pitch_rad, s->yaw_rad};
    const double t = fmin(1, (now_s - s->hand_start_s) / (s->hand_end_s - s->hand_start_s)), share = t * t * (3 - 2 * t);
    double *angles[3] = {&s->roll_rad, &s->pitch_rad, &s->yaw_rad};

    for (int k = 0; k < 3; k++) {
        *angles[k] = s->hand_from[k] + share * (s->hand_to[k] - s->hand_from[k]);
        s->hand_radps[k] = (*angles[k] - before[k]) * s->imu->rate_hz;
        sim_markov_step(&s->hand[k], random, 1 / s->imu->rate_hz);
    }
    make_turn(s);
    if (t >= 1)
        s->hand_end_s = 0;
}

static bool is_lost(struct sim_imu_state *s, double now_s, struct sim_random *random)
{
    if (now_s < s->dropped_until_s)
        return true;
    if (s->imu->drops_per_h <= 0 || sim_uniform(random, 0, 1) > s->imu->drops_per_h / 3600 / s->imu->rate_hz)
        return false;
    s->dropped_until_s = now_s - s->imu->drop_s * log(sim_uniform(random, 1e-9, 1));
    return true;
}

static void fill(struct sim_imu_state *s, bool is_handled, struct sim_random *random, struct motion_sample *sample)
{
    const struct sim_imu *imu = s->imu;

    for (int i = 0; i < 3; i++) {
        double force = is_handled ? s->hand[i].value : 0, turn = is_handled ? s->hand_radps[i] : 0;
        for (int j = 0; j < 3; j++) {
            force += s->turn[i][j] * s->sum_accel[j] / s->n_sum;
            turn += s->turn[i][j] * s->sum_gyro[j] / s->n_sum;
        }
        const double bias = s->accel_bias[i] + s->drift[i].value;
        sample->accel_mps2[i] = spoil(force, bias, imu->accel_noise_mps2, imu->range_mps2, imu->accel_step_mps2, random);
        sample->gyro_radps[i] = imu->has_gyro ? spoil(turn, s->gyro_bias[i], imu->gyro_noise_radps, imu->gyro_range_radps,
                                                      imu->gyro_step_radps, random)
                                              : NAN;
    }
}

bool sim_imu_sample(struct sim_imu_state *state, double now_s, double start_s, struct sim_random *random,
                    struct motion_sample *ret_sample)
{
    struct sim_imu_state *s = state;
    /* The mean over an interval tells of its middle; half a sample off would put everything on the road 4 to 10 cm away. */
    const double middle_s = now_s - 0.5 / s->imu->rate_hz;
    const double stamp_s = fmax(middle_s + sim_gauss(random, s->imu->jitter_s), s->last_stamp_s + 1e-4);
    const bool is_handled = s->hand_end_s > 0;

    for (int k = 0; k < 3; k++)
        sim_markov_step(&s->drift[k], random, 1 / s->imu->rate_hz);
    if (is_handled)
        move_by_hand(s, now_s, random);
    fill(s, is_handled, random, ret_sample);
    ret_sample->time_ns = llround((start_s + stamp_s) * 1e9);
    memset(s->sum_accel, 0, sizeof s->sum_accel);
    memset(s->sum_gyro, 0, sizeof s->sum_gyro);
    s->n_sum = 0;
    if (is_lost(s, now_s, random))
        return false;
    s->last_stamp_s = stamp_s;
    return true;
}

void sim_imu_ring(struct sim_imu_state *state, double amplitude_mps2, double hz, double decay_s)
{
    state->ring = (struct sim_ring){amplitude_mps2, hz, decay_s, 0};
}

void sim_imu_handle(struct sim_imu_state *state, double now_s, double seconds, const double angles_rad[3])
{
    state->hand_start_s = now_s;
    state->hand_end_s = now_s + seconds;
    state->hand_from[0] = state->roll_rad;
    state->hand_from[1] = state->pitch_rad;
    state->hand_from[2] = state->yaw_rad;
    memcpy(state->hand_to, angles_rad, sizeof state->hand_to);
}
