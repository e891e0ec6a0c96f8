/* A sealed message from hostile bytes: refused, or payload and kid lie inside it; nothing opens without its
 * key. */
#include <stdlib.h>

#include "link/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct verifier *make_verifier(void)
{
    const uint8_t seed[32] = {7};
    struct verifier *verifier;
    struct public_key key;
    struct signer *signer;

    if (signer_from_seed(seed, &signer) != ROAD_OK)
        abort();
    signer_public(signer, &key);
    signer_close(signer);
    if (verifier_open(&key, &verifier) != ROAD_OK)
        abort();
    return verifier;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct verifier *verifier;
    const uint8_t *payload;
    struct kid kid;
    size_t length;

    if (!verifier)
        verifier = make_verifier();
    if (cose_peek(data, size, &kid, &payload, &length) == ROAD_OK &&
        (payload < data || length > size || payload + length > data + size))
        abort();
    if (cose_open(verifier, data, size, &payload, &length) == ROAD_OK)
        abort();
    return 0;
}
