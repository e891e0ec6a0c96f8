/* envelope.h - one record of the ledger as bytes: a JSON object with one way to write it.
 *
 *     {"v":1,"kind":"defect","subject":"defect/…","prev":{"index":3,"leaf":"<64 hex>"},
 *      "time":"2026-11-23T07:41:00.000Z","said":"<base64>"}            (on one line, without spaces)
 *
 * `prev` names the entry before this one about the same subject, or is null. `said` is the speaker's
 * COSE_Sign1 as it was received. Keys stand in this order, numbers are plain decimal, nothing is escaped: a
 * text that the writer would not write is refused. At most 65,535 bytes. Byte vector: docs/ledger-format.md.
 */
#ifndef SERVER_LEDGER_ENVELOPE_H
#define SERVER_LEDGER_ENVELOPE_H

#include "server/ledger/tile.h"

#define ENVELOPE_KIND_SIZE    32    /* [a-z-]{1,31} and NUL */
#define ENVELOPE_SUBJECT_SIZE 96    /* [A-Za-z0-9._/-]{1,95} and NUL */
#define ENVELOPE_SAID_MAX     32768 /* bytes of a COSE_Sign1 */

struct envelope {
    char kind[ENVELOPE_KIND_SIZE];
    char subject[ENVELOPE_SUBJECT_SIZE];
    bool has_prev;
    uint64_t prev_index;
    struct tree_hash prev_leaf;
    int64_t time_ms; /* UTC since 1970 */
    const uint8_t *said;
    size_t said_length;
};

bool envelope_kind_is_valid(const char *kind, size_t length);
bool envelope_subject_is_valid(const char *subject, size_t length);

/* ROAD_BAD_INPUT for a kind or subject that is not allowed, ROAD_TOO_LARGE if it does not fit. */
enum road_status envelope_format(const struct envelope *envelope, char *ret_text, size_t capacity,
                                 size_t *ret_length);
/* `said` is decoded into ret_said (ENVELOPE_SAID_MAX bytes), where ret_envelope->said then points. */
enum road_status envelope_parse(const uint8_t *text, size_t length, uint8_t *ret_said,
                                struct envelope *ret_envelope);

/* "2026-11-23T07:41:00.000Z"; years 1970 to 9999. */
#define TIME_TEXT_SIZE 32
char *time_text_format(int64_t time_ms, char ret_text[TIME_TEXT_SIZE]);
enum road_status time_text_parse(const char *text, int64_t *ret_time_ms);

#endif
