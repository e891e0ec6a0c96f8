/* sample.h - a small district for tests of the server: keys from seeds, a registry file, sealed changes. */
#ifndef TESTS_SERVER_SAMPLE_H
#define TESTS_SERVER_SAMPLE_H

#include <sys/stat.h>
#include <unistd.h>

#include "link/database.h"
#include "link/registry.h"
#include "server/intake.h"
#include "server/operator.h"
#include "server/store/schema.h"
#include "tests/check.h"

#define SAMPLE_ORIGIN   "roads.example/test"
#define SAMPLE_DISTRICT "330103"
#define SAMPLE_TIME_NS  INT64_C(1795419660000000000) /* 2026-11-23T07:41:00Z */

static const struct grid_zone sample_zone = {.meridian_deg = 120, .is_south = false};

struct sample {
    char folder[64], db_path[96], registry_path[96];
    struct signer *gateway, *node, *server, *log;
    struct registry *registry;
    sqlite3 *db;
    struct ledger *ledger;
    struct intake *intake;
};

static inline struct signer *sample_signer(const char *seed_text)
{
    struct signer *signer = NULL;
    uint8_t seed[32];

    sha256(seed_text, strlen(seed_text), seed);
    CHECK_STATUS(signer_from_seed(seed, &signer), ROAD_OK);
    return signer;
}

static inline void sample_register(const struct sample *s, const char *name, enum registry_role role,
                                   const struct signer *signer)
{
    struct registry_entry entry = {.role = role};
    char error[512] = "";

    snprintf(entry.name, sizeof entry.name, "%s", name);
    snprintf(entry.district, sizeof entry.district, "%s", SAMPLE_DISTRICT);
    signer_public(signer, &entry.key);
    if (registry_add(s->registry_path, &entry, error))
        CHECK_FAILED("registry: %s", error);
}

static inline void sample_open_db(struct sample *s, const struct intake_config *config)
{
    char error[512] = "";
    struct operator_statement what = {
        .server = "server-1", .district = SAMPLE_DISTRICT, .now_ms = 1795419660000};
    struct intake_config full = *config;

    if (database_open(s->db_path, store_migrations, &s->db, error))
        CHECK_FAILED("open: %s", error);
    if (registry_load(s->registry_path, &s->registry, error))
        CHECK_FAILED("registry: %s", error);
    CHECK_STATUS(ledger_open(s->db, SAMPLE_ORIGIN, s->log, &s->ledger), ROAD_OK);
    what.registry = s->registry;
    CHECK_STATUS(operator_register_keys(s->db, s->ledger, s->log, &what), ROAD_OK);
    CHECK_STATUS(operator_start(s->db, s->ledger, s->log, &what), ROAD_OK);
    full.district = SAMPLE_DISTRICT;
    full.zone = sample_zone;
    full.registry = s->registry;
    full.signer = s->server;
    CHECK_STATUS(intake_open(s->db, s->ledger, &full, &s->intake), ROAD_OK);
}

static inline void sample_close_db(struct sample *s)
{
    intake_close(s->intake);
    ledger_close(s->ledger);
    registry_close(s->registry);
    database_close(s->db);
}

static inline void sample_new(struct sample *s, const struct intake_config *config)
{
    *s = (struct sample){.folder = "/tmp/road-server-XXXXXX"};
    CHECK(mkdtemp(s->folder) != NULL);
    snprintf(s->db_path, sizeof s->db_path, "%s/server.db", s->folder);
    snprintf(s->registry_path, sizeof s->registry_path, "%s/registry", s->folder);
    s->gateway = sample_signer("gateway"), s->node = sample_signer("node");
    s->server = sample_signer("server"), s->log = sample_signer("log");
    sample_register(s, "gw-1", ROLE_GATEWAY, s->gateway);
    sample_register(s, "node-1", ROLE_NODE, s->node);
    sample_register(s, "server-1", ROLE_SERVER, s->server);
    sample_open_db(s, config);
}

static inline void sample_done(struct sample *s)
{
    char command[128];

    sample_close_db(s);
    signer_close(s->gateway), signer_close(s->node), signer_close(s->server), signer_close(s->log);
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    CHECK(strncmp(s->folder, "/tmp/road-server-", 17) == 0 && system(command) == 0);
}

static inline struct cell sample_cell(int i, int j, int level)
{
    struct cell cell = {0};

    CHECK_STATUS(cell_from_point(sample_zone,
                                 (struct grid_point){515741000 + 1000 * i, 3350510000 + 1000 * j}, level,
                                 &cell),
                 ROAD_OK);
    return cell;
}

static inline struct defect_id sample_defect_id(uint64_t seq)
{
    return (struct defect_id){
        .time_ns = SAMPLE_TIME_NS, .kid = {{1, 2, 3, 4, 5, 6, 7, 8}}, .seq = seq, .index = 0};
}

static inline struct defect_belief sample_belief(uint64_t seq, enum defect_state state)
{
    return (struct defect_belief){.id = sample_defect_id(seq),
                                  .state = state,
                                  .type = DEFECT_POTHOLE,
                                  .severity = SEVERITY_HIGH,
                                  .may_be_red = true,
                                  .posterior_permille = 970,
                                  .at = {515741500, 3350510500},
                                  .cov_ee_cm2 = 6400,
                                  .cov_en_cm2 = 100,
                                  .cov_nn_cm2 = 1600,
                                  .size_milli = 58000,
                                  .size_sigma_milli = 15000,
                                  .hits = 3,
                                  .passes = 5,
                                  .motion_hits = 3,
                                  .units = 3,
                                  .first_ns = SAMPLE_TIME_NS,
                                  .last_ns = SAMPLE_TIME_NS};
}

