#include "server/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/inbox.h"
#include "link/log.h"
#include "server/ledger/spoken.h"
#include "server/store/store.h"

#define GROUP_ENTRIES_MAX 256
#define GROUP_CHANGES_MAX 32
#define QUARANTINE_MAX    1000
#define GATEWAYS_A_GROUP  GROUP_CHANGES_MAX

/* One message: what is wrong with it (ROAD_OK = nothing), and whose it is if the signature holds. */
struct waiting {
    uint8_t *bytes;
    size_t length;
    enum road_status verdict;
    char gateway[NAME_SIZE]; /* as the topic claims */
    bool is_authentic;       /* the gateway's key signed it */
    struct kid kid;
    uint64_t seq; /* 0 = not known */
    struct change change;
};

struct event_out {
    int64_t change_id;
    char *text;
    struct store_touch touch;
    uint64_t *touched; /* the cells of `touch` */
};

struct ack_out {
    char gateway[NAME_SIZE];
    struct kid kid;
    bool is_gap;
};

struct intake {
    sqlite3 *db;
    struct ledger *ledger;
    struct intake_config config;
    struct inbox *inbox;
    struct store *store;
    struct waiting queue[INTAKE_QUEUE_MAX]; /* a ring */
    size_t first, n_waiting;
    struct event_out events[GROUP_CHANGES_MAX];
    size_t n_events;
    struct ack_out acks[GATEWAYS_A_GROUP];
    size_t n_acks;
    struct intake_stats stats;
};

enum road_status intake_open(sqlite3 *db, struct ledger *ledger, const struct intake_config *config,
                             struct intake **ret_intake)
{
    struct intake *intake = calloc(1, sizeof *intake);

    if (!intake)
        return ROAD_NO_MEMORY;
    intake->db = db;
    intake->ledger = ledger;
    intake->config = *config;
    enum road_status status = inbox_open(db, QUARANTINE_MAX, &intake->inbox);
    if (!status)
        status = store_open(db, &intake->store);
    if (status) {
        intake_close(intake);
        return status;
    }
    *ret_intake = intake;
    return ROAD_OK;
}

static void waiting_done(struct waiting *w)
{
    change_done(&w->change);
    free(w->bytes);
    *w = (struct waiting){.length = 0};
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    for (size_t i = 0; i < INTAKE_QUEUE_MAX; i++)
        waiting_done(&intake->queue[i]);
    inbox_close(intake->inbox);
    store_close(intake->store);
    free(intake);
}

void intake_set_registry(struct intake *intake, const struct registry *registry)
{
    intake->config.registry = registry;
}

size_t intake_waiting(const struct intake *intake)
{
    return intake->n_waiting;
}

struct intake_stats intake_stats(const struct intake *intake)
{
    return intake->stats;
}

/* --- what a message is, before anything is written --- */

/* The gateway's name out of road/v1/<district>/change/<gateway>; "" if the topic is another. */
static void name_of_topic(const struct intake *intake, const char *topic, char ret_name[NAME_SIZE])
{
    char prefix[64];
    const int length = snprintf(prefix, sizeof prefix, "road/v1/%s/change/", intake->config.district);

    ret_name[0] = '\0';
    if (length > 0 && strncmp(topic, prefix, (size_t)length) == 0 && name_is_valid(topic + length))
        snprintf(ret_name, NAME_SIZE, "%s", topic + length);
}

/* What enters the ledger is verified first: signed by the key that sealed the change, and about its subject.
 */
static enum road_status check_statements(const struct change *change, const struct registry_entry *gateway)
{
    char kind[ENVELOPE_KIND_SIZE], subject[ENVELOPE_SUBJECT_SIZE];
    const uint8_t *payload;
    size_t length;
    enum road_status status = ROAD_OK;

    for (size_t i = 0; i < change->n_statements && !status; i++) {
        const struct statement *s = &change->statements[i];
        snprintf(kind, sizeof kind, "%.*s", (int)s->kind_length, s->kind);
        snprintf(subject, sizeof subject, "%.*s", (int)s->subject_length, s->subject);
        status = cose_open(gateway->verifier, s->cose, s->cose_length, &payload, &length);
        if (!status)
            status = spoken_check(kind, subject, payload, length);
    }
    return status;
}

static enum road_status check_message(struct intake *intake, struct waiting *w)
{
    const struct registry_entry *gateway;
    const uint8_t *payload;
    const char *field = NULL;
    size_t length;

