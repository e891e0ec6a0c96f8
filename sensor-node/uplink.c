#include "sensor-node/uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/log.h"
#include "link/registry.h"
#include "link/session.h"
#include "sensor-node/drives.h"

#define TOPIC_SIZE 128
#define ERROR_SIZE 512

struct uplink {
    struct signer *signer;
    struct registry *registry;
    const struct registry_entry *gateway;
    sqlite3 *db;
    struct outbox *outbox;
    struct session *session;
    struct sender *sender;
    int64_t max_bytes, max_items;
    char obs_topic[TOPIC_SIZE], ack_topic[TOPIC_SIZE], status_topic[TOPIC_SIZE];
};

static void on_message(void *context, const char *topic, const void *payload, size_t length)
{
    struct uplink *u = context;

    if (strcmp(topic, u->ack_topic) != 0)
        return;
    const enum road_status status = sender_on_ack(u->sender, u->gateway->verifier, payload, length);
    if (status == ROAD_BAD_SEQUENCE)
        log_error("the gateway acknowledges what this outbox never held: node.db is older than the key, make a new key");
    else if (status != ROAD_OK)
        log_warn("ack not taken reason=%s", road_status_name(status));
}

static void on_connected(void *context)
{
    struct uplink *u = context;

    log_info("connected to the broker");
    sender_on_connected(u->sender);
}

static enum road_status fail(char *ret_error, enum road_status status, const char *what)
{
    snprintf(ret_error, ERROR_SIZE, "%.300s: %s", what, road_status_sentence(status));
    return status;
}

static enum road_status open_keys(struct uplink *u, const struct node_config *c, char *ret_error)
{
    enum road_status status = signer_open(c->key_file, &u->signer);

    if (status != ROAD_OK)
        return fail(ret_error, status, c->key_file);
    status = registry_load(c->registry, &u->registry, ret_error);
    if (status != ROAD_OK)
        return status;
    u->gateway = registry_by_name(u->registry, c->gateway);
    if (!u->gateway || u->gateway->role != ROLE_GATEWAY)
        return fail(ret_error, ROAD_UNKNOWN_KEY, c->gateway);
    return ROAD_OK;
}

static enum road_status open_store(struct uplink *u, const struct node_config *c, char *ret_error)
{
    const struct outbox_config outbox = {.max_bytes = c->outbox_max_bytes, .max_items = c->outbox_max_items};
    char path[1100];

    snprintf(path, sizeof path, "%s/node.db", c->data_dir);
    enum road_status status = database_open(path, node_migrations, &u->db, ret_error);
    if (status != ROAD_OK)
        return status;
    status = outbox_open(u->db, &outbox, &u->outbox);
    return status == ROAD_OK ? ROAD_OK : fail(ret_error, status, path);
}

static enum road_status open_session(struct uplink *u, const struct node_config *c, char *ret_error)
{
    const struct session_config session = {.client_id = c->name, .brokers = c->brokers, .ca_file = c->ca_file,
                                           .cert_file = c->cert_file, .key_file = c->key_file, .will_topic = u->status_topic, .keepalive_s = 30,
                                           .on_message = on_message, .on_connected = on_connected, .context = u};
    const struct sender_config sender = {.topic = u->obs_topic, .speaker = signer_kid(u->signer),
                                         .in_flight = (int)c->in_flight, .resend_after_ms = c->resend_after_ms};

    enum road_status status = session_open(&session, &u->session);
    if (status == ROAD_OK)
        status = sender_open(u->session, u->outbox, &sender, &u->sender);
    if (status == ROAD_OK)
        status = session_subscribe(u->session, u->ack_topic);
    return status == ROAD_OK ? ROAD_OK : fail(ret_error, status, c->brokers);
}

enum road_status uplink_open(const struct node_config *config, struct uplink **ret_uplink, char *ret_error)
{
    struct uplink *u = calloc(1, sizeof *u);

    if (!u)
        return fail(ret_error, ROAD_NO_MEMORY, "uplink");
    u->max_bytes = config->outbox_max_bytes;
    u->max_items = config->outbox_max_items;
    snprintf(u->obs_topic, TOPIC_SIZE, "road/v1/%s/obs/%s", config->district, config->name);
    snprintf(u->ack_topic, TOPIC_SIZE, "road/v1/%s/ack/%s", config->district, config->name);
    snprintf(u->status_topic, TOPIC_SIZE, "road/v1/%s/status/%s", config->district, config->name);
    enum road_status status = open_keys(u, config, ret_error);
    if (status == ROAD_OK)
        status = open_store(u, config, ret_error);
    if (status == ROAD_OK)
        status = open_session(u, config, ret_error);
    if (status != ROAD_OK) {
        uplink_close(u);
        return status;
    }
    *ret_uplink = u;
    return ROAD_OK;
}

void uplink_close(struct uplink *uplink)
{
    if (!uplink)
        return;
    sender_close(uplink->sender);
    session_close(uplink->session);
    outbox_close(uplink->outbox);
    database_close(uplink->db);
    registry_close(uplink->registry);
    signer_close(uplink->signer);
    free(uplink);
}

sqlite3 *uplink_database(struct uplink *uplink)
{
    return uplink->db;
}

struct outbox_stats uplink_stats(const struct uplink *uplink)
{
    return outbox_stats(uplink->outbox);
}

bool uplink_has_room(const struct uplink *uplink)
{
    const struct outbox_stats stats = outbox_stats(uplink->outbox);

    /* An empty outbox always has room, however small it was made: a batch is never larger than it must be. */
    return stats.items == 0 || (stats.items < uplink->max_items && stats.bytes + SEALED_MAX <= uplink->max_bytes);
}

enum road_status uplink_append(struct uplink *uplink, const struct batch *batch)
{
    static uint8_t payload[BATCH_PAYLOAD_MAX], sealed[SEALED_MAX];
    size_t payload_length, sealed_length;

    if (batch->seq <= outbox_stats(uplink->outbox).last_seq)
        return ROAD_DUPLICATE;
    enum road_status status = batch_encode(batch, payload, sizeof payload, &payload_length);
    if (status == ROAD_OK)
        status = cose_seal(uplink->signer, payload, payload_length, sealed, sizeof sealed, &sealed_length);
    return status == ROAD_OK ? outbox_append(uplink->outbox, batch->seq, sealed, sealed_length) : status;
}

void uplink_tell_status(struct uplink *uplink, const char *json, size_t length)
{
    if (session_is_connected(uplink->session))
        session_publish(uplink->session, uplink->status_topic, json, length, true, NULL);
}

struct pollfd uplink_pollfd(const struct uplink *uplink)
{
    return session_pollfd(uplink->session);
}

int64_t uplink_deadline_ns(const struct uplink *uplink, int64_t now_ns)
{
    const int64_t session_ns = session_deadline_ns(uplink->session, now_ns);
    const int64_t sender_ns = sender_deadline_ns(uplink->sender, now_ns);

    return session_ns < sender_ns ? session_ns : sender_ns;
}

enum road_status uplink_step(struct uplink *uplink, short revents, int64_t now_ns)
{
    session_step(uplink->session, revents, now_ns);
    return sender_step(uplink->sender, now_ns);
}
