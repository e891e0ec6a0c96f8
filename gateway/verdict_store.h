/* verdict_store.h - the verdicts that were taken, in the gateway's database (table `verdict`).
 *
 * Written in the transaction that takes them and before their acknowledgement; read whole at the start. A city says
 * a few hundred a day, 100 bytes each: they are never purged. */
#ifndef GATEWAY_VERDICT_STORE_H
#define GATEWAY_VERDICT_STORE_H

#include "gateway/verdict.h"
#include "link/database.h"

struct verdict_store; /* opaque; borrows the database */

enum road_status verdict_store_open(sqlite3 *db, struct verdict_store **ret_store);
void verdict_store_close(struct verdict_store *store);
/* Inside the caller's transaction. */
enum road_status verdict_store_put(struct verdict_store *store, const struct verdict *verdict);
/* Adds all of them to the set. ROAD_CORRUPT: a row that cannot be read. */
enum road_status verdict_store_read(struct verdict_store *store, struct verdicts *verdicts);

#endif