    enum road_status status = cose_peek(w->bytes, w->length, &w->kid, &payload, &length);
    if (status)
        return status;
    if (!(gateway = registry_by_kid(intake->config.registry, w->kid)))
        return ROAD_UNKNOWN_KEY;
    if (gateway->role != ROLE_GATEWAY || strcmp(gateway->name, w->gateway) != 0)
        return ROAD_DENIED;
    if ((status = cose_open(gateway->verifier, w->bytes, w->length, &payload, &length)) != ROAD_OK)
        return status;
    w->is_authentic = true;
    if ((status = change_decode(payload, length, &w->change, &field)) == ROAD_OK) {
        w->seq = w->change.seq;
        status = store_check_change(&w->change, intake->config.zone, &field);
    } else if (batch_peek_seq(payload, length, &w->seq)) { /* the number stands at the same place in both */
        w->seq = 0;
    }
    if (!status && (status = check_statements(&w->change, gateway)) != ROAD_OK)
        field = "statements";
    if (status)
        log_warn("change refused gateway=%s seq=%llu status=%s field=%s", w->gateway,
                 (unsigned long long)w->seq, road_status_name(status), field ? field : "-");
    return status;
}

enum road_status intake_push(struct intake *intake, const char *topic, const void *bytes, size_t length)
{
    if (intake->n_waiting == INTAKE_QUEUE_MAX || length > SEALED_MAX) {
        intake->stats.dropped_full++;
        return length > SEALED_MAX ? ROAD_TOO_LARGE : ROAD_FULL;
    }
    struct waiting *w = &intake->queue[(intake->first + intake->n_waiting) % INTAKE_QUEUE_MAX];
    *w = (struct waiting){.bytes = malloc(length + 1), .length = length};
    if (!w->bytes)
        return ROAD_NO_MEMORY;
    memcpy(w->bytes, bytes, length);
    name_of_topic(intake, topic, w->gateway);
    w->verdict = check_message(intake, w);
    intake->n_waiting++;
    return ROAD_OK;
}

/* --- one group --- */

static void want_ack(struct intake *intake, const struct waiting *w, bool is_gap)
{
    struct ack_out *ack = NULL;

    for (size_t i = 0; i < intake->n_acks && !ack; i++)
        if (kid_compare(intake->acks[i].kid, w->kid) == 0)
            ack = &intake->acks[i];
    if (!ack) {
        ack = &intake->acks[intake->n_acks++]; /* no more than messages in the group */
        memcpy(ack->gateway, w->gateway, sizeof ack->gateway);
        ack->kid = w->kid;
    }
    ack->is_gap = is_gap;
}

static enum road_status quarantine(struct intake *intake, const struct waiting *w, enum road_status reason)
{
    intake->stats.quarantined++;
    log_warn("message quarantined claimed=%s status=%s", w->gateway, road_status_name(reason));
    return inbox_quarantine(intake->inbox, w->gateway, w->bytes, w->length, reason);
}

static enum road_status refuse(struct intake *intake, const struct waiting *w)
{
    intake->stats.refused++;
    return inbox_refuse(intake->inbox, w->kid, w->seq, w->bytes, w->length, w->verdict);
}

static enum road_status keep_touch(struct event_out *event, struct store_touch touch)
{
    event->touched = malloc(touch.n_cells * sizeof *event->touched + 1);
    if (!event->touched)
        return ROAD_NO_MEMORY;
    memcpy(event->touched, touch.cells, touch.n_cells * sizeof *event->touched);
    event->touch = touch;
    event->touch.cells = event->touched;
    return ROAD_OK;
}

static enum road_status apply(struct intake *intake, const struct waiting *w, int64_t now_ms)
{
    struct event_out *event = &intake->events[intake->n_events];

    enum road_status status = store_apply_change(intake->store, intake->ledger, w->gateway, &w->change,
                                                 now_ms, &event->change_id, &event->text);
    if (status)
        return status;
    intake->n_events++;
    intake->stats.applied++;
    status = keep_touch(event, store_last_touch(intake->store));
    if (status)
        return status;
    return inbox_accept(intake->inbox, w->kid, w->seq, w->bytes, w->length);
}

/* A failure here is ours (the store's), never the message's: those end as duplicate, gap, refusal or
 * quarantine. */
