/* A repair over real broker, gateway and server: a hole is confirmed, said to be repaired on the command line, verified by
 * clean passes of two vehicles; opened again by a hit; a false claim is answered by a hit. Then the ledger is verified. */
#include <sys/wait.h>
#include <time.h>

#include "front/http.h"
#include "front/stack.h"
#include "link/session.h"
#include "server/ca.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"
#include "tests/temp.h"

#define LIMIT_MS 20000
#define HOUR_NS (3600 * SECOND_NS)
#define VEHICLES 3
#define HOLE_E 100.3
#define HOLE_N 40.7

static char dir[TEMP_PATH_SIZE], bin_dir[1024], error[512];
static struct stack stack;
static int64_t first_hour_ns;

struct vehicle {
    char name[16];
    struct session *session;
    struct signer *signer;
    uint64_t seq, acked;
};
static struct vehicle vehicles[VEHICLES];

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_ack(void *context, const char *topic, const void *payload, size_t length)
{
    struct vehicle *v = context;
    const uint8_t *plain;
    size_t plain_length;
    struct kid kid;
    struct ack ack;

    (void)topic;
    if (cose_peek(payload, length, &kid, &plain, &plain_length) == ROAD_OK &&
        ack_decode(plain, plain_length, &ack, NULL) == ROAD_OK && ack.n_refused == 0)
        v->acked = ack.upto;
}

