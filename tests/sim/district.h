/* district.h - a made-up district: a grid of streets with two lanes each, rough as ISO 8608 says, with defects and
 * look-alikes at known places.
 *
 * Metres in the deployment's frame. A lane is one direction of one street between two crossings; stations run
 * along it in the direction of travel, laterals to the left of its centre. Heights in metres. */
#ifndef SIM_DISTRICT_H
#define SIM_DISTRICT_H

#include "grid/projection.h"
#include "tests/sim/placed.h"
#include "tests/sim/random.h"

#define SIM_GRID 3 /* crossings a side */
#define SIM_STREETS (2 * SIM_GRID * (SIM_GRID - 1))
#define SIM_LANES (2 * SIM_STREETS)
#define SIM_PLACED_MAX 2048
#define SIM_PROFILE_STEP_M 0.05

#define SIM_LANE_WIDTH_M 3.5 /* one each way, right-hand traffic */

struct sim_lane {
    int street;
    double from_e_m, from_n_m;   /* centre of the lane where it leaves its crossing */
    double direction_e, direction_n; /* unit vector of travel */
    double length_m;
    float *left_m, *right_m; /* base profile under each wheel track, every SIM_PROFILE_STEP_M */
    double iri_m_per_km;     /* of the base profile, mean of both tracks, golden car */
    int from, to;            /* crossings */
    int first_placed, end_placed;
};

struct sim_district {
    struct grid_zone zone;
    double origin_e_m, origin_n_m, block_m;
    char iso_class[SIM_STREETS]; /* 'A'..'C' */
    double gd_m3[SIM_STREETS];   /* Gd(n0) really used */
    bool is_good[SIM_STREETS];   /* nothing was put there */
    struct sim_lane lanes[SIM_LANES];
    struct sim_placed *placed; /* by lane, then station */
    int n_placed;
};

/* The demo's district: 24 short lanes of classes A to C and 72 things of 18 kinds. false if memory runs out. Free with
 * sim_district_done. */
bool sim_district_init(struct sim_district *ret_district, struct grid_zone zone, double lat_deg, double lon_deg,
                       double block_m, uint64_t seed);

/* The evaluation's course: long blocks of class A or B; in three streets of four as many defects and look-alikes a
 * km of lane as asked for, every size drawn; in the fourth nothing. Whatever spans the road lies in both lanes. */
struct sim_course {
    double lat_deg, lon_deg, block_m;
    double defects_per_km, look_alikes_per_km;
    double good_share; /* of the streets */
};
void sim_course_default(struct sim_course *ret_course); /* blocks of 1 km, 5 and 5 a km, a quarter good */
bool sim_course_init(struct sim_district *ret_district, const struct sim_course *course, uint64_t seed);
void sim_district_done(struct sim_district *district);

/* Height of the road under a tyre whose middle runs at `lateral_m` in the lane; `is_left` picks the track's
 * base profile. `share`: of each placed thing's effect in this pass, by index; NULL = all of it. */
double sim_height_m(const struct sim_district *district, int lane, double station_m, double lateral_m, bool is_left,
                    const float *share);
void sim_place_at(const struct sim_district *district, int lane, double station_m, double lateral_m, double *ret_e_m,
                  double *ret_n_m);

#endif
