/* events.h - the event stream: the last changes in memory, and who listens.
 *
 * A listener reads whole frames one after the other, each at its own pace; a slow one holds nobody up, and what it
 * missed beyond the ring is said with `event: reset`. The hub knows nothing of HTTP: it is given how a connection is
 * put to sleep and woken. Both are called with the hub locked and must not call back into it. Any thread. */
#ifndef SERVER_API_EVENTS_H
#define SERVER_API_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "grid/status.h"

#define EVENTS_KEPT 1000
#define EVENTS_BYTES_MAX (32U << 20) /* of all kept frames; the oldest go first */

struct event_rim {
    void (*sleep)(void *connection);
    void (*wake)(void *connection);
};

struct event_hub;  /* opaque */
struct subscriber; /* opaque: one listener */

enum road_status event_hub_new(const struct event_rim *rim, int subscribers_max, struct event_hub **ret_hub);
void event_hub_free(struct event_hub *hub); /* nobody listens any more; NULL is fine */
/* Adds a change's line and wakes the sleepers. Ids ascend; one that does not is ignored. */
enum road_status event_hub_add(struct event_hub *hub, int64_t change_id, const char *json);
/* Changes up to this one exist but are not kept here. Before the first add. */
void event_hub_start_after(struct event_hub *hub, int64_t change_id);
void event_hub_beat(struct event_hub *hub); /* a comment to every listener */
void event_hub_stop(struct event_hub *hub); /* ends every stream, also later ones */
int event_hub_count(struct event_hub *hub);

#define EVENTS_FROM_NOW (-1)
/* Joins as one that knows everything up to change `after`. ROAD_FULL: too many listen. */
enum road_status subscriber_join(struct event_hub *hub, void *connection, int64_t after,
                                 struct subscriber **ret_subscriber);
void subscriber_leave(struct subscriber *subscriber);
/* The next bytes of the stream; 0: there are none and the connection was put to sleep; -1: the stream has ended. */
ssize_t subscriber_read(struct subscriber *subscriber, char *ret_bytes, size_t capacity);

#endif
