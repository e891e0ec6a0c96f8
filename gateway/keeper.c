#include "gateway/keeper.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/publish.h"
#include "gateway/store.h"
#include "gateway/verdict_store.h"
#include "link/log.h"

/* Left free before a group is taken, so that what it causes finds room: one batch moves a few hundred cells. */
#define OUTBOX_SPARE_BYTES (INT64_C(1) << 20)
#define OUTBOX_SPARE_ITEMS 64

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
    struct keeper_stats stats;
};

/* ---- open, fold, close --------------------------------------------------------------------------------- */

static enum road_status fold_one(void *context, struct kid kid, bool is_phone, const uint8_t *sealed, size_t length)
{
    struct keeper *keeper = context;
    const uint8_t *payload;
    size_t payload_length;
    struct kid signer;
    struct batch batch = {0};

    enum road_status status = cose_peek(sealed, length, &signer, &payload, &payload_length);
    if (status != ROAD_OK)
        return ROAD_CORRUPT;
    status = batch_decode(payload, payload_length, &batch, NULL);
    if (status != ROAD_OK)
        return status == ROAD_NO_MEMORY ? status : ROAD_CORRUPT;
    beliefs_add(&keeper->beliefs, &batch, kid, is_phone);
    batch_done(&batch);
    return ROAD_OK;
}

static enum road_status fold_store(struct keeper *keeper)
{
    beliefs_done(&keeper->beliefs);
    beliefs_init(&keeper->beliefs, &keeper->config.beliefs);
    enum road_status status = verdict_store_read(keeper->verdicts, &keeper->beliefs.verdicts);
    if (status == ROAD_OK)
        status = store_each(keeper->store, fold_one, keeper);
    if (status == ROAD_OK && keeper->beliefs.evidence.newest_ns != INT64_MIN)
        beliefs_settle(&keeper->beliefs, INT64_MIN, NULL);
    return status;
}

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
        status = say(ret_error, fold_store(keeper), "folding the stored batches");
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
    *ret_keeper = keeper;
    return ROAD_OK;
}

void keeper_close(struct keeper *keeper)
{
    if (!keeper)
        return;
    delta_done(&keeper->delta);
    beliefs_done(&keeper->beliefs);
    publisher_free(keeper->publisher);
    verdict_store_close(keeper->verdicts);
    store_close(keeper->store);
    outbox_close(keeper->outbox);
    inbox_close(keeper->inbox);
    database_close(keeper->db);
    free(keeper);
}

/* ---- one message --------------------------------------------------------------------------------------- */

/* Whom to answer after the commit. */
struct answer {
    const struct registry_entry *speaker;
    bool is_gap;
};

struct group {
    struct answer answers[KEEPER_GROUP_MAX];
    size_t n;
};

static void answer(struct group *group, const struct registry_entry *speaker, bool is_gap)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->answers[i].speaker == speaker) {
            group->answers[i].is_gap = is_gap;
            return;
        }
    group->answers[group->n++] = (struct answer){speaker, is_gap};
}

static enum road_status quarantine(struct keeper *keeper, const char *claimed, const struct keeper_message *message,
                                   enum road_status reason)
{
    keeper->stats.quarantined++;
    keeper->stats.unknown_key += reason == ROAD_UNKNOWN_KEY;
    keeper->stats.bad_signature += reason == ROAD_BAD_SIGNATURE;
    keeper->stats.not_a_batch += reason != ROAD_UNKNOWN_KEY && reason != ROAD_BAD_SIGNATURE;
    log_warn("message quarantined claimed=%s reason=%s bytes=%zu", *claimed ? claimed : "-",
             road_status_name(reason), message->length);
    return inbox_quarantine(keeper->inbox, claimed, message->bytes, message->length, reason);
}

