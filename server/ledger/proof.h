/* proof.h - an offline proof that one entry stands in a signed log (C2SP tlog-proof), as text.
 *
 *     c2sp.org/tlog-proof@v1\n
 *     [extra <base64>\n]
 *     index <i>\n
 *     <base64 hash>\n …            the inclusion path, the leaf's sibling first; at most 63
 *     \n
 *     <checkpoint>                 with its signatures
 *
 * Pure: what is proved depends on nothing but these bytes, the entry and the log's key. */
#ifndef SERVER_LEDGER_PROOF_H
#define SERVER_LEDGER_PROOF_H

#include "server/ledger/note.h"

#define PROOF_TEXT_SIZE (NOTE_SIZE + TREE_PROOF_MAX * 48 + 256)

struct proof {
    uint64_t index;
    struct tree_proof path;
    struct checkpoint head;
    const char *note; /* of the head, within the text that was read */
    size_t note_length;
};

/* Whether a text begins as a proof does. */
bool proof_is_one(const char *text, size_t length);
/* ret_text: PROOF_TEXT_SIZE bytes, NUL-ended. `note` ends with NUL. */
size_t proof_format(uint64_t index, const struct tree_proof *path, const char *note, char *ret_text);
/* Reads without trusting; what the writer would not write is refused. */
enum road_status proof_parse(const char *text, size_t length, struct proof *ret_proof);
/* ROAD_OK: the log with this key holds exactly this entry at proof->index. ROAD_DENIED: of another log.
 * ROAD_BAD_SIGNATURE: the head is not signed by the key, or the entry is not there. */
enum road_status proof_check(const struct proof *proof, const struct note_key *key, const void *entry,
                             size_t length);

#endif
