/* node.h - the daemon's own state, shared by the three files that make it up: main.c (start, loop, stop), drive.c (from
 * samples to stored batches) and told.c (facts.json, status). One thread. */
#ifndef SENSOR_NODE_NODE_H
#define SENSOR_NODE_NODE_H

#include <stdio.h>
#include <time.h>

#include "sensor-node/core.h"
#include "sensor-node/drives.h"
#include "sensor-node/uplink.h"

struct node {
    struct node_config config;
    struct uplink *uplink;
    struct node_core *core;
    struct drives drives;
    size_t next_drive;
    struct source *source;      /* NULL between drives */
    struct source_event waiting; /* read, not yet due */
    bool has_waiting, is_over;
    uint64_t stored_before; /* last sequence of earlier runs: up to there nothing is paced */
    int64_t pace_wall_ns, pace_data_ns;
    int64_t first_handed_ns;
    int64_t drive_first_ns, drive_last_ns, data_ns; /* event time driven, for the replay speed */
    int64_t began_ns, driven_ns, report_due_ns, keep_due_ns;
    uint64_t rows_refused, refused_full;
    uint32_t refused_ms; /* watched, but in a batch that the outbox refused: told as not watched in the next one */
    uint32_t logged;
    uint64_t drive_fixes, drive_samples;
    FILE *handed;
};

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Bounded work: reads, hands on, keeps batches. Gives the monotonic time by which to come again. */
int64_t node_drive_on(struct node *node, int64_t now_ns);
/* Every second, and once more at the end: facts.json and the status topic. */
void node_report(struct node *node, int64_t now_ns, bool is_last);
bool node_is_done(const struct node *node); /* driven, and everything acknowledged */
/* At the end of a live drive: what the core still holds goes into the outbox. */
void node_finish_live(struct node *node);

#endif
