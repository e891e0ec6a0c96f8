#include "gateway/keeper_state.h"
#include "link/log.h"

/* Left free before anything is taken, so that what it causes finds room: a settling moves some thousand squares at
 * most, the turn of a day more, so a quarter of the outbox. */
#define OUTBOX_SPARE_BYTES (INT64_C(1) << 20)
#define OUTBOX_SPARE_ITEMS 64

/* While there is no backlog so many batches are settled before settle_ms are over: what then holds up the next group is
 * about as long as a sync. With a backlog fewer and larger settlings cost less. */
#define PORTION 16

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool keeper_has_room(const struct keeper *keeper)
{
    const struct outbox_stats stats = outbox_stats(keeper->outbox);
    const struct outbox_config *config = &keeper->config.outbox;

    return stats.bytes + larger(OUTBOX_SPARE_BYTES, config->max_bytes / 4) <= config->max_bytes &&
           stats.items + larger(OUTBOX_SPARE_ITEMS, config->max_items / 4) <= config->max_items;
}

/* A clock that was set back does not bring days back. */
static int64_t as_of(const struct keeper *keeper, int64_t now_ns)
{
    return keeper->config.is_as_of_now ? larger(now_ns, keeper->settled.as_of_ns) : INT64_MIN;
}

static bool has_new_day(const struct keeper *keeper, int64_t now_ns)
{
    return keeper->config.is_as_of_now && keeper->last_batch > 0 &&
           as_of(keeper, now_ns) / NS_PER_DAY != keeper->settled.as_of_ns / NS_PER_DAY;
}

static bool has_news(const struct keeper *keeper)
{
    return keeper->last_batch != keeper->settled.batch || keeper->last_verdict != keeper->settled.verdict;
}

static int64_t until_next_day_ns(const struct keeper *keeper, int64_t now_ns)
{
    if (!keeper->config.is_as_of_now || keeper->last_batch == 0)
        return INT64_MAX;
    return has_new_day(keeper, now_ns) ? 0 : NS_PER_DAY - as_of(keeper, now_ns) % NS_PER_DAY;
}

int64_t keeper_wait_ns(const struct keeper *keeper, int64_t now_ns)
{
    const int64_t day_ns = until_next_day_ns(keeper, now_ns);
    const int64_t waited_ns = now_ns - keeper->settled_at_ns, may_wait_ns = keeper->config.settle_ms * 1000000;

    if (keeper->telling.is_due)
        return 0;
    if (!has_news(keeper))
        return day_ns;
    if (waited_ns < 0 || waited_ns >= may_wait_ns) /* the clock may have been set back */
        return 0;
    if (keeper->last_group <= PORTION && keeper->last_batch - keeper->settled.batch >= PORTION)
        return 0;
    return may_wait_ns - waited_ns < day_ns ? may_wait_ns - waited_ns : day_ns;
}

static void believe(struct keeper *keeper, int64_t now_ns)
{
    const struct telling telling = {.is_due = true,
                                    .has_cause = has_news(keeper),
                                    .settled = {.batch = keeper->last_batch,
                                                .verdict = keeper->last_verdict,
                                                .as_of_ns = as_of(keeper, now_ns),
                                                .speaker = keeper->last_speaker,
                                                .seq = keeper->last_seq}};

    beliefs_settle(&keeper->beliefs, telling.settled.as_of_ns, &keeper->delta);
    keeper->telling = telling;
}

/* A day that moved nothing is not told. */
static bool is_worth_telling(const struct keeper *keeper)
{
    const struct delta *delta = &keeper->delta;

    return keeper->telling.has_cause || delta->n_cells || delta->n_leaves || delta->n_defects || delta->n_features ||
           delta->n_segments;
}

/* Nothing is wrong with disk or memory: what moved is more than a change can put into words. */
static bool is_unsayable(enum road_status status)
{
    return status != ROAD_OK && status != ROAD_FULL && status != ROAD_IO && status != ROAD_NO_MEMORY &&
           status != ROAD_CORRUPT;
}

enum road_status keeper_write_telling(struct keeper *keeper)
{
    const struct store_settled *settled = &keeper->telling.settled;
    enum road_status status = ROAD_OK;

    if (is_worth_telling(keeper))
        status = publish(keeper->publisher, &keeper->delta, settled->speaker, settled->seq);
    if (is_unsayable(status)) { /* intake lets no such place or time in: better a hole in what is told than an end */
        log_error("what moved cannot be told reason=%s cells=%zu defects=%zu", road_status_name(status),
                  keeper->delta.n_cells, keeper->delta.n_defects);
        keeper->stats.unsaid++;
        database_rollback(keeper->db);
        status = database_begin(keeper->db);
    }
    return status == ROAD_OK ? store_set_settled(keeper->store, settled) : status;
}

static enum road_status write_alone(struct keeper *keeper)
{
    enum road_status status = database_begin(keeper->db);

    if (status != ROAD_OK)
        return status;
    status = keeper_write_telling(keeper);
    if (status == ROAD_OK)
        return database_commit(keeper->db);
    database_rollback(keeper->db);
    return status;
}

void keeper_told(struct keeper *keeper, int64_t now_ns)
{
    const uint64_t last_seq = outbox_stats(keeper->outbox).last_seq;
    struct keeper_stats *s = &keeper->stats;

    keeper->settled = keeper->telling.settled;
    keeper->settled_at_ns = now_ns;
    keeper->telling.is_due = false;
    s->settlings++;
    s->cells_changed += keeper->delta.n_cells;
    s->leaves_changed += keeper->delta.n_leaves;
    s->defects_changed += keeper->delta.n_defects;
    s->features_changed += keeper->delta.n_features;
    s->changes += last_seq - keeper->told_seq;
    keeper->told_seq = last_seq;
}

static enum road_status tell(struct keeper *keeper, int64_t now_ns)
{
    const enum road_status status = write_alone(keeper);

    keeper->stats.store = status;
    if (status == ROAD_OK) {
        keeper_told(keeper, now_ns);
        return ROAD_OK;
    }
    keeper->stats.commits_failed++;
    keeper->stats.outbox_full += status == ROAD_FULL;
    return status;
}

enum road_status keeper_prepare(struct keeper *keeper, int64_t now_ns)
{
    if (keeper->telling.is_due || (!has_news(keeper) && !has_new_day(keeper, now_ns)))
        return ROAD_OK;
    if (!keeper_has_room(keeper)) {
        keeper->stats.outbox_full++;
        return ROAD_FULL;
    }
    believe(keeper, now_ns);
    return ROAD_OK;
}

enum road_status keeper_settle(struct keeper *keeper, int64_t now_ns)
{
    enum road_status status = ROAD_OK;

    if (keeper->telling.is_due) /* from before; what came since is a settling of its own */
        status = tell(keeper, now_ns);
    if (status == ROAD_OK)
        status = keeper_prepare(keeper, now_ns);
    return status == ROAD_OK && keeper->telling.is_due ? tell(keeper, now_ns) : status;
}
