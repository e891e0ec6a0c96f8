/* publish.h - what moved, as signed changes in the outbox.
 *
 * For each applied batch at least one change, the last one marked; sealed they stay below 32 KiB. The bytes depend on
 * the beliefs and the cause alone: no clock, so that the same batches in the same order give the same bytes. Runs
 * inside the caller's transaction. */
#ifndef GATEWAY_PUBLISH_H
#define GATEWAY_PUBLISH_H

#include "gateway/beliefs.h"
#include "link/outbox.h"

struct publisher; /* opaque */

enum road_status publisher_new(struct signer *signer, struct outbox *outbox, struct grid_zone zone,
                               struct publisher **ret_publisher);
void publisher_free(struct publisher *publisher);
enum road_status publish(struct publisher *publisher, const struct delta *delta, struct kid cause_kid,
                         uint64_t cause_seq);

/* Likewise, with a statement of its own before all others: kind, "kind/subject", payload. */
enum road_status publish_saying(struct publisher *publisher, const struct delta *delta, struct kid cause_kid,
                                uint64_t cause_seq, const char *kind, const char *subject, const uint8_t *payload,
                                size_t length);

#endif
