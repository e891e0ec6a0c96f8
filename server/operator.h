/* operator.h - what the operator says for the record, with the log's own key: the keys of the speakers, each
 * start of the server, each change of its config. Each call is one transaction. */
#ifndef SERVER_OPERATOR_H
#define SERVER_OPERATOR_H

#include "link/registry.h"
#include "server/ledger/ledger.h"

/* The log's key in DIR/log.key; made if it is missing and the database has no head yet. ROAD_DENIED: the
 * database has heads, but their key is gone. */
enum road_status operator_open_key(const char *data_dir, sqlite3 *db, struct signer **ret_signer);

struct operator_statement {
    const char *server; /* name of the server that starts */
    const char *district;
    const struct registry *registry;
    uint8_t config_sha256[SHA256_SIZE];
    int64_t now_ms;
};

/* Registers the log's own key (the first entry of all) and every key of the registry that is not in the log
 * yet. Keys of phones stay out: they never speak in the ledger, and they belong to people. */
enum road_status operator_register_keys(sqlite3 *db, struct ledger *ledger, struct signer *log_signer,
                                        const struct operator_statement *what);
/* Says that the server starts, and its config if that is not the one last said. */
enum road_status operator_start(sqlite3 *db, struct ledger *ledger, struct signer *log_signer,
                                const struct operator_statement *what);

#endif
