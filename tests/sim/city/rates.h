/* rates.h - how often one pass tells of what lies on the road: what a simulated node says without samples.
 *
 * Motion: our own detector as measured on held-out simulated drives (docs/evidence/2026-11-23-detector.md, seeds 1001 to
 * 1003): recall as damage of any type given that a wheel crosses it, above and below the size from which it is held to its
 * target; what it is taken for; look-alikes called damage, and recognised. Camera: Pd 0.7, Pf 0.01 (domain figures, 2.4).
 * `rates_domain` puts the domain's 0.75 given a crossing in place of every measured recall. Static data, pure. */
#ifndef SIM_CITY_RATES_H
#define SIM_CITY_RATES_H

#include "grid/catalogue.h"
#include "grid/feature.h"
#include "tests/sim/random.h"

/* Which senses can find it. */
enum seen_by { SEEN_BY_MOTION, SEEN_BY_CAMERA, SEEN_BY_BOTH, SEEN_BY_COUNT };
const char *seen_by_name(enum seen_by seen_by);

#define CAMERA_PD 0.7
#define CAMERA_PF 0.01           /* at a look-alike: a sealed crack, a stain, a shadow's edge, a sound cover */
#define MOTION_FALSE_PER_KM 0.02 /* where nothing lies; good and busy roads together, measured 0.023 and 0.040 */
#define CAMERA_FALSE_PER_KM 0.02 /* ours: not measured */

struct defect_rates {
    int type;
    double weight;       /* share of new defects */
    enum seen_by seen_by;
    double half_width_m; /* across the way; wheels within it feel it */
    double off_track_m;  /* 1 sigma of its middle about where wheels run; 0 = across the lane */
    double floor_size;   /* recall_big from here on */
    double recall_big, recall_small; /* motion, given a crossing */
};
struct look_alike_rates {
    enum feature_kind kind;
    double weight;
    double half_width_m; /* 0 = across the lane */
    double called_damage, recognised; /* motion, given a crossing */
    int called;                       /* the type it is mostly taken for */
};

const struct defect_rates *rates_of_type(int type); /* NULL if none are known */
const struct defect_rates *rates_draw_defect(struct sim_random *random);
const struct look_alike_rates *rates_draw_look_alike(struct sim_random *random);
double rates_recall(const struct defect_rates *rates, double size, bool is_domain);
/* What motion takes a defect of this type for, once it is found. */
int rates_draw_told_type(int type, struct sim_random *random);
/* A first size: mostly low and medium, in the catalogue's unit. */
double rates_draw_size(int type, struct sim_random *random);
/* What a camera takes a look-alike for. */
int rates_draw_camera_type(struct sim_random *random);

#endif
