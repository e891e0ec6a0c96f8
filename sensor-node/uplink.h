/* uplink.h - a node's way to its gateway: batches sealed and kept in the outbox, sent over MQTT, acknowledged.
 *
 * One thread; driven by the caller's poll loop. Everything here outlives the broker and the gateway. */
#ifndef SENSOR_NODE_UPLINK_H
#define SENSOR_NODE_UPLINK_H

#include <poll.h>

#include "link/outbox.h"
#include "sensor-node/config.h"

struct uplink; /* opaque */

/* Opens key, registry, node.db and the session. ret_error: 512 bytes, in words. */
enum road_status uplink_open(const struct node_config *config, struct uplink **ret_uplink, char *ret_error);
void uplink_close(struct uplink *uplink);
sqlite3 *uplink_database(struct uplink *uplink);
struct outbox_stats uplink_stats(const struct uplink *uplink);
/* Room for one more batch of any size? A recording asks before it drives on. */
bool uplink_has_room(const struct uplink *uplink);
/* Seals and appends; ROAD_DUPLICATE if the outbox had that number before (a rerun), ROAD_FULL if there is no room. */
enum road_status uplink_append(struct uplink *uplink, const struct batch *batch);
/* Retained, on …/status/<name>; lost if not connected. */
void uplink_tell_status(struct uplink *uplink, const char *json, size_t length);
struct pollfd uplink_pollfd(const struct uplink *uplink);
int64_t uplink_deadline_ns(const struct uplink *uplink, int64_t now_ns);
enum road_status uplink_step(struct uplink *uplink, short revents, int64_t now_ns);

#endif
