/* place.h - where a thing on the road is, from what independent units said: one fused place and its covariance.
 *
 * Errors of GNSS fixes at one place are partly common to all vehicles (multipath from the same walls, the frame, the
 * map that lanes were taken from), so that they do not average out. Units of one class are fused by an information
 * filter; the common part, a share of the class's own covariance, is added; then the classes are fused, whose common parts are
 * taken for independent of each other. Vehicles also keep to one line, so their wheels cross a hole off its middle by the
 * same amount: 60 mm across the way, from `roadchief simulate` (docs/gateway.md). Pure. */
#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

#include "gateway/evidence.h"

/* One unit's best fix of the thing. */
struct fix {
    struct grid_point at;
    struct grid_covariance covariance;
    enum gnss_class gnss;
};

/* Variance common to all vehicles of a class, as a share of one vehicle's: (common / own sigma)^2. Domain figures,
 * section 4: consumer 0.5 of 3 m, SBAS 0.2 of 1 m; a phone's is taken for a consumer receiver's; RTK fixes have none. */
double place_common_share(enum gnss_class gnss);

/* n >= 1. The sum runs in the order given; with the same fixes in the same order it gives the same bits. */
void place_fuse(const struct fix *fixes, size_t n, unsigned heading_cdeg, struct grid_point *ret_at,
                struct grid_covariance *ret_covariance);

#endif
