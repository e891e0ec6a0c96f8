#include "gateway/keeper_state.h"
#include "gateway/rules_keep.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- fold ---------------------------------------------------------------------------------------------- */

struct folding {
    struct keeper *keeper;
    struct batch_memory memory;
};

/* Its signature was checked when it was taken. */
static enum road_status fold_one(void *context, const struct store_batch *row)
{
    struct folding *folding = context;
    struct keeper *keeper = folding->keeper;
    const uint8_t *payload;
    size_t payload_length;
    struct kid signer;
    struct batch batch;

    enum road_status status = cose_peek(row->sealed, row->length, &signer, &payload, &payload_length);
    if (status == ROAD_OK)
        status = batch_decode_in(payload, payload_length, &folding->memory, &batch, NULL);
    if (status != ROAD_OK)
        return status == ROAD_NO_MEMORY ? status : ROAD_CORRUPT;
    beliefs_add(&keeper->beliefs, &batch, row->speaker, row->is_phone);
    keeper->last_batch = row->id;
    keeper->last_speaker = row->speaker;
    keeper->last_seq = row->seq;
    return ROAD_OK;
}

static void fold_verdict(void *context, int64_t id, const struct verdict *verdict)
{
    struct keeper *keeper = context;

    beliefs_say(&keeper->beliefs, verdict);
    keeper->last_verdict = id;
}

static enum road_status fold(struct keeper *keeper, int64_t upto_verdict, int64_t upto_batch)
{
    struct folding folding = {.keeper = keeper};

    enum road_status status =
        verdict_store_each(keeper->verdicts, keeper->last_verdict, upto_verdict, fold_verdict, keeper);
    if (status == ROAD_OK)
        status = store_each(keeper->store, keeper->last_batch, upto_batch, fold_one, &folding);
    free(folding.memory.block);
    return status;
}

/* What was told, folded by the rules that the beliefs have. */
static enum road_status fold_told(struct keeper *keeper)
{
    const enum road_status status = fold(keeper, keeper->settled.verdict, keeper->settled.batch);

    keeper->last_batch = keeper->settled.batch;
    keeper->last_verdict = keeper->settled.verdict;
    keeper->last_speaker = keeper->settled.speaker;
    keeper->last_seq = keeper->settled.seq;
    return status;
}

static void start_again(struct keeper *keeper, const struct beliefs_config *config)
{
    beliefs_done(&keeper->beliefs);
    beliefs_init(&keeper->beliefs, config);
    keeper->last_batch = keeper->last_verdict = keeper->settled_in_snapshot = 0;
}

/* Once by the rules that it was told by. */
static enum road_status fold_as_before(struct keeper *keeper, struct rules_change *change)
{
    struct beliefs_config config = keeper->config.beliefs;

    rules_use(&change->before, &config);
    start_again(keeper, &config);
    keeper_load(keeper);
    const enum road_status status = fold_told(keeper);
    if (status == ROAD_OK && keeper->last_batch > 0) {
        beliefs_settle(&keeper->beliefs, keeper->settled.as_of_ns, NULL);
        rules_keep_told(change, &keeper->beliefs);
    }
    start_again(keeper, &keeper->config.beliefs);
    return status;
}

/* By other rules; what they hold can be folded from the batches, as far back as those are kept. */
static void forget_snapshots(const struct keeper *keeper)
{
    char old[SNAPSHOT_PATH_SIZE + 8];

    if (!keeper->config.snapshot_path)
        return;
    snprintf(old, sizeof old, "%s.old", keeper->config.snapshot_path);
    unlink(keeper->config.snapshot_path);
    unlink(old);
}

/* Silently what was told, unless other rules make something else of it; the rest waits for keeper_settle. */
static enum road_status fold_by(struct keeper *keeper, struct rules_change *change)
{
    enum road_status status = store_settled(keeper->store, &keeper->settled);

    if (status == ROAD_OK && change->is_other)
        status = fold_as_before(keeper, change);
    else if (status == ROAD_OK)
        keeper_load(keeper);
    if (status == ROAD_OK)
        status = fold_told(keeper);
    if (status != ROAD_OK)
        return status;
    rules_keep_adopt(change, &keeper->beliefs);
    if (keeper->last_batch > 0)
        beliefs_settle(&keeper->beliefs, keeper->settled.as_of_ns, change->is_other ? &keeper->delta : NULL);
    if (change->is_other)
        forget_snapshots(keeper);
    status = rules_keep_tell(keeper, change);
    return status == ROAD_OK ? fold(keeper, INT64_MAX, INT64_MAX) : status;
}

