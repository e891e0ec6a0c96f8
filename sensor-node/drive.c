/* drive.c - from samples to stored batches.
 *
 * A recording is driven at replay_speed and waits while the outbox is full; after a crash it is driven again from its
 * first sample, and batches that the outbox had are skipped (without pacing: they are no news). A live source cannot
 * wait: what the full outbox refuses is counted and said. */
#include <inttypes.h>

#include "link/log.h"
#include "sensor-node/learnt.h"
#include "sensor-node/node.h"

#define EVENTS_A_TURN 2000
#define REFUSED_LOGGED 20 /* rows refused are counted all, logged so many a drive */

/* ---- batches ------------------------------------------------------------------------------------------- */

static void note_handed(struct node *n, uint64_t seq)
{
    const int64_t now_ns = clock_ns(CLOCK_REALTIME);

    if (n->handed)
        fprintf(n->handed, "%" PRIu64 ",%" PRId64 ",%" PRId64 "\n", seq, n->first_handed_ns ? n->first_handed_ns : now_ns,
                now_ns);
    n->first_handed_ns = 0;
}

static uint32_t watched_ms(const struct batch *batch)
{
    int64_t sum_ns = 0;

    for (size_t i = 0; i < batch->n_passes; i++) {
        const struct pass *pass = &batch->passes[i];
        if (pass->n_points > 0)
            sum_ns += pass->points[pass->n_points - 1].time_ns - pass->points[0].time_ns;
    }
    return sum_ns > 0 ? (uint32_t)(sum_ns / 1000000) : 0;
}

static void refuse_batch(struct node *n, const struct batch *batch)
{
    n->refused_full++;
    n->refused_ms += watched_ms(batch);
    log_error("outbox full: batch refused; raise outbox_max_bytes or bring the gateway back (refused=%" PRIu64 ")",
              n->refused_full);
}

/* A live source's batch takes the next free number, because one that was refused must leave no hole; what the
 * refused ones had watched nobody will ever see. */
static void keep_batch(struct node *n, const struct batch *taken)
{
    struct batch batch = *taken;
    const bool is_live = n->config.source == NODE_SOURCE_LIVE;

    if (is_live) {
        batch.seq = uplink_stats(n->uplink).last_seq + 1;
        batch.unwatched_ms += n->refused_ms;
    }
    const enum road_status status = uplink_append(n->uplink, &batch);
    if (status == ROAD_OK) {
        n->refused_ms = 0;
        note_handed(n, batch.seq);
    } else if (status == ROAD_DUPLICATE) {
        n->first_handed_ns = 0;
    } else if (status == ROAD_FULL && is_live) {
        refuse_batch(n, taken);
    } else {
        fatal("batch %" PRIu64 " cannot be kept: %s", batch.seq, road_status_sentence(status));
    }
}

/* A recording takes a batch only when there is room for it; true if none is left waiting. */
static bool take_batches(struct node *n)
{
    const bool may_wait = n->config.source == NODE_SOURCE_RECORDING;
    const struct batch *batch;

    while (!may_wait || uplink_has_room(n->uplink)) {
        if (!(batch = node_core_take(n->core)))
            return true;
        keep_batch(n, batch);
    }
    return false;
}

/* ---- samples ------------------------------------------------------------------------------------------- */

static bool is_catching_up(const struct node *n)
{
    return node_core_stats(n->core).batches < n->stored_before;
}

static int64_t event_time_ns(const struct source_event *e)
{
    return e->kind == SOURCE_FIX ? e->fix.time_ns : e->motion.time_ns;
}

/* Monotonic time at which the waiting event may be handed on. */
static int64_t due_ns(struct node *n, int64_t now_ns)
{
    const int64_t data_ns = event_time_ns(&n->waiting);

    if (n->config.source == NODE_SOURCE_LIVE || n->config.replay_speed <= 0 || n->waiting.kind > SOURCE_FIX)
        return now_ns;
    if (is_catching_up(n) || n->pace_wall_ns == 0 || data_ns < n->pace_data_ns) {
        n->pace_wall_ns = now_ns;
        n->pace_data_ns = data_ns;
    }
    return n->pace_wall_ns + (int64_t)((double)(data_ns - n->pace_data_ns) / n->config.replay_speed);
}

static enum road_status hand_on(struct node *n, const struct source_event *e)
{
    const int64_t time_ns = event_time_ns(e);

