#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "front/broker.h"
#include "link/session.h"
#include "server/ca.h"
#include "tests/check.h"
#include "tests/temp.h"

#define LIMIT_MS    15000
#define CLIENTS_MAX 5
#define TOPIC(rest) "road/v1/330103/" rest

static char dir[TEMP_PATH_SIZE], error[CA_ERROR_SIZE];
static struct broker *broker;

/* A client and what it has heard. */
struct client {
    struct session *session;
    int n_connected, n_heard, n_failed;
    char heard[256]; /* topics in order, each with a blank behind it */
};
static struct client clients[CLIENTS_MAX];
static int n_clients;

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void hear(void *context, const char *topic, const void *payload, size_t length)
{
    struct client *client = context;
    const size_t used = strlen(client->heard);

    (void)payload;
    (void)length;
    client->n_heard++;
    snprintf(client->heard + used, sizeof client->heard - used, "%s ", strstr(topic, "330103/") + 7);
}

static void hear_connected(void *context)
{
    ((struct client *)context)->n_connected++;
}

/* A client that shows the certificate of `name` from the folder `of`, and trusts the authority of `trusts`.
 */
static struct client *add_client(const char *of, const char *trusts, const char *name)
{
    char ca[2 * TEMP_PATH_SIZE], cert[2 * TEMP_PATH_SIZE], key[2 * TEMP_PATH_SIZE];
    struct client *client = &clients[n_clients++];

    snprintf(ca, sizeof ca, "%s/ca/ca.crt", trusts);
    snprintf(cert, sizeof cert, "%s/ca/%s.crt", of, name);
    snprintf(key, sizeof key, "%s/ca/%s.key", of, name);
    *client = (struct client){0};
    const struct session_config config = {.client_id = name,
                                          .brokers = broker_address(broker),
                                          .keepalive_s = 10,
                                          .ca_file = ca,
                                          .cert_file = cert,
                                          .key_file = key,
                                          .on_message = hear,
                                          .on_connected = hear_connected,
                                          .context = client};
    CHECK_STATUS(session_open(&config, &client->session), ROAD_OK);
    return client;
}

static void turn_all(void)
{
    for (int i = 0; i < n_clients; i++) {
        session_wait(clients[i].session, 2);
        clients[i].n_failed = session_failures(clients[i].session);
    }
}

static bool pump(const int *counter, int want)
{
    const int64_t end = monotonic_ms() + LIMIT_MS;
    while (*counter < want && monotonic_ms() < end)
        turn_all();
    return *counter >= want;
}

static void issue(const char *name, enum ca_role role)
{
    CHECK_STATUS(ca_issue(dir, name, role, false, NULL, error), ROAD_OK);
}

static void begin_test(void)
{
    temp_make(dir);
    error[0] = '\0';
    n_clients = 0;
    CHECK_STATUS(ca_init(dir, "330103", error), ROAD_OK);
    issue("broker", CA_ROLE_BROKER);
    issue("gw-1", CA_ROLE_GATEWAY);
    issue("server", CA_ROLE_SERVER);
    broker = NULL;
    if (broker_start(dir, "330103", &broker, error) != ROAD_OK) {
        printf("%s\n", error);
        exit(1);
    }
    issue("a", CA_ROLE_NODE); /* after the start: a new node needs no new broker */
    issue("b", CA_ROLE_NODE);
}

static void end_test(void)
{
    for (int i = 0; i < n_clients; i++)
        session_close(clients[i].session);
    broker_stop(broker);
    temp_remove(dir);
}

static bool are_all_ready(void)
{
    for (int i = 0; i < n_clients; i++)
        if (!session_is_ready(clients[i].session))
            return false;
    return true;
}

static void connect_all(void)
{
    for (int64_t end = monotonic_ms() + LIMIT_MS; !are_all_ready() && monotonic_ms() < end;)
        turn_all();
    CHECK(are_all_ready());
}

static void say(struct client *client, const char *topic)
{
    CHECK_STATUS(session_publish(client->session, topic, "x", 1, false, NULL), ROAD_OK);
}

FACT(each_part_can_say_and_hear_what_it_must)
{
    begin_test();
    struct client *a = add_client(dir, dir, "a"), *gw = add_client(dir, dir, "gw-1"),
                  *server = add_client(dir, dir, "server");
    session_subscribe(a->session, TOPIC("ack/a"));
    session_subscribe(a->session, TOPIC("cmd/a"));
    session_subscribe(gw->session, TOPIC("obs/+"));
    session_subscribe(gw->session, TOPIC("status/+"));
    session_subscribe(gw->session, TOPIC("change-ack/gw-1"));
    session_subscribe(gw->session, TOPIC("verdict/gw-1"));
    session_subscribe(server->session, TOPIC("change/+"));
    session_subscribe(server->session, TOPIC("verdict-ack/+"));
    connect_all();
    say(a, TOPIC("obs/a"));
    CHECK(pump(&gw->n_heard, 1));
    say(a, TOPIC("status/a"));
    CHECK(pump(&gw->n_heard, 2));
    say(gw, TOPIC("ack/a"));
    CHECK(pump(&a->n_heard, 1));
    say(gw, TOPIC("change/gw-1"));
    CHECK(pump(&server->n_heard, 1));
    say(server, TOPIC("change-ack/gw-1"));
    CHECK(pump(&gw->n_heard, 3));
    say(server, TOPIC("verdict/gw-1"));
    CHECK(pump(&gw->n_heard, 4));
    say(gw, TOPIC("verdict-ack/gw-1"));
    CHECK(pump(&server->n_heard, 2));
    say(server, TOPIC("cmd/a"));
    CHECK(pump(&a->n_heard, 2));
    CHECK_STR(gw->heard, "obs/a status/a change-ack/gw-1 verdict/gw-1 ");
    CHECK_STR(a->heard, "ack/a cmd/a ");
    CHECK_STR(server->heard, "change/gw-1 verdict-ack/gw-1 ");
    end_test();
}

