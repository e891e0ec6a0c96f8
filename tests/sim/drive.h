/* drive.h - one drive along a route: a driver, the whole car over both tracks, its sensor and its receiver, handed to the
 * caller sample by sample. The in-process way in: nothing is written, nothing is printed.
 *
 *     struct sim_sink sink = {&mine, on_sample, on_fix};
 *     struct sim_drive_result result = {0};
 *     sim_drive(&district, &route, &vehicle, seed, start_s, &sink, &result);   ... sim_drive_result_done(&result);
 *
 * Everything follows from the arguments. Samples and fixes come in order of time, as from a source of the node, in
 * the node's own structs. Steps of at most 0.5 ms. */
#ifndef SIM_DRIVE_H
#define SIM_DRIVE_H

#include "tests/sim/route.h"
#include "tests/sim/vehicle.h"

struct sim_sink {
    void *context;
    void (*on_sample)(void *context, const struct motion_sample *sample);
    void (*on_fix)(void *context, const struct fix *fix);
};

/* Braking, a slammed door and a handled phone are not the road's; a lane says where the car was, from time_s for `seconds`. */
enum sim_event { SIM_PASSING, SIM_BRAKING, SIM_DOOR, SIM_HANDLING, SIM_LANE };
const char *sim_event_name(enum sim_event event);

/* The front axle passes the middle of a placed thing (whether or not a wheel touches it), or something else shakes the car. */
struct sim_crossing {
    enum sim_event event;
    int placed;    /* index in the district; of the lane for SIM_LANE; else -1 */
    double time_s; /* since the drive's start; of the event's beginning */
    double seconds; /* how long it lasts; 0 for a passing */
    double e_m, n_m; /* the middle between the front wheels */
    double speed_mps, heading_rad;
    double left, right; /* overlap of the front wheels, 0..1; a wheel that has half of it crosses the thing */
    double share;       /* of its effect in this pass; 1 but for loose covers */
};
#define SIM_OVERLAP_CROSSES 0.5

struct sim_drive_result {
    double distance_m, duration_s;
    struct sim_crossing *crossings;
    int n_crossings, capacity;
    uint64_t samples, samples_lost, fixes, fixes_lost;
};

/* `start_s`: UTC of the drive's beginning. false if memory ran out. */
bool sim_drive(const struct sim_district *district, const struct sim_route *route, const struct sim_vehicle *vehicle,
               uint64_t seed, double start_s, const struct sim_sink *sink, struct sim_drive_result *ret_result);
void sim_drive_result_done(struct sim_drive_result *result);

#endif