static enum road_status refuse(struct keeper *keeper, const struct intake_envelope *envelope,
                               const struct keeper_message *message, enum road_status reason, const char *field)
{
    keeper->stats.batches_refused++;
    keeper->stats.refused_by_reason[(unsigned)reason % 32]++;
    log_warn("batch refused node=%s seq=%" PRIu64 " reason=%s field=%s", envelope->claimed, envelope->seq,
             road_status_name(reason), field ? field : "-");
    return inbox_refuse(keeper->inbox, envelope->speaker->kid, envelope->seq, message->bytes, message->length, reason);
}

static int64_t newest_time(const struct batch *batch)
{
    int64_t newest = 0;

    for (size_t i = 0; i < batch->n_passes; i++)
        if (batch->passes[i].points[batch->passes[i].n_points - 1].time_ns > newest)
            newest = batch->passes[i].points[batch->passes[i].n_points - 1].time_ns;
    for (size_t i = 0; i < batch->n_detections; i++)
        if (batch->detections[i].time_ns > newest)
            newest = batch->detections[i].time_ns;
    for (size_t i = 0; i < batch->n_features; i++)
        if (batch->features[i].time_ns > newest)
            newest = batch->features[i].time_ns;
    return newest;
}

static void count_batch(struct keeper *keeper, const struct batch *batch, uint64_t changes)
{
    struct keeper_stats *s = &keeper->stats;

    s->batches_applied++;
    s->detections += batch->n_detections;
    s->features += batch->n_features;
    s->passes += batch->n_passes;
    s->cells_changed += keeper->delta.n_cells;
    s->defects_changed += keeper->delta.n_defects;
    s->features_changed += keeper->delta.n_features;
    s->changes += changes;
}

static enum road_status apply(struct keeper *keeper, const struct intake_envelope *envelope,
                              const struct keeper_message *message, const struct batch *batch, int64_t now_ns)
{
    const struct registry_entry *speaker = envelope->speaker;
    const uint64_t before = outbox_stats(keeper->outbox).last_seq;

    enum road_status status =
        inbox_accept(keeper->inbox, speaker->kid, envelope->seq, message->bytes, message->length);
    if (status == ROAD_OK)
        status = store_put(keeper->store, speaker->kid, envelope->seq, speaker->is_phone, newest_time(batch),
                           message->bytes, message->length);
    if (status != ROAD_OK)
        return status;
    beliefs_add(&keeper->beliefs, batch, speaker->kid, speaker->is_phone);
    beliefs_settle(&keeper->beliefs, keeper->config.is_as_of_now ? now_ns : INT64_MIN, &keeper->delta);
    status = publish(keeper->publisher, &keeper->delta, speaker->kid, envelope->seq);
    if (status == ROAD_OK)
        count_batch(keeper, batch, outbox_stats(keeper->outbox).last_seq - before);
    return status;
}

/* The number is next in order: the batch is applied or durably refused. */
static enum road_status take_new(struct keeper *keeper, const struct intake_envelope *envelope,
                                 const struct keeper_message *message, int64_t now_ns)
{
    const char *field = NULL;
    struct batch batch = {0};

    enum road_status status = batch_decode(envelope->payload, envelope->payload_length, &batch, &field);
    if (status == ROAD_NO_MEMORY)
        return status;
    if (status != ROAD_OK)
        return refuse(keeper, envelope, message, status, field);
    status = intake_validate(&keeper->rules, &batch, now_ns, &field);
    status = status == ROAD_OK ? apply(keeper, envelope, message, &batch, now_ns)
                               : refuse(keeper, envelope, message, status, field);
    batch_done(&batch);
    return status;
}

/* Only what the store or the memory could not do comes back; a bad message is dealt with here. */
static enum road_status take_message(struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                                     struct group *group)
{
    struct intake_envelope envelope = {0};

