/* verdict.h - what people say of a defect: a crew that repaired it, an inspector who stood there, the desk.
 *
 * The server says it to the gateway that believes the defect: topic road/v1/<district>/verdict/<gateway>, one
 * verdict a message, numbered from 1 for each gateway, signed by the server. The gateway folds verdicts among the
 * passes in event order (gateway/walk.h) and acknowledges them as it does batches, on …/verdict-ack/<gateway>. The
 * same words stand in the ledger as a statement of kind "verdict" (docs/ledger-format.md). */
#ifndef LINK_VERDICT_H
#define LINK_VERDICT_H

#include "link/message.h"

enum verdict_kind {
    VERDICT_REPAIRED = 1,  /* a claim: it starts the count of verifying passes and moves no odds itself */
    VERDICT_WHOLE = 2,     /* an inspector: nothing is broken there. Not of the party that claimed the repair */
    VERDICT_DAMAGED = 3,   /* an inspector: it is broken, or still is */
    VERDICT_CONFIRMED = 4, /* the desk, from the evidence: it is there, and may be red */
    VERDICT_REJECTED = 5   /* the desk: a false alarm */
};
#define VERDICT_KIND_COUNT 5

/* Why the desk rejects. */
enum verdict_reason {
    REASON_NONE = 0,
    REASON_FEATURE = 1,   /* belongs to the road: a bump, a joint, a sound cover */
    REASON_NOTHING = 2,   /* nothing is there */
    REASON_ELSEWHERE = 3, /* it lies elsewhere */
    REASON_DOUBLE = 4,    /* known under another name */
    REASON_ARTEFACT = 5,  /* shadow, water, dirt on the lens, a slammed door */
    REASON_OTHER = 6
};
#define VERDICT_REASON_COUNT 6

struct verdict {
    struct defect_id defect; /* any of its names: that of any of its sightings */
    enum verdict_kind kind;
    enum verdict_reason reason; /* of VERDICT_REJECTED only */
    int64_t time_ns;            /* when the person says it was so */
    struct kid by;              /* the key of the department or crew */
};

/* The message; refused are unknown kinds, a reason without a rejection, times beyond the wire's. */
enum road_status verdict_encode(const struct verdict *verdict, uint64_t seq, uint8_t *ret_bytes, size_t capacity,
                                size_t *ret_length);
enum road_status verdict_decode(const uint8_t *bytes, size_t length, struct verdict *ret_verdict, uint64_t *ret_seq,
                                const char **ret_field);
/* The payload of a ledger statement, before sealing: the same without a number. */
enum road_status verdict_statement_encode(const struct verdict *verdict, uint8_t *ret_bytes, size_t capacity,
                                          size_t *ret_length);
enum road_status verdict_statement_decode(const uint8_t *bytes, size_t length, struct verdict *ret_verdict,
                                          const char **ret_field);

/* A total order by defect, then event time, then all else: equal means the same words. */
int verdict_compare(const struct verdict *a, const struct verdict *b);

#endif