    if (e->kind == SOURCE_GAP) {
        node_core_gap(n->core, e->gap_from_ns, e->gap_to_ns);
        log_warn("gap of %.1f s: not watched", (double)(e->gap_to_ns - e->gap_from_ns) / 1e9);
        return ROAD_OK;
    }
    if (e->kind > SOURCE_FIX)
        return ROAD_OK;
    if (n->first_handed_ns == 0)
        n->first_handed_ns = clock_ns(CLOCK_REALTIME);
    if (n->drive_first_ns == 0)
        n->drive_first_ns = time_ns;
    n->drive_last_ns = time_ns;
    n->drive_fixes += e->kind == SOURCE_FIX;
    n->drive_samples += e->kind == SOURCE_MOTION;
    return e->kind == SOURCE_FIX ? node_core_fix(n->core, &e->fix) : node_core_motion(n->core, &e->motion);
}

static void end_drive(struct node *n)
{
    const struct source_stats stats = source_stats(n->source);

    n->rows_refused += stats.rows_refused;
    n->data_ns += n->drive_last_ns - n->drive_first_ns;
    n->drive_first_ns = n->drive_last_ns = 0;
    n->pace_wall_ns = 0;
    node_core_finish(n->core);
    learnt_keep(&n->config, n->core);
    log_info("drive done path=%s rows=%" PRIu64 " refused=%" PRIu64, n->drives.items[n->next_drive - 1].path, stats.rows,
             stats.rows_refused);
    if (n->drive_samples == 0)
        log_warn("no motion in this drive, only positions: nothing of it was watched");
    if (n->drive_fixes == 0)
        log_warn("no position in this drive: nothing of it can be placed on the map");
    source_close(n->source);
    n->source = NULL;
}

static void open_drive(struct node *n)
{
    const struct node_config *c = &n->config;
    char error[SOURCE_ERROR_SIZE];
    struct drive *drive = &n->drives.items[n->next_drive];

    if (drives_resolve(&n->drives, n->next_drive, uplink_database(n->uplink), clock_ns(CLOCK_REALTIME), error) != ROAD_OK ||
        source_open_recording(drive->path, drive->start_ns, c->gnss_class - 1, c->gnss_sigma_m, &n->source, error) != ROAD_OK)
        fatal("%s", error);
    if (c->move_to_start)
        source_move_to(n->source, drive->start_ns);
    if (drive->is_other && n->stored_before > 0)
        log_error("drive %zu is not the one that node.db was filled from: its batches up to %" PRIu64
                  " count as sent; give new drives a fresh data_dir and key",
                  n->next_drive + 1, n->stored_before);
    n->next_drive++;
    n->logged = 0;
    n->drive_fixes = n->drive_samples = 0;
}

static void refuse_row(struct node *n, const char *error)
{
    if (n->logged++ < REFUSED_LOGGED)
        log_warn("row refused: %s", error);
}

/* The next event into n->waiting; false if there is none now. */
static bool read_event(struct node *n)
{
    char error[SOURCE_ERROR_SIZE] = "";
    enum road_status status = ROAD_OK;

    while ((status = source_next(n->source, &n->waiting, error)) == ROAD_BAD_INPUT)
        refuse_row(n, error);
    if (status == ROAD_LINK_LOST) {
        log_warn("%s", error);
        return false;
    }
    if (status != ROAD_OK)
        fatal("%s", *error ? error : road_status_sentence(status));
    if (n->waiting.kind == SOURCE_IDLE && *error)
        log_info("%s", error);
    if (n->waiting.kind == SOURCE_END)
        end_drive(n);
    return n->waiting.kind != SOURCE_IDLE && n->waiting.kind != SOURCE_END;
}

static bool drive_is_open(struct node *n)
{
    if (n->source)
        return true;
    if (n->config.source == NODE_SOURCE_RECORDING && n->next_drive < n->drives.n) {
        open_drive(n);
        return true;
    }
    if (!n->is_over)
        n->driven_ns = clock_ns(CLOCK_MONOTONIC);
    n->is_over = true;
    return false;
}

/* Bounded work; gives the time by which to come again. */
int64_t node_drive_on(struct node *n, int64_t now_ns)
{
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        if (!take_batches(n))
            return now_ns + 20000000; /* full: room comes with an acknowledgement */
        if (!drive_is_open(n))
            return INT64_MAX;
        if (!n->has_waiting && !(n->has_waiting = read_event(n)))
            return n->source ? source_deadline_ns(n->source) : now_ns;
        const int64_t due = due_ns(n, now_ns);
        if (due > now_ns)
            return due;
        if (hand_on(n, &n->waiting) != ROAD_FULL)
            n->has_waiting = false;
    }
    return now_ns;
}

void node_finish_live(struct node *n)
{
    if (n->config.source != NODE_SOURCE_LIVE)
        return;
    node_core_finish(n->core);
    learnt_keep(&n->config, n->core);
    take_batches(n);
}
