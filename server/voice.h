/* voice.h - what people say of defects: out of the table `verdict`, into the ledger, on to the gateway.
 *
 * `roadchief server verdict` writes a row; the server looks every half second, and in one transaction says it in the
 * ledger (kind "verdict", by the log's key, about the defect), seals it as a message for the gateway that tells of the
 * defect, and puts that into the gateway's outbox. Delivery is link's sender. One thread; no clock inside. */
#ifndef SERVER_VOICE_H
#define SERVER_VOICE_H

#include "link/registry.h"
#include "link/session.h"
#include "server/ledger/ledger.h"

struct voice_config {
    const char *district;
    const struct registry *registry; /* may be replaced by voice_set_registry */
    struct signer *signer;           /* the server's own key: seals the messages */
    struct signer *log_signer;       /* the log's: seals what enters the ledger */
    struct session *session;         /* NULL: nothing is sent (tests) */
};

struct voice_stats {
    uint64_t said, refused, acknowledged;
};

struct voice; /* opaque; borrows database, ledger, session and signers */

enum road_status voice_open(sqlite3 *db, struct ledger *ledger, const struct voice_config *config,
                            struct voice **ret_voice);
void voice_close(struct voice *voice);
enum road_status voice_set_registry(struct voice *voice, const struct registry *registry);
/* Looks for what was asked, and sends. A failure means that nothing was said: it is tried again. ROAD_CORRUPT: do not
 * go on. `now_ns` is monotonic. */
enum road_status voice_step(struct voice *voice, int64_t now_ns, int64_t wall_ms);
int64_t voice_deadline_ns(const struct voice *voice, int64_t now_ns);
void voice_on_connected(struct voice *voice);
/* True if the topic was an acknowledgement of a verdict. */
bool voice_on_message(struct voice *voice, const char *topic, const void *bytes, size_t length);
struct voice_stats voice_stats(const struct voice *voice);
/* The outbox to a gateway, NULL if it is not registered. */
struct outbox *voice_outbox(struct voice *voice, const char *gateway);

#endif
