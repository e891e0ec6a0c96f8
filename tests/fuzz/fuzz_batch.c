/* A batch from hostile bytes: refused with a field named, or one that encodes and decodes again to the same
 * bytes. */
#include <stdlib.h>
#include <string.h>

#include "link/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX];
    struct batch batch = {0}, second = {0};
    const char *field = NULL;
    size_t length = 0, length_again = 0;
    uint64_t seq = 0;

    const enum road_status peeked = batch_peek_seq(data, size, &seq);
    if (batch_decode(data, size, &batch, &field) != ROAD_OK) {
        if (!field)
            abort();
        return 0;
    }
    if (peeked != ROAD_OK || seq != batch.seq)
        abort();
    if (batch_encode(&batch, bytes, sizeof bytes, &length) != ROAD_OK)
        abort();
    batch_quantise(&batch); /* changes nothing that was decoded */
    if (batch_encode(&batch, again, sizeof again, &length_again) != ROAD_OK || length != length_again ||
        memcmp(bytes, again, length) != 0 || batch_decode(bytes, length, &second, NULL) != ROAD_OK)
        abort();
    batch_done(&batch);
    batch_done(&second);
    return 0;
}