    enum road_status status = intake_open(&keeper->rules, message->topic, message->bytes, message->length, &envelope);
    if (status == ROAD_NO_MEMORY)
        return status;
    if (status != ROAD_OK)
        return quarantine(keeper, envelope.claimed, message, status);
    status = inbox_check(keeper->inbox, envelope.speaker->kid, envelope.seq, message->bytes, message->length);
    switch (status) {
    case ROAD_OK:
        answer(group, envelope.speaker, false);
        return take_new(keeper, &envelope, message, now_ns);
    case ROAD_DUPLICATE:
        keeper->stats.duplicates++;
        answer(group, envelope.speaker, false);
        return ROAD_OK;
    case ROAD_GAP:
        keeper->stats.gaps++;
        answer(group, envelope.speaker, true);
        return ROAD_OK;
    case ROAD_BAD_SEQUENCE:
    case ROAD_BAD_RANGE:
        keeper->stats.sequence_reused++;
        return quarantine(keeper, envelope.claimed, message, status);
    default:
        return status;
    }
}

/* ---- a group ------------------------------------------------------------------------------------------- */

static bool has_room(const struct keeper *keeper)
{
    const struct outbox_stats stats = outbox_stats(keeper->outbox);

    return stats.bytes + OUTBOX_SPARE_BYTES <= keeper->config.outbox.max_bytes &&
           stats.items + OUTBOX_SPARE_ITEMS <= keeper->config.outbox.max_items;
}

static enum road_status make_ack(struct keeper *keeper, const struct answer *answer, struct keeper_ack *ret_ack)
{
    uint8_t payload[sizeof ret_ack->bytes - SEAL_OVERHEAD];
    struct ack ack;
    size_t length;

    enum road_status status = inbox_ack(keeper->inbox, answer->speaker->kid, answer->is_gap, &ack);
    if (status == ROAD_OK)
        status = ack_encode(&ack, payload, sizeof payload, &length);
    if (status == ROAD_OK)
        status = cose_seal(keeper->config.signer, payload, length, ret_ack->bytes, sizeof ret_ack->bytes,
                           &ret_ack->length);
    snprintf(ret_ack->topic, sizeof ret_ack->topic, "road/v1/%s/ack/%s", keeper->district, answer->speaker->name);
    return status;
}

/* Memory may have run ahead of what was rolled back: it is folded from the disk again. */
static enum road_status undo(struct keeper *keeper, enum road_status reason)
{
    keeper->stats.commits_failed++;
    keeper->stats.outbox_full += reason == ROAD_FULL;
    log_error("transaction failed reason=%s, folding the stored batches again", road_status_name(reason));
    const enum road_status status = fold_store(keeper);
    if (status != ROAD_OK)
        fatal("the stored batches cannot be folded: %s", road_status_sentence(status));
    return reason;
}

static enum road_status take_all(struct keeper *keeper, const struct keeper_message *messages, size_t n,
                                 int64_t now_ns, struct group *group)
{
    enum road_status status = database_begin(keeper->db);

    if (status != ROAD_OK)
        return status;
    for (size_t i = 0; status == ROAD_OK && i < n; i++)
        status = take_message(keeper, &messages[i], now_ns, group);
    if (status == ROAD_OK)
        status = database_commit(keeper->db);
    else
        database_rollback(keeper->db);
    keeper->stats.commits += status == ROAD_OK;
    return status == ROAD_OK ? ROAD_OK : undo(keeper, status);
}

/* Nothing is wrong with the disk or the memory: something in this message is more than we can put into words. */
static bool is_of_the_message(enum road_status status)
{
    return status != ROAD_OK && status != ROAD_FULL && status != ROAD_IO && status != ROAD_NO_MEMORY &&
           status != ROAD_CORRUPT;
}

static enum road_status refuse_alone(struct keeper *keeper, const struct keeper_message *message,
                                     enum road_status reason)
{
    struct intake_envelope envelope = {0};

    enum road_status status = intake_open(&keeper->rules, message->topic, message->bytes, message->length, &envelope);
    return status == ROAD_OK ? refuse(keeper, &envelope, message, reason, "publish") : reason;
}

