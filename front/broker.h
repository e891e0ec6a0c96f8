/* broker.h - a mosquitto of our own: a child process on loopback, its files generated, always reaped.
 *
 * For `roadchief demo` and for tests. With TLS every client needs a certificate of the CA, its common name is its
 * user name, and the ACL gives each name its own topics and nothing else:
 *     any name X   writes obs/X, status/X; reads ack/X, cmd/X
 *     gateways     also read obs/+, status/+; write ack/+, change/GW; read change-ack/GW and the like
 *     servers      also read change/+, status/+; write change-ack/+, verdict/+, order/+, cmd/+ and the like
 * all below road/v1/DISTRICT/. Without TLS (tests) anybody may do anything. The broker keeps nothing on disk: no
 * figure of ours rests on its persistence.
 *
 * Started by root, it runs as the user mosquitto. The folder is given to that user; where that user cannot
 * reach the folder (a parent is closed to others) the broker runs as root, loopback only.
 * The child dies with the thread that started it (PR_SET_PDEATHSIG), and is no member of the caller's process
 * group: Ctrl-C reaches the caller alone, which then stops things in order. Everything here blocks, 10 s at most. */
#ifndef FRONT_BROKER_H
#define FRONT_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "link/registry.h"

#define BROKER_ERROR_SIZE 512

struct broker_config {
    const char *dir; /* its files: mosquitto.conf, acl, mosquitto.log, copies of the certificates; made if missing */
    int port;        /* 0 = a free one */
    const char *ca_file, *cert_file, *key_file; /* all three, or all NULL = plain TCP */
    const char *district;                       /* of the ACL; used with TLS only */
    const struct registry *registry;            /* tells gateways and servers; used with TLS only */
};

struct broker; /* opaque */

/* The broker of a data folder as docs/deployment.md lays it out, after `ca_issue(…, "broker", CA_ROLE_BROKER, …)`
 * and after its gateways and server are in the registry (nodes may come later: their rules are patterns).
 * Returns when it accepts connections. ret_error (BROKER_ERROR_SIZE bytes) says what is wrong, with the end of the
 * broker's own log. ROAD_NOT_FOUND: no mosquitto on this machine. */
enum road_status broker_start(const char *data_dir, const char *district, struct broker **ret_broker,
                              char *ret_error);
enum road_status broker_start_with(const struct broker_config *config, struct broker **ret_broker, char *ret_error);
/* SIGTERM, SIGKILL after 5 s, reaped, freed. NULL is fine. */
void broker_stop(struct broker *broker);
/* kill -9, reaped; the struct lives on for broker_restart, on the same port with the same files. */
void broker_kill(struct broker *broker);
enum road_status broker_restart(struct broker *broker, char *ret_error);
bool broker_is_running(struct broker *broker); /* reaps it if it has ended */
const char *broker_address(const struct broker *broker); /* "127.0.0.1:PORT", as session_config.brokers takes it */
int broker_port(const struct broker *broker);
pid_t broker_pid(const struct broker *broker);           /* 0 = not running */

#endif
