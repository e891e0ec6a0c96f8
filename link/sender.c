#include "link/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_SIZE   128
#define PATIENCE_MAX 8 /* times resend_after_ms, while the far end stays silent */

/* Go-back-N. The window is what lies between the acknowledged and the sent number; order is kept, so one
 * number says it all. While the far end is silent the window is one message, asked again at growing
 * intervals: a gateway that is down for hours costs a node's data plan a probe a minute and not a window a
 * second. */
struct sender {
    struct session *session;
    struct outbox *outbox;
    struct sender_config config;
    char topic[TOPIC_SIZE];
    uint64_t sent;          /* the last one given to the session since the last start */
    uint64_t gap_seen_upto; /* the gap that has been answered with a restart; UINT64_MAX = none */
    bool is_probing;
    int patience;
    int64_t waiting_since_ns; /* of the oldest unacknowledged one, or of the last sign of progress */
};

enum road_status sender_open(struct session *session, struct outbox *outbox,
                             const struct sender_config *config, struct sender **ret_sender)
{
    if (!config->topic || strlen(config->topic) >= TOPIC_SIZE)
        return ROAD_BAD_INPUT;
    if (config->in_flight < 1 || config->resend_after_ms < 1)
        return ROAD_BAD_RANGE;
    struct sender *sender = calloc(1, sizeof *sender);
    if (!sender)
        return ROAD_NO_MEMORY;
    sender->session = session;
    sender->outbox = outbox;
    sender->config = *config;
    snprintf(sender->topic, sizeof sender->topic, "%s", config->topic);
    sender->config.topic = sender->topic;
    sender_on_connected(sender);
    *ret_sender = sender;
    return ROAD_OK;
}

void sender_close(struct sender *sender)
{
    free(sender);
}

static void start_over(struct sender *sender)
{
    sender->sent = 0; /* the next step raises it to what is acknowledged */
    sender->waiting_since_ns = 0;
}

void sender_on_connected(struct sender *sender)
{
    start_over(sender);
    sender->gap_seen_upto = UINT64_MAX;
    sender->is_probing = false;
    sender->patience = 1;
}

/* The far end is alive. All messages that were on their way behind a missing one bring the same gap back:
 * only the first of these starts over, the timer sees to the rest. */
static void take_sign_of_life(struct sender *sender, const struct ack *ack, bool is_progress)
{
    if (is_progress) {
        sender->waiting_since_ns = 0;
        sender->gap_seen_upto = UINT64_MAX;
    }
    if (ack->is_gap && ack->upto != sender->gap_seen_upto) {
        sender->gap_seen_upto = ack->upto;
        start_over(sender);
    }
    sender->is_probing = false;
    sender->patience = 1;
}

enum road_status sender_on_ack(struct sender *sender, struct verifier *far_end, const void *bytes,
                               size_t length)
{
    const uint8_t *payload;
    size_t payload_length;
    struct ack ack;

    enum road_status status = cose_open(far_end, bytes, length, &payload, &payload_length);
    if (status != ROAD_OK)
        return status;
    status = ack_decode(payload, payload_length, &ack, NULL);
    if (status != ROAD_OK)
        return status;
    if (kid_compare(ack.speaker, sender->config.speaker) != 0)
        return ROAD_DENIED; /* another speaker's: believing it would delete what nobody has */
    const uint64_t acked_before = outbox_stats(sender->outbox).acked_upto;
    status = outbox_ack(sender->outbox, &ack);
    if (status == ROAD_OK && ack.upto >= acked_before)
        take_sign_of_life(sender, &ack, ack.upto > acked_before);
    return status;
}

static void look_at_clock(struct sender *sender, uint64_t acked_upto, int64_t now_ns)
{
    if (sender->sent <= acked_upto || sender->waiting_since_ns == 0) {
        sender->waiting_since_ns = now_ns;
        return;
    }
    if (now_ns - sender->waiting_since_ns < sender->patience * sender->config.resend_after_ms * 1000000)
        return;
    sender->sent = acked_upto;
    sender->waiting_since_ns = now_ns;
    sender->gap_seen_upto = UINT64_MAX;
    sender->is_probing = true;
    sender->patience = sender->patience < PATIENCE_MAX ? sender->patience * 2 : PATIENCE_MAX;
}

enum road_status sender_step(struct sender *sender, int64_t now_ns)
{
    const void *bytes;
    size_t length;
    uint64_t seq;

    if (!session_is_connected(sender->session))
        return ROAD_OK;
    const uint64_t acked_upto = outbox_stats(sender->outbox).acked_upto;
    if (sender->sent < acked_upto)
        sender->sent = acked_upto;
    look_at_clock(sender, acked_upto, now_ns);
    const uint64_t window = sender->is_probing ? 1 : (uint64_t)sender->config.in_flight;
    while (sender->sent - acked_upto < window) {
        enum road_status status = outbox_next(sender->outbox, sender->sent, &seq, &bytes, &length);
        if (status == ROAD_END)
            return ROAD_OK;
        if (status == ROAD_OK)
            status = session_publish(sender->session, sender->topic, bytes, length, false, NULL);
        if (status == ROAD_LINK_LOST)
            return ROAD_OK; /* the reconnect starts over */
        if (status != ROAD_OK)
            return status;
        sender->sent = seq;
    }
    return ROAD_OK;
}

int64_t sender_deadline_ns(const struct sender *sender, int64_t now_ns)
{
    if (!session_is_connected(sender->session) || sender->sent <= outbox_stats(sender->outbox).acked_upto)
        return INT64_MAX;
    if (sender->waiting_since_ns == 0)
        return now_ns;
    return sender->waiting_since_ns + sender->patience * sender->config.resend_after_ms * 1000000;
}
