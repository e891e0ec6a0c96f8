/* vehicle.h - a car, its motion sensor, its receiver and its driver's habits; and what whoever fitted the box knows of it. */
#ifndef SIM_VEHICLE_H
#define SIM_VEHICLE_H

#include "tests/sim/car.h"
#include "tests/sim/gps.h"
#include "tests/sim/imu.h"

/* What an installation knows and sets: figures read off the car's papers and a tape measure (a phone: the defaults), the
 * receiver's data sheet for the lag (of RTK boxes somebody measured it). How the sensor is turned, its errors and the true
 * lag are not among them. */
struct sim_known {
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m;
    double gnss_lag_s, gnss_sigma_m, timing_sigma_s, ride_gain;
};

struct sim_vehicle {
    char name[NAME_SIZE];
    bool is_phone;
    enum sim_class class;
    struct sim_car car;
    struct sim_imu imu;
    struct sim_gps gps;
    double cruise_low_mps, cruise_high_mps; /* a new wish in every lane */
    double red_light_share;                 /* of the crossings at which it waits */
    double hard_brakes_per_km, handlings_per_h, door_slams; /* the last: per stop */
    double careless_share;                  /* of the bumps and rails that it does not slow down for */
    struct sim_known known;
};

/* The five vehicles of the demo's district; false beyond. */
bool sim_fleet_vehicle(int index, struct sim_vehicle *ret_vehicle);
/* Vehicle `index` of a random fleet: classes, mounts and receivers take turns (the ninth sits on an axle), all figures are
 * drawn from the seed. */
struct sim_vehicle sim_vehicle_draw(uint64_t seed, int index);
/* What is known of the vehicle, as the node's settings; everything else stays at its default. */
void sim_vehicle_config(const struct sim_vehicle *vehicle, struct grid_zone zone, struct node_core_config *ret_config);

#endif
