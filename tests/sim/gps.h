/* gps.h - the receiver: an error that hangs together for a minute, a lag, outages, and jumps between tall houses. */
#ifndef SIM_GPS_H
#define SIM_GPS_H

#include <stdbool.h>

#include "sensor-node/core.h"
#include "tests/sim/random.h"

struct sim_gps {
    enum gnss_class gnss;
    double sigma_m, tau_s;     /* per axis, first-order Gauss-Markov */
    double fast_sigma_m;       /* white on top, fix by fix */
    double rate_hz;
    double lag_s;              /* a fix tells where the antenna was this long before its stamp (clock offset included) */
    double antenna_x_m, antenna_y_m;
    double speed_sigma_mps, course_sigma_rad; /* course: 0 = not reported */
    double outages_per_h, outage_s;
    double jumps_per_h, jump_m; /* multipath: 1 sigma of the jump per axis, for some 10 s */
};

struct sim_gps_state {
    const struct sim_gps *gps;
    struct sim_markov east, north;
    double next_s, out_until_s, jump_until_s, jump_e_m, jump_n_m;
};

void sim_gps_init(struct sim_gps_state *state, const struct sim_gps *gps, struct sim_random *random);
/* Is a fix due now? Outages and jumps begin and end here. */
bool sim_gps_is_due(struct sim_gps_state *state, double now_s, struct sim_random *random);
/* The fix: position and motion of the antenna `lag_s` ago are the caller's; false if the place has no latitude. */
bool sim_gps_fix(struct sim_gps_state *state, struct grid_zone zone, double e_m, double n_m, double speed_mps,
                 double heading_rad, struct sim_random *random, struct fix *ret_fix);

#endif