static enum road_status take(struct intake *intake, const struct waiting *w, int64_t now_ms)
{
    if (!w->is_authentic || w->seq == 0)
        return quarantine(intake, w, w->verdict);
    const enum road_status status = inbox_check(intake->inbox, w->kid, w->seq, w->bytes, w->length);
    want_ack(intake, w, status == ROAD_GAP);
    switch (status) {
    case ROAD_OK:
        return w->verdict ? refuse(intake, w) : apply(intake, w, now_ms);
    case ROAD_DUPLICATE:
        intake->stats.duplicates++;
        return ROAD_OK;
    case ROAD_GAP:
        intake->stats.gaps++;
        return ROAD_OK;
    case ROAD_BAD_SEQUENCE:
    case ROAD_BAD_RANGE:
        return quarantine(intake, w, status);
    default:
        return status;
    }
}

static struct waiting *next_waiting(struct intake *intake, size_t taken)
{
    return &intake->queue[(intake->first + taken) % INTAKE_QUEUE_MAX];
}

/* Fills the open transaction; *ret_taken is how many messages it holds. */
static enum road_status fill_group(struct intake *intake, int64_t now_ms, size_t *ret_taken)
{
    const uint64_t size_before = ledger_size(intake->ledger);
    enum road_status status = ROAD_OK;
    size_t taken = 0;

    while (!status && taken < intake->n_waiting && taken < GROUP_CHANGES_MAX) {
        const struct waiting *w = next_waiting(intake, taken);
        const uint64_t entries = ledger_size(intake->ledger) - size_before;
        if (entries > 0 && entries + w->change.n_statements > GROUP_ENTRIES_MAX)
            break;
        status = take(intake, w, now_ms);
        taken++;
    }
    *ret_taken = taken;
    return status ? status : ledger_sign(intake->ledger);
}

static void drop_taken(struct intake *intake, size_t taken)
{
    for (size_t i = 0; i < taken; i++) {
        waiting_done(next_waiting(intake, 0));
        intake->first = (intake->first + 1) % INTAKE_QUEUE_MAX;
        intake->n_waiting--;
    }
}

static void send_ack(struct intake *intake, const struct ack_out *out)
{
    uint8_t plain[4096], sealed[4096 + SEAL_OVERHEAD];
    size_t length, sealed_length;
    struct ack ack;

    enum road_status status = inbox_ack(intake->inbox, out->kid, out->is_gap, &ack);
    if (!status)
        status = ack_encode(&ack, plain, sizeof plain, &length);
    if (!status)
        status = cose_seal(intake->config.signer, plain, length, sealed, sizeof sealed, &sealed_length);
    if (status)
        log_error("acknowledgement not made gateway=%s status=%s", out->gateway, road_status_name(status));
    else if (intake->config.on_ack)
        intake->config.on_ack(intake->config.context, out->gateway, sealed, sealed_length);
}

/* After the commit: say what is durable. */
static void publish(struct intake *intake)
{
    for (size_t i = 0; i < intake->n_acks; i++)
        send_ack(intake, &intake->acks[i]);
    for (size_t i = 0; i < intake->n_events; i++)
        if (intake->config.on_change)
            intake->config.on_change(intake->config.context, intake->events[i].change_id,
                                     intake->events[i].text, &intake->events[i].touch);
}

/* What happened, or ROAD_CORRUPT if the ledger cannot be read back: then the daemon has to end. */
static enum road_status undo(struct intake *intake, enum road_status reason)
{
    database_rollback(intake->db);
    const enum road_status status = ledger_reload(intake->ledger);
    intake->stats.failed_commits++;
    intake->stats.applied -= intake->n_events;
    log_error("group of changes rolled back status=%s reload=%s", road_status_name(reason),
              road_status_name(status));
    return status ? ROAD_CORRUPT : reason;
}

static void event_done(struct event_out *event)
{
    free(event->text);
    free(event->touched);
    *event = (struct event_out){.change_id = 0};
}

enum road_status intake_step(struct intake *intake, int64_t now_ms)
{
    size_t taken = 0;

    if (intake->n_waiting == 0)
        return ROAD_END;
    enum road_status status = database_begin(intake->db);
    if (!status)
        status = fill_group(intake, now_ms, &taken);
    if (!status)
        status = database_commit(intake->db);
    if (status)
        status = undo(intake, status);
    else
        publish(intake);
    drop_taken(intake, taken > 0 ? taken : 1);
    for (size_t i = 0; i < intake->n_events; i++)
        event_done(&intake->events[i]);
    intake->n_events = intake->n_acks = 0;
    return status;
}
