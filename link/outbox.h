/* outbox.h - messages waiting for the far end; they survive power loss once the caller's transaction commits.
 *
 * Tables in the caller's database (outbox, outbox_meta, outbox_refused), so that state and message are written in one
 * transaction. Who writes to several far ends has an outbox for each, by name. Sequence numbers run from 1 without holes and are never reused. Bounded: a full outbox refuses
 * with ROAD_FULL and never drops a message silently. One thread. */
#ifndef LINK_OUTBOX_H
#define LINK_OUTBOX_H

#include "link/database.h"
#include "link/message.h"

struct outbox_config {
    int64_t max_bytes; /* of message bytes waiting */
    int64_t max_items;
    const char *name; /* of its tables, [a-z0-9_]{1,48}; NULL = "outbox". Not kept */
};

struct outbox_stats {
    uint64_t last_seq;  /* the last ever appended, 0 = none */
    uint64_t acked_upto; /* the last that the far end has on disk */
    int64_t items, bytes; /* waiting */
    uint64_t refused;   /* by the far end, durably */
    uint64_t rejected_full; /* appends refused since open */
};

struct outbox; /* opaque */

enum road_status outbox_open(sqlite3 *db, const struct outbox_config *config, struct outbox **ret_outbox);
void outbox_close(struct outbox *outbox);
struct outbox_stats outbox_stats(const struct outbox *outbox);
/* `seq` must be last_seq + 1 (else ROAD_BAD_SEQUENCE). Inside a transaction of the caller's, or alone (then it
 * commits by itself). At most SEALED_MAX bytes. */
enum road_status outbox_append(struct outbox *outbox, uint64_t seq, const void *bytes, size_t length);
/* The waiting message with the smallest seq > after. *ret_bytes is valid until the next call on this outbox.
 * ROAD_END if there is none. */
enum road_status outbox_next(struct outbox *outbox, uint64_t after, uint64_t *ret_seq, const void **ret_bytes,
                             size_t *ret_length);
/* Applies a verified acknowledgement: deletes what is on the far disk, keeps refused ones in a quarantine table
 * (outbox_refused: the newest 256, what fell out is counted). Idempotent; an ack that goes back changes nothing.
 * ROAD_BAD_SEQUENCE, and nothing changes, if it acknowledges what this outbox never held: then the database is
 * older than the key (restored or lost), and a new key is needed. */
enum road_status outbox_ack(struct outbox *outbox, const struct ack *ack);

#endif
