/* track.h - what the tyres of one drive feel: the road under each wheel track along the whole route. */
#ifndef SIM_TRACK_H
#define SIM_TRACK_H

#include "tests/sim/route.h"
#include "tests/sim/vehicle.h"

#define SIM_TRACK_STEP_M 0.02

struct sim_track {
    float *left_m, *right_m;    /* height at the tyre's middle after the tyre's own smoothing */
    float *lateral_m;           /* where the car's middle runs in its lane, left positive */
    float *share;               /* of each placed thing's effect in this drive */
    int n;
};

bool sim_track_init(struct sim_track *ret_track, const struct sim_district *district, const struct sim_route *route,
                    const struct sim_car *car, struct sim_random *random);
void sim_track_done(struct sim_track *track);
/* Height under a wheel and its slope; the road before the start is flat. */
double sim_track_height_m(const struct sim_track *track, double distance_m, bool is_left, double *ret_slope);
/* What the wheel's middle follows: the largest of a rigid disc's chord, then the mean over the contact patch. In place, heights
 * SIM_TRACK_STEP_M apart. false if memory runs out. */
bool sim_tyre_smooth(float *height_m, int n, double radius_m, double patch_m);
double sim_track_lateral_m(const struct sim_track *track, double distance_m);

#endif
