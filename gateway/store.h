/* store.h - the batches that were applied, as they were received, in order of application.
 *
 * Table `batch` in the gateway's database. Written in the transaction that applies the batch; read once, at the
 * start. Beliefs are a fold of this table and nothing else. */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include "link/database.h"
#include "link/sign.h"

extern const char *const store_migrations[];

struct store; /* opaque */

enum road_status store_open(sqlite3 *db, struct store **ret_store);
void store_close(struct store *store);
/* Inside the caller's transaction. `newest_ns`: of its event times. */
enum road_status store_put(struct store *store, struct kid speaker, uint64_t seq, bool is_phone, int64_t newest_ns,
                           const void *sealed, size_t length);
/* In order of application; stops at the first status that is not ROAD_OK and gives it. */
enum road_status store_each(struct store *store,
                            enum road_status (*take)(void *context, struct kid speaker, bool is_phone,
                                                     const uint8_t *sealed, size_t length),
                            void *context);

#endif
