#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "front/broker.h"
#include "link/session.h"
#include "tests/check.h"
#include "tests/temp.h"

#define LIMIT_MS 15000

static char dir[TEMP_PATH_SIZE], error[BROKER_ERROR_SIZE];
static struct broker *broker;

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a listener has heard. */
struct ear {
    struct session *session;
    int n_connected, n_messages, n_published;
    char topic[128], last[64];
    uint64_t sum;
};

static void hear(void *context, const char *topic, const void *payload, size_t length)
{
    struct ear *ear = context;
    ear->n_messages++;
    snprintf(ear->topic, sizeof ear->topic, "%s", topic);
    snprintf(ear->last, sizeof ear->last, "%.*s", (int)(length < 60 ? length : 60), (const char *)payload);
    ear->sum += length;
}

static void hear_connected(void *context)
{
    ((struct ear *)context)->n_connected++;
}

static void hear_published(void *context, int mid)
{
    (void)mid;
    ((struct ear *)context)->n_published++;
}

static struct session_config config_for(struct ear *ear, const char *name, const char *brokers)
{
    return (struct session_config){.client_id = name,
                                   .brokers = brokers,
                                   .keepalive_s = 10,
                                   .on_message = hear,
                                   .on_connected = hear_connected,
                                   .on_published = hear_published,
                                   .context = ear};
}

static void open_ear(struct ear *ear, const char *name, const char *brokers)
{
    const struct session_config config = config_for(ear, name, brokers);
    *ear = (struct ear){0};
    CHECK_STATUS(session_open(&config, &ear->session), ROAD_OK);
}

static void begin_test(void)
{
    temp_make(dir);
    char broker_dir[TEMP_PATH_SIZE + 16];
    snprintf(broker_dir, sizeof broker_dir, "%s/broker", dir);
    broker = NULL;
    const enum road_status status =
        broker_start_with(&(struct broker_config){.dir = broker_dir}, &broker, error);
    if (status != ROAD_OK) {
        printf("%s\n", error);
        exit(1);
    }
}

static void end_test(void)
{
    broker_stop(broker);
    temp_remove(dir);
}

/* Turns both ears until *counter reaches `want`, at most LIMIT_MS. */
static bool pump(struct ear *a, struct ear *b, const int *counter, int want)
{
    const int64_t end = monotonic_ms() + LIMIT_MS;
    while (*counter < want && monotonic_ms() < end) {
        session_wait(a->session, 2);
        if (b)
            session_wait(b->session, 2);
    }
    return *counter >= want;
}

/* Until both are connected and subscribed. */
static bool pump_ready(struct ear *a, struct ear *b)
{
    const int64_t end = monotonic_ms() + LIMIT_MS;
    while (!(session_is_ready(a->session) && session_is_ready(b->session)) && monotonic_ms() < end) {
        session_wait(a->session, 2);
        session_wait(b->session, 2);
    }
    return session_is_ready(a->session) && session_is_ready(b->session);
}

static void close_ears(struct ear *a, struct ear *b)
{
    session_close(a->session);
    if (b)
        session_close(b->session);
}

FACT(plain_tcp_is_for_loopback_alone)
{
    static const char *const bad[] = {"",
                                      ",",
                                      "host",
                                      "host:",
                                      ":1883",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:18x",
                                      "127.0.0.1:1883,,127.0.0.1:1884"};
    struct session *session = NULL;
    struct ear ear = {0};

    struct session_config config = config_for(&ear, "n", "192.0.2.1:1883");
    CHECK_STATUS(session_open(&config, &session), ROAD_DENIED);
    config.brokers = "127.0.0.1:1883, 192.0.2.1:1883";
    CHECK_STATUS(session_open(&config, &session), ROAD_DENIED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config.brokers = bad[i];
        CHECK(session_open(&config, &session) != ROAD_OK);
    }
    CHECK(session == NULL);
    config.brokers = " 127.0.0.1:1883 ,[::1]:1883, localhost:1884";
    CHECK_STATUS(session_open(&config, &session), ROAD_OK);
    session_close(session);
}

FACT(a_message_goes_through)
{
    struct ear a, b;
    int mid = 0;

    begin_test();
    open_ear(&a, "a", broker_address(broker));
    open_ear(&b, "b", broker_address(broker));
    CHECK_STATUS(session_subscribe(b.session, "t/#"), ROAD_OK);
    CHECK(pump_ready(&a, &b));
    CHECK_STATUS(session_publish(a.session, "t/x", "hello", 5, false, &mid), ROAD_OK);
    CHECK(pump(&a, &b, &b.n_messages, 1) && pump(&a, &b, &a.n_published, 1));
    CHECK_STR(b.last, "hello");
    CHECK_STR(b.topic, "t/x");
    CHECK(mid > 0);
    CHECK_STATUS(session_publish(a.session, "t/+", "x", 1, false, NULL), ROAD_BAD_INPUT);
    close_ears(&a, &b);
    end_test();
}