/* MQTT 3.1.1 acknowledges a forbidden message and drops it: what counts is that nobody hears it. A client's
 * messages keep their order, so the marker at the end shows that those before it were dropped. */
FACT(a_node_cannot_speak_as_anybody_else)
{
    begin_test();
    struct client *a = add_client(dir, dir, "a"), *b = add_client(dir, dir, "b"),
                  *gw = add_client(dir, dir, "gw-1"), *server = add_client(dir, dir, "server");
    session_subscribe(gw->session, TOPIC("obs/+"));
    session_subscribe(gw->session, TOPIC("status/+"));
    session_subscribe(gw->session, TOPIC("change-ack/gw-1"));
    session_subscribe(server->session, TOPIC("change/+"));
    session_subscribe(b->session, TOPIC("ack/b"));
    session_subscribe(b->session, TOPIC("cmd/b"));
    connect_all();
    say(a, TOPIC("obs/b"));
    say(a, TOPIC("obs/a/b"));
    say(a, TOPIC("status/b"));
    say(a, TOPIC("ack/b"));
    say(a, TOPIC("cmd/b"));
    say(a, TOPIC("change/gw-1"));
    say(a, TOPIC("change/a"));
    say(a, TOPIC("change-ack/gw-1"));
    say(a, "road/v1/330105/obs/a");
    say(a, TOPIC("obs/a"));
    CHECK(pump(&gw->n_heard, 1));
    say(gw, TOPIC("ack/b"));
    CHECK(pump(&b->n_heard, 1));
    say(gw, TOPIC("change/gw-1"));
    CHECK(pump(&server->n_heard, 1));
    CHECK_STR(gw->heard, "obs/a ");
    CHECK_INT(b->n_heard, 1);
    CHECK_INT(server->n_heard, 1);
    end_test();
}

FACT(a_node_cannot_hear_what_is_not_for_it)
{
    begin_test();
    struct client *a = add_client(dir, dir, "a"), *b = add_client(dir, dir, "b"),
                  *gw = add_client(dir, dir, "gw-1");
    session_subscribe(a->session, TOPIC("ack/b"));
    session_subscribe(a->session, TOPIC("ack/+"));
    session_subscribe(a->session, TOPIC("#"));
    session_subscribe(a->session, "#");
    session_subscribe(gw->session, TOPIC("obs/+"));
    connect_all();
    say(b, TOPIC("obs/b"));
    CHECK(pump(&gw->n_heard, 1));
    say(gw, TOPIC("ack/b"));
    say(gw, TOPIC("cmd/b"));
    say(gw, TOPIC("change/gw-1"));
    say(gw, TOPIC("ack/a"));
    CHECK(pump(&a->n_heard, 1));
    turn_all();
    CHECK(strncmp(a->heard, "ack/a ", 6) == 0);
    CHECK(strstr(a->heard, "b ") == NULL && strstr(a->heard, "gw") == NULL);
    end_test();
}

FACT(a_gateway_cannot_speak_as_another_gateway_or_as_the_server)
{
    begin_test();
    struct client *gw = add_client(dir, dir, "gw-1"), *server = add_client(dir, dir, "server");
    session_subscribe(server->session, TOPIC("change/+"));
    session_subscribe(gw->session, TOPIC("change-ack/gw-1"));
    session_subscribe(gw->session, TOPIC("change/+"));
    connect_all();
    say(gw, TOPIC("change/gw-2"));
    say(gw, TOPIC("change-ack/gw-1"));
    say(gw, TOPIC("verdict/gw-1"));
    say(gw, TOPIC("change/gw-1"));
    CHECK(pump(&server->n_heard, 1));
    say(server, TOPIC("change-ack/gw-1"));
    CHECK(pump(&gw->n_heard, 1));
    CHECK_STR(server->heard, "change/gw-1 ");
    CHECK_STR(gw->heard, "change-ack/gw-1 ");
    end_test();
}

