/* segments.h - what the road network's 100 m segments come to by what is believed (grid/segment.h, docs/segments.md).
 *
 * A segment is a piece of a way in one direction: its half of the carriageway, all of it where the way is driven one way
 * only. It takes in the squares of its strip (observed or not), the pieces of road along its middle that run its way (ride), and the
 * confirmed defects that road_locate puts on it. A function of the beliefs as they stand: what was told is
 * remembered only to say nothing twice.
 *
 * A road (all ways of one name) begins when something of it is observed; then all its segments are told, the unknown ones too,
 * so that who listens can say how much of it is unknown. One thread. */
#ifndef GATEWAY_SEGMENTS_H
#define GATEWAY_SEGMENTS_H

#include "grid/road.h"
#include "link/message_segment.h"

struct beliefs;
struct delta;
struct segments; /* opaque */

/* The network is borrowed; NULL gives NULL, and all below do nothing with NULL. */
struct segments *segments_new(const struct road_network *network);
void segments_free(struct segments *segments);
/* Something moved in this block of 64 m. */
void segments_touch(struct segments *segments, int32_t column, int32_t row);
/* Scores all that was touched; what differs from what was told goes into the delta, ascending by way, number and direction. NULL:
 * taken for told. */
void segments_settle(struct segments *segments, const struct beliefs *beliefs, struct delta *delta);
/* Other rules, or beliefs read from an image: all segments of roads that have begun are scored again. */
void segments_touch_all(struct segments *segments);
size_t segments_count(const struct segments *segments);

/* One segment, scored now. For tests and for people. */
void segments_score(const struct segments *segments, const struct beliefs *beliefs, uint32_t way, uint32_t index,
                    bool is_backward, struct segment_belief *ret_belief);

#endif
