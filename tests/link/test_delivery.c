/* Outbox -> session -> real broker -> session -> inbox and back, with everything in between dying at random.
 */
#include <time.h>

#include "front/broker.h"
#include "link/inbox.h"
#include "link/session.h"
#include "server/ca.h"
#include "tests/check.h"
#include "tests/temp.h"

#define MESSAGES  500
#define LIMIT_MS  60000
#define OBS       "road/v1/330103/obs/node-1"
#define ACK       "road/v1/330103/ack/node-1"
#define IN_FLIGHT 32

static char dir[TEMP_PATH_SIZE], error[CA_ERROR_SIZE];
static struct broker *broker;

static uint64_t random_state;
static uint32_t draw(uint32_t below) /* splitmix64 (Steele et al. 2014) */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* --- the two ends --- */

struct node {
    sqlite3 *db;
    struct outbox *outbox;
    struct session *session;
    struct sender *sender;
    struct signer *signer;
    struct verifier *gateway;
    enum road_status last_ack; /* of sender_on_ack */
};

struct gateway {
    sqlite3 *db;
    struct inbox *inbox;
    struct session *session;
    struct signer *signer;
    struct verifier *node;
    struct kid node_kid;
    uint64_t refuse_multiple; /* each message whose number is a multiple of it is refused; 0 = none */
    bool dies_before_commit, dies_before_ack, is_dead;
    int n_heard, n_gaps, n_duplicates;
};

static struct node node;
static struct gateway gateway;

static const char *const gateway_tables[] = {
    "CREATE TABLE applied(id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL)", NULL};

static struct session_config config_for(const char *name,
                                        void (*on_message)(void *, const char *, const void *, size_t),
                                        void (*on_connected)(void *))
{
    static char ca[2][TEMP_PATH_SIZE + 64], cert[2][TEMP_PATH_SIZE + 64], key[2][TEMP_PATH_SIZE + 64];
    const int i = strcmp(name, "node-1") == 0;

    snprintf(ca[i], sizeof ca[i], "%s/ca/ca.crt", dir);
    snprintf(cert[i], sizeof cert[i], "%s/ca/%s.crt", dir, name);
    snprintf(key[i], sizeof key[i], "%s/ca/%s.key", dir, name);
    return (struct session_config){.client_id = name,
                                   .brokers = broker_address(broker),
                                   .keepalive_s = 10,
                                   .ca_file = ca[i],
                                   .cert_file = cert[i],
                                   .key_file = key[i],
                                   .on_message = on_message,
                                   .on_connected = on_connected};
}

static struct signer *open_key(const char *name)
{
    char path[2 * TEMP_PATH_SIZE];
    struct signer *signer = NULL;

    snprintf(path, sizeof path, "%s/ca/%s.key", dir, name);
    CHECK_STATUS(signer_open(path, &signer), ROAD_OK);
    return signer;
}

static struct verifier *open_public(const char *name)
{
    struct signer *signer = open_key(name);
    struct verifier *verifier = NULL;
    struct public_key key;

    signer_public(signer, &key);
    signer_close(signer);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    return verifier;
}

