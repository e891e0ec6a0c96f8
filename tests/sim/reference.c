#include "tests/sim/reference.h"

#include <math.h>
#include <stdlib.h>

#include "tests/sim/drive.h"

#define START_S 1790000000.0
#define DRIVE_GAP_S 7200.0

static const double speeds_mps[] = {30 / 3.6, 40 / 3.6, 50 / 3.6};
#define SPEEDS ((int)(sizeof speeds_mps / sizeof *speeds_mps))

struct sim_reference {
    uint64_t seed;
    struct sim_district district;
    struct ride_pieces pieces;
    struct node_core *core;
    double known_iri;
};

struct sim_reference *sim_reference_new(uint64_t seed)
{
    struct sim_reference *r = calloc(1, sizeof *r);
    struct sim_course course;

    sim_course_default(&course);
    course.good_share = 1;
    if (!r || !sim_course_init(&r->district, &course, seed)) {
        free(r);
        return NULL;
    }
    r->seed = seed;
    return r;
}

void sim_reference_free(struct sim_reference *reference)
{
    if (reference)
        sim_district_done(&reference->district);
    free(reference);
}

/* One lane straight through. */
static bool lane_route(const struct sim_district *district, int lane, struct sim_route *ret_route)
{
    const struct sim_lane *l = &district->lanes[lane];
    const int n = (int)(l->length_m / SIM_ROUTE_STEP_M);
    struct sim_route_point *points = calloc((size_t)n, sizeof *points);

    if (!points)
        return false;
    for (int i = 0; i < n; i++) {
        points[i].lane = lane;
        points[i].station_m = i * SIM_ROUTE_STEP_M;
        points[i].heading_rad = atan2(l->direction_e, l->direction_n);
        sim_place_at(district, lane, points[i].station_m, 0, &points[i].e_m, &points[i].n_m);
    }
    *ret_route = (struct sim_route){points, n};
    return true;
}

static void take_batches(struct sim_reference *r)
{
    const struct batch *batch;

    while ((batch = node_core_take(r->core)))
        ride_pieces_batch(&r->pieces, batch, r->known_iri, INT64_MIN, INT64_MAX);
}

static void on_sample(void *context, const struct motion_sample *sample)
{
    struct sim_reference *r = context;

    take_batches(r);
    node_core_motion(r->core, sample);
}

static void on_fix(void *context, const struct fix *fix)
{
    struct sim_reference *r = context;

    take_batches(r);
    node_core_fix(r->core, fix);
}

/* With care, at one speed. */
static struct sim_vehicle careful(const struct sim_vehicle *vehicle, double speed_mps)
{
    struct sim_vehicle v = *vehicle;

    v.cruise_low_mps = v.cruise_high_mps = speed_mps;
    v.red_light_share = v.hard_brakes_per_km = v.handlings_per_h = v.door_slams = 0;
    return v;
}

static bool drive_lane(struct sim_reference *r, const struct sim_vehicle *vehicle, int k)
{
    const struct sim_vehicle v = careful(vehicle, speeds_mps[k]);
    const struct sim_sink sink = {r, on_sample, on_fix};
    const int lane = 2 * k; /* streets of their own */
    struct sim_drive_result result = {0};
    struct sim_route route;

    if (!lane_route(&r->district, lane, &route))
        return false;
    r->known_iri = r->district.lanes[lane].iri_m_per_km;
    const bool is_good = sim_drive(&r->district, &route, &v, r->seed + (uint64_t)k, START_S + k * DRIVE_GAP_S, &sink, &result);
    node_core_finish(r->core);
    take_batches(r);
    ride_pieces_break(&r->pieces);
    sim_drive_result_done(&result);
    sim_route_done(&route);
    return is_good;
}

bool sim_reference_calibrate(struct sim_reference *reference, const struct sim_vehicle *vehicle,
                             struct ride_calibration *ret_calibration)
{
    struct sim_reference *r = reference;
    struct node_core_config config;

    sim_vehicle_config(vehicle, r->district.zone, &config);
    config.ride_gain = 1;
    r->pieces = (struct ride_pieces){.n = 0};
    if (node_core_new(&config, 1, &r->core) != ROAD_OK)
        return false;
    bool is_good = true;
    for (int k = 0; is_good && k < SPEEDS; k++)
        is_good = drive_lane(r, vehicle, k);
    node_core_free(r->core);
    return is_good && ride_calibrate(&r->pieces, ret_calibration) == ROAD_OK;
}