FACT(nothing_is_queued_while_there_is_no_connection)
{
    struct ear a, b;

    begin_test();
    open_ear(&a, "a", broker_address(broker));
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "t");
    CHECK_STATUS(session_publish(a.session, "t", "early", 5, false, NULL), ROAD_LINK_LOST);
    CHECK(pump_ready(&a, &b));
    CHECK_STATUS(session_publish(a.session, "t", "late", 4, false, NULL), ROAD_OK);
    CHECK(pump(&a, &b, &b.n_messages, 1));
    CHECK_STR(b.last, "late");
    close_ears(&a, &b);
    end_test();
}

FACT(the_next_broker_of_the_list_is_tried)
{
    char list[96];
    struct ear a;

    begin_test();
    snprintf(list, sizeof list, "127.0.0.1:1, 127.0.0.1:2, %s",
             broker_address(broker)); /* ports 1, 2: nobody */
    open_ear(&a, "a", list);
    CHECK(pump(&a, NULL, &a.n_connected, 1));
    close_ears(&a, NULL);
    end_test();
}

FACT(after_a_broker_died_all_is_asked_for_again)
{
    struct ear a, b;

    begin_test();
    open_ear(&a, "a", broker_address(broker));
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "t");
    CHECK(pump_ready(&a, &b));
    for (int round = 2; round <= 4; round++) {
        broker_kill(broker);
        CHECK_STATUS(broker_restart(broker, error), ROAD_OK);
        CHECK(pump(&a, &b, &a.n_connected, round) && pump(&a, &b, &b.n_connected, round) &&
              pump_ready(&a, &b));
        CHECK_STATUS(session_publish(a.session, "t", "again", 5, false, NULL), ROAD_OK);
        CHECK(pump(&a, &b, &b.n_messages, round - 1));
    }
    CHECK_STR(b.last, "again");
    close_ears(&a, &b);
    end_test();
}

FACT(a_message_the_dead_broker_had_is_not_sent_twice_by_the_library)
{
    struct ear a, b;

    begin_test();
    open_ear(&a, "a", broker_address(broker));
    CHECK(pump(&a, NULL, &a.n_connected, 1));
    kill(broker_pid(broker), SIGSTOP); /* it will take nothing and answer nothing */
    for (int i = 0; i < 50; i++)
        CHECK_STATUS(session_publish(a.session, "t", "old", 3, false, NULL), ROAD_OK);
    broker_kill(broker);
    CHECK_STATUS(broker_restart(broker, error), ROAD_OK);
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "t");
    CHECK(pump(&b, NULL, &b.n_connected, 1) && pump(&a, &b, &a.n_connected, 2) && pump_ready(&a, &b));
    CHECK_STATUS(session_publish(a.session, "t", "new", 3, false, NULL), ROAD_OK);
    CHECK(pump(&a, &b, &b.n_messages, 1));
    CHECK_STR(b.last, "new");
    CHECK_INT(b.n_messages, 1);
    close_ears(&a, &b);
    end_test();
}

static void child_with_will(const char *address, int ready_fd)
{
    struct ear a = {0};
    struct session_config config = config_for(&a, "mortal", address);

    config.will_topic = "status/mortal";
    if (session_open(&config, &a.session) != ROAD_OK || !pump(&a, NULL, &a.n_published, 1))
        _exit(1);
    if (write(ready_fd, "x", 1) != 1)
        _exit(1);
    for (;;)
        session_wait(a.session, 1000);
}

FACT(a_killed_client_leaves_its_will)
{
    struct ear b;
    int fds[2];
    char byte;

    begin_test();
    CHECK_INT(pipe(fds), 0);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        child_with_will(broker_address(broker), fds[1]);
    close(fds[1]);
    CHECK_INT(read(fds[0], &byte, 1), 1);
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "status/+");
    CHECK(pump(&b, NULL, &b.n_messages, 1)); /* retained */
    CHECK_STR(b.last, "online");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(pump(&b, NULL, &b.n_messages, 2));
    CHECK_STR(b.last, "offline");
    close(fds[0]);
    close_ears(&b, NULL);
    end_test();
}

