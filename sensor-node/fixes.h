/* fixes.h - position reports as they come: checked, projected, and told apart from what only looks like one. Remembers
 * when and why there was none to be believed. Plain values; one thread. */
#ifndef SENSOR_NODE_FIXES_H
#define SENSOR_NODE_FIXES_H

#include "sensor-node/core.h"
#include "sensor-node/guard.h"
#include "sensor-node/position/track.h"

struct fixes {
    struct grid_zone zone;
    struct guard guard;
    struct fix before; /* the last one in time */
    bool has_before;
    uint64_t frozen, jumped;
    enum unplaced_reason trouble;     /* why fixes were refused last ... */
    bool is_troubled;                 /* ... which goes on ... */
    int64_t good_ns, from_ns, to_ns;  /* ... or lay between two good ones */
};

void fixes_init(struct fixes *fixes, struct grid_zone zone);
/* Another drive; what was counted stays. */
void fixes_reset(struct fixes *fixes);
/* ROAD_BAD_RANGE (a value no receiver gives, or the same place again while the vehicle moves), ROAD_BAD_TIME.
 * ROAD_OK with guard.went_back: the clock was put right, forget the earlier ones. */
enum road_status fixes_check(struct fixes *fixes, const struct fix *fix, struct track_fix *ret_fix);
/* What the track said to it. */
void fixes_note(struct fixes *fixes, int64_t time_ns, enum road_status in_reach);
/* Why a moment without a fix near enough has none. */
enum unplaced_reason fixes_trouble(const struct fixes *fixes, int64_t time_ns);

#endif
