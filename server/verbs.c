#include "server/verbs.h"

#include <stddef.h>

const struct verb server_verbs[] = {
    {"server", "run the server: --config FILE [--check-config]", server_verb},
    {"verify", "check a ledger: a folder, an address or a database", verify_verb},
    {"log", "log export --data DIR OUT: the ledger as static files", log_verb},
    {"prove", "prove INDEX --data DIR: an offline proof of one entry", prove_verb},
    {NULL, NULL, NULL},
};
