/* fleet.c - which vehicles drive: the demo's five, and random fleets for training and evaluation. */
#include "tests/sim/vehicle.h"

#include <math.h>
#include <stdio.h>

/* Vertical shaking at an IMU between the axles over that of one corner: the mean of four half-correlated
 * corners. A guess; reference.h measures it. */
#define RIDE_GAIN 0.6
#define TIMING_SIGMA_S 0.005 /* of the demo's vehicles: their lags were measured, and are known so well */

#define DEMO_IMU(x, noise, bias, gyro)                                                                                 \
    .mount = SIM_FLOOR, .x_m = (x), .rate_hz = 100, .accel_noise_mps2 = (noise), .accel_bias_mps2 = (bias),            \
    .gyro_noise_radps = (gyro), .has_gyro = true
#define DEMO_GPS(class, sigma, rate, lag, x, y)                                                                        \
    {.gnss = (class), .sigma_m = (sigma), .tau_s = 60, .rate_hz = (rate), .lag_s = (lag), .antenna_x_m = (x),          \
     .antenna_y_m = (y), .speed_sigma_mps = 0.05}

static const struct {
    const char *name;
    bool is_phone;
    double wheelbase_m, half_track_m, softness, cruise_mps; /* softness scales springs and dampers of the sedan */
    struct sim_imu imu;
    struct sim_gps gps;
    double lag_off_s, antenna_off_m; /* what the installation knows is off by this much */
} demo[] = {
    {"rtk-1", false, 2.7, 0.75, 1.0, 11, {DEMO_IMU(-1.1, 0.04, 0.05, 0.002)}, DEMO_GPS(GNSS_RTK, 0.03, 5, 0.05, -1.2, 0.3),
     -0.005, 0.03},
    {"rtk-2", false, 2.9, 0.78, 1.15, 9, {DEMO_IMU(-1.3, 0.04, 0.05, 0.002)}, DEMO_GPS(GNSS_RTK, 0.03, 5, 0.05, -1.5, 0),
     0.004, -0.03},
    {"taxi-1", false, 2.6, 0.74, 0.9, 12, {DEMO_IMU(-1.0, 0.05, 0.08, 0.003), .yaw_rad = 0.2},
     DEMO_GPS(GNSS_SBAS, 1.0, 5, 0.13, -0.9, 0.4), 0, 0},
    {"taxi-2", false, 2.7, 0.76, 1.0, 10, {DEMO_IMU(-1.2, 0.05, 0.08, 0.003), .roll_rad = 0.1, .pitch_rad = -0.05},
     DEMO_GPS(GNSS_CONSUMER, 2.5, 1, 0.13, -0.8, -0.3), 0, 0},
    {"phone-1", true, 2.7, 0.75, 1.05, 10.5, {DEMO_IMU(-0.6, 0.06, 0.1, 0.004), .roll_rad = 0.4, .pitch_rad = -0.6, .yaw_rad = 0.1},
     DEMO_GPS(GNSS_PHONE, 5.0, 1, 0.2, -0.6, -0.1), 0, 0},
};
#define DEMO_VEHICLES ((int)(sizeof demo / sizeof demo[0]))

bool sim_fleet_vehicle(int index, struct sim_vehicle *ret_vehicle)
{
    if (index < 0 || index >= DEMO_VEHICLES)
        return false;
    struct sim_vehicle v = {.is_phone = demo[index].is_phone, .class = SIM_SEDAN, .car = sim_car_of_class(SIM_SEDAN),
                            .imu = demo[index].imu, .gps = demo[index].gps, .cruise_low_mps = 0.9 * demo[index].cruise_mps,
                            .cruise_high_mps = 1.1 * demo[index].cruise_mps};
    snprintf(v.name, sizeof v.name, "%s", demo[index].name);
    v.car.wheelbase_m = demo[index].wheelbase_m;
    v.car.half_track_m = demo[index].half_track_m;
    for (int i = 0; i < 2; i++) {
        v.car.axle[i].spring_npm *= demo[index].softness;
        v.car.axle[i].damper_nspm *= demo[index].softness;
    }
    v.known = (struct sim_known){.antenna_x_m = v.gps.antenna_x_m + demo[index].antenna_off_m, .antenna_y_m = v.gps.antenna_y_m,
                                 .imu_x_m = v.imu.x_m,
                                 .wheelbase_m = v.car.wheelbase_m, .half_track_m = v.car.half_track_m,
                                 .gnss_lag_s = v.gps.lag_s + demo[index].lag_off_s, .gnss_sigma_m = v.gps.sigma_m, .timing_sigma_s = TIMING_SIGMA_S,
                                 .ride_gain = RIDE_GAIN};
    *ret_vehicle = v;
    return true;
}

