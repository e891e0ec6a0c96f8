#include "link/session.h"

#include <errno.h>
#include <mosquitto.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BROKERS_MAX       16
#define SUBSCRIPTIONS_MAX 64
#define BACKOFF_FIRST_NS  250000000LL
#define BACKOFF_LAST_NS   30000000000LL
#define CONNECT_LIMIT_NS  15000000000LL /* from the first SYN to CONNACK */
#define HOUSEKEEPING_NS   500000000LL   /* libmosquitto looks after its keepalive when asked to */
#define STEADY_NS         1000000000LL  /* a connection that lasted this long ends the back-off */
#define READS_A_STEP      256 /* packets taken from one readiness, so that a flood cannot hold the loop */

struct broker_address {
    char host[256];
    int port;
};

enum session_state { WAITING, CONNECTING, CONNECTED };

struct session {
    struct session_config config; /* its strings are ours */
    struct broker_address brokers[BROKERS_MAX];
    int n_brokers, next_broker;
    int failures; /* in a row, over all brokers */
    char *subscriptions[SUBSCRIPTIONS_MAX];
    int n_subscriptions, n_subscribed; /* asked for, acknowledged */

    /* A new client for each attempt: an old one would send again, after a reconnect, all it still had in
     * memory, beside what the outbox sends anew. */
    struct mosquitto *client;
    enum session_state state;
    bool is_broken;   /* told by a callback, acted on after it */
    bool has_more;    /* TLS holds decrypted bytes that poll(2) cannot see */
    int64_t retry_ns, /* WAITING: when to try next; 0 = at once */
        since_ns,     /* when this state began */
        now_ns;
};

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

/* One "host:port" or "[v6]:port", blanks around it allowed. */
static enum road_status parse_broker(const char *text, size_t length, struct broker_address *ret_broker)
{
    char word[sizeof ret_broker->host], *host = word, *end;

    while (length && (*text == ' ' || *text == '\t'))
        text++, length--;
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= sizeof word)
        return ROAD_BAD_INPUT;
    memcpy(word, text, length);
    word[length] = '\0';
    char *colon = strrchr(word, ':');
    if (!colon || colon == word)
        return ROAD_BAD_INPUT;
    const long port = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port < 1 || port > 65535)
        return ROAD_BAD_RANGE;
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    memmove(ret_broker->host, host, strlen(host) + 1);
    ret_broker->port = (int)port;
    return ROAD_OK;
}

static enum road_status parse_brokers(struct session *session, const char *list)
{
    for (const char *at = list; *at;) {
        const size_t length = strcspn(at, ",");
        if (session->n_brokers == BROKERS_MAX)
            return ROAD_TOO_LARGE;
        const enum road_status status = parse_broker(at, length, &session->brokers[session->n_brokers]);
        if (status != ROAD_OK)
            return status;
        session->n_brokers++;
        at += length + (at[length] == ',');
    }
    return session->n_brokers ? ROAD_OK : ROAD_BAD_INPUT;
}

static bool has_tls(const struct session *session)
{
    return session->config.ca_file && *session->config.ca_file;
}

/* Full jitter: uniform in (0, cap], the cap doubling with each round over the list, so that a fleet that lost
 * its broker does not come back as one (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). */
static int64_t draw_backoff_ns(const struct session *session)
{
    const int round = session->failures / session->n_brokers;
    const int64_t cap = round >= 7 ? BACKOFF_LAST_NS : BACKOFF_FIRST_NS << round;
    uint64_t random;

    random_bytes(&random, sizeof random);
    return 1 + (int64_t)(random % (uint64_t)cap);
}

/* A broker that takes us and drops us at once (two clients of one name) is not asked more than about four
 * times a second; one that does not take us at all is asked ever more rarely. */
static void count_failure(struct session *session, bool was_connected)
{
    const int after_success_max = session->n_brokers;

    if (was_connected && session->now_ns - session->since_ns >= STEADY_NS)
        session->failures = 0;
    else if (session->failures < 1000000)
        session->failures++;
    if (was_connected && session->failures > after_success_max)
        session->failures = after_success_max;
}

static void wait_before_retry(struct session *session)
{
    const bool was_connected = session->state == CONNECTED;

    count_failure(session, was_connected);
    session->next_broker = was_connected ? 0 : (session->next_broker + 1) % session->n_brokers;
    mosquitto_destroy(session->client);
    session->client = NULL;
    session->is_broken = session->has_more = false;
    session->state = WAITING;
    session->since_ns = session->now_ns;
    session->retry_ns = session->now_ns + draw_backoff_ns(session);
}

static void publish_presence(struct session *session, const char *word)
{
    if (session->config.will_topic)
        mosquitto_publish(session->client, NULL, session->config.will_topic, (int)strlen(word), word, 1,
                          true);
}

