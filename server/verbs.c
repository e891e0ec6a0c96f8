#include "server/verbs.h"

#include <stddef.h>

#include "server/ca_verbs.h"

const struct verb server_verbs[] = {
    {"server", "run the server: --config FILE [--check-config]; server verdict: what a person says of a defect", server_verb},
    {"verify", "check a ledger: a folder, an address or a database", verify_verb},
    {"coverage", "how old what is known is, road by road, and what to drive next: --config FILE [--next KM]", coverage_verb},
    {"log", "log export --data DIR OUT: the ledger as static files", log_verb},
    {"prove", "prove INDEX --data DIR: an offline proof of one entry", prove_verb},
    {"ca", "make certificates and keys for a district's parts", ca_verb},
    {"enroll", "let a key speak that was made elsewhere", enroll_verb},
    {NULL, NULL, NULL},
};
