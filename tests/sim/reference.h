/* reference.h - what an installer does with a new vehicle: drives it over road of known IRI and sets its ride_gain.
 *
 * Three lanes of 1 km without defects, class A or B, from a seed of their own (below 1000: nothing is evaluated there), each
 * at another speed: 30, 40, 50 km/h; their IRI is the golden car's. The vehicle is the one given, its sensor and receiver with
 * all their errors; the driver drives with care and nobody touches the phone. */
#ifndef SIM_REFERENCE_H
#define SIM_REFERENCE_H

#include "sensor-node/motion/ride_calibrate.h"
#include "tests/sim/vehicle.h"

struct sim_reference; /* the lanes, and room for what is driven; opaque */
/* NULL if memory runs out. */
struct sim_reference *sim_reference_new(uint64_t seed);
void sim_reference_free(struct sim_reference *reference);
#define SIM_REFERENCE_SEED 801
/* By the node's own core and ride_calibrate. false if memory runs out or nothing was watched. Everything follows from the
 * arguments. */
bool sim_reference_calibrate(struct sim_reference *reference, const struct sim_vehicle *vehicle,
                             struct ride_calibration *ret_calibration);

#endif
