/* An acknowledgement from hostile bytes: refused with a field named, or one that encodes and decodes again.
 */
#include <stdlib.h>
#include <string.h>

#include "link/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[4096], again[4096];
    const char *field = NULL;
    size_t length = 0, length_again = 0;
    struct ack ack;

    if (ack_decode(data, size, &ack, &field) != ROAD_OK) {
        if (!field)
            abort();
        return 0;
    }
    if (ack_encode(&ack, bytes, sizeof bytes, &length) != ROAD_OK ||
        ack_decode(bytes, length, &ack, NULL) != ROAD_OK ||
        ack_encode(&ack, again, sizeof again, &length_again) != ROAD_OK || length != length_again ||
        memcmp(bytes, again, length) != 0)
        abort();
    return 0;
}
