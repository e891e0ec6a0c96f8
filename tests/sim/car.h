/* car.h - a whole car on four wheels: seven degrees of freedom (heave, pitch, roll, four wheels), anti-roll bars,
 * tyres as springs that can lift off, dampers softer in bump than in rebound.
 *
 * Vehicle frame: x forward, y left, z up. Pitch is positive nose down, roll positive left side up (turns about +y and +x).
 * SI units. Pure; a step is semi-implicit Euler, stable up to 1 ms for every class here. */
#ifndef SIM_CAR_H
#define SIM_CAR_H

#include "tests/sim/random.h"

enum sim_class { SIM_SMALL, SIM_SEDAN, SIM_SUV, SIM_VAN, SIM_MINIBUS, SIM_TRUCK, SIM_CLASS_COUNT };
enum { SIM_FRONT_LEFT, SIM_FRONT_RIGHT, SIM_REAR_LEFT, SIM_REAR_RIGHT, SIM_WHEELS };

struct sim_axle {
    double wheel_kg, spring_npm, damper_nspm, tyre_npm; /* each side */
    double anti_roll_nmprad;                            /* of the axle */
};

struct sim_car {
    double sprung_kg;
    double pitch_kgm2, roll_kgm2;
    double wheelbase_m, front_share; /* of the weight on the front axle */
    double half_track_m, cg_height_m;
    struct sim_axle axle[2]; /* front, rear */
    double rebound;          /* dampers: 1 + this in rebound, 1 - this in bump */
    double tyre_radius_m, patch_m;
};

struct sim_car_state {
    double heave_m, pitch_rad, roll_rad;
    double heave_mps, pitch_radps, roll_radps;
    double heave_mps2, pitch_radps2, roll_radps2; /* heave at the centre of gravity */
    double wheel_m[SIM_WHEELS], wheel_mps[SIM_WHEELS], wheel_mps2[SIM_WHEELS];
    double push_mps2; /* along the car, from the slopes that the tyres roll over */
};

const char *sim_class_name(enum sim_class class);
/* The class's own figures; docs/simulator.md lists them. */
struct sim_car sim_car_of_class(enum sim_class class);
/* Four independent corners of the domain figures: ms 375, mu 40 kg, ks 20, kt 190 kN/m, cs 1.5 kNs/m. */
struct sim_car sim_car_standard(void);
/* Load, springs, worn dampers, tyre pressure: another car of the class. */
void sim_car_vary(struct sim_car *car, struct sim_random *random);
/* Road height and slope under each wheel; acceleration of the car along and to the left. */
void sim_car_step(const struct sim_car *car, struct sim_car_state *state, const double road_m[SIM_WHEELS],
                  const double slope[SIM_WHEELS], double along_mps2, double left_mps2, double step_s);

#endif
