/* district.h - a small made-up district: a grid of streets with two lanes each, rough as ISO 8608 says, with
 * defects and look-alikes at known places.
 *
 * Metres in the deployment's frame. A lane is one direction of one street between two crossings; stations run
 * along it in the direction of travel, laterals to the left of its centre. Heights in metres. */
#ifndef SIM_DISTRICT_H
#define SIM_DISTRICT_H

#include <stdbool.h>

#include "grid/catalogue.h"
#include "grid/projection.h"
#include "tests/sim/random.h"

#define SIM_GRID 3 /* crossings a side */
#define SIM_STREETS (2 * SIM_GRID * (SIM_GRID - 1))
#define SIM_LANES (2 * SIM_STREETS)
#define SIM_PLACED_MAX 96
#define SIM_PROFILE_STEP_M 0.05

/* What lies on the road. Look-alikes carry type DEFECT_NONE and must not be reported as defects. */
enum sim_shape {
    SIM_HOLE,       /* sharp-edged, one wheel: pothole, sunk or missing cover */
    SIM_PLATE,      /* raised, sharp-edged, one wheel: proud cover, patch */
    SIM_DIP,        /* long cosine, both wheels: subsidence */
    SIM_WAVES,      /* corrugation, both wheels */
    SIM_STEP,       /* sharp up, slow down, both wheels: joint fault */
    SIM_BUMP,       /* half-sine rubber bump, both wheels */
    SIM_HUMP        /* flat-topped speed hump, both wheels */
};

struct sim_placed {
    enum sim_shape shape;
    int type; /* enum defect_type_id; DEFECT_NONE for a look-alike */
    const char *name;
    int lane;
    double station_m, lateral_m; /* of the middle */
    double length_m, half_width_m;
    double height_m;      /* depth of holes and dips, height of the rest; always positive */
    double wavelength_m;  /* SIM_WAVES */
    double size;          /* in the unit of its type */
    int wheel_crossings;  /* counted while the drives are made */
};

struct sim_lane {
    int street;
    double from_e_m, from_n_m;   /* centre of the lane where it leaves its crossing */
    double direction_e, direction_n; /* unit vector of travel */
    double length_m;
    float *left_m, *right_m; /* base profile under each wheel track, every SIM_PROFILE_STEP_M */
    int from, to;            /* crossings */
};

struct sim_district {
    struct grid_zone zone;
    double origin_e_m, origin_n_m, block_m;
    char iso_class[SIM_STREETS]; /* 'A'..'C' */
    struct sim_lane lanes[SIM_LANES];
    struct sim_placed placed[SIM_PLACED_MAX];
    int n_placed;
};

/* false if memory runs out. Free with sim_district_done. */
bool sim_district_init(struct sim_district *ret_district, struct grid_zone zone, double lat_deg, double lon_deg,
                       double block_m, uint64_t seed);
void sim_district_done(struct sim_district *district);

/* Height of the road under a tyre whose middle runs at `lateral_m` in the lane; `is_left` picks the track's
 * base profile. `vary` scales a loose cover from pass to pass (1 = as placed). */
double sim_height_m(const struct sim_district *district, int lane, double station_m, double lateral_m, bool is_left,
                    double vary);
/* How much of a placed thing a tyre at this lateral feels: 1 fully on it, 0 beside it. */
double sim_overlap(const struct sim_placed *placed, double lateral_m);
void sim_place_at(const struct sim_district *district, int lane, double station_m, double lateral_m, double *ret_e_m,
                  double *ret_n_m);

#endif
