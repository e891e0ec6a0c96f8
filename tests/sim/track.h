/* track.h - what the tyres of one drive feel: the road under each wheel track along the whole route. */
#ifndef SIM_TRACK_H
#define SIM_TRACK_H

#include "tests/sim/vehicle.h"

#define SIM_TRACK_STEP_M 0.02

struct sim_track {
    float *left_m, *right_m;    /* height at the tyre's middle after the tyre's own smoothing */
    float *lateral_m;           /* where the car's middle runs in its lane, left positive */
    int n;
};

bool sim_track_init(struct sim_track *ret_track, const struct sim_district *district, const struct sim_route *route,
                    double half_track_m, struct sim_random *random);
void sim_track_done(struct sim_track *track);
double sim_track_height_m(const struct sim_track *track, double distance_m, bool is_left);
double sim_track_lateral_m(const struct sim_track *track, double distance_m);

#endif
