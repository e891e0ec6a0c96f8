/* session.h - an MQTT 3.1.1 session over libmosquitto that a poll loop drives; and the sender that pumps an
 * outbox through it.
 *
 * connect_async, an ordered broker list tried in turn, back-off 0.25 s … 30 s with full jitter, mutual TLS. The
 * broker is transport only: nothing rests on its persistence, and each attempt starts with an empty client, so
 * what was published but not acknowledged from end to end is the caller's to send again. One thread; callbacks run
 * inside session_step and may publish and subscribe, but not close. Connecting does not block, but looking up a
 * broker's name may: name brokers by address where that matters. session_open ignores SIGPIPE for the process. */
#ifndef LINK_SESSION_H
#define LINK_SESSION_H

#include <poll.h>

#include "link/outbox.h"

#define SESSION_PAYLOAD_MAX 65536

struct session_config {
    const char *client_id;
    const char *brokers; /* "host:port, host:port" */
    const char *ca_file, *cert_file, *key_file; /* ca_file NULL or "" = plain TCP: loopback only, else refused */
    const char *will_topic; /* retained; payload "offline"; set to "online" once connected. May be NULL */
    int keepalive_s;
    void (*on_message)(void *context, const char *topic, const void *payload, size_t length);
    void (*on_connected)(void *context); /* after each (re)connect, subscriptions already asked for */
    void (*on_published)(void *context, int mid); /* the broker has it: frees a place in flight, proves nothing */
    void *context;
};

struct session; /* opaque */

/* All strings are copied. ROAD_DENIED: plain TCP to something that is not loopback. At most 16 brokers. The first
 * attempt to connect is made by the first session_step. */
enum road_status session_open(const struct session_config *config, struct session **ret_session);
void session_close(struct session *session); /* sends DISCONNECT if connected */
/* Before or after connecting; kept and asked again at each reconnect. At most 64. */
enum road_status session_subscribe(struct session *session, const char *topic);
/* QoS 1, at most SESSION_PAYLOAD_MAX bytes. ROAD_LINK_LOST while not connected: nothing is queued. ret_mid may be
 * NULL. */
enum road_status session_publish(struct session *session, const char *topic, const void *payload, size_t length,
                                 bool is_retained, int *ret_mid);
bool session_is_connected(const struct session *session);
/* Connected, and the broker has acknowledged every subscription: what others publish from now on arrives. */
bool session_is_ready(const struct session *session);
/* Attempts that failed since a connection last held for 1 s: for a log line or a metric. */
int session_failures(const struct session *session);
/* For the loop: what to poll, when to call again at the latest (monotonic ns), and the call itself. */
struct pollfd session_pollfd(const struct session *session); /* fd -1 while there is no socket */
int64_t session_deadline_ns(const struct session *session, int64_t now_ns);
void session_step(struct session *session, short revents, int64_t now_ns);
/* poll + step for loops with nothing else to watch. */
void session_wait(struct session *session, int timeout_ms);

/* Sends an outbox in order: at most `in_flight` messages beyond the last acknowledged one; after a reconnect, a
 * gap or `resend_after_ms` without an ack it starts again from the first unacknowledged. */
struct sender_config {
    const char *topic; /* copied */
    struct kid speaker; /* ours: acknowledgements of any other speaker are refused */
    int in_flight;
    int64_t resend_after_ms;
};
struct sender; /* opaque; borrows session and outbox */
enum road_status sender_open(struct session *session, struct outbox *outbox, const struct sender_config *config,
                             struct sender **ret_sender);
void sender_close(struct sender *sender);
void sender_on_connected(struct sender *sender);
/* Verifies the ack with the far end's key, applies it to the outbox. ROAD_DENIED if it is about another speaker. */
enum road_status sender_on_ack(struct sender *sender, struct verifier *far_end, const void *bytes, size_t length);
/* Publishes what the window allows. Cheap when there is nothing to do; fails only if the outbox does. While the far
 * end is silent it sends one message at a time, at growing intervals (to 8 times resend_after_ms). */
enum road_status sender_step(struct sender *sender, int64_t now_ns);
/* When sender_step has to be called again at the latest; INT64_MAX = not before something arrives. */
int64_t sender_deadline_ns(const struct sender *sender, int64_t now_ns);

#endif
