/* Facts about the event stream over HTTP: greeting, live events, replay, reset, comments, limits, the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/api/fixture.h"

#define CLIENTS 50
#define STORED 1200 /* changes in the database before the api starts */
#define WAIT_MS 5000

/* A browser's EventSource as raw bytes. */
struct client {
    int socket;
    char *text; /* all that came, NUL behind */
    size_t length;
    bool has_ended;
};

static struct fixture f;
static int64_t next_id = STORED + 1;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct client client_open(const char *target, const char *header)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port(f.api))};
    struct client client = {.socket = socket(AF_INET, SOCK_STREAM, 0), .text = calloc(1, 1)};
    char request[256];

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    CHECK_INT(connect(client.socket, (struct sockaddr *)&to, sizeof to), 0);
    const int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, header);
    CHECK_INT(send(client.socket, request, (size_t)length, MSG_NOSIGNAL), length);
    return client;
}

static void client_close(struct client *client)
{
    close(client->socket);
    free(client->text);
}

/* Reads until `text` has come, or the end, or too long; says whether it came. */
static bool wait_for(struct client *client, const char *text)
{
    const int64_t due = now_ns() + WAIT_MS * INT64_C(1000000);
    char block[65536];

    while (!strstr(client->text, text) && !client->has_ended && now_ns() < due) {
        struct pollfd p = {client->socket, POLLIN, 0};
        if (poll(&p, 1, 100) <= 0)
            continue;
        const ssize_t n = recv(client->socket, block, sizeof block, 0);
        client->has_ended = n <= 0;
        if (n <= 0)
            break;
        client->text = realloc(client->text, client->length + (size_t)n + 1);
        memcpy(client->text + client->length, block, (size_t)n);
        client->length += (size_t)n;
        client->text[client->length] = '\0';
    }
    return strstr(client->text, text) != NULL;
}

static int count(const char *text, const char *part)
{
    int n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

static int64_t publish(void)
{
    const int64_t id = next_id++;
    char json[64];

    fixture_change(&f, id);
    snprintf(json, sizeof json, "{\"change\":%" PRId64 "}", id);
    api_publish(f.api, id, json);
    return id;
}

static char *frame_of(int64_t id, char ret_frame[128])
{
    snprintf(ret_frame, 128, "event: change\nid: %" PRId64 "\ndata: {\"change\":%" PRId64 "}\n\n", id, id);
    return ret_frame;
}

FACT(a_stream_greets_and_then_tells_live_changes_verbatim)
{
    struct client client = client_open("/events", "");
    char frame[128], greeting[64];

    snprintf(greeting, sizeof greeting, "retry: 2000\nid: %" PRId64 "\n\n", next_id - 1);
    CHECK(wait_for(&client, greeting));
    CHECK(strstr(client.text, "HTTP/1.1 200") != NULL);
    CHECK(strstr(client.text, "text/event-stream") != NULL);
    CHECK(wait_for(&client, frame_of(publish(), frame)));
    CHECK(wait_for(&client, frame_of(publish(), frame)));
    CHECK_INT(count(client.text, "event: change"), 2);
    client_close(&client);
}

FACT(fifty_clients_all_hear_every_change_in_order)
{
    struct client clients[CLIENTS];
    char frame[128], last[128];
    int64_t slowest_ns = 0;

    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open("/events", "");
        CHECK(wait_for(&clients[i], "retry: 2000"));
    }
    for (int round = 0; round < 20; round++) {
        const int64_t begin = now_ns(), id = publish();
        for (int i = 0; i < CLIENTS; i++)
            CHECK(wait_for(&clients[i], frame_of(id, frame)));
        const int64_t took = now_ns() - begin;
        slowest_ns = took > slowest_ns ? took : slowest_ns;
    }
    for (int i = 0; i < CLIENTS; i++) {
        const char *previous = clients[i].text;
        CHECK_INT(count(clients[i].text, "event: change"), 20);
        for (int64_t id = next_id - 20; id < next_id; id++) {
            const char *found = strstr(clients[i].text, frame_of(id, last));
            CHECK(found && found >= previous);
            previous = found ? found : previous;
        }
        client_close(&clients[i]);
    }
    printf("  to the last of %d clients: at most %.1f ms\n", CLIENTS, (double)slowest_ns / 1e6);
    CHECK(slowest_ns < 2000000000);
}

