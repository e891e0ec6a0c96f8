/* store.h - what the server believes, in server.db (docs/store.md): writing it. One thread, one writer.
 *
 * Applying a change writes its cells, roll-ups, defects, road metres, the change row with its event line and
 * one ledger entry for each of its statements, all inside the caller's transaction; the caller adds the inbox
 * row and the signed head, and commits. */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include "link/message.h"
#include "server/ledger/ledger.h"

struct store; /* opaque; borrows the database */

enum road_status store_open(sqlite3 *db, struct store **ret_store);
void store_close(struct store *store);

/* What the server will not take from a gateway although its signature is good: cells or defects outside the
 * deployment's zone, unknown types, statements of kinds or subjects that the ledger does not keep.
 * ROAD_BAD_RANGE or ROAD_BAD_INPUT; ret_field names the first. Pure. */
enum road_status store_check_change(const struct change *change, struct grid_zone zone,
                                    const char **ret_field);

/* `change` has passed store_check_change and every statement's signature is verified. *ret_event is from
 * malloc. */
enum road_status store_apply_change(struct store *store, struct ledger *ledger, const char *gateway,
                                    const struct change *change, int64_t now_ms, int64_t *ret_change_id,
                                    char **ret_event);

/* What the last applied change made look otherwise on a map. Valid until the next one. */
struct store_touch {
    const uint64_t *cells; /* ids of cells and leaves, of any level, perhaps twice */
    size_t n_cells;
    bool has_defects, has_segments;
};
struct store_touch store_last_touch(const struct store *store);

#endif
