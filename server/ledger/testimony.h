/* testimony.h - what the entries of a log say, checked one after the other: their form, the chain of entries
 * about each subject, and that each was said by somebody who may say it.
 *
 * Keys come from the log itself: entries of kind "key", by the log's own key. Memory grows with the number of
 * subjects and keys. */
#ifndef SERVER_LEDGER_TESTIMONY_H
#define SERVER_LEDGER_TESTIMONY_H

#include "server/ledger/digest_map.h"
#include "server/ledger/envelope.h"
#include "server/ledger/key_event.h"
#include "server/ledger/verify.h"

/* A key that the log has registered. */
struct speaker {
    char role[KEY_ROLE_SIZE];
    struct verifier *verifier;
};

struct testimony {
    struct verify_report *report;    /* counts, and what failed */
    const struct registry *registry; /* NULL, or the only speakers that may be in the log */
    struct kid log_kid;
    struct verifier *log_verifier;
    int64_t index;              /* of the entry being checked */
    struct digest_map subjects; /* SHA-256(subject) -> last index and leaf */
    struct digest_map kids;     /* SHA-256(kid) -> number in speakers, from 1 */
    struct speaker *speakers;
    size_t n_speakers;
    uint8_t said[ENVELOPE_SAID_MAX]; /* of the entry checked last */
};

/* `testimony` is all zero but for report and registry. */
enum road_status testimony_start(struct testimony *testimony, const struct note_key *log_key);
void testimony_done(struct testimony *testimony);
/* The next entry, whose leaf hash is `leaf`. On failure the report holds its index and the reason. */
enum road_status testimony_check(struct testimony *testimony, const uint8_t *entry, size_t length,
                                 const struct tree_hash *leaf, struct envelope *ret_envelope);

/* Writes what failed into the report; gives `status` back. index -1: not about one entry. */
enum road_status verify_fail(struct verify_report *report, enum road_status status, int64_t index,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
