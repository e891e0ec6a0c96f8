/* ledger.h - appending to the ledger in the server's database (tables entry, node_hash, head of
 * docs/store.md).
 *
 * Inside the caller's transaction: append or say what there is to say, then ledger_sign; the transaction's
 * commit makes entries, full tiles and signed head durable together, and only then may anything be
 * acknowledged or published. After a rollback call ledger_reload. There is one head a size, for ever: sizes
 * only grow and the head's size is its primary key. One thread, one writer. */
#ifndef SERVER_LEDGER_LEDGER_H
#define SERVER_LEDGER_LEDGER_H

#include <sqlite3.h>

#include "server/ledger/envelope.h"
#include "server/ledger/note.h"

struct ledger; /* opaque; borrows database and signer */

/* Rebuilds the frontier from the database and holds it against the newest head: ROAD_CORRUPT if they differ
 * or the head's signature fails, ROAD_DENIED if it was signed by another key or for another origin. */
enum road_status ledger_open(sqlite3 *db, const char *origin, struct signer *signer,
                             struct ledger **ret_ledger);
void ledger_close(struct ledger *ledger);
enum road_status ledger_reload(struct ledger *ledger);

uint64_t ledger_size(const struct ledger *ledger);
void ledger_root(const struct ledger *ledger, struct tree_hash *ret_root);
const struct note_key *ledger_key(const struct ledger *ledger);

/* Appends bytes as they are. ret_leaf may be NULL. ROAD_TOO_LARGE beyond ENTRY_MAX. */
enum road_status ledger_append(struct ledger *ledger, const char *kind, const char *subject, const void *body,
                               size_t length, struct tree_hash *ret_leaf);
/* Wraps a speaker's sealed bytes in an envelope that names the entry before about this subject, and appends
 * it. ret_index may be NULL. */
enum road_status ledger_say(struct ledger *ledger, const char *kind, const char *subject, const uint8_t *said,
                            size_t said_length, int64_t time_ms, uint64_t *ret_index);
/* Writes the signed head, if anything was appended since the last one. */
enum road_status ledger_sign(struct ledger *ledger);
/* The newest entry about a subject; ROAD_NOT_FOUND if there is none. ret_leaf may be NULL. */
enum road_status ledger_last_about(struct ledger *ledger, const char *subject, uint64_t *ret_index,
                                   struct tree_hash *ret_leaf);

#endif
