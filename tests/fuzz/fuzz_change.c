/* A change, and the statements of a defect and of the rules, from hostile bytes: refused with a field named, or one that encodes
 * again. */
#include <stdlib.h>
#include <string.h>

#include "link/message_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_statement(const uint8_t *data, size_t size)
{
    uint8_t bytes[1024];
    struct defect_belief belief;
    const char *field = NULL;
    struct kid kid;
    uint64_t seq;
    size_t length;

    if (defect_statement_decode(data, size, &belief, &kid, &seq, &field) != ROAD_OK) {
        if (!field)
            abort();
    } else if (defect_statement_encode(&belief, kid, seq, bytes, sizeof bytes, &length) != ROAD_OK) {
        abort();
    }
}

static void try_rules(const uint8_t *data, size_t size)
{
    static uint8_t bytes[RULES_PAYLOAD_MAX];
    struct rules_statement statement;
    const char *field = NULL;
    size_t length;

    if (rules_statement_decode(data, size, &statement, &field) != ROAD_OK) {
        if (!field)
            abort();
    } else if (rules_statement_encode(&statement, bytes, sizeof bytes, &length) != ROAD_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX];
    struct change change = {0}, second = {0};
    const char *field = NULL;
    size_t length = 0, length_again = 0;

    try_statement(data, size);
    try_rules(data, size);
    if (change_decode(data, size, &change, &field) != ROAD_OK) {
        if (!field)
            abort();
        return 0;
    }
    if (change_encode(&change, bytes, sizeof bytes, &length) != ROAD_OK ||
        change_decode(bytes, length, &second, NULL) != ROAD_OK ||
        change_encode(&second, again, sizeof again, &length_again) != ROAD_OK || length != length_again ||
        memcmp(bytes, again, length) != 0)
        abort();
    change_done(&change);
    change_done(&second);
    return 0;
}