FACT(what_was_missed_is_replayed_also_from_before_the_start)
{
    struct client client = client_open("/events", "Last-Event-ID: 1190\r\n");
    char frame[128];

    for (int64_t id = 1191; id < next_id; id++)
        CHECK(wait_for(&client, frame_of(id, frame)));
    CHECK_INT(count(client.text, "event: change"), next_id - 1191);
    client_close(&client);
    struct client other = client_open("/events?after=1198", "");
    CHECK(wait_for(&other, frame_of(1199, frame)));
    client_close(&other);
}

FACT(what_is_too_old_or_unknown_resets_the_page)
{
    struct client old = client_open("/events", "Last-Event-ID: 3\r\n"), unknown = client_open("/events?after=999999", "");
    char frame[128], reset[128];

    snprintf(reset, sizeof reset, "event: reset\nid: %" PRId64 "\ndata: {\"last_change\":%" PRId64 "}\n\n", next_id - 1,
             next_id - 1);
    CHECK(wait_for(&old, reset));
    CHECK(wait_for(&unknown, reset));
    CHECK(wait_for(&old, frame_of(publish(), frame)));
    CHECK_INT(count(old.text, "event: change"), 1);
    client_close(&old);
    client_close(&unknown);
}

FACT(an_idle_stream_gets_comments)
{
    struct client client = client_open("/events", "");

    CHECK(wait_for(&client, ": still here\n\n"));
    CHECK_INT(count(client.text, "event:"), 0);
    client_close(&client);
}

FACT(a_large_event_arrives_whole)
{
    struct client client = client_open("/events", "");
    const size_t size = 200000;
    char *json = malloc(size + 1);

    CHECK(wait_for(&client, "retry:"));
    memset(json, 'x', size);
    memcpy(json, "{\"a\":\"", 6);
    memcpy(json + size - 8, "\"}", 3);
    json[size - 10] = '@'; /* the end can be seen */
    fixture_change(&f, next_id);
    api_publish(f.api, next_id++, json);
    CHECK(wait_for(&client, "@"));
    CHECK(client.length > size - 16);
    client_close(&client);
    free(json);
}

/* Whether the api comes to count that many open streams: it finds clients that have left at its next comment. */
static bool wait_streams(int n)
{
    const int64_t due = now_ns() + WAIT_MS * INT64_C(1000000);
    char line[64];
    bool is_so = false;

    snprintf(line, sizeof line, "roadchief_event_streams %d\n", n);
    while (!is_so && now_ns() < due) {
        struct reply reply = get(&f, "/metrics");
        is_so = strstr(reply.body, line) != NULL;
        reply_done(&reply);
    }
    return is_so;
}

FACT(more_streams_than_allowed_are_refused_and_told_so)
{
    struct client clients[80];
    int refused = 0;

    CHECK(wait_streams(0));
    for (int i = 0; i < 80; i++) {
        clients[i] = client_open("/events", "");
        CHECK(wait_for(&clients[i], "\r\n\r\n"));
        refused += strstr(clients[i].text, "HTTP/1.1 503") != NULL;
    }
    CHECK_INT(refused, 80 - 75); /* three quarters of 100 */
    CHECK(wait_streams(75));
    for (int i = 0; i < 80; i++)
        client_close(&clients[i]);
}

FACT(stopping_ends_open_streams)
{
    struct client clients[10];

    for (int i = 0; i < 10; i++) {
        clients[i] = client_open("/events", "");
        wait_for(&clients[i], "\r\n\r\n");
    }
    api_stop(f.api);
    f.api = NULL;
    for (int i = 0; i < 10; i++) {
        CHECK(!wait_for(&clients[i], "never sent"));
        CHECK(clients[i].has_ended);
        client_close(&clients[i]);
    }
}

int main(int argc, char **argv)
{
    fixture_init(&f);
    f.config.heartbeat_ms = 50; /* also finds clients that have left */
    f.config.connections_max = 100;
    sqlite3_exec(f.db, "BEGIN", NULL, NULL, NULL);
    for (int id = 1; id <= STORED; id++)
        fixture_change(&f, id);
    sqlite3_exec(f.db, "COMMIT", NULL, NULL, NULL);
    fixture_start(&f);
    const int failed = check_main(argc, argv);
    fixture_done(&f);
    return failed;
}
