/* placed.h - one thing that lies on the road: its shape, what it is, and how much of it a wheel feels.
 *
 * Defects carry their type of the catalogue; look-alikes carry DEFECT_NONE and their kind of grid/feature.h and must not be
 * reported as defects. Metres; x runs along the lane in the direction of travel, laterals to the left. Pure. */
#ifndef SIM_PLACED_H
#define SIM_PLACED_H

#include <stdbool.h>

#include "grid/catalogue.h"
#include "grid/feature.h"

enum sim_shape {
    SIM_BOX,    /* sharp or bevelled edges: pothole, cover, patch (height < 0 or > 0), kerb */
    SIM_DIP,    /* one period of a cosine, down (height < 0) or up */
    SIM_WAVES,  /* a train of sines, `wave_m` long each, height peak to peak */
    SIM_STEP,   /* up or down at x = 0, back to the plane over `length_m` */
    SIM_BUMP,   /* half a sine */
    SIM_HUMP,   /* flat top, ramps of `edge_m` */
    SIM_JOINT,  /* a gap `wave_m` wide between two headers of `height_m`, `length_m` over all */
    SIM_RAILS,  /* `count` tracks `wave_m` apart; two rails each, with their flangeways */
    SIM_STRIPS  /* `count` strips `edge_m` long, `wave_m` apart */
};

struct sim_placed {
    enum sim_shape shape;
    int type;                  /* enum defect_type_id; DEFECT_NONE for a look-alike */
    enum feature_kind feature; /* FEATURE_NONE for a defect */
    const char *name;          /* code of the type or of the look-alike */
    int lane;
    int group;                 /* one object over both lanes (a bump, rails): the same number in both; else its own */
    double station_m, lateral_m; /* of the middle */
    double length_m, half_width_m;
    double height_m; /* negative: down */
    double edge_m, wave_m;
    int count;
    double size;         /* in the unit of its type; of a look-alike its height in mm */
    double wanted_mps;   /* drivers slow down to this; 0 = they do not */
    bool is_loose;       /* rocks: shakes more or less from pass to pass, and rattles */
    int wheel_crossings; /* counted while drives are made */
};

/* Height of one thing, `x` metres behind (-) or beyond (+) its middle. */
double sim_placed_height_m(const struct sim_placed *placed, double x);
/* Half of the stretch outside which the height is 0. */
double sim_placed_reach_m(const struct sim_placed *placed);
/* How much of it a tyre at this lateral feels: 1 fully on it, 0 beside it. */
double sim_overlap(const struct sim_placed *placed, double lateral_m);

#endif