static void open_database(const char *name, const char *const *tables, sqlite3 **ret_db)
{
    char path[2 * TEMP_PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s.db", dir, name);
    CHECK_STATUS(database_open(path, tables, ret_db, error), ROAD_OK);
}

static void node_on_message(void *context, const char *topic, const void *payload, size_t length)
{
    (void)context;
    CHECK_STR(topic, ACK);
    node.last_ack = sender_on_ack(node.sender, node.gateway, payload, length);
}

static void node_on_connected(void *context)
{
    (void)context;
    sender_on_connected(node.sender);
}

static void node_open(void)
{
    const struct outbox_config limits = {.max_bytes = 16 << 20, .max_items = 100000};
    struct session_config config = config_for("node-1", node_on_message, node_on_connected);

    node = (struct node){.signer = open_key("node-1"), .gateway = open_public("gw-1")};
    open_database("node", NULL, &node.db);
    CHECK_STATUS(outbox_open(node.db, &limits, &node.outbox), ROAD_OK);
    config.will_topic = "road/v1/330103/status/node-1";
    CHECK_STATUS(session_open(&config, &node.session), ROAD_OK);
    CHECK_STATUS(session_subscribe(node.session, ACK), ROAD_OK);
    const struct sender_config sending = {
        .topic = OBS, .speaker = signer_kid(node.signer), .in_flight = IN_FLIGHT, .resend_after_ms = 100};
    CHECK_STATUS(sender_open(node.session, node.outbox, &sending, &node.sender), ROAD_OK);
}

static void node_close(void)
{
    sender_close(node.sender);
    session_close(node.session);
    outbox_close(node.outbox);
    database_close(node.db);
    signer_close(node.signer);
    verifier_close(node.gateway);
}

static void send_ack(bool is_gap)
{
    uint8_t payload[4096], sealed[4096 + SEAL_OVERHEAD];
    size_t length = 0, sealed_length = 0;
    struct ack ack;

    CHECK_STATUS(inbox_ack(gateway.inbox, gateway.node_kid, is_gap, &ack), ROAD_OK);
    CHECK_STATUS(ack_encode(&ack, payload, sizeof payload, &length), ROAD_OK);
    CHECK_STATUS(cose_seal(gateway.signer, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
    session_publish(gateway.session, ACK, sealed, sealed_length, false,
                    NULL); /* may be lost: that is the point */
}

/* Effect and inbox in one transaction, then the answer. */
static void apply(uint64_t seq, const void *bytes, size_t length)
{
    char sql[96];

    CHECK_STATUS(database_begin(gateway.db), ROAD_OK);
    if (gateway.refuse_multiple && seq % gateway.refuse_multiple == 0) {
        CHECK_STATUS(inbox_refuse(gateway.inbox, gateway.node_kid, seq, bytes, length, ROAD_BAD_RANGE),
                     ROAD_OK);
    } else {
        snprintf(sql, sizeof sql, "INSERT INTO applied(seq) VALUES(%" PRIu64 ")", seq);
        CHECK_STATUS(database_exec(gateway.db, sql), ROAD_OK);
        CHECK_STATUS(inbox_accept(gateway.inbox, gateway.node_kid, seq, bytes, length), ROAD_OK);
    }
    if (gateway.dies_before_commit) {
        gateway.is_dead = true;
        return;
    }
    CHECK_STATUS(database_commit(gateway.db), ROAD_OK);
    gateway.is_dead = gateway.dies_before_ack;
    if (!gateway.is_dead)
        send_ack(false);
}

static void gateway_on_message(void *context, const char *topic, const void *bytes, size_t length)
{
    const uint8_t *payload;
    size_t payload_length;
    uint64_t seq;

    (void)context;
    if (gateway.is_dead) /* the rest of a burst that a dead process would not have read */
        return;
    gateway.n_heard++;
    CHECK_STR(topic, OBS);
    if (cose_open(gateway.node, bytes, length, &payload, &payload_length) != ROAD_OK ||
        payload_length < sizeof seq) {
        CHECK_FAILED("a message came through damaged");
        return;
    }
    memcpy(&seq, payload, sizeof seq);
    switch (inbox_check(gateway.inbox, gateway.node_kid, seq, bytes, length)) {
    case ROAD_OK:
        apply(seq, bytes, length);
        break;
    case ROAD_DUPLICATE:
        gateway.n_duplicates++;
        send_ack(false);
        break;
    case ROAD_GAP:
        gateway.n_gaps++;
        send_ack(true);
        break;
    default:
        CHECK_FAILED("the inbox refused message %" PRIu64, seq);
    }
}

static void gateway_open(void)
{
    const struct session_config config = config_for("gw-1", gateway_on_message, NULL);

    gateway.is_dead = gateway.dies_before_commit = gateway.dies_before_ack = false;
    gateway.signer = open_key("gw-1");
    gateway.node = open_public("node-1");
    struct signer *of_node = open_key("node-1");
    gateway.node_kid = signer_kid(of_node);
    signer_close(of_node);
    open_database("gateway", gateway_tables, &gateway.db);
    CHECK_STATUS(inbox_open(gateway.db, 1000, &gateway.inbox), ROAD_OK);
    CHECK_STATUS(session_open(&config, &gateway.session), ROAD_OK);
    CHECK_STATUS(session_subscribe(gateway.session, "road/v1/330103/obs/+"), ROAD_OK);
}

static void gateway_close(void)
{
    session_close(gateway.session);
    inbox_close(gateway.inbox);
    database_close(gateway.db); /* an open transaction is gone, as after kill -9 */
    signer_close(gateway.signer);
    verifier_close(gateway.node);
}

static void begin_test(void)
{
    temp_make(dir);
    gateway = (struct gateway){0};
    CHECK_STATUS(ca_init(dir, "330103", error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "broker", CA_ROLE_BROKER, false, NULL, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "gw-1", CA_ROLE_GATEWAY, false, NULL, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "node-1", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    broker = NULL;
    if (broker_start(dir, "330103", &broker, error) != ROAD_OK) {
        printf("%s\n", error);
        exit(1);
    }
    node_open();
    gateway_open();
}

static void end_test(void)
{
    node_close();
    gateway_close();
    broker_stop(broker);
    temp_remove(dir);
}

/* --- what happens in between --- */

static void append(uint64_t seq)
{
    uint8_t payload[1200], sealed[sizeof payload + SEAL_OVERHEAD];
    const size_t length = sizeof seq + seq * 131 % 1000;
    size_t sealed_length = 0;

    memset(payload, (int)(seq & 0xff), sizeof payload);
    memcpy(payload, &seq, sizeof seq);
    CHECK_STATUS(cose_seal(node.signer, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
    CHECK_STATUS(outbox_append(node.outbox, seq, sealed, sealed_length), ROAD_OK);
}

static void turn(void)
{
    session_wait(node.session, 1);
    CHECK_STATUS(sender_step(node.sender, monotonic_ns()), ROAD_OK);
    session_wait(gateway.session, 1);
    if (gateway.is_dead) {
        gateway_close();
        gateway_open();
    }
}

static bool turn_until_acked(uint64_t upto)
{
    const int64_t end = monotonic_ns() + LIMIT_MS * 1000000LL;
    while (outbox_stats(node.outbox).acked_upto < upto && monotonic_ns() < end && !check_failures)
        turn();
    return outbox_stats(node.outbox).acked_upto >= upto;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t value = -1;

    CHECK_STATUS(database_prepare(db, sql, &q), ROAD_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

static void check_all_applied(int64_t n)
{
    CHECK_INT(ask(gateway.db, "SELECT count(*) FROM applied"), n);
    CHECK_INT(ask(gateway.db, "SELECT count(DISTINCT seq) FROM applied"), n);
    CHECK_INT(ask(gateway.db,
                  "SELECT count(*) FROM (SELECT seq, lag(seq) OVER (ORDER BY id) AS before FROM applied)"
                  " WHERE seq <= before"),
              0);
    CHECK_INT(outbox_stats(node.outbox).items, 0);
    CHECK_INT(outbox_stats(node.outbox).bytes, 0);
}

static void disturb(int *n_brokers, int *n_gateways, int *n_nodes)
{
    switch (draw(5)) {
    case 0:
    case 1:
        broker_kill(broker);
        for (uint32_t n = draw(20); n > 0; n--)
            turn(); /* both ends without a broker for a while */
        CHECK_STATUS(broker_restart(broker, error), ROAD_OK);
        ++*n_brokers;
        break;
    case 2:
        gateway.dies_before_commit = true;
        ++*n_gateways;
        break;
    case 3:
        gateway.dies_before_ack = true;
        ++*n_gateways;
        break;
    default:
        node_close();
        node_open();
        ++*n_nodes;
    }
}

static void deliver_through_chaos(uint64_t seed)
{
    int n_brokers = 0, n_gateways = 0, n_nodes = 0;
    uint64_t next_fault = 0;

    random_state = seed;
    begin_test();
    for (uint64_t seq = 1; seq <= MESSAGES; seq++)
        append(seq);
    while (next_fault < MESSAGES && !check_failures) {
        next_fault += 5 + draw(50);
        CHECK(turn_until_acked(next_fault < MESSAGES ? next_fault : MESSAGES));
        if (next_fault < MESSAGES)
            disturb(&n_brokers, &n_gateways, &n_nodes);
    }
    CHECK(turn_until_acked(MESSAGES));
    check_all_applied(MESSAGES);
    printf("  seed %" PRIu64 ": broker killed %d times, gateway %d, node %d; heard %d, twice %d, gaps %d\n",
           seed, n_brokers, n_gateways, n_nodes, gateway.n_heard, gateway.n_duplicates, gateway.n_gaps);
    CHECK(n_brokers + n_gateways + n_nodes >= 8);
    end_test();
}

FACT(all_500_arrive_once_and_in_order_whatever_dies)
{
    deliver_through_chaos(1);
}

FACT(all_500_arrive_once_and_in_order_whatever_dies_2)
{
    deliver_through_chaos(20261123);
}

FACT(a_quiet_way_needs_each_message_once)
{
    begin_test();
    for (uint64_t seq = 1; seq <= 200; seq++)
        append(seq);
    for (int64_t end = monotonic_ns() + LIMIT_MS * 1000000LL;
         !session_is_ready(gateway.session) && monotonic_ns() < end;)
        session_wait(gateway.session, 10); /* else the first ones would be lost, rightly */
    CHECK(turn_until_acked(200));
    check_all_applied(200);
    CHECK(gateway.n_heard <=
          200 + IN_FLIGHT); /* at most one window again, if a resend fell due on a busy machine */
    end_test();
}

FACT(refusals_reach_the_outbox_and_hold_nothing_up)
{
    begin_test();
    gateway.refuse_multiple = 7;
    for (uint64_t seq = 1; seq <= 100; seq++)
        append(seq);
    CHECK(turn_until_acked(100));
    check_all_applied(100 - 14);
    CHECK_INT(outbox_stats(node.outbox).refused, 14); /* 7, 14, ... 98 */
    CHECK_INT(ask(node.db, "SELECT count(*) FROM outbox_refused WHERE seq % 7 = 0 AND reason = 2"), 14);
    CHECK_INT(ask(gateway.db, "SELECT count(*) FROM quarantine WHERE seq % 7 = 0"), 14);
    end_test();
}

static enum road_status forge_ack(const char *signer_name, struct kid speaker, uint64_t upto)
{
    uint8_t payload[4096], sealed[4096 + SEAL_OVERHEAD];
    const struct ack ack = {.speaker = speaker, .upto = upto};
    struct signer *signer = open_key(signer_name);
    size_t length = 0, sealed_length = 0;

    CHECK_STATUS(ack_encode(&ack, payload, sizeof payload, &length), ROAD_OK);
    CHECK_STATUS(cose_seal(signer, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
    signer_close(signer);
    return sender_on_ack(node.sender, node.gateway, sealed, sealed_length);
}

FACT(only_the_gateways_word_about_ourselves_counts)
{
    begin_test();
    for (uint64_t seq = 1; seq <= 3; seq++)
        append(seq);
    struct kid other = signer_kid(node.signer);
    other.bytes[0] ^= 1;
    CHECK(forge_ack("broker", signer_kid(node.signer), 3) != ROAD_OK); /* another signer */
    CHECK_STATUS(forge_ack("gw-1", other, 3), ROAD_DENIED);            /* about another speaker */
    CHECK_STATUS(forge_ack("gw-1", signer_kid(node.signer), 4), ROAD_BAD_SEQUENCE);
    CHECK(sender_on_ack(node.sender, node.gateway, "garbage", 7) != ROAD_OK);
    CHECK_INT(outbox_stats(node.outbox).items, 3);
    CHECK_STATUS(forge_ack("gw-1", signer_kid(node.signer), 2), ROAD_OK);
    CHECK_INT(outbox_stats(node.outbox).items, 1);
    end_test();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