/* The strangers have tried at least three times each while one of ours got in. */
FACT(strangers_are_not_let_in)
{
    char other[TEMP_PATH_SIZE];

    begin_test();
    temp_make(other);
    CHECK_STATUS(ca_init(other, "330103", error), ROAD_OK);
    CHECK_STATUS(ca_issue(other, "a", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    struct client *forged =
        add_client(other, dir, "a"); /* another authority's certificate of the same name */
    struct client *misled = add_client(dir, other, "b"); /* does not know the broker's authority */
    struct client *bare = &clients[n_clients++], *ours = add_client(dir, dir, "gw-1");
    struct client *open_talk = &clients[n_clients++];
    char ca[2 * TEMP_PATH_SIZE];
    snprintf(ca, sizeof ca, "%s/ca/ca.crt", dir);
    struct session_config config = {.client_id = "a",
                                    .brokers = broker_address(broker),
                                    .keepalive_s = 10,
                                    .on_message = hear,
                                    .on_connected = hear_connected};
    *bare = *open_talk = (struct client){0};
    config.context = open_talk;
    CHECK_STATUS(session_open(&config, &open_talk->session), ROAD_OK); /* plain TCP */
    config.context = bare;
    config.ca_file = ca;
    CHECK_STATUS(session_open(&config, &bare->session), ROAD_OK); /* TLS without a certificate */
    CHECK(pump(&ours->n_connected, 1));
    CHECK(pump(&forged->n_failed, 3));
    CHECK(pump(&misled->n_failed, 3));
    CHECK(pump(&bare->n_failed, 3));
    CHECK(pump(&open_talk->n_failed, 3));
    CHECK_INT(forged->n_connected + misled->n_connected + bare->n_connected + open_talk->n_connected, 0);
    temp_remove(other);
    end_test();
}

FACT(a_restarted_broker_takes_its_clients_back)
{
    begin_test();
    struct client *a = add_client(dir, dir, "a"), *gw = add_client(dir, dir, "gw-1");
    session_subscribe(gw->session, TOPIC("obs/+"));
    connect_all();
    const int port = broker_port(broker);
    broker_kill(broker);
    CHECK(!broker_is_running(broker));
    CHECK_STATUS(broker_restart(broker, error), ROAD_OK);
    CHECK_INT(broker_port(broker), port);
    CHECK(pump(&a->n_connected, 2) && pump(&gw->n_connected, 2));
    connect_all();
    say(a, TOPIC("obs/a"));
    CHECK(pump(&gw->n_heard, 1));
    end_test();
}

FACT(the_broker_of_root_runs_as_user_mosquitto)
{
    char path[64], line[256], uid[256] = "";

    if (geteuid() != 0)
        SKIP("not root");
    begin_test();
    snprintf(path, sizeof path, "/proc/%d/status", (int)broker_pid(broker));
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Uid:", 4) == 0)
            snprintf(uid, sizeof uid, "%s", line);
    if (f)
        fclose(f);
    CHECK(uid[0] && strtol(uid + 4, NULL, 10) != 0);
    end_test();
}

static bool is_listening(int port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_open = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return is_open;
}

FACT(the_broker_dies_with_its_parent)
{
    int fds[2], port = 0;

    begin_test();
    CHECK_INT(pipe(fds), 0);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        struct broker *own = NULL;
        char own_error[BROKER_ERROR_SIZE], own_dir[TEMP_PATH_SIZE + 8];
        snprintf(own_dir, sizeof own_dir, "%s/own", dir);
        if (broker_start_with(&(struct broker_config){.dir = own_dir}, &own, own_error) == ROAD_OK)
            port = broker_port(own);
        if (write(fds[1], &port, sizeof port) == sizeof port)
            pause();
        _exit(1);
    }
    CHECK_INT(read(fds[0], &port, sizeof port), sizeof port);
    CHECK(port > 0 && is_listening(port));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int64_t end = monotonic_ms() + LIMIT_MS; is_listening(port) && monotonic_ms() < end;)
        turn_all();
    CHECK(!is_listening(port));
    close(fds[0]);
    close(fds[1]);
    end_test();
}

FACT(a_broker_that_cannot_start_says_why)
{
    begin_test();
    char key[2 * TEMP_PATH_SIZE], own_dir[TEMP_PATH_SIZE + 8], crt[2 * TEMP_PATH_SIZE];
    struct registry *registry = NULL;
    struct broker *none = NULL;
    snprintf(own_dir, sizeof own_dir, "%s/own", dir);
    snprintf(crt, sizeof crt, "%s/ca/broker.crt", dir);
    snprintf(key, sizeof key, "%s/ca/a.key", dir); /* not the key of that certificate */
    char list[2 * TEMP_PATH_SIZE];
    snprintf(list, sizeof list, "%s/registry", dir);
    CHECK_STATUS(registry_load(list, &registry, error), ROAD_OK);
    const struct broker_config config = {.dir = own_dir,
                                         .ca_file = crt,
                                         .cert_file = crt,
                                         .key_file = key,
                                         .district = "330103",
                                         .registry = registry};
    CHECK_STATUS(broker_start_with(&config, &none, error), ROAD_IO);
    CHECK(none == NULL && strstr(error, "key") != NULL);
    CHECK_STATUS(broker_start("/nonexistent", "330103", &none, error), ROAD_NOT_FOUND);
    registry_close(registry);
    end_test();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
