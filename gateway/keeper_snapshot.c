#include "gateway/keeper_state.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "link/log.h"

#define PURGE_AT_ONCE 256 /* rows of a transaction, so that intake waits for a few milliseconds at most */
#define NICENESS 10       /* of the process that writes */

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool read_one(struct keeper *keeper, const char *path)
{
    struct snapshot_mark mark;

    enum road_status status = snapshot_read(path, keeper->config.roads, &keeper->beliefs, &mark);
    if (status == ROAD_NOT_FOUND)
        return false;
    /* Of a later state than the database: that was set back, and its next batches would be taken for known ones. */
    if (status == ROAD_OK && (mark.settled.batch > keeper->settled.batch || mark.settled.verdict > keeper->settled.verdict)) {
        const struct beliefs_config config = keeper->beliefs.config;
        beliefs_done(&keeper->beliefs);
        beliefs_init(&keeper->beliefs, &config);
        unlink(path);
        status = ROAD_BAD_SEQUENCE;
    }
    if (status != ROAD_OK) {
        log_warn("snapshot not used file=%s reason=%s: the batches are folded instead", path, road_status_name(status));
        return false;
    }
    keeper->settled_in_snapshot = mark.settled.batch;
    keeper->last_batch = mark.settled.batch;
    keeper->last_verdict = mark.settled.verdict;
    return true;
}

void keeper_load(struct keeper *keeper)
{
    char old[SNAPSHOT_PATH_SIZE + 8];

    if (!keeper->config.snapshot_path || keeper->config.is_rebuild)
        return;
    snprintf(old, sizeof old, "%s.old", keeper->config.snapshot_path);
    if (!read_one(keeper, keeper->config.snapshot_path))
        read_one(keeper, old);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* All that is believed is told, and not only that: an image holds nothing that waits. */
static bool is_all_told(const struct keeper *keeper)
{
    return !keeper->telling.is_due && keeper->last_batch == keeper->settled.batch &&
           keeper->last_verdict == keeper->settled.verdict;
}

static struct snapshot_mark mark_of(const struct keeper *keeper)
{
    struct snapshot_mark mark = {.settled = keeper->settled};

    memcpy(mark.roads, keeper->config.roads, SHA256_SIZE);
    return mark;
}

static void written(struct keeper *keeper, enum road_status status, int64_t batch)
{
    if (status == ROAD_OK) {
        keeper->covered = keeper->settled_in_snapshot; /* that one is the older of the two now */
        keeper->settled_in_snapshot = batch;
        keeper->stats.snapshots++;
    } else {
        log_error("snapshot not written file=%s reason=%s", keeper->config.snapshot_path, road_status_name(status));
        keeper->stats.snapshots_failed++;
    }
}

bool keeper_wants_snapshot(const struct keeper *keeper)
{
    return keeper->config.snapshot_path && keeper->writer == 0 && is_all_told(keeper) &&
           keeper->settled.batch != keeper->settled_in_snapshot;
}

enum road_status keeper_snapshot(struct keeper *keeper)
{
    if (!keeper_wants_snapshot(keeper))
        return ROAD_OK;
    const struct snapshot_mark mark = mark_of(keeper);
    const enum road_status status = snapshot_write(keeper->config.snapshot_path, &mark, &keeper->beliefs);
    written(keeper, status, mark.settled.batch);
    return status;
}

/* The child sees memory as it is now, whatever comes; it touches neither database nor broker. */
static _Noreturn void write_as_child(const struct keeper *keeper)
{
    const struct snapshot_mark mark = mark_of(keeper);

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* two must never write the same file */
    setpriority(PRIO_PROCESS, 0, NICENESS);
    _exit((int)snapshot_write(keeper->config.snapshot_path, &mark, &keeper->beliefs));
}

void keeper_snapshot_start(struct keeper *keeper)
{
    if (!keeper_wants_snapshot(keeper))
        return;
    keeper->writes_batch = keeper->settled.batch;
    const pid_t child = fork();
    if (child == 0)
        write_as_child(keeper);
    if (child < 0)
        written(keeper, ROAD_NO_MEMORY, 0);
    else
        keeper->writer = child;
}

bool keeper_snapshot_step(struct keeper *keeper, bool may_wait)
{
    int how;

    if (keeper->writer == 0)
        return false;
    const pid_t ended = waitpid(keeper->writer, &how, may_wait ? 0 : WNOHANG);
    if (ended == 0)
        return true;
    keeper->writer = 0;
    written(keeper, ended > 0 && WIFEXITED(how) ? (enum road_status)WEXITSTATUS(how) : ROAD_IO, keeper->writes_batch);
    return false;
}

/* ---- retention ----------------------------------------------------------------------------------------- */

enum road_status keeper_purge(struct keeper *keeper, int64_t now_ns, int64_t *ret_deleted)
{
    const struct keeper_config *c = &keeper->config;
    const int64_t now_s = now_ns / 1000000000;
    int64_t deleted = 0;

    *ret_deleted = 0;
    if (!c->snapshot_path || c->retain_s <= 0 || keeper->covered == 0)
        return ROAD_OK;
    enum road_status status = database_begin(keeper->db);
    if (status != ROAD_OK)
        return status;
    status = store_purge(keeper->store, keeper->covered, now_s - c->retain_s, now_s - c->retain_phone_s, PURGE_AT_ONCE,
                         &deleted);
    if (status == ROAD_OK)
        status = database_commit(keeper->db);
    else
        database_rollback(keeper->db);
    if (status != ROAD_OK)
        return status;
    keeper->stats.batches_purged += (uint64_t)deleted;
    *ret_deleted = deleted;
    return ROAD_OK;
}
