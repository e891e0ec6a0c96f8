/* A verdict, as a message and as a statement, from hostile bytes: refused with a field named, or one that encodes and
 * decodes again. */
#include <stdlib.h>
#include <string.h>

#include "link/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_statement(const uint8_t *data, size_t size)
{
    uint8_t bytes[256];
    struct verdict verdict;
    const char *field = NULL;
    size_t length;

    if (verdict_statement_decode(data, size, &verdict, &field) != ROAD_OK) {
        if (!field)
            abort();
    } else if (verdict_statement_encode(&verdict, bytes, sizeof bytes, &length) != ROAD_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[256], again[256];
    struct verdict verdict, second;
    const char *field = NULL;
    uint64_t seq, seq_again;
    size_t length, length_again;

    try_statement(data, size);
    if (verdict_decode(data, size, &verdict, &seq, &field) != ROAD_OK) {
        if (!field)
            abort();
        return 0;
    }
    if (verdict_encode(&verdict, seq, bytes, sizeof bytes, &length) != ROAD_OK ||
        verdict_decode(bytes, length, &second, &seq_again, NULL) != ROAD_OK || seq != seq_again ||
        verdict_compare(&verdict, &second) != 0 ||
        verdict_encode(&second, seq, again, sizeof again, &length_again) != ROAD_OK || length != length_again ||
        memcmp(bytes, again, length) != 0)
        abort();
    return 0;
}
