/* verdict_store.h - the verdicts that were taken, in the gateway's database (table `verdict`).
 *
 * Written in the transaction that takes them and before their acknowledgement; read at the start. A city says
 * a few hundred a day, 100 bytes each: they are never purged. */
#ifndef GATEWAY_VERDICT_STORE_H
#define GATEWAY_VERDICT_STORE_H

#include "gateway/verdict.h"
#include "link/database.h"

struct verdict_store; /* opaque; borrows the database */

enum road_status verdict_store_open(sqlite3 *db, struct verdict_store **ret_store);
void verdict_store_close(struct verdict_store *store);
/* Inside the caller's transaction. Ids count from 1. */
enum road_status verdict_store_put(struct verdict_store *store, const struct verdict *verdict, int64_t *ret_id);
/* Ids after < id <= upto, in order. ROAD_CORRUPT: a row that cannot be read. */
enum road_status verdict_store_each(struct verdict_store *store, int64_t after, int64_t upto,
                                    void (*take)(void *context, int64_t id, const struct verdict *verdict),
                                    void *context);

#endif
