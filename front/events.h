/* events.h - listens to the server's event stream in a thread of its own and notes when each change was seen.
 *
 * This is the far end of `sample_to_map`: the moment an ordinary client of the map knows. It reconnects with
 * Last-Event-ID, as a browser does. */
#ifndef FRONT_EVENTS_H
#define FRONT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "link/sign.h"

struct events; /* opaque */

enum road_status events_start(const char *base_url, struct events **ret_events);
void events_stop(struct events *events);
/* Wall time (ns) at which the last change caused by that batch was seen; 0 if not yet. Any thread. */
int64_t events_seen_ns(struct events *events, struct kid kid, uint64_t seq);

#endif
