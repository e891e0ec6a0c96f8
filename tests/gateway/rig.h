/* rig.h - a keeper on a temporary folder, with registered nodes whose keys come from seeds. */
#ifndef TESTS_GATEWAY_RIG_H
#define TESTS_GATEWAY_RIG_H

#include <stdio.h>
#include <unistd.h>

#include "gateway/keeper.h"
#include "link/log.h"
#include "tests/gateway/drive.h"

#define RIG_NODES 4
#define RIG_DISTRICT "330103"

struct rig {
    char dir[64], db_path[96], registry_path[96];
    struct signer *gateway, *server, *nodes[RIG_NODES], *stranger;
    struct registry *registry;
    struct keeper_config config;
    struct keeper *keeper;
    struct keeper_ack acks[KEEPER_GROUP_MAX];
    size_t n_acks;
    int64_t now_ns;
};

/* A sealed message with its topic. */
struct letter {
    char topic[96];
    size_t length;
    uint8_t bytes[SEALED_MAX];
};

static inline void rig_must(enum road_status status, const char *what)
{
    if (status == ROAD_OK)
        return;
    printf("rig: %s: %s\n", what, road_status_name(status));
    exit(1);
}

static inline struct signer *rig_signer(uint8_t number)
{
    uint8_t seed[32] = {number, 0x5e, 0xed};
    struct signer *signer;

    rig_must(signer_from_seed(seed, &signer), "signer");
    return signer;
}

static inline void rig_register(struct rig *rig, struct signer *signer, const char *name, enum registry_role role,
                                bool is_phone)
{
    struct registry_entry entry = {.role = role, .is_phone = is_phone};
    char error[512];

    snprintf(entry.name, sizeof entry.name, "%s", name);
    snprintf(entry.district, sizeof entry.district, RIG_DISTRICT);
    signer_public(signer, &entry.key);
    entry.kid = kid_of(&entry.key);
    rig_must(registry_add(rig->registry_path, &entry, error), "registry_add");
}

static inline void rig_open_keeper(struct rig *rig)
{
    char error[KEEPER_ERROR_SIZE] = "";

    if (keeper_open(&rig->config, &rig->keeper, error) != ROAD_OK) {
        printf("rig: %s\n", error);
        exit(1);
    }
}

/* node-0, node-1, node-2 are of the fleet, node-3 is a phone. */
static inline void rig_open(struct rig *rig)
{
    char error[512], name[16];

    memset(rig, 0, sizeof *rig);
    log_init("test", LOG_LEVEL_ERROR);
    snprintf(rig->dir, sizeof rig->dir, "/tmp/road-gateway-XXXXXX");
    if (!mkdtemp(rig->dir))
        exit(1);
    snprintf(rig->db_path, sizeof rig->db_path, "%s/gateway.db", rig->dir);
    snprintf(rig->registry_path, sizeof rig->registry_path, "%s/registry", rig->dir);
    rig->gateway = rig_signer(100);
    rig->stranger = rig_signer(101);
    rig->server = rig_signer(102);
    for (unsigned i = 0; i < RIG_NODES; i++) {
        rig->nodes[i] = rig_signer((uint8_t)(i + 1));
        snprintf(name, sizeof name, "node-%u", i);
        rig_register(rig, rig->nodes[i], name, ROLE_NODE, i == 3);
    }
    rig_register(rig, rig->gateway, "gw-1", ROLE_GATEWAY, false);
    rig_register(rig, rig->server, "server", ROLE_SERVER, false);
    rig_must(registry_load(rig->registry_path, &rig->registry, error), "registry_load");
    rig->config = (struct keeper_config){.path = rig->db_path,
                                         .district = RIG_DISTRICT,
                                         .beliefs = drive_config(),
                                         .outbox = {.max_bytes = INT64_C(1) << 30, .max_items = 1000000},
                                         .quarantine_max_items = 100,
                                         .signer = rig->gateway,
                                         .registry = rig->registry};
    rig->now_ns = DAY0_NS + 7 * NS_PER_DAY;
    rig_open_keeper(rig);
}

static inline void rig_close(struct rig *rig)
{
    char command[128];

    keeper_close(rig->keeper);
    registry_close(rig->registry);
    for (unsigned i = 0; i < RIG_NODES; i++)
        signer_close(rig->nodes[i]);
    signer_close(rig->gateway);
    signer_close(rig->server);
    signer_close(rig->stranger);
    snprintf(command, sizeof command, "rm -rf %s", rig->dir);
    if (system(command) != 0)
        printf("rig: %s is left behind\n", rig->dir);
}

static inline void seal_bytes(struct signer *signer, const char *name, const void *payload, size_t length,
                              struct letter *ret_letter)
{
    snprintf(ret_letter->topic, sizeof ret_letter->topic, "road/v1/" RIG_DISTRICT "/obs/%s", name);
    rig_must(cose_seal(signer, payload, length, ret_letter->bytes, sizeof ret_letter->bytes, &ret_letter->length),
             "cose_seal");
}

static inline void seal_batch(struct signer *signer, const char *name, const struct batch *batch,
                              struct letter *ret_letter)
{
    static uint8_t payload[SEALED_MAX];
    size_t length;

    rig_must(batch_encode(batch, payload, BATCH_PAYLOAD_MAX, &length), "batch_encode");
    seal_bytes(signer, name, payload, length, ret_letter);
}

static inline void seal_from(struct rig *rig, unsigned node, const struct batch *batch, struct letter *ret_letter)
{
    char name[16];

    snprintf(name, sizeof name, "node-%u", node);
    seal_batch(rig->nodes[node], name, batch, ret_letter);
}

static inline enum road_status rig_take(struct rig *rig, const struct letter *letters, size_t n)
{
    struct keeper_message messages[KEEPER_GROUP_MAX];

    for (size_t i = 0; i < n; i++)
        messages[i] = (struct keeper_message){letters[i].topic, letters[i].bytes, letters[i].length};
    rig->n_acks = 0;
    return keeper_take(rig->keeper, messages, n, rig->now_ns, rig->acks, &rig->n_acks);
}

/* The acknowledgement for a node of the last rig_take, verified with the gateway's key; upto = UINT64_MAX if none. */
static inline struct ack rig_ack(struct rig *rig, unsigned node)
{
    struct public_key key;
    struct verifier *verifier;
    struct ack ack, found = {.upto = UINT64_MAX};
    const uint8_t *payload;
    size_t length;

    signer_public(rig->gateway, &key);
    rig_must(verifier_open(&key, &verifier), "verifier");
    for (size_t i = 0; i < rig->n_acks; i++) {
        rig_must(cose_open(verifier, rig->acks[i].bytes, rig->acks[i].length, &payload, &length), "ack signature");
        rig_must(ack_decode(payload, length, &ack, NULL), "ack");
        if (kid_compare(ack.speaker, signer_kid(rig->nodes[node])) == 0)
            found = ack;
    }
    verifier_close(verifier);
    return found;
}

/* A plain drive along the east street with one hit at 100 m. */
static inline void rig_drive(struct drive *d, uint64_t seq, int64_t start_ns, enum gnss_class gnss, double sigma_m)
{
    drive_straight(d, seq, start_ns, 0, 40, 200, 40, gnss, sigma_m);
    drive_hit(d, DEFECT_POTHOLE, start_ns + 10 * SECOND_NS, 100.3, 40.7, sigma_m, 60, 90);
}

#endif
