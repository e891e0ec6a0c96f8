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
/* Wall time (ns) at which the changes of that batch were seen; 0 if not yet. The gateway tells many batches together and names the
 * newest of them: a change named after this node's batch, or after a later one of it, holds this one too. Where none is
 * (another node's came last), the newest change of all that is later than `closed_ns` stands for it. Any thread. */
int64_t events_seen_ns(struct events *events, struct kid kid, uint64_t seq, int64_t closed_ns);
/* How long no change has come, ns. */
int64_t events_quiet_ns(struct events *events);

#endif
