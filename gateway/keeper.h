/* keeper.h - the gateway without its wires: messages in, durable effect, acknowledgements out.
 *
 * One SQLite transaction for a group of messages: what the inbox knows of each speaker, the batches themselves, and
 * the changes they cause in the outbox. Only when it is on disk are there acknowledgements to send. Memory (the
 * beliefs) is a fold of the stored batches; a transaction that fails is followed by a fold from the store, so that
 * memory never runs ahead of the disk. One thread; `now` is handed in. */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "gateway/beliefs.h"
#include "gateway/intake.h"
#include "link/inbox.h"
#include "link/outbox.h"

#define KEEPER_ERROR_SIZE 512
#define KEEPER_GROUP_MAX 64
#define KEEPER_TOPIC_SIZE 96

struct keeper_config {
    const char *path; /* of the database */
    const char *district;
    struct beliefs_config beliefs;
    struct outbox_config outbox;
    int64_t quarantine_max_items;
    bool is_as_of_now; /* codes age with the clock, not with the newest event */
    struct signer *signer;            /* borrowed */
    const struct registry *registry;  /* borrowed */
};

struct keeper_message {
    const char *topic;
    const uint8_t *bytes;
    size_t length;
};

/* Ready to be published. An acknowledgement of 64 refusals fits. */
struct keeper_ack {
    char topic[KEEPER_TOPIC_SIZE];
    size_t length;
    uint8_t bytes[2048];
};

#define KEEPER_COUNTERS(X)                                                                                   \
    X(batches_applied) X(batches_refused) X(duplicates) X(gaps) X(sequence_reused) X(quarantined)            \
    X(unknown_key) X(bad_signature) X(not_a_batch) X(outbox_full) X(commits) X(commits_failed)               \
    X(verdicts) X(detections) X(features) X(passes) X(cells_changed) X(defects_changed) X(features_changed) X(changes)

struct keeper_stats {
#define KEEPER_COUNTER(name) uint64_t name;
    KEEPER_COUNTERS(KEEPER_COUNTER)
#undef KEEPER_COUNTER
    uint64_t refused_by_reason[32]; /* index: enum road_status */
};

struct keeper; /* opaque */

/* Folds what is stored. ret_error (KEEPER_ERROR_SIZE) says what went wrong. */
enum road_status keeper_open(const struct keeper_config *config, struct keeper **ret_keeper, char *ret_error);
void keeper_close(struct keeper *keeper);
/* At most KEEPER_GROUP_MAX messages; at most one acknowledgement a speaker, into ret_acks[n]. ROAD_FULL: the outbox
 * has no room, nothing was taken and nothing is acknowledged: the nodes keep their batches and send again. Any other
 * failure: likewise, and memory is folded anew. */
enum road_status keeper_take(struct keeper *keeper, const struct keeper_message *messages, size_t n, int64_t now_ns,
                             struct keeper_ack *ret_acks, size_t *ret_n_acks);
/* One message of the server's, what a person said of a defect (link/verdict.h): durable, folded and told as a batch
 * is. *ret_ack is then ready but for its topic; length 0 if nobody can be held to the bytes. Failures as above. */
enum road_status keeper_hear(struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                             struct keeper_ack *ret_ack);
/* After a reload; the old registry may be closed then. */
void keeper_use_registry(struct keeper *keeper, const struct registry *registry);
struct outbox *keeper_outbox(struct keeper *keeper);
const struct beliefs *keeper_beliefs(const struct keeper *keeper);
struct keeper_stats keeper_stats(const struct keeper *keeper);
/* One JSON object, NUL-ended; returns the length wanted. */
size_t keeper_report(const struct keeper *keeper, const char *name, char *ret_text, size_t capacity);

#endif