/* After a group failed: one by one, so that the one that cannot be taken does not hold up the others. */
static enum road_status take_singly(struct keeper *keeper, const struct keeper_message *messages, size_t n,
                                    int64_t now_ns, struct group *group)
{
    enum road_status status = ROAD_OK;

    for (size_t i = 0; status == ROAD_OK && i < n; i++) {
        status = take_all(keeper, &messages[i], 1, now_ns, group);
        if (is_of_the_message(status))
            status = refuse_alone(keeper, &messages[i], status);
    }
    return status;
}

enum road_status keeper_take(struct keeper *keeper, const struct keeper_message *messages, size_t n, int64_t now_ns,
                             struct keeper_ack *ret_acks, size_t *ret_n_acks)
{
    struct group group = {.n = 0};
    size_t n_acks = 0;

    if (n > KEEPER_GROUP_MAX)
        return ROAD_TOO_LARGE;
    if (!has_room(keeper)) {
        keeper->stats.outbox_full++;
        return ROAD_FULL;
    }
    enum road_status status = take_all(keeper, messages, n, now_ns, &group);
    if (is_of_the_message(status)) {
        group.n = 0;
        status = take_singly(keeper, messages, n, now_ns, &group);
    }
    for (size_t i = 0; status == ROAD_OK && i < group.n; i++)
        status = make_ack(keeper, &group.answers[i], &ret_acks[n_acks++]);
    if (status == ROAD_OK)
        *ret_n_acks = n_acks;
    return status;
}

/* ---- what people say ----------------------------------------------------------------------------------- */

/* A message of the server's; `speaker` NULL: nobody can be held to it. */
struct heard {
    const struct registry_entry *speaker;
    uint64_t seq;
    struct verdict verdict;
    enum road_status fault; /* why the genuine message is refused */
};

static enum road_status open_heard(const struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                                   struct heard *ret_heard)
{
    const uint8_t *payload;
    size_t length;
    struct kid kid;

    enum road_status status = cose_peek(message->bytes, message->length, &kid, &payload, &length);
    if (status != ROAD_OK)
        return status;
    const struct registry_entry *speaker = registry_by_kid(keeper->rules.registry, kid);
    if (!speaker || speaker->role != ROLE_SERVER)
        return ROAD_UNKNOWN_KEY;
    status = cose_open(speaker->verifier, message->bytes, message->length, &payload, &length);
    if (status != ROAD_OK)
        return status;
    ret_heard->fault = verdict_decode(payload, length, &ret_heard->verdict, &ret_heard->seq, NULL);
    if (ret_heard->fault == ROAD_OK && !intake_is_in_window(ret_heard->verdict.time_ns, now_ns))
        ret_heard->fault = ROAD_BAD_TIME;
    if (ret_heard->fault != ROAD_OK) { /* the number stands where a batch's does */
        status = batch_peek_seq(payload, length, &ret_heard->seq);
        if (status != ROAD_OK)
            return status;
    }
    ret_heard->speaker = speaker;
    return ROAD_OK;
}

static enum road_status apply_heard(struct keeper *keeper, const struct heard *heard,
                                    const struct keeper_message *message, int64_t now_ns)
{
    const struct kid kid = heard->speaker->kid;

    if (heard->fault != ROAD_OK) {
        log_warn("verdict refused seq=%" PRIu64 " reason=%s", heard->seq, road_status_name(heard->fault));
        return inbox_refuse(keeper->inbox, kid, heard->seq, message->bytes, message->length, heard->fault);
    }
    enum road_status status = inbox_accept(keeper->inbox, kid, heard->seq, message->bytes, message->length);
    if (status == ROAD_OK)
        status = verdict_store_put(keeper->verdicts, &heard->verdict);
    if (status != ROAD_OK)
        return status;
    beliefs_say(&keeper->beliefs, &heard->verdict);
    beliefs_settle(&keeper->beliefs, keeper->config.is_as_of_now ? now_ns : INT64_MIN, &keeper->delta);
    status = publish(keeper->publisher, &keeper->delta, kid, heard->seq);
    keeper->stats.verdicts += status == ROAD_OK;
    return status;
}

