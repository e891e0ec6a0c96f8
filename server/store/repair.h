/* repair.h - the tables for repairs and for what people say of defects (docs/store.md): a part of server.db with a
 * version of its own.
 *
 * `defect_repair` has a row for each defect: which gateway tells of it, and what became of the last claim. `verdict`
 * has one for each thing a person said; state 0 asked, 1 said (in the ledger, on its way to the gateway), 2 refused. */
#ifndef SERVER_STORE_REPAIR_H
#define SERVER_STORE_REPAIR_H

#include <sqlite3.h>

#include "link/verdict.h"

enum verdict_state { VERDICT_ASKED = 0, VERDICT_SAID = 1, VERDICT_REFUSED = 2 };

/* Makes what is missing. Not inside a transaction. */
enum road_status repair_tables(sqlite3 *db);

#define REPAIR_UPSERT "REPLACE INTO defect_repair VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
/* Binds REPAIR_UPSERT; strings must live until it is run. */
void repair_bind(sqlite3_stmt *s, const char *id, const char *gateway, const struct repair *repair,
                 char kid[KID_TEXT_SIZE]);

/* Asks for a verdict: the server takes it when it next looks. ret_id may be NULL. */
enum road_status verdict_ask(sqlite3 *db, const char *defect, enum verdict_kind kind, enum verdict_reason reason,
                             int64_t time_ns, const char *by_name, int64_t *ret_id);

#endif
