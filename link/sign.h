/* sign.h - the one crypto door: Ed25519 keys, SHA-256, COSE_Sign1 (RFC 9052). OpenSSL behind it, with
 * fetched algorithms and contexts cached.
 *
 * A node, gateway or server IS its key: kid = first 8 bytes of SHA-256(raw 32-byte public key). Private keys
 * are PKCS#8 PEM files of mode 0600, made where they are used. Verification is always of the bytes received,
 * never of a re-encoding. ES256 (alg -7, phones) is verified only. One thread at a time per signer and
 * verifier; the hashes may be called by any thread. */
#ifndef LINK_SIGN_H
#define LINK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define KID_SIZE               8
#define KID_TEXT_SIZE          17 /* 16 hex digits and NUL */
#define SHA256_SIZE            32
#define ED25519_PUBLIC_SIZE    32
#define ED25519_SIGNATURE_SIZE 64
#define SEALED_MAX             32768 /* bytes of a sealed message */
#define SEAL_OVERHEAD          128   /* bytes that sealing adds at most */

struct kid {
    uint8_t bytes[KID_SIZE];
};

/* A public key of either algorithm: raw 32 bytes of Ed25519 or the 65-byte uncompressed P-256 point. */
struct public_key {
    int cose_alg; /* -8 EdDSA, -7 ES256 */
    size_t length;
    uint8_t bytes[65];
};

struct signer; /* a private key with its contexts; opaque */

/* Makes a new key file, 0600; ROAD_EXISTS if there is one. */
enum road_status signer_create(const char *path);
/* ROAD_NOT_FOUND, ROAD_DENIED if others may read the file, ROAD_BAD_INPUT if it is no unencrypted PEM key,
 * ROAD_UNSUPPORTED if the key is not Ed25519. */
enum road_status signer_open(const char *path, struct signer **ret_signer);
enum road_status signer_from_seed(const uint8_t seed[32], struct signer **ret_signer); /* tests and vectors */
void signer_close(struct signer *signer);
struct kid signer_kid(const struct signer *signer);
void signer_public(const struct signer *signer, struct public_key *ret_key);
enum road_status signer_sign(struct signer *signer, const void *data, size_t length,
                             uint8_t ret_signature[ED25519_SIGNATURE_SIZE]);

struct kid kid_of(const struct public_key *key);
char *kid_format(struct kid kid, char ret_text[KID_TEXT_SIZE]);
enum road_status kid_parse(const char *text, struct kid *ret_kid);
int kid_compare(struct kid a, struct kid b); /* as memcmp */

struct verifier; /* a public key with its contexts cached; opaque */
/* ROAD_BAD_INPUT if the bytes are no key of that algorithm. */
enum road_status verifier_open(const struct public_key *key, struct verifier **ret_verifier);
void verifier_close(struct verifier *verifier);
struct kid verifier_kid(const struct verifier *verifier);
int verifier_alg(const struct verifier *verifier);
/* `signature`: 64 bytes; of ES256 r || s. ROAD_BAD_SIGNATURE if it is not this key's of these bytes. */
enum road_status verifier_check(struct verifier *verifier, const void *data, size_t length,
                                const uint8_t *signature, size_t signature_length);

/* COSE_Sign1, tagged (18), protected {1: alg, 4: kid}, empty unprotected, attached payload, no external aad;
 * any other form is refused, so that a message cannot change its bytes and keep its signature.
 *
 * cose_seal: ret_bytes needs payload + SEAL_OVERHEAD. ROAD_TOO_LARGE beyond SEALED_MAX. */
enum road_status cose_seal(struct signer *signer, const void *payload, size_t payload_length,
                           uint8_t *ret_bytes, size_t capacity, size_t *ret_length);
/* Reads kid and payload (slices of `bytes`) without verifying: to find the key. */
enum road_status cose_peek(const void *bytes, size_t length, struct kid *ret_kid, const uint8_t **ret_payload,
                           size_t *ret_payload_length);
/* Verifies with the key found, and gives the payload. ROAD_UNKNOWN_KEY if another key's kid is named. */
enum road_status cose_open(struct verifier *verifier, const void *bytes, size_t length,
                           const uint8_t **ret_payload, size_t *ret_payload_length);

/* With a cached context; any thread. */
void sha256(const void *data, size_t length, uint8_t ret_digest[SHA256_SIZE]);
/* Two pieces hashed as one, for leaf and node hashes: SHA-256(prefix || a || b). */
void sha256_prefixed(uint8_t prefix, const void *a, size_t a_length, const void *b, size_t b_length,
                     uint8_t ret_digest[SHA256_SIZE]);
/* Standard alphabet, padded, NUL-ended. Returns the length wanted; if that is >= capacity the text is "". */
size_t base64_encode(const void *data, size_t length, char *ret_text, size_t capacity);
/* Strict: no blanks, right padding, unused bits zero. */
enum road_status base64_decode(const char *text, size_t length, uint8_t *ret_data, size_t capacity,
                               size_t *ret_length);
void random_bytes(void *data, size_t length);

#endif
