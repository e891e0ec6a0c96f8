/* copies.h - points of one node that are another's, to the centimetre.
 *
 * No two receivers give the same four points in a row: where a thousand vehicles drove a lane, four in a hundred
 * single points coincide and two in a million fours. One four in STANDING_SAMPLED is kept, chosen by its own hash, so
 * that two equal drives keep the same ones. Of equal fours of one UTC day the earlier event is the original, ties go by
 * kid: who says it first in event time, not who is heard first. 16 bytes each; a day is given back as a whole. */
#ifndef GATEWAY_COPIES_H
#define GATEWAY_COPIES_H

#include "gateway/image.h"
#include "link/message.h"

struct copies; /* opaque */

struct copies *copies_new(void);
void copies_free(struct copies *copies);
/* Calls `on_copied` for each four that turns out to be a later node's copy: of this pass, or one heard before. Days
 * before `first_day` are not looked at. */
void copies_see(struct copies *copies, uint32_t speaker, struct kid kid, const struct pass *pass, int32_t first_day,
                void (*on_copied)(void *context, uint32_t speaker, int32_t day), void *context);
enum road_status copies_save(const struct copies *copies, const struct image_sink *sink);
/* Into new ones. ROAD_CORRUPT if what is read cannot be. */
enum road_status copies_load(struct copies *copies, struct image_source *source, size_t n_speakers);
void copies_forget(struct copies *copies, int32_t first_day);

#endif