/* Who drives with what; a fleet goes round this list. */
static const struct {
    enum sim_class class;
    enum sim_mount mount;
    enum gnss_class gnss;
} kinds[] = {
    {SIM_SEDAN, SIM_FLOOR, GNSS_RTK},        {SIM_SMALL, SIM_WINDSCREEN, GNSS_PHONE}, {SIM_SUV, SIM_DASHBOARD, GNSS_SBAS},
    {SIM_VAN, SIM_FLOOR, GNSS_CONSUMER},     {SIM_MINIBUS, SIM_DASHBOARD, GNSS_SBAS}, {SIM_TRUCK, SIM_DASHBOARD, GNSS_RTK},
    {SIM_SEDAN, SIM_WINDSCREEN, GNSS_PHONE}, {SIM_SMALL, SIM_FLOOR, GNSS_CONSUMER},   {SIM_SEDAN, SIM_AXLE, GNSS_RTK},
    {SIM_TRUCK, SIM_FLOOR, GNSS_SBAS},
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

static double pick(struct sim_random *random, const double *values, int n)
{
    return values[sim_integer(random, n)];
}

static void draw_place(struct sim_random *random, const struct sim_car *car, bool is_cab_over, struct sim_imu *imu)
{
    switch (imu->mount) {
    case SIM_WINDSCREEN:
    case SIM_DASHBOARD:
        imu->x_m = is_cab_over ? sim_uniform(random, -0.4, 0.5) : sim_uniform(random, -0.9, -0.3);
        imu->z_m = sim_uniform(random, 0.2, 0.5);
        break;
    case SIM_FLOOR:
        imu->x_m = -car->wheelbase_m * sim_uniform(random, 0.3, 0.6);
        imu->z_m = sim_uniform(random, -0.3, 0.0);
        break;
    default:
        imu->x_m = 0;
        imu->y_m = car->half_track_m;
        return;
    }
    imu->y_m = sim_uniform(random, -0.4, 0.4);
}

/* A phone sits as it likes; a box along the car's axes, some way round, a little askew. */
static void draw_turn(struct sim_random *random, bool is_phone, struct sim_imu *imu)
{
    if (is_phone) {
        imu->yaw_rad = sim_uniform(random, -M_PI, M_PI);
        imu->pitch_rad = sim_uniform(random, -1.4, 1.4);
        imu->roll_rad = sim_uniform(random, -M_PI, M_PI);
        return;
    }
    imu->yaw_rad = M_PI_2 * sim_integer(random, 4) + sim_gauss(random, 0.08);
    imu->pitch_rad = sim_gauss(random, 0.06);
    imu->roll_rad = M_PI_2 * sim_integer(random, 4) + sim_gauss(random, 0.06);
}

static void draw_imu(struct sim_random *random, bool is_phone, struct sim_imu *imu)
{
    static const double phone_hz[] = {50, 100, 100, 100, 200}, unit_hz[] = {100, 100, 100, 200}, ranges_g[] = {4, 8, 8, 16};
    static const double bits[] = {12, 14, 16, 16};
    const bool is_axle = imu->mount == SIM_AXLE;

    imu->rate_hz = is_axle ? 500 : is_phone ? pick(random, phone_hz, 5) : pick(random, unit_hz, 4);
    imu->jitter_s = is_phone ? sim_uniform(random, 0, 0.0012) : sim_uniform(random, 0, 0.0003);
    imu->drops_per_h = is_phone ? sim_uniform(random, 0, 8) : sim_uniform(random, 0, 3);
    imu->drop_s = sim_uniform(random, 0.02, 0.4);
    imu->accel_noise_mps2 = sim_uniform(random, 0.01, 0.06);
    imu->accel_bias_mps2 = is_phone ? 0.12 : 0.06;
    imu->accel_drift_mps2 = sim_uniform(random, 0.005, 0.03);
    imu->gyro_noise_radps = sim_uniform(random, 0.001, 0.005);
    imu->gyro_bias_radps = is_phone ? 0.01 : 0.004;
    imu->scale_error = 0.01;
    imu->cross_axis = 0.01;
    const double range_g = is_axle ? 32 : pick(random, ranges_g, 4), half_steps = pow(2, pick(random, bits, 4) - 1);
    imu->range_mps2 = range_g * 9.80665;
    imu->accel_step_mps2 = imu->range_mps2 / half_steps;
    imu->gyro_range_radps = 500 * M_PI / 180;
    imu->gyro_step_radps = imu->gyro_range_radps / 32768;
    imu->engine_mps2 = sim_uniform(random, 0, 0.12);
    imu->has_gyro = is_phone || sim_uniform(random, 0, 1) > 0.2;
    imu->holder_hz = is_phone ? sim_uniform(random, 18, 45) : 0;
    imu->holder_damping = sim_uniform(random, 0.1, 0.35);
    draw_turn(random, is_phone, imu);
}

/* By class: 1 sigma of the slow error, of the quick one, fixes a second, lag. */
static void draw_gps(struct sim_random *random, const struct sim_car *car, struct sim_gps *gps)
{
    static const struct {
        double sigma[2], fast_m, rate[2], lag[2], jump_m;
    } rows[] = {[GNSS_RTK] = {{0.02, 0.04}, 0.01, {5, 10}, {0.02, 0.15}, 0.5},
                [GNSS_SBAS] = {{0.7, 1.3}, 0.10, {4, 10}, {0.05, 0.30}, 3},
                [GNSS_CONSUMER] = {{1.8, 3.2}, 0.25, {1, 5}, {0.05, 0.40}, 8},
                [GNSS_PHONE] = {{3.5, 6.0}, 0.40, {1, 1}, {0.05, 0.50}, 12}};
    const enum gnss_class class = gps->gnss;

    gps->sigma_m = sim_uniform(random, rows[class].sigma[0], rows[class].sigma[1]);
    gps->tau_s = sim_uniform(random, 40, 120);
    gps->fast_sigma_m = rows[class].fast_m;
    gps->rate_hz = floor(sim_uniform(random, rows[class].rate[0], rows[class].rate[1] + 0.5));
    gps->lag_s = sim_uniform(random, rows[class].lag[0], rows[class].lag[1]);
    gps->antenna_x_m = class == GNSS_PHONE ? 0 : -car->wheelbase_m * sim_uniform(random, 0.1, 0.6);
    gps->antenna_y_m = sim_uniform(random, -0.5, 0.5);
    gps->speed_sigma_mps = sim_uniform(random, 0.03, 0.10);
    gps->course_sigma_rad = sim_uniform(random, 0.005, 0.03);
    gps->outages_per_h = sim_uniform(random, 0.5, 4);
    gps->outage_s = sim_uniform(random, 2, 12);
    gps->jumps_per_h = sim_uniform(random, 0, 1.5);
    gps->jump_m = rows[class].jump_m;
}

/* What the data sheets say of the lag, and how far they may be off; of RTK boxes somebody measured it. */
static void draw_known(struct sim_random *random, struct sim_vehicle *v)
{
    static const double sheet_lag_s[] = {0, 0.13, 0.13, 0.20}, off_s[] = {0.005, 0.08, 0.12, 0.15};
    const enum gnss_class class = v->gps.gnss;
    struct node_core_config usual;

    node_core_config_default(&usual);
    v->known = (struct sim_known){.wheelbase_m = v->car.wheelbase_m + sim_gauss(random, 0.02),
                                  .half_track_m = v->car.half_track_m + sim_gauss(random, 0.01),
                                  .antenna_x_m = v->is_phone ? usual.antenna_x_m : v->gps.antenna_x_m + sim_gauss(random, 0.03),
                                  .antenna_y_m = v->is_phone ? usual.antenna_y_m : v->gps.antenna_y_m + sim_gauss(random, 0.03),
                                  .imu_x_m = v->is_phone ? usual.imu_x_m : v->imu.x_m + sim_gauss(random, 0.05),
                                  .gnss_lag_s = class == GNSS_RTK ? v->gps.lag_s + sim_gauss(random, off_s[GNSS_RTK]) : sheet_lag_s[class],
                                  .gnss_sigma_m = v->gps.sigma_m * sim_uniform(random, 0.85, 1.15),
                                  .timing_sigma_s = off_s[class], .ride_gain = RIDE_GAIN};
}

struct sim_vehicle sim_vehicle_draw(uint64_t seed, int index)
{
    struct sim_vehicle v = {.class = kinds[index % KINDS].class};
    struct sim_random random;

    sim_random_init(&random, seed * 7919 + (uint64_t)index);
    v.car = sim_car_of_class(v.class);
    sim_car_vary(&v.car, &random);
    v.imu.mount = kinds[index % KINDS].mount;
    v.gps.gnss = kinds[index % KINDS].gnss;
    v.is_phone = v.imu.mount == SIM_WINDSCREEN;
    snprintf(v.name, sizeof v.name, "%s-%s-%d", sim_class_name(v.class), sim_mount_name(v.imu.mount), index + 1);
    draw_place(&random, &v.car, v.class == SIM_TRUCK, &v.imu);
    draw_imu(&random, v.is_phone, &v.imu);
    draw_gps(&random, &v.car, &v.gps);
    if (v.is_phone) {
        v.gps.antenna_x_m = v.imu.x_m;
        v.gps.antenna_y_m = v.imu.y_m;
    }
    v.cruise_low_mps = 20 / 3.6;
    v.cruise_high_mps = 70 / 3.6;
    v.red_light_share = 0.3;
    v.hard_brakes_per_km = 0.15;
    v.handlings_per_h = v.is_phone ? 1.5 : 0;
    v.door_slams = 0.4;
    v.careless_share = 0.1;
    draw_known(&random, &v);
    return v;
}

void sim_vehicle_config(const struct sim_vehicle *vehicle, struct grid_zone zone, struct node_core_config *ret_config)
{
    const struct sim_known *k = &vehicle->known;

    node_core_config_default(ret_config);
    ret_config->zone = zone;
    ret_config->antenna_x_m = k->antenna_x_m;
    ret_config->antenna_y_m = k->antenna_y_m;
    ret_config->imu_x_m = k->imu_x_m;
    ret_config->wheelbase_m = k->wheelbase_m;
    ret_config->half_track_m = k->half_track_m;
    ret_config->gnss_lag_s = k->gnss_lag_s;
    ret_config->timing_sigma_s = k->timing_sigma_s;
    ret_config->ride_gain = k->ride_gain;
}
