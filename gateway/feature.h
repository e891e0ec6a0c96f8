/* feature.h - what merely stands on the road (a bump, a joint, a sound cover), and what of it is damage after all.
 *
 * A feature is registered when enough independent units of two vehicles found it and more of the latest ones call it
 * a feature than call it damage. From then on whatever motion finds at it, under any name, is the feature, unless it
 * stands out: half as strong again as was to be expected of this vehicle by all that was felt there before, or three
 * median absolute deviations above it. What stands out is damage: the type that a detection gives it, or what the feature becomes when it
 * changes; a bump becomes nothing. A camera is never overruled. Rules and figures: docs/gateway.md, "Features". Pure. */
#ifndef GATEWAY_FEATURE_H
#define GATEWAY_FEATURE_H

#include "gateway/beliefs.h"

/* One sighting, as it counts. */
struct witness {
    const struct sighting *sighting;
    bool is_damage;
    bool is_silent; /* felt more strongly than all make of it, but it proves nothing: no hit, and no clear pass */
    int type;       /* as damage */
    enum severity severity;
    double weight; /* of a whole hit */
    double pf;     /* how often what is sound is felt so strongly, at least */
};

/* All of a defect's sightings, in event order; the place is fused already. Fills defect->feature. `ret_witnesses` has
 * room for defect->n_members. */
void feature_judge(const struct beliefs *beliefs, struct defect *defect, struct witness *ret_witnesses);

#endif
