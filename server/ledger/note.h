/* note.h - signed heads of the tree (C2SP tlog-checkpoint in a signed note), the log's and witnesses' keys.
 *
 *     <origin>\n<size>\n<root, base64>\n          the signed text, with its last \n
 *     \n
 *     U+2014 SP <name> SP base64(keyID[4] || signature)\n       one or more lines
 *
 * keyID = SHA-256(name || 0x0A || type || public key)[0:4]. vkey = name "+" hex(keyID) "+" base64(type ||
 * key). Types: 0x01 Ed25519 over the text; 0x04 a witness's cosignature with a time. Parsing is strict: what
 * the writer would not write is refused, so no two texts are the same note. At most 16 KiB and 64 signatures.
 */
#ifndef SERVER_LEDGER_NOTE_H
#define SERVER_LEDGER_NOTE_H

#include "link/sign.h"
#include "server/ledger/tree.h"

#define NOTE_NAME_SIZE       128
#define NOTE_KEY_TEXT_SIZE   208
#define NOTE_SIZE            16384
#define NOTE_SIGNATURES_MAX  64
#define NOTE_KEY_ED25519     0x01
#define NOTE_KEY_COSIGNATURE 0x04

/* A key that may sign notes, as its vkey tells. */
struct note_key {
    char name[NOTE_NAME_SIZE];
    uint8_t type;
    uint8_t id[4];
    uint8_t public_bytes[ED25519_PUBLIC_SIZE];
};

struct checkpoint {
    char origin[NOTE_NAME_SIZE];
    uint64_t size;
    struct tree_hash root;
};

/* ROAD_BAD_INPUT: a name that is empty, too long, or holds spaces, control characters or "+". */
enum road_status note_key_init(struct note_key *ret_key, const char *name, uint8_t type,
                               const uint8_t public_bytes[ED25519_PUBLIC_SIZE]);
enum road_status note_key_parse(const char *vkey, struct note_key *ret_key);
char *note_key_format(const struct note_key *key, char ret_text[NOTE_KEY_TEXT_SIZE]);
/* The key as link/sign.h knows it. */
void note_key_public(const struct note_key *key, struct public_key *ret_key);

/* The signed text alone / text and one signature line; *ret_length without the NUL that is also written. */
enum road_status checkpoint_text(const struct checkpoint *checkpoint, char *ret_text, size_t capacity,
                                 size_t *ret_length);
enum road_status checkpoint_sign(const struct checkpoint *checkpoint, const struct note_key *key,
                                 struct signer *signer, char *ret_text, size_t capacity, size_t *ret_length);
/* Reads the text without trusting it: check signatures next. `text` need not end with NUL. */
enum road_status checkpoint_parse(const char *text, size_t length, struct checkpoint *ret_checkpoint);
/* ROAD_OK if the key has signed; ROAD_NOT_FOUND if no line is by this key; ROAD_BAD_SIGNATURE if its line
 * fails (the whole note is then to be rejected). Lines by other keys are ignored. For a witness's key
 * *ret_time_s is the time it stated (unix seconds; may be NULL). */
enum road_status checkpoint_check(const char *text, size_t length, const struct note_key *key,
                                  uint64_t *ret_time_s);

#endif
