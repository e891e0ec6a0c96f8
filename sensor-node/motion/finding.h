/* finding.h - what the detector found, put on the road: position of the defect itself with its covariance. */
#ifndef MOTION_FINDING_H
#define MOTION_FINDING_H

#include "sensor-node/motion/detector.h"

/* `look`: the tick of finding->index, placed. Everything but the index of its pass is filled in. The place is
 * where the wheel was (half a track to its side; the middle if the side is unknown, with half a track more of
 * sigma). `timing_sigma_s`: how far the clocks of motion and position may be apart. */
void finding_place(const struct finding *finding, const struct look *look, double half_track_m, double timing_sigma_s,
                   struct detection *ret_detection);
/* Likewise for a look-alike. */
void finding_place_feature(const struct finding *finding, const struct look *look, double half_track_m,
                           double timing_sigma_s, struct feature_sighting *ret_feature);

#endif