static void open_vehicle(struct vehicle *v, int number)
{
    char ca[512], cert[512], key[512], topic[256];

    snprintf(v->name, sizeof v->name, "v-%d", number);
    CHECK_STATUS(ca_issue(dir, v->name, CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    snprintf(ca, sizeof ca, "%s/ca/ca.crt", dir);
    snprintf(cert, sizeof cert, "%s/ca/%s.crt", dir, v->name);
    snprintf(key, sizeof key, "%s/ca/%s.key", dir, v->name);
    CHECK_STATUS(signer_open(key, &v->signer), ROAD_OK);
    const struct session_config config = {.client_id = v->name, .brokers = broker_address(stack.broker), .keepalive_s = 10,
                                          .ca_file = ca, .cert_file = cert, .key_file = key, .on_message = on_ack,
                                          .context = v};
    CHECK_STATUS(session_open(&config, &v->session), ROAD_OK);
    snprintf(topic, sizeof topic, "road/v1/" STACK_DISTRICT "/ack/%s", v->name);
    CHECK_STATUS(session_subscribe(v->session, topic), ROAD_OK);
}

/* Past the hole in hour `hour`, once it is acknowledged. */
static void pass(int number, int hour, bool hits)
{
    static struct drive drive;
    static uint8_t payload[SEALED_MAX], sealed[SEALED_MAX];
    struct vehicle *v = &vehicles[number];
    const int64_t start_ns = first_hour_ns + hour * HOUR_NS, end_ms = monotonic_ms() + LIMIT_MS;
    size_t length, sealed_length;
    char topic[256];

    drive_straight(&drive, ++v->seq, start_ns, 0, 40 + 0.01 * number, 200, 40 + 0.01 * number, GNSS_RTK, 0.05);
    if (hits)
        drive_hit(&drive, DEFECT_POTHOLE, start_ns + 10 * SECOND_NS, HOLE_E, HOLE_N, 0.05, 60, 90);
    CHECK_STATUS(batch_encode(&drive.batch, payload, BATCH_PAYLOAD_MAX, &length), ROAD_OK);
    CHECK_STATUS(cose_seal(v->signer, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
    snprintf(topic, sizeof topic, "road/v1/" STACK_DISTRICT "/obs/%s", v->name);
    for (int64_t sent_ms = 0; v->acked < v->seq && monotonic_ms() < end_ms; session_wait(v->session, 20))
        if (session_is_ready(v->session) && monotonic_ms() > sent_ms + 2000) {
            session_publish(v->session, topic, sealed, sealed_length, false, NULL);
            sent_ms = monotonic_ms();
        }
    CHECK(v->acked == v->seq);
}

/* The one defect there is, as the server shows it; NULL if none. The caller's. */
static json_t *defect(void)
{
    json_t *list = http_get_json(stack.http, "/v1/defects");
    json_t *first = json_incref(json_array_get(json_object_get(list, "items"), 0));

    json_decref(list);
    return first;
}

static bool is_at(const json_t *d, const char *state, const char *stage)
{
    const char *now = json_string_value(json_object_get(d, "state"));
    const char *at = json_string_value(json_object_get(json_object_get(d, "repair"), "stage"));

    return now && strcmp(now, state) == 0 && strcmp(at ? at : "none", stage) == 0;
}

/* Waits until the server shows it so. */
static json_t *await(const char *state, const char *stage)
{
    const int64_t end_ms = monotonic_ms() + LIMIT_MS;
    json_t *d = defect();

    while (!is_at(d, state, stage) && monotonic_ms() < end_ms) {
        json_decref(d);
        for (int i = 0; i < VEHICLES; i++)
            session_wait(vehicles[i].session, 30);
        d = defect();
    }
    if (!is_at(d, state, stage)) {
        char *shown = json_dumps(d, JSON_COMPACT);
        CHECK_FAILED("wanted %s, repair %s; the server shows %s", state, stage, shown ? shown : "nothing");
        free(shown);
    }
    return d;
}

static int say(const char *id, const char *kind, const char *by, int hour)
{
    char command[4096], when[32];
    const time_t at = (time_t)((first_hour_ns + hour * HOUR_NS) / SECOND_NS);
    struct tm utc;

    gmtime_r(&at, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(command, sizeof command,
             "%s/roadchief server verdict --config %s/server/server.conf '%s' %s --by %s --at %s >%s/said.log 2>&1", bin_dir, dir,
             id, kind, by, when, dir);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void begin(void)
{
    const struct stack_options options = {.dir = dir, .bin_dir = bin_dir, .zone = drive_zone};

    first_hour_ns = ((int64_t)time(NULL) / 3600 - 30) * HOUR_NS;
    CHECK_STATUS(stack_init(&stack, &options, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "roads", CA_ROLE_DEPARTMENT, false, NULL, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "inspection", CA_ROLE_DEPARTMENT, false, NULL, error), ROAD_OK);
    CHECK_STATUS(stack_start_broker(&stack, error), ROAD_OK);
    for (int i = 0; i < VEHICLES; i++)
        open_vehicle(&vehicles[i], i);
    if (stack_start_server(&stack, error) != ROAD_OK || stack_start_gateway(&stack, error) != ROAD_OK)
        CHECK_FAILED("%s", error);
}

static void end(void)
{
    for (int i = 0; i < VEHICLES; i++) {
        session_close(vehicles[i].session);
        signer_close(vehicles[i].signer);
    }
    stack_done(&stack);
}

FACT(confirmed_claimed_verified_reopened_and_all_of_it_in_the_ledger)
{
    char id[DEFECT_ID_TEXT_SIZE], command[4096];

    begin();
    for (int i = 0; i < 4; i++)
        pass(i % VEHICLES, i, true);
    json_t *d = await("confirmed", "none");
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(d, "id")));
    CHECK_STR(json_string_value(json_object_get(d, "code")), "red");
    json_decref(d);

    CHECK_INT(say(id, "repaired", "nobody", 5), 2); /* not a department */
    CHECK_INT(say(id, "repaired", "roads", 5), 0);
    json_decref(await("confirmed", "claimed"));
    for (int i = 0; i < 4; i++)
        pass(i % VEHICLES, 6 + i, false);
    d = await("confirmed", "claimed");
    for (int64_t end_ms = monotonic_ms() + LIMIT_MS; monotonic_ms() < end_ms;) { /* the last pass is on its way */
        if (json_integer_value(json_object_get(json_object_get(d, "repair"), "passes")) == 4)
            break;
        json_decref(d);
        d = await("confirmed", "claimed");
    }
    CHECK_INT(json_integer_value(json_object_get(json_object_get(d, "repair"), "passes")), 4);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(d, "repair"), "passes_needed")), 6);
    json_decref(d);
    for (int i = 4; i < 6; i++)
        pass(i % VEHICLES, 6 + i, false);
    d = await("repaired", "verified");
    CHECK_STR(json_string_value(json_object_get(d, "code")), "grey"); /* it colours nothing any more */
    json_decref(d);

    pass(1, 14, true);
    d = await("confirmed", "reopened");
    CHECK_STR(json_string_value(json_object_get(d, "code")), "red");
    json_decref(d);

    CHECK_INT(say(id, "repaired", "roads", 15), 0); /* and that is not true */
    json_decref(await("confirmed", "claimed"));
    pass(0, 16, false);
    pass(2, 17, true);
    json_decref(await("confirmed", "reopened"));

    CHECK_INT(say(id, "repaired", "roads", 18), 0);
    json_decref(await("confirmed", "claimed"));
    CHECK_INT(say(id, "whole", "roads", 19), 0); /* the server refuses it: its own repair */
    CHECK_INT(say(id, "whole", "inspection", 20), 0);
    d = await("repaired", "verified");
    CHECK_STR(json_string_value(json_object_get(json_object_get(d, "repair"), "cause")), "inspector");
    CHECK_INT(json_array_size(json_object_get(d, "verdicts")), 5);
    CHECK_STR(json_string_value(json_object_get(json_array_get(json_object_get(d, "verdicts"), 1), "state")), "refused");
    json_decref(d);

    json_t *nodes = http_get_json(stack.http, "/v1/nodes"), *gateway = json_array_get(json_object_get(nodes, "items"), 0);
    CHECK_STR(json_string_value(json_object_get(gateway, "gateway")), "gw-1");
    CHECK_INT(json_integer_value(json_object_get(gateway, "not_believed")), 0);
    json_decref(nodes);
    snprintf(command, sizeof command, "%s/roadchief verify %s/log --registry %s/registry >%s/verify.log 2>&1", bin_dir, stack.http,
             dir, dir);
    CHECK_INT(system(command), 0);
    end();
}

int main(int argc, char **argv)
{
    const ssize_t length = readlink("/proc/self/exe", bin_dir, sizeof bin_dir - 1);

    if (length <= 0)
        return 1;
    bin_dir[length] = '\0';
    *strrchr(bin_dir, '/') = '\0';
    temp_make(dir);
    const int status = check_main(argc, argv);
    if (status == 0)
        temp_remove(dir);
    else
        printf("  stores and logs are kept in %s\n", dir);
    return status;
}