static void on_connect(struct mosquitto *client, void *context, int code)
{
    struct session *session = context;

    if (code != 0) {
        session->is_broken = true;
        return;
    }
    session->state = CONNECTED;
    session->since_ns = session->now_ns;
    session->n_subscribed = 0;
    for (int i = 0; i < session->n_subscriptions; i++)
        if (mosquitto_subscribe(client, NULL, session->subscriptions[i], 1) != MOSQ_ERR_SUCCESS)
            session->is_broken = true;
    publish_presence(session, "online");
    if (session->config.on_connected)
        session->config.on_connected(session->config.context);
}

static void on_subscribe(struct mosquitto *client, void *context, int mid, int n, const int *granted)
{
    (void)client;
    (void)mid;
    (void)n;
    (void)granted; /* a broker that denies tells nothing on MQTT 3.1.1 */
    ((struct session *)context)->n_subscribed++;
}

static void on_disconnect(struct mosquitto *client, void *context, int code)
{
    (void)client;
    (void)code;
    ((struct session *)context)->is_broken = true;
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message)
{
    struct session *session = context;

    (void)client;
    if (session->config.on_message && message->payloadlen >= 0)
        session->config.on_message(session->config.context, message->topic, message->payload,
                                   (size_t)message->payloadlen);
}

static void on_publish(struct mosquitto *client, void *context, int mid)
{
    struct session *session = context;

    (void)client;
    if (session->config.on_published)
        session->config.on_published(session->config.context, mid);
}

static int prepare_client(struct session *session)
{
    struct mosquitto *client = session->client;
    const struct session_config *config = &session->config;
    int code = MOSQ_ERR_SUCCESS;

    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_disconnect_callback_set(client, on_disconnect);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (config->will_topic)
        code = mosquitto_will_set(client, config->will_topic, 7, "offline", 1, true);
    if (code == MOSQ_ERR_SUCCESS && has_tls(session))
        code = mosquitto_tls_set(client, config->ca_file, NULL, config->cert_file, config->key_file, NULL);
    return code;
}

static void try_connect(struct session *session)
{
    const struct broker_address *broker = &session->brokers[session->next_broker];

    session->state = CONNECTING;
    session->since_ns = session->now_ns;
    session->client = mosquitto_new(session->config.client_id, true, session);
    if (!session->client || prepare_client(session) != MOSQ_ERR_SUCCESS ||
        mosquitto_connect_async(session->client, broker->host, broker->port, session->config.keepalive_s) !=
            MOSQ_ERR_SUCCESS)
        wait_before_retry(session);
}

static const char *own_text(const char *text, enum road_status *status)
{
    if (!text || !*text)
        return NULL;
    const char *copy = strdup(text);
    if (!copy)
        *status = ROAD_NO_MEMORY;
    return copy;
}

/* Plain TCP is for loopback alone: nothing of ours crosses a network unencrypted. */
static enum road_status check_transport(const struct session *session)
{
    const struct session_config *config = &session->config;

    if (has_tls(session))
        return !config->cert_file == !config->key_file ? ROAD_OK : ROAD_BAD_INPUT;
    for (int i = 0; i < session->n_brokers; i++)
        if (!is_loopback(session->brokers[i].host))
            return ROAD_DENIED;
    return ROAD_OK;
}

enum road_status session_open(const struct session_config *config, struct session **ret_session)
{
    enum road_status status = ROAD_OK;

    if (!config->client_id || !*config->client_id || !config->brokers)
        return ROAD_BAD_INPUT;
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return ROAD_NO_MEMORY;
    mosquitto_lib_init();
    signal(SIGPIPE, SIG_IGN); /* libmosquitto writes to sockets that may be gone */
    session->config = *config;
    session->config.client_id = own_text(config->client_id, &status);
    session->config.ca_file = own_text(config->ca_file, &status);
    session->config.cert_file = own_text(config->cert_file, &status);
    session->config.key_file = own_text(config->key_file, &status);
    session->config.will_topic = own_text(config->will_topic, &status);
    session->config.brokers = NULL;
    if (session->config.keepalive_s < 5)
        session->config.keepalive_s = 5; /* libmosquitto's least */
    if (status == ROAD_OK)
        status = parse_brokers(session, config->brokers);
    if (status == ROAD_OK)
        status = check_transport(session);
    if (status != ROAD_OK) {
        session_close(session);
        return status;
    }
    *ret_session = session;
    return ROAD_OK;
}

void session_close(struct session *session)
{
    if (!session)
        return;
    if (session->state == CONNECTED) {
        publish_presence(session, "offline"); /* a clean DISCONNECT takes the will back */
        mosquitto_disconnect(session->client);
        mosquitto_loop_write(session->client, 1);
    }
    mosquitto_destroy(session->client);
    for (int i = 0; i < session->n_subscriptions; i++)
        free(session->subscriptions[i]);
    free((char *)session->config.client_id);
    free((char *)session->config.ca_file);
    free((char *)session->config.cert_file);
    free((char *)session->config.key_file);
    free((char *)session->config.will_topic);
    free(session);
    mosquitto_lib_cleanup();
}