static enum road_status fold_store(struct keeper *keeper, char *ret_error)
{
    struct rules_change change;

    enum road_status status = rules_keep_open(keeper, &change, ret_error);
    if (status == ROAD_OK)
        status = fold_by(keeper, &change);
    rules_change_done(&change);
    return status;
}

/* ---- open and close ------------------------------------------------------------------------------------ */

static enum road_status say(char *ret_error, enum road_status status, const char *what)
{
    if (status != ROAD_OK)
        snprintf(ret_error, KEEPER_ERROR_SIZE, "%s: %s", what, road_status_sentence(status));
    return status;
}

static enum road_status open_parts(struct keeper *keeper, char *ret_error)
{
    const struct keeper_config *config = &keeper->config;

    enum road_status status = database_open(config->path, store_migrations, &keeper->db, ret_error);
    if (status != ROAD_OK)
        return status;
    if (config->wal_pages > 0)
        sqlite3_wal_autocheckpoint(keeper->db, config->wal_pages);
    status = say(ret_error, inbox_open(keeper->db, config->quarantine_max_items, &keeper->inbox), "inbox");
    if (status == ROAD_OK)
        status = say(ret_error, outbox_open(keeper->db, &config->outbox, &keeper->outbox), "outbox");
    if (status == ROAD_OK)
        status = say(ret_error, store_open(keeper->db, &keeper->store), "store");
    if (status == ROAD_OK)
        status = say(ret_error, verdict_store_open(keeper->db, &keeper->verdicts), "verdicts");
    if (status == ROAD_OK)
        status = say(ret_error,
                     publisher_new(config->signer, keeper->outbox, config->beliefs.evidence.zone, &keeper->publisher),
                     "publisher");
    if (status == ROAD_OK)
        status = say(ret_error, fold_store(keeper, ret_error), "folding the stored batches");
    return status;
}

enum road_status keeper_open(const struct keeper_config *config, struct keeper **ret_keeper, char *ret_error)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);

    if (!keeper)
        return say(ret_error, ROAD_NO_MEMORY, "keeper");
    keeper->config = *config;
    snprintf(keeper->district, sizeof keeper->district, "%s", config->district);
    keeper->rules = (struct intake_rules){config->registry, keeper->district, config->beliefs.evidence.zone};
    beliefs_init(&keeper->beliefs, &config->beliefs);
    const enum road_status status = open_parts(keeper, ret_error);
    if (status != ROAD_OK) {
        keeper_close(keeper);
        return status;
    }
    inbox_gather(keeper->inbox);
    keeper->told_seq = outbox_stats(keeper->outbox).last_seq;
    *ret_keeper = keeper;
    return ROAD_OK;
}

void keeper_close(struct keeper *keeper)
{
    if (!keeper)
        return;
    if (keeper->writer) {
        kill(keeper->writer, SIGKILL);
        keeper_snapshot_step(keeper, true);
    }
    for (size_t i = 0; i < KEEPER_GROUP_MAX; i++)
        free(keeper->taken[i].memory.block);
    delta_done(&keeper->delta);
    beliefs_done(&keeper->beliefs);
    publisher_free(keeper->publisher);
    free(keeper->faults);
    verdict_store_close(keeper->verdicts);
    store_close(keeper->store);
    outbox_close(keeper->outbox);
    inbox_close(keeper->inbox);
    database_close(keeper->db);
    free(keeper);
}

/* ---- what others may see of it ------------------------------------------------------------------------- */

void keeper_use_registry(struct keeper *keeper, const struct registry *registry)
{
    keeper->rules.registry = registry;
}

struct outbox *keeper_outbox(struct keeper *keeper)
{
    return keeper->outbox;
}

const struct beliefs *keeper_beliefs(const struct keeper *keeper)
{
    return &keeper->beliefs;
}

void keeper_state_hash(struct keeper *keeper, uint8_t ret_digest[SHA256_SIZE])
{
    if (keeper->last_batch != keeper->settled.batch || keeper->last_verdict != keeper->settled.verdict)
        beliefs_settle(&keeper->beliefs, keeper->settled.as_of_ns, NULL);
    beliefs_digest(&keeper->beliefs, ret_digest);
}

struct keeper_stats keeper_stats(const struct keeper *keeper)
{
    struct keeper_stats stats = keeper->stats;

    stats.not_settled = keeper->last_batch - keeper->settled.batch;
    return stats;
}
