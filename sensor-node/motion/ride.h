/* ride.h - IRI from the body's vertical acceleration, a response-type estimate (ASTM E1926 measures the
 * profile; this infers it from what it does to this car).
 *
 * On ISO 8608 roads the body RMS of the domain's passenger corner is proportional to IRI and to v^0.65:
 * .0094 g per m/km at 40 km/h (domain figures, section 3, classes A, B, C at 20..60 km/h; the fit is within 6
 * %). `gain` is what the sensor feels of the corner's RMS; ride_calibrate.h finds it. Pure. */
#ifndef MOTION_RIDE_H
#define MOTION_RIDE_H

#include "sensor-node/motion/window.h"

#define RIDE_HIGH_PASS_HZ  0.7
#define RIDE_LOW_PASS_HZ   15.0
#define RIDE_SPEED_MIN_MPS 4.0
#define RIDE_GAIN_MIN      0.05
#define RIDE_GAIN_MAX      50.0 /* a sensor on a hub feels 10 to 15 times as much as the body */

/* RMS of an IRI of 1 at the speed at hand; made anew when the speed has moved by half a percent. {0} to begin with. */
struct ride {
    double speed_mps, per_iri_mps2;
};
/* The look's ride_iri from what was felt in the ride's band. */
double ride_feel(struct ride *ride, double felt_mps2, double speed_mps);
/* IRI in m/km of the 20 m around the tick `centre`; NAN below 4 m/s or with less than 10 m of them. */
double ride_iri(const struct window *window, int64_t centre, double gain);

#endif
