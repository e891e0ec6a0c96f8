#include "gateway/keeper_state.h"

#include <inttypes.h>
#include <stdio.h>

#include "link/log.h"

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

enum road_status keeper_quarantine(struct keeper *keeper, const char *claimed, const struct keeper_message *message,
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

/* In the database; the beliefs follow after the commit. */
static enum road_status keep(struct keeper *keeper, const struct intake_envelope *envelope,
                             const struct keeper_message *message, const struct taken *taken, int64_t now_ns)
{
    const struct registry_entry *speaker = envelope->speaker;
    const struct store_batch row = {.id = keeper->last_batch + (int64_t)keeper->n_taken + 1,
                                    .speaker = speaker->kid,
                                    .seq = envelope->seq,
                                    .is_phone = speaker->is_phone,
                                    .received_s = now_ns / 1000000000,
                                    .newest_ns = newest_time(&taken->batch),
                                    .sealed = message->bytes,
                                    .length = message->length};

    enum road_status status =
        inbox_accept(keeper->inbox, speaker->kid, envelope->seq, message->bytes, message->length);
    if (status == ROAD_OK)
        status = store_put(keeper->store, &row);
    if (status == ROAD_OK)
        keeper->n_taken++;
    return status;
}

/* The number is next in order: the batch is applied or durably refused. */
static enum road_status take_new(struct keeper *keeper, const struct intake_envelope *envelope,
                                 const struct keeper_message *message, int64_t now_ns)
{
    struct taken *taken = &keeper->taken[keeper->n_taken];
    const char *field = NULL;

    taken->speaker = envelope->speaker;
    enum road_status status =
        batch_decode_in(envelope->payload, envelope->payload_length, &taken->memory, &taken->batch, &field);
    if (status == ROAD_NO_MEMORY)
        return status;
    if (status == ROAD_OK)
        status = intake_validate(&keeper->rules, &taken->batch, now_ns, &field);
    return status == ROAD_OK ? keep(keeper, envelope, message, taken, now_ns)
                             : refuse(keeper, envelope, message, status, field);
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
        return keeper_quarantine(keeper, envelope.claimed, message, status);
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
        return keeper_quarantine(keeper, envelope.claimed, message, status);
    default:
        return status;
    }
}

/* ---- a group ------------------------------------------------------------------------------------------- */

enum road_status keeper_make_ack(struct keeper *keeper, const struct answer *answer, struct keeper_ack *ret_ack)
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

static enum road_status write_group(struct keeper *keeper, const struct keeper_message *messages, size_t n,
                                    int64_t now_ns, struct group *group)
{
    enum road_status status = database_begin(keeper->db);

    if (status != ROAD_OK)
        return status;
    if (keeper->telling.is_due)
        status = keeper_write_telling(keeper);
    for (size_t i = 0; status == ROAD_OK && i < n; i++)
        status = take_message(keeper, &messages[i], now_ns, group);
    if (status == ROAD_OK)
        status = inbox_write(keeper->inbox);
    if (status == ROAD_OK)
        return database_commit(keeper->db);
    database_rollback(keeper->db);
    return status;
}

enum road_status keeper_undo(struct keeper *keeper, const struct keeper_stats *before, enum road_status reason)
{
    inbox_forget(keeper->inbox);
    keeper->n_taken = 0;
    keeper->stats = *before;
    keeper->stats.commits_failed++;
    keeper->stats.store = reason;
    return reason;
}

/* What is on disk now is believed. */
static void fold_taken(struct keeper *keeper)
{
    struct keeper_stats *s = &keeper->stats;

    for (size_t i = 0; i < keeper->n_taken; i++) {
        const struct taken *taken = &keeper->taken[i];
        beliefs_add(&keeper->beliefs, &taken->batch, taken->speaker->kid, taken->speaker->is_phone);
        s->batches_applied++;
        s->detections += taken->batch.n_detections;
        s->features += taken->batch.n_features;
        s->passes += taken->batch.n_passes;
        keeper->last_batch++;
        keeper->last_speaker = taken->speaker->kid;
        keeper->last_seq = taken->batch.seq;
    }
    keeper->n_taken = 0;
}

enum road_status keeper_take(struct keeper *keeper, const struct keeper_message *messages, size_t n, int64_t now_ns,
                             struct keeper_ack *ret_acks, size_t *ret_n_acks)
{
    const struct keeper_stats before = keeper->stats;
    struct group group = {.n = 0};
    size_t n_acks = 0;

    if (n > KEEPER_GROUP_MAX)
        return ROAD_TOO_LARGE;
    if (!keeper_has_room(keeper)) {
        keeper->stats.outbox_full++;
        return ROAD_FULL;
    }
    enum road_status status = write_group(keeper, messages, n, now_ns, &group);
    if (status != ROAD_OK)
        return keeper_undo(keeper, &before, status);
    keeper->stats.commits++;
    keeper->stats.store = ROAD_OK;
    keeper->last_group = n;
    if (keeper->telling.is_due)
        keeper_told(keeper, now_ns);
    fold_taken(keeper);
    for (size_t i = 0; status == ROAD_OK && i < group.n; i++)
        status = keeper_make_ack(keeper, &group.answers[i], &ret_acks[n_acks++]);
    if (status == ROAD_OK)
        *ret_n_acks = n_acks;
    if (keeper->config.settle_ms == 0)
        keeper_settle(keeper, now_ns); /* what cannot be written is told later; what was taken is on disk */
    return status;
}
