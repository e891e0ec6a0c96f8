#include "link/sign.h"
#include "link/wire.h"

#include <string.h>

#define TAG_SIGN1     18
#define LABEL_ALG     1
#define LABEL_CRIT    2
#define LABEL_KID     4
#define PROTECTED_MAX 64
/* "Signature1" and three heads beside protected header and payload. */
#define TO_SIGN_MAX (SEALED_MAX + PROTECTED_MAX + 32)

/* The parts of a COSE_Sign1; slices of the bytes read. */
struct sign1 {
    const uint8_t *protected, *payload, *signature;
    size_t protected_length, payload_length, signature_length;
    int64_t alg;
    struct kid kid;
};

static void read_protected(struct wire_reader *outer, struct sign1 *sign1)
{
    struct wire_reader reader;
    struct wire_map map;
    int64_t label;

    if (outer->status != ROAD_OK)
        return;
    wire_read(&reader, sign1->protected, sign1->protected_length);
    wire_map_open(&reader, &map, "protected header");
    while (wire_map_next(&reader, &map, &label)) {
        if (label == LABEL_ALG)
            sign1->alg = wire_get_int(&reader, INT32_MIN, INT32_MAX, "alg");
        else if (label == LABEL_KID)
            wire_get_block(&reader, sign1->kid.bytes, KID_SIZE, "kid");
        else if (label == LABEL_CRIT) /* something we would have to understand, RFC 9052 section 3.1 */
            wire_fail(&reader, ROAD_UNSUPPORTED, "crit");
        else
            wire_skip(&reader);
    }
    wire_map_require(&reader, &map, LABEL_ALG, "alg");
    wire_map_require(&reader, &map, LABEL_KID, "kid");
    if (wire_end(&reader) != ROAD_OK)
        wire_fail(outer, reader.status, reader.field);
}

/* The unprotected map must be empty: nothing unsigned travels, so one message has one form. */
static enum road_status sign1_read(const void *bytes, size_t length, struct sign1 *ret_sign1)
{
    struct wire_reader reader;
    struct wire_map unprotected;
    int64_t label;

    if (length > SEALED_MAX)
        return ROAD_TOO_LARGE;
    wire_read(&reader, bytes, length);
    if (wire_get_tag(&reader, "tag") != TAG_SIGN1)
        wire_fail(&reader, ROAD_BAD_INPUT, "tag");
    wire_tuple_open(&reader, 4, "COSE_Sign1");
    ret_sign1->protected =
        wire_get_bytes(&reader, PROTECTED_MAX, &ret_sign1->protected_length, "protected header");
    wire_map_open(&reader, &unprotected, "unprotected header");
    if (wire_map_next(&reader, &unprotected, &label))
        wire_fail(&reader, ROAD_BAD_INPUT, "unprotected header");
    ret_sign1->payload = wire_get_bytes(&reader, SEALED_MAX, &ret_sign1->payload_length, "payload");
    ret_sign1->signature = wire_get_bytes(&reader, 64, &ret_sign1->signature_length, "signature");
    read_protected(&reader, ret_sign1);
    return wire_end(&reader);
}

/* Sig_structure of RFC 9052 section 4.4: what is really signed. */
static enum road_status to_sign(const void *protected, size_t protected_length, const void *payload,
                                size_t payload_length, uint8_t ret_bytes[TO_SIGN_MAX], size_t *ret_length)
{
    struct wire_writer writer;

    wire_write(&writer, ret_bytes, TO_SIGN_MAX);
    wire_put_array(&writer, 4);
    wire_put_text(&writer, "Signature1", 10);
    wire_put_bytes(&writer, protected, protected_length);
    wire_put_bytes(&writer, NULL, 0);
    wire_put_bytes(&writer, payload, payload_length);
    *ret_length = writer.length;
    return writer.status;
}

enum road_status cose_seal(struct signer *signer, const void *payload, size_t payload_length,
                           uint8_t *ret_bytes, size_t capacity, size_t *ret_length)
{
    uint8_t protected[PROTECTED_MAX], signed_bytes[TO_SIGN_MAX], signature[ED25519_SIGNATURE_SIZE];
    const struct kid kid = signer_kid(signer);
    struct wire_writer header, writer;
    struct wire_fields fields;
    size_t signed_length;

    wire_write(&header, protected, sizeof protected);
    wire_fields_open(&header, &fields);
    wire_field_int(&header, &fields, LABEL_ALG, -8);
    wire_field_bytes(&header, &fields, LABEL_KID, kid.bytes, KID_SIZE);
    wire_fields_close(&header, &fields);
    enum road_status status =
        to_sign(protected, header.length, payload, payload_length, signed_bytes, &signed_length);
    if (status == ROAD_OK)
        status = signer_sign(signer, signed_bytes, signed_length, signature);
    if (status != ROAD_OK)
        return status;

    wire_write(&writer, ret_bytes, capacity < SEALED_MAX ? capacity : SEALED_MAX);
    wire_put_tag(&writer, TAG_SIGN1);
    wire_put_array(&writer, 4);
    wire_put_bytes(&writer, protected, header.length);
    wire_fields_open(&writer, &fields);
    wire_put_bytes(&writer, payload, payload_length);
    wire_put_bytes(&writer, signature, sizeof signature);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

enum road_status cose_peek(const void *bytes, size_t length, struct kid *ret_kid, const uint8_t **ret_payload,
                           size_t *ret_payload_length)
{
    struct sign1 sign1 = {0};
    const enum road_status status = sign1_read(bytes, length, &sign1);

    if (status != ROAD_OK)
        return status;
    *ret_kid = sign1.kid;
    *ret_payload = sign1.payload;
    *ret_payload_length = sign1.payload_length;
    return ROAD_OK;
}

enum road_status cose_open(struct verifier *verifier, const void *bytes, size_t length,
                           const uint8_t **ret_payload, size_t *ret_payload_length)
{
    uint8_t signed_bytes[TO_SIGN_MAX];
    size_t signed_length;
    struct sign1 sign1 = {0};
    enum road_status status = sign1_read(bytes, length, &sign1);

    if (status != ROAD_OK)
        return status;
    if (kid_compare(sign1.kid, verifier_kid(verifier)) != 0)
        return ROAD_UNKNOWN_KEY;
    if (sign1.alg != verifier_alg(verifier))
        return ROAD_BAD_SIGNATURE;
    status = to_sign(sign1.protected, sign1.protected_length, sign1.payload, sign1.payload_length,
                     signed_bytes, &signed_length);
    if (status == ROAD_OK)
        status =
            verifier_check(verifier, signed_bytes, signed_length, sign1.signature, sign1.signature_length);
    if (status != ROAD_OK)
        return status;
    *ret_payload = sign1.payload;
    *ret_payload_length = sign1.payload_length;
    return ROAD_OK;
}
