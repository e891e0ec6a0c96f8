/* read.h - the published ledger out of the server's database: heads, tiles, bundles of entries, proofs.
 *
 * For any read-only connection to server.db, one thread each. Only what the newest signed head covers is
 * given. Full tiles are rows; partial ones are derived, so every partial tile of a published size can be had
 * until its full tile exists, and after. */
#ifndef SERVER_LEDGER_READ_H
#define SERVER_LEDGER_READ_H

#include <sqlite3.h>

#include "server/ledger/proof.h"
#include "server/ledger/tile.h"

/* The newest head. ROAD_NOT_FOUND in a database without one. ret_text: the note, NOTE_SIZE bytes, may be
 * NULL. */
enum road_status ledger_read_head(sqlite3 *db, struct checkpoint *ret_checkpoint, char *ret_text);
/* A tile of hashes: tile.width * 32 bytes into ret_bytes (8,192 at most). ROAD_NOT_FOUND beyond the head. */
enum road_status ledger_read_tile(sqlite3 *db, struct tile tile, uint8_t *ret_bytes);
/* A bundle of entries; *ret_bytes is from malloc, the caller frees it. */
enum road_status ledger_read_bundle(sqlite3 *db, struct tile tile, uint8_t **ret_bytes, size_t *ret_length);
/* A reader for tree.h's proofs; borrows the connection. */
struct tree_reader ledger_reader(sqlite3 *db);
/* An offline proof of one entry as text (C2SP tlog-proof), PROOF_TEXT_SIZE bytes. ROAD_NOT_FOUND beyond the
 * head. */
enum road_status ledger_read_proof(sqlite3 *db, uint64_t index, char *ret_text, size_t *ret_length);

#endif
