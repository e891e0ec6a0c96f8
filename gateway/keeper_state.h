/* keeper_state.h - what the files of the keeper share: keeper.c (start, end), keeper_take.c (batches in),
 * keeper_hear.c (verdicts in), keeper_settle.c (changes out), keeper_snapshot.c, keeper_report.c (what it tells of itself). */
#ifndef GATEWAY_KEEPER_STATE_H
#define GATEWAY_KEEPER_STATE_H

#include <sys/types.h>

#include "gateway/keeper.h"
#include "gateway/publish.h"
#include "gateway/snapshot.h"
#include "gateway/store.h"
#include "gateway/verdict_store.h"

/* A batch that was taken and not folded yet: it waits for the commit. */
struct taken {
    struct batch_memory memory; /* used again */
    struct batch batch;
    const struct registry_entry *speaker;
};

/* What was settled and has to be written. */
struct telling {
    bool is_due;
    bool has_cause; /* batches, not only the day */
    struct store_settled settled;
};

struct keeper {
    struct keeper_config config;
    char district[16];
    struct intake_rules rules;
    sqlite3 *db;
    struct inbox *inbox;
    struct outbox *outbox;
    struct store *store;
    struct verdict_store *verdicts;
    struct publisher *publisher;
    struct beliefs beliefs;
    struct delta delta;
    struct telling telling;
    struct taken taken[KEEPER_GROUP_MAX];
    size_t n_taken;
    int64_t last_batch, last_verdict; /* on disk and folded */
    size_t last_group;                /* messages that came together last: many = there is a backlog */
    struct kid last_speaker;          /* of what was taken last */
    uint64_t last_seq;
    struct store_settled settled; /* as on disk */
    int64_t settled_at_ns;        /* by the clock that is handed in */
    uint64_t told_seq;            /* of the last change told */
    int64_t covered;              /* batches to here are in both snapshots on disk: one of them may be damaged */
    int64_t settled_in_snapshot;  /* of the newest snapshot written or read */
    int64_t writes_batch;         /* of the one under way */
    pid_t writer;                 /* the process that writes it, 0 = none */
    struct keeper_stats stats;
    struct node_faults *faults; /* of each speaker, as logged last */
    size_t n_faults, fault_capacity;
    uint64_t logged_turns;
};

/* enum standing_fault bits and days, of one node. */
struct node_faults {
    unsigned faults, bad_days;
};

/* Whom to answer after the commit. */
struct answer {
    const struct registry_entry *speaker;
    bool is_gap;
};

/* Whether the outbox takes what a settling may cause. */
bool keeper_has_room(const struct keeper *keeper);
/* What was prepared, into the transaction that is open; and that it is on disk. */
enum road_status keeper_write_telling(struct keeper *keeper);
void keeper_told(struct keeper *keeper, int64_t now_ns);
/* The newest snapshot that can be used, if there is one: then only what came after it is folded. */
void keeper_load(struct keeper *keeper);
/* Bytes that nobody can be held to. */
enum road_status keeper_quarantine(struct keeper *keeper, const char *claimed, const struct keeper_message *message,
                                   enum road_status reason);
/* As if what was begun had never come. Gives the reason back. */
enum road_status keeper_undo(struct keeper *keeper, const struct keeper_stats *before, enum road_status reason);
enum road_status keeper_make_ack(struct keeper *keeper, const struct answer *answer, struct keeper_ack *ret_ack);

#endif
