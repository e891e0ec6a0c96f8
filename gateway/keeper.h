/* keeper.h - the gateway without its wires: messages in, durable effect, acknowledgements out.
 *
 *     keeper_take     one SQLite transaction for a group of messages: what the inbox knows of each speaker and the
 *                     batches themselves. Once it is on disk the batches are folded into the beliefs, and there are
 *                     acknowledgements to send.
 *     keeper_settle   a transaction of its own, for many groups at once: what the beliefs made of them, as changes in
 *                     the outbox, and how far that goes.
 *
 * Memory (the beliefs) never runs ahead of the batches on disk. What was settled but could not be written is kept and
 * written by the next keeper_settle. After a crash the batches up to the last settling are folded silently and the
 * rest is told, so that nothing is lost or said twice. One thread; `now` is handed in. */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "gateway/beliefs.h"
#include "gateway/intake.h"
#include "gateway/rules.h"
#include "link/inbox.h"
#include "link/outbox.h"

#define KEEPER_ERROR_SIZE 512
#define KEEPER_GROUP_MAX 256
#define KEEPER_TOPIC_SIZE 96

struct keeper_config {
    const char *path; /* of the database */
    const char *district;
    struct beliefs_config beliefs;
    struct outbox_config outbox;
    int64_t quarantine_max_items;
    bool is_as_of_now; /* codes age with the clock, not with the newest event */
    int64_t settle_ms; /* how long what was taken may wait to be told; 0 = keeper_take settles */
    /* Pages of the write-ahead log at which it is written back into the database, which holds up a group for as long;
     * 0 = SQLite's own 1,000. The log stays that long, and a start reads it. */
    int wal_pages;
    const char *snapshot_path; /* NULL = none are written or read */
    bool is_rebuild;           /* snapshots are not read: everything is folded from the batches */
    uint8_t roads[SHA256_SIZE]; /* digest of beliefs.roads, zeros if NULL: snapshots of another network are not read */
    /* Batches that a snapshot covers are deleted this long after they came; 0 = never. */
    int64_t retain_s, retain_phone_s;
    const struct gateway_rules *rules; /* borrowed; those of `beliefs`, to be recorded. NULL: nothing is recorded */
    int64_t opened_ns;                 /* UTC */
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
    X(unknown_key) X(bad_signature) X(not_a_batch) X(outbox_full) X(commits) X(commits_failed) X(settlings)  \
    X(unsaid) X(verdicts) X(leaves_changed) X(snapshots) X(snapshots_failed) X(batches_purged)               \
    X(detections) X(features) X(passes) X(cells_changed) X(defects_changed) X(features_changed) X(changes)

struct keeper_stats {
#define KEEPER_COUNTER(name) uint64_t name;
    KEEPER_COUNTERS(KEEPER_COUNTER)
#undef KEEPER_COUNTER
    uint64_t refused_by_reason[32]; /* index: enum road_status */
    enum road_status store;         /* of the last transaction: ROAD_OK, or why nothing is taken */
    int64_t not_settled;            /* batches */
};

struct keeper; /* opaque */

/* Reads the snapshot, and folds what is stored beyond it. ret_error (KEEPER_ERROR_SIZE) says what went wrong. */
enum road_status keeper_open(const struct keeper_config *config, struct keeper **ret_keeper, char *ret_error);
void keeper_close(struct keeper *keeper);
/* At most KEEPER_GROUP_MAX messages; at most one acknowledgement a speaker, into ret_acks[n]. ROAD_FULL: the outbox
 * or the disk has no room, nothing was taken and nothing is acknowledged: the nodes keep their batches and send
 * again. Any other failure: likewise. */
enum road_status keeper_take(struct keeper *keeper, const struct keeper_message *messages, size_t n, int64_t now_ns,
                             struct keeper_ack *ret_acks, size_t *ret_n_acks);
/* One message of the server's, what a person said of a defect (link/verdict.h): durable, folded and told as a batch
 * is. *ret_ack is then ready but for its topic; length 0 if nobody can be held to the bytes. Failures as above. */
enum road_status keeper_hear(struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                             struct keeper_ack *ret_ack);
/* Until keeper_settle has something to tell: what was taken may wait for settle_ms, and where codes age with the clock
 * a new UTC day is told without a batch. 0 = now, INT64_MAX = not before something is taken. */
int64_t keeper_wait_ns(const struct keeper *keeper, int64_t now_ns);
/* Settles, and leaves what moved to be written with the next group (keeper_take), so that both share a sync; or to
 * keeper_settle, if none comes. ROAD_FULL: the outbox has no room. */
enum road_status keeper_prepare(struct keeper *keeper, int64_t now_ns);
/* Tells what moved since the last settling; does nothing if nothing can have. ROAD_FULL or another failure: it will
 * be told later. */
enum road_status keeper_settle(struct keeper *keeper, int64_t now_ns);
/* SHA-256 of all that is believed of what was taken; after it only keeper_close. The same live, after a restart and
 * rebuilt from the batches. */
void keeper_state_hash(struct keeper *keeper, uint8_t ret_digest[SHA256_SIZE]);

/* Snapshots: what is believed, once all of it is told and something came since the last one. keeper_snapshot blocks;
 * keeper_snapshot_start leaves it to a child process, and keeper_snapshot_step says whether that is still at it (or
 * waits for it). keeper_close ends a child that is. */
bool keeper_wants_snapshot(const struct keeper *keeper);
enum road_status keeper_snapshot(struct keeper *keeper);
void keeper_snapshot_start(struct keeper *keeper);
bool keeper_snapshot_step(struct keeper *keeper, bool may_wait);
/* Deletes some of the batches that were kept long enough: again while *ret_deleted > 0. A transaction of its own. */
enum road_status keeper_purge(struct keeper *keeper, int64_t now_ns, int64_t *ret_deleted);

/* After a reload; the old registry may be closed then. */
void keeper_use_registry(struct keeper *keeper, const struct registry *registry);
struct outbox *keeper_outbox(struct keeper *keeper);
const struct beliefs *keeper_beliefs(const struct keeper *keeper);
struct keeper_stats keeper_stats(const struct keeper *keeper);
/* A line for each node that is believed no more, or again, since the last call. */
void keeper_log_standing(struct keeper *keeper);
/* One JSON object, NUL-ended; returns the length wanted. */
size_t keeper_report(const struct keeper *keeper, const char *name, char *ret_text, size_t capacity);

#endif