enum road_status session_subscribe(struct session *session, const char *topic)
{
    if (mosquitto_sub_topic_check(topic) != MOSQ_ERR_SUCCESS)
        return ROAD_BAD_INPUT;
    if (session->n_subscriptions == SUBSCRIPTIONS_MAX)
        return ROAD_FULL;
    char *copy = strdup(topic);
    if (!copy)
        return ROAD_NO_MEMORY;
    session->subscriptions[session->n_subscriptions++] = copy;
    if (session->state == CONNECTED &&
        mosquitto_subscribe(session->client, NULL, topic, 1) != MOSQ_ERR_SUCCESS)
        session->is_broken = true; /* the reconnect asks again */
    return ROAD_OK;
}

enum road_status session_publish(struct session *session, const char *topic, const void *payload,
                                 size_t length, bool is_retained, int *ret_mid)
{
    int mid = 0;

    if (mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS)
        return ROAD_BAD_INPUT;
    if (length > SESSION_PAYLOAD_MAX)
        return ROAD_TOO_LARGE;
    if (!session_is_connected(session))
        return ROAD_LINK_LOST;
    switch (mosquitto_publish(session->client, &mid, topic, (int)length, payload, 1, is_retained)) {
    case MOSQ_ERR_SUCCESS:
        if (ret_mid)
            *ret_mid = mid;
        return ROAD_OK;
    case MOSQ_ERR_NOMEM:
        return ROAD_NO_MEMORY;
    default:
        session->is_broken = true; /* what the client may have queued goes with it */
        return ROAD_LINK_LOST;
    }
}

bool session_is_connected(const struct session *session)
{
    return session->state == CONNECTED && !session->is_broken;
}

bool session_is_ready(const struct session *session)
{
    return session_is_connected(session) && session->n_subscribed >= session->n_subscriptions;
}

int session_failures(const struct session *session)
{
    return session->failures;
}

struct pollfd session_pollfd(const struct session *session)
{
    struct pollfd fd = {.fd = -1, .events = POLLIN};

    if (session->client)
        fd.fd = mosquitto_socket(session->client);
    if (fd.fd >= 0 && mosquitto_want_write(session->client))
        fd.events |= POLLOUT;
    return fd;
}

int64_t session_deadline_ns(const struct session *session, int64_t now_ns)
{
    if (session->has_more || session->is_broken)
        return now_ns;
    return session->state == WAITING ? session->retry_ns : now_ns + HOUSEKEEPING_NS;
}

/* Packets may lie decrypted in the TLS layer although the socket is silent: they are read here and now. */
static int read_packets(struct session *session)
{
    int code = MOSQ_ERR_SUCCESS;

    session->has_more = false;
    for (int i = 0; i < READS_A_STEP && code == MOSQ_ERR_SUCCESS && !session->is_broken; i++) {
        code = mosquitto_loop_read(session->client, 1);
        const SSL *tls = mosquitto_ssl_get(session->client);
        session->has_more = tls && SSL_pending(tls) > 0;
        if (!session->has_more)
            break;
    }
    return code;
}

/* libmosquitto 2.0 takes an end of the stream within the TLS handshake for "not yet" and would ask for ever,
 * on a socket that is always readable: until the connection stands we look ourselves. */
static bool has_peer_left(const struct session *session)
{
    char byte;
    const int fd = mosquitto_socket(session->client);
    const ssize_t n = fd < 0 ? 0 : recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void session_step(struct session *session, short revents, int64_t now_ns)
{
    int code = MOSQ_ERR_SUCCESS;

    session->now_ns = now_ns;
    if (session->state == WAITING && now_ns >= session->retry_ns) {
        try_connect(session);
        return; /* `revents` told of no socket of this client */
    }
    if (session->state == WAITING)
        return;
    if (session->has_more || (revents & (POLLIN | POLLERR | POLLHUP)))
        code = read_packets(session);
    if (code == MOSQ_ERR_SUCCESS && !session->is_broken && mosquitto_want_write(session->client))
        code = mosquitto_loop_write(session->client, 1);
    if (code == MOSQ_ERR_SUCCESS && !session->is_broken)
        code = mosquitto_loop_misc(session->client);
    if (session->state == CONNECTING &&
        ((revents && has_peer_left(session)) || now_ns - session->since_ns > CONNECT_LIMIT_NS))
        session->is_broken = true;
    if (code != MOSQ_ERR_SUCCESS || session->is_broken)
        wait_before_retry(session);
}

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void session_wait(struct session *session, int timeout_ms)
{
    const int64_t now_ns = monotonic_ns();
    struct pollfd fd = session_pollfd(session);
    int64_t wait_ms = (session_deadline_ns(session, now_ns) - now_ns + 999999) / 1000000;

    wait_ms = wait_ms < 0 ? 0 : wait_ms > timeout_ms ? timeout_ms : wait_ms;
    if (poll(&fd, 1, (int)wait_ms) < 0)
        fd.revents = 0; /* EINTR: the step below does what is due */
    session_step(session, fd.revents, monotonic_ns());
}
