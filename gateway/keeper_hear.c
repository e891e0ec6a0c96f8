#include "gateway/keeper_state.h"

#include <inttypes.h>

#include "link/log.h"

/* A message of the server's; `speaker` NULL: nobody can be held to it. */
struct heard {
    const struct registry_entry *speaker;
    uint64_t seq;
    struct verdict verdict;
    enum road_status fault; /* why the genuine message is refused */
    int64_t id;             /* in the store, 0 = it is not new */
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

static enum road_status keep_heard(struct keeper *keeper, struct heard *heard, const struct keeper_message *message)
{
    const struct kid kid = heard->speaker->kid;

    if (heard->fault != ROAD_OK) {
        log_warn("verdict refused seq=%" PRIu64 " reason=%s", heard->seq, road_status_name(heard->fault));
        return inbox_refuse(keeper->inbox, kid, heard->seq, message->bytes, message->length, heard->fault);
    }
    enum road_status status = inbox_accept(keeper->inbox, kid, heard->seq, message->bytes, message->length);
    if (status == ROAD_OK)
        status = verdict_store_put(keeper->verdicts, &heard->verdict, &heard->id);
    return status;
}

static enum road_status take_heard(struct keeper *keeper, struct heard *heard, const struct keeper_message *message,
                                   bool *ret_is_gap)
{
    enum road_status status =
        inbox_check(keeper->inbox, heard->speaker->kid, heard->seq, message->bytes, message->length);

    *ret_is_gap = status == ROAD_GAP;
    if (status == ROAD_OK)
        return keep_heard(keeper, heard, message);
    if (status == ROAD_BAD_SEQUENCE || status == ROAD_BAD_RANGE)
        return keeper_quarantine(keeper, heard->speaker->name, message, status);
    return status == ROAD_DUPLICATE || status == ROAD_GAP ? ROAD_OK : status;
}

static enum road_status write_heard(struct keeper *keeper, struct heard *heard, const struct keeper_message *message,
                                    bool *ret_is_gap)
{
    enum road_status status = database_begin(keeper->db);

    if (status != ROAD_OK)
        return status;
    status = take_heard(keeper, heard, message, ret_is_gap);
    if (status == ROAD_OK)
        status = inbox_write(keeper->inbox);
    if (status == ROAD_OK)
        return database_commit(keeper->db);
    database_rollback(keeper->db);
    return status;
}

/* It is on disk now. */
static void fold_heard(struct keeper *keeper, const struct heard *heard)
{
    keeper->stats.store = ROAD_OK;
    if (!heard->id)
        return;
    beliefs_say(&keeper->beliefs, &heard->verdict);
    keeper->stats.verdicts++;
    keeper->last_verdict = heard->id;
    keeper->last_speaker = heard->speaker->kid;
    keeper->last_seq = heard->seq;
}

enum road_status keeper_hear(struct keeper *keeper, const struct keeper_message *message, int64_t now_ns,
                             struct keeper_ack *ret_ack)
{
    const struct keeper_stats before = keeper->stats;
    struct heard heard = {.seq = 0};
    bool is_gap = false;

    ret_ack->length = 0;
    if (!keeper_has_room(keeper))
        return ROAD_FULL;
    enum road_status status = open_heard(keeper, message, now_ns, &heard);
    if (status == ROAD_NO_MEMORY)
        return status;
    if (status != ROAD_OK)
        return keeper_quarantine(keeper, "", message, status);
    status = write_heard(keeper, &heard, message, &is_gap);
    if (status != ROAD_OK)
        return keeper_undo(keeper, &before, status);
    fold_heard(keeper, &heard);
    const struct answer answer = {heard.speaker, is_gap};
    status = keeper_make_ack(keeper, &answer, ret_ack);
    if (keeper->config.settle_ms == 0)
        keeper_settle(keeper, now_ns);
    return status;
}