static inline struct cell_change sample_cell_change(struct cell cell, enum road_code code)
{
    return (struct cell_change){.cell = cell,
                                .reason = {.code = code,
                                           .channel = CHANNEL_CLEAN,
                                           .passes = 2,
                                           .csi = 100,
                                           .iri_centi = IRI_UNKNOWN,
                                           .coverage_centi = 120,
                                           .seen_ns = SAMPLE_TIME_NS}};
}

/* A change with its arrays inside; fill, then seal. */
struct sample_change {
    struct change change;
    struct cell_change cells[CHANGE_CELLS_MAX];
    struct defect_belief defects[8];
    struct statement statements[CHANGE_STATEMENTS_MAX];
    char subjects[CHANGE_STATEMENTS_MAX][96];
    uint8_t cose[CHANGE_STATEMENTS_MAX][512];
};

static inline struct sample_change *sample_change_new(uint64_t seq)
{
    struct sample_change *c = calloc(1, sizeof *c);

    c->change =
        (struct change){.seq = seq,
                        .zone = sample_zone,
                        .cause_kid = {{1, 2, 3, 4, 5, 6, 7, 8}},
                        .cause_seq = seq,
                        .is_last = true,
                        .as_of_ns = SAMPLE_TIME_NS,
                        .road = {.covered_cm = 100000, .red_cm = 1000, .yellow_cm = 2000, .green_cm = 97000},
                        .cells = c->cells,
                        .defects = c->defects,
                        .statements = c->statements};
    return c;
}

static inline void sample_put_cell(struct sample_change *c, struct cell cell, enum road_code code)
{
    c->cells[c->change.n_cells++] = sample_cell_change(cell, code);
}

static inline void sample_put_statement(struct sample_change *c, const char *kind, const char *subject,
                                        struct signer *signer, const uint8_t *payload, size_t payload_length)
{
    const size_t n = c->change.n_statements++;
    size_t length = 0;

    snprintf(c->subjects[n], sizeof c->subjects[n], "%s", subject);
    CHECK_STATUS(cose_seal(signer, payload, payload_length, c->cose[n], sizeof c->cose[n], &length), ROAD_OK);
    c->statements[n] = (struct statement){.kind = kind,
                                          .kind_length = strlen(kind),
                                          .subject = c->subjects[n],
                                          .subject_length = strlen(c->subjects[n]),
                                          .cose = c->cose[n],
                                          .cose_length = length};
}

/* The defect itself and what the gateway says of it. */
static inline void sample_put_defect(struct sample_change *c, uint64_t id_seq, enum defect_state state,
                                     struct signer *signer)
{
    const struct defect_belief belief = sample_belief(id_seq, state);
    char subject[96], id[DEFECT_ID_TEXT_SIZE];
    uint8_t payload[400];
    size_t length = 0;

    c->defects[c->change.n_defects++] = belief;
    snprintf(subject, sizeof subject, "defect/%s", defect_id_format(&belief.id, id));
    CHECK_STATUS(defect_statement_encode(&belief, c->change.cause_kid, c->change.cause_seq, payload,
                                         sizeof payload, &length),
                 ROAD_OK);
    sample_put_statement(c, "defect", subject, signer, payload, length);
}

static inline void sample_put_digest(struct sample_change *c, struct signer *signer)
{
    const struct cell tile = cell_parent(sample_cell(0, 0, 0), 8);
    struct square_move squares[CHANGE_CELLS_MAX];
    char subject[96];
    uint8_t payload[400];
    size_t length = 0;

    snprintf(subject, sizeof subject, "tile/%llu", (unsigned long long)tile.id);
    for (size_t i = 0; i < c->change.n_cells; i++)
        squares[i] = (struct square_move){c->cells[i].cell, c->cells[i].was, c->cells[i].reason.code};
    CHECK_STATUS(digest_statement_encode(tile, squares, c->change.n_cells, c->change.cause_kid, c->change.cause_seq,
                                         payload, sizeof payload, &length),
                 ROAD_OK);
    sample_put_statement(c, "change-digest", subject, signer, payload, length);
}

static inline size_t sample_seal(const struct sample_change *c, struct signer *signer,
                                 uint8_t ret_bytes[SEALED_MAX])
{
    static uint8_t plain[SEALED_MAX];
    size_t length = 0, sealed = 0;

    CHECK_STATUS(change_encode(&c->change, plain, SEALED_MAX - SEAL_OVERHEAD, &length), ROAD_OK);
    CHECK_STATUS(cose_seal(signer, plain, length, ret_bytes, SEALED_MAX, &sealed), ROAD_OK);
    return sealed;
}

static inline enum road_status sample_push(struct sample *s, const struct sample_change *c,
                                           struct signer *signer)
{
    static uint8_t sealed[SEALED_MAX];
    const size_t length = sample_seal(c, signer, sealed);

    return intake_push(s->intake, "road/v1/" SAMPLE_DISTRICT "/change/gw-1", sealed, length);
}

static inline int64_t sample_count(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q;
    int64_t value = -1;

    if (database_prepare(db, sql, &q))
        CHECK_FAILED("%s: %s", sql, sqlite3_errmsg(db));
    else if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

#endif
