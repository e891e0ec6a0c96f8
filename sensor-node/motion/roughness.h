/* roughness.h - how rough a road is to this vehicle, one number for each 10 s on the move.
 *
 * The RMS of the vertical acceleration in 1..20 Hz over the root of the speed. The band leaves out the driver
 * (brakes, hills, bends below 1 Hz) and what depends on mounts and sampling (above 20 Hz); the exponent is
 * the one that told three rated drives of one car apart best, between 0 (the speed would be rated) and the
 * 0.65 of the domain's passenger corner on ISO 8608 roads (a fast smooth road would look better than it is).
 * The scale makes it an IRI in m/km by the same corner (ride.h): plausible, never surveyed. Fed with ticks of
 * 10 ms. Pure, no allocation. */
#ifndef MOTION_ROUGHNESS_H
#define MOTION_ROUGHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor-node/motion/biquad.h"

#define ROUGHNESS_WINDOW_S   10
#define ROUGHNESS_MOVING_MPS 2.0 /* slower ticks are left out; a window goes on behind a stop */

struct roughness_window {
    int64_t start_ns; /* of its first tick on the move */
    double iri;       /* m/km */
    double rms_mps2, speed_mps;
};

struct roughness {
    struct biquad high, low;
    int settling; /* ticks until the filters have forgotten how they began */
    int ticks;
    int64_t start_ns;
    double square, speed;
};

void roughness_init(struct roughness *roughness);
/* A hole in the samples: the filters begin anew, the window goes on. */
void roughness_break(struct roughness *roughness);
/* One tick, vertical less gravity; `speed_mps` NAN where unknown. True when it completes 10 s on the move. */
bool roughness_step(struct roughness *roughness, int64_t time_ns, double vertical_mps2, double speed_mps,
                    struct roughness_window *ret_window);

#endif