FACT(a_client_that_closes_says_offline)
{
    struct ear a, b;

    begin_test();
    a = (struct ear){0};
    struct session_config config = config_for(&a, "a", broker_address(broker));
    config.will_topic = "status/a";
    CHECK_STATUS(session_open(&config, &a.session), ROAD_OK);
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "status/+");
    CHECK(pump_ready(&a, &b));
    CHECK(pump(&b, &a, &b.n_messages, 1));
    CHECK_STR(b.last, "online");
    session_close(a.session);
    CHECK(pump(&b, NULL, &b.n_messages, 2));
    CHECK_STR(b.last, "offline");
    close_ears(&b, NULL);
    end_test();
}

/* Virtual time against a port where nobody listens: each attempt fails at once. */
FACT(back_off_doubles_to_30_s_with_full_jitter)
{
    struct ear a;
    int64_t now = 1000, longest = 0;
    double sum = 0;
    int n = 0;

    open_ear(&a, "a", "127.0.0.1:1");
    for (int attempt = 1; attempt <= 300; attempt++) {
        session_step(a.session, 0, now);
        for (int i = 0; i < 3 && session_pollfd(a.session).fd >= 0;
             i++) /* a connect still under way: see it fail */
            session_step(a.session, POLLIN | POLLOUT, now);
        const int64_t delay = session_deadline_ns(a.session, now) - now;
        const int64_t cap = attempt >= 7 ? 30000000000 : 250000000LL << attempt;
        CHECK(delay > 0 && delay <= cap);
        if (attempt >= 7) {
            sum += (double)delay;
            n++;
        }
        longest = delay > longest ? delay : longest;
        now += delay;
    }
    CHECK(longest > 25000000000);              /* P(no draw of 293 in the last sixth) < 1e-23 */
    CHECK_NEAR(sum / n / 1e9, 15.0, 5 * 0.51); /* mean of uniform 0..30 s; 5 sigma of the mean of 293 draws */
    close_ears(&a, NULL);
}

static SSL_CTX *make_server_context(const char *cert, const char *key)
{
    char command[1024];
    snprintf(
        command, sizeof command,
        "openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout %s"
        " -out %s 2>/dev/null",
        key, cert);
    CHECK_INT(system(command), 0);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    CHECK_INT(SSL_CTX_use_certificate_file(context, cert, SSL_FILETYPE_PEM), 1);
    CHECK_INT(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), 1);
    return context;
}

/* Says its part of the handshake, and resets the connection before it has heard the client's. */
static void hang_up_within_handshake(SSL_CTX *context, int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    SSL *tls = SSL_new(context);

    SSL_set_fd(tls, fd);
    SSL_accept(tls); /* the client's first flight is there already: it was sent within connect */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    SSL_free(tls);
}

/* libmosquitto alone would ask on for ever; without our own look an attempt ends after 15 s. */
FACT(a_broker_that_dies_within_the_handshake_is_noticed)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char address[32], cert[TEMP_PATH_SIZE + 16], key[TEMP_PATH_SIZE + 16];
    socklen_t size = sizeof at;
    struct ear a = {0};

    temp_make(dir);
    snprintf(cert, sizeof cert, "%s/x.crt", dir);
    snprintf(key, sizeof key, "%s/x.key", dir);
    SSL_CTX *context = make_server_context(cert, key);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&at, sizeof at) | listen(listener, 8), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));
    struct session_config config = config_for(&a, "a", address);
    config.ca_file = cert;
    CHECK_STATUS(session_open(&config, &a.session), ROAD_OK);
    const int64_t begin = monotonic_ms();
    while (session_failures(a.session) < 3 && monotonic_ms() - begin < 12000) {
        session_wait(a.session, 2);
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd >= 0)
            hang_up_within_handshake(context, fd);
    }
    CHECK(session_failures(a.session) >= 3);
    close(listener);
    close_ears(&a, NULL);
    SSL_CTX_free(context);
    temp_remove(dir);
}

FACT(a_burst_of_large_messages_arrives_whole)
{
    static uint8_t big[32768];
    struct ear a, b;

    begin_test();
    open_ear(&a, "a", broker_address(broker));
    open_ear(&b, "b", broker_address(broker));
    session_subscribe(b.session, "t");
    CHECK(pump_ready(&a, &b));
    for (int i = 0; i < 200; i++)
        CHECK_STATUS(session_publish(a.session, "t", big, sizeof big, false, NULL), ROAD_OK);
    CHECK(pump(&a, &b, &b.n_messages, 200) && pump(&a, &b, &a.n_published, 200));
    CHECK_INT(b.sum, 200 * (int64_t)sizeof big);
    CHECK_STATUS(session_publish(a.session, "t", big, SESSION_PAYLOAD_MAX + 1, false, NULL), ROAD_TOO_LARGE);
    close_ears(&a, &b);
    end_test();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
