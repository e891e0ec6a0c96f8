/* intake.h - from a sealed change to durable rows, a signed head and an acknowledgement.
 *
 * Messages are queued as they come and applied in groups: one transaction holds the inbox rows, what the
 * changes say, their ledger entries and the signed head. Only after its commit are acknowledgements and
 * events handed out, so the order is durable entries, durable head, publish. A group closes at 256 entries,
 * 32 changes or when nothing is waiting; nobody waits for it to fill. Bounded: a full queue drops what comes
 * (the gateway sends it again). One thread; no clock inside. */
#ifndef SERVER_INTAKE_H
#define SERVER_INTAKE_H

#include "link/registry.h"
#include "server/ledger/ledger.h"
#include "server/store/store.h"

#define INTAKE_QUEUE_MAX 256 /* messages waiting, SEALED_MAX bytes each at most */

struct intake_config {
    const char *district;
    struct grid_zone zone;
    const struct registry *registry; /* may be replaced by intake_set_registry */
    struct signer *signer;           /* the server's own key: seals acknowledgements */
    void (*on_ack)(void *context, const char *gateway, const void *bytes, size_t length);
    void (*on_change)(void *context, int64_t change_id, const char *event, const struct store_touch *touch);
    void *context;
};

struct intake_stats {
    uint64_t applied, duplicates, gaps, refused, quarantined, dropped_full, failed_commits;
};

struct intake; /* opaque; borrows database and ledger */

enum road_status intake_open(sqlite3 *db, struct ledger *ledger, const struct intake_config *config,
                             struct intake **ret_intake);
void intake_close(struct intake *intake);
void intake_set_registry(struct intake *intake, const struct registry *registry);
/* Takes a message of topic road/v1/<district>/change/<gateway>: verifies, decodes, queues. ROAD_FULL:
 * dropped. */
enum road_status intake_push(struct intake *intake, const char *topic, const void *bytes, size_t length);
/* Applies one group of what waits. ROAD_END: nothing was waiting. A failure means that the whole group was
 * rolled back and dropped: nothing was acknowledged, the gateways send it again. ROAD_CORRUPT: do not go on.
 */
enum road_status intake_step(struct intake *intake, int64_t now_ms);
size_t intake_waiting(const struct intake *intake);
struct intake_stats intake_stats(const struct intake *intake);

#endif
