/* store.h - the batches that were applied, as they were received, in order of application.
 *
 * Tables in the gateway's database: `batch`, written in the transaction that applies the batch, and `settled`, one
 * row: how far the beliefs were told. Beliefs are a fold of the batches and nothing else. Ids count from 1 without
 * holes until old batches are deleted; they are never used again. One thread. */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include "link/database.h"
#include "link/sign.h"

extern const char *const store_migrations[];

struct store; /* opaque */

struct store_batch {
    int64_t id;
    struct kid speaker;
    uint64_t seq;
    bool is_phone;
    int64_t received_s; /* UTC; what it is kept by */
    int64_t newest_ns;  /* of its event times */
    const uint8_t *sealed;
    size_t length;
};

/* All that batches and verdicts up to these made believe, as of `as_of_ns`, was told. */
struct store_settled {
    int64_t batch, verdict; /* ids; 0 = none yet */
    int64_t as_of_ns;       /* INT64_MIN: as of the newest event */
    struct kid speaker;     /* who caused it: of the newest of them */
    uint64_t seq;
};

enum road_status store_open(sqlite3 *db, struct store **ret_store);
void store_close(struct store *store);
/* Inside the caller's transaction; `id` is the next. */
enum road_status store_put(struct store *store, const struct store_batch *batch);
/* Of the newest batch, 0 if there is none. */
enum road_status store_last(struct store *store, int64_t *ret_id);
/* Ids after < id <= upto, in order; the bytes are lent for the call. Stops at the first status that is not ROAD_OK
 * and gives it. */
enum road_status store_each(struct store *store, int64_t after, int64_t upto,
                            enum road_status (*take)(void *context, const struct store_batch *batch), void *context);
/* Deletes at most `max` batches with id <= covered: those of the fleet received before `fleet_s`, of phones before
 * `phone_s`. Inside the caller's transaction. Their pages are used again, so that the file stays as large as it was. */
enum road_status store_purge(struct store *store, int64_t covered, int64_t fleet_s, int64_t phone_s, int64_t max,
                             int64_t *ret_deleted);
enum road_status store_settled(struct store *store, struct store_settled *ret_settled);
enum road_status store_set_settled(struct store *store, const struct store_settled *settled);

#endif
