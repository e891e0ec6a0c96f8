/* snap.h - passes of ordinary GPS are put on the lane they were driven in, where there is no doubt which one it was.
 *
 * GPS of 3 m is poor across the road, where a lane would tell better: a vehicle keeps its lane within 0.3 m. So a stretch of a pass is
 * moved sideways to the middle of its lane, and what was sighted on it with it, where **all** of this holds:
 *
 *   - sigma is 1 m or more, and the lane is known at least twice as well: sqrt(0.3 m ^2 + line sigma ^2). A way whose line
 *     sigma is not known (every OpenStreetMap way) moves nothing: a map that is 2 m off would move all vehicles alike, and
 *     no number of passes would show it;
 *   - road_locate says that no other way can be meant, and the path runs within 20 degrees of the way;
 *   - one lane only: the direction has one, or the stretch's mean says which with odds of 99 to 1;
 *   - no point is more than 2 sigma off the lane, and the mean of the stretch so near that not one in a hundred
 *     vehicles on a road 8 m beside, which the map does not have, would come there by its errors;
 *   - all this over 50 m without a break.
 *
 * What is ambiguous stays as it was. A function of network and batch alone: no clock, no I/O, no memory of other batches. The
 * positions along the road do not move. The batches in the store stay as they came. One thread. */
#ifndef GATEWAY_SNAP_H
#define GATEWAY_SNAP_H

#include "grid/road.h"
#include "link/message.h"

#define SNAP_SIGMA_CM_MIN   100
#define SNAP_WANDER_MM      300.0  /* 1 sigma of a vehicle within its lane [domain figures, section 4] */
#define SNAP_RUN_MM         50000.0
#define SNAP_UNMAPPED_MM    8000.0 /* how near a road that the map does not have may lie */
#define SNAP_UNMAPPED_Z     2.326  /* normal quantile of 0.99 */
#define SNAP_LANE_LOG_ODDS  4.595  /* ln 99 */

struct snap_config {
    const struct road_network *network; /* NULL: nothing is moved */
    int64_t frame_de_mm, frame_dn_mm;   /* of FRAME_ITRF_CURRENT to the network's frame */
};

/* Where one point of a pass lies, while it is looked at. */
struct snap_point {
    bool is_candidate, is_moved;
    uint32_t way;
    bool is_backward;
    int64_t chainage_mm;
    int32_t lane_mm; /* lateral of its lane */
    double lateral_mm, off_mm; /* off: to the right of its lane */
    double from_start_mm; /* along the pass */
    uint16_t sigma_cm; /* on the lane */
    double side_e, side_n; /* unit vector to the right of forward */
    int64_t moved_e_mm, moved_n_mm;
};

/* The copy that is moved, and room to work in. Zeroed to begin with. */
struct snap {
    struct batch batch;
    size_t pass_capacity, point_capacity, detection_capacity, feature_capacity, look_capacity;
    struct pass_point *points;
    struct snap_point *looks;
    uint64_t n_points, n_points_moved; /* since the beginning */
};

/* `batch` itself where nothing moves, else the copy, good until the next call. */
const struct batch *snap_batch(struct snap *snap, const struct snap_config *config, const struct batch *batch);
void snap_done(struct snap *snap);

#endif