static enum road_status take_heard(struct keeper *keeper, const struct heard *heard,
                                   const struct keeper_message *message, int64_t now_ns, bool *ret_is_gap)
{
    enum road_status status =
        inbox_check(keeper->inbox, heard->speaker->kid, heard->seq, message->bytes, message->length);

    *ret_is_gap = status == ROAD_GAP;
    if (status == ROAD_OK)
        return apply_heard(keeper, heard, message, now_ns);
    if (status == ROAD_BAD_SEQUENCE || status == ROAD_BAD_RANGE)
        return quarantine(keeper, heard->speaker->name, message, status);
    return status == ROAD_DUPLICATE || status == ROAD_GAP ? ROAD_OK : status;
}

enum road_status keeper_hear(struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                             struct keeper_ack *ret_ack)
{
    struct heard heard = {.seq = 0};
    bool is_gap = false;

    ret_ack->length = 0;
    if (!has_room(keeper))
        return ROAD_FULL;
    enum road_status status = open_heard(keeper, message, now_ns, &heard);
    if (status == ROAD_NO_MEMORY)
        return status;
    if (status != ROAD_OK)
        return quarantine(keeper, "", message, status);
    status = database_begin(keeper->db);
    if (status != ROAD_OK)
        return status;
    status = take_heard(keeper, &heard, message, now_ns, &is_gap);
    if (status == ROAD_OK)
        status = database_commit(keeper->db);
    else
        database_rollback(keeper->db);
    if (status != ROAD_OK)
        return undo(keeper, status);
    const struct answer answer = {heard.speaker, is_gap};
    return make_ack(keeper, &answer, ret_ack);
}

/* ---- what it tells of itself --------------------------------------------------------------------------- */

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

struct keeper_stats keeper_stats(const struct keeper *keeper)
{
    return keeper->stats;
}

/* Appends, and goes on counting what does not fit. */
struct text {
    char *at;
    size_t capacity, length;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *text, const char *format, ...)
{
    const size_t used = text->length < text->capacity ? text->length : text->capacity;
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(text->at + used, text->capacity - used, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
}

size_t keeper_report(const struct keeper *keeper, const char *name, char *ret_text, size_t capacity)
{
    const struct outbox_stats out = outbox_stats(keeper->outbox);
    const struct evidence *evidence = &keeper->beliefs.evidence;
    struct text text = {ret_text, capacity, 0};

    put(&text, "{\"state\":\"online\",\"name\":\"%s\"", name);
#define KEEPER_COUNTER(counter) put(&text, ",\"" #counter "\":%" PRIu64, keeper->stats.counter);
    KEEPER_COUNTERS(KEEPER_COUNTER)
#undef KEEPER_COUNTER
    put(&text, ",\"refused\":{");
    const char *comma = "";
    for (unsigned reason = 0; reason < 32; reason++)
        if (keeper->stats.refused_by_reason[reason]) {
            put(&text, "%s\"%s\":%" PRIu64, comma, road_status_name((enum road_status)reason),
                keeper->stats.refused_by_reason[reason]);
            comma = ",";
        }
    put(&text,
        "},\"outbox_items\":%" PRId64 ",\"outbox_bytes\":%" PRId64 ",\"outbox_acked\":%" PRIu64
        ",\"outbox_refused\":%" PRIu64 ",\"blocks\":%zu,\"tracks\":%zu,\"sightings\":%zu,\"sightings_unplaced\":%" PRIu64
        "}",
        out.items, out.bytes, out.acked_upto, out.refused, evidence->n_blocks, (size_t)evidence->n_passes,
        evidence->n_sightings, evidence->sightings_unplaced);
    return text.length;
}
