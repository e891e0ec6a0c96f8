/* history.h - what a few nodes send over some days, made from a seed, and what a gateway must believe of any part of it.
 *
 * A small town of crossing streets; RTK, consumer and phone passes with and without findings. Batch `i` of a node has the
 * number i + 1. The reference applies each batch once, node by node, in a process that knows no files: whatever a
 * gateway lived through, its beliefs must be those. */
#ifndef TESTS_FAULT_HISTORY_H
#define TESTS_FAULT_HISTORY_H

#include "tests/gateway/rig.h"

#define HISTORY_BATCHES_MAX 160 /* a node */

struct history {
    size_t n_batches; /* a node */
    struct drive *drives;   /* [RIG_NODES][n_batches] */
    struct letter *letters; /* likewise, sealed */
};

void history_make(struct history *history, struct rig *rig, uint64_t seed, size_t n_batches);
void history_done(struct history *history);
const struct letter *history_letter(const struct history *history, unsigned node, uint64_t seq);
/* The digest of what is believed after the first upto[k] batches of each node k. */
void history_believe(const struct history *history, const struct rig *rig, const uint64_t upto[RIG_NODES],
                     uint8_t ret_digest[SHA256_SIZE]);

#endif
