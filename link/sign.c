#include "link/sign.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX        16384
#define P256_POINT_SIZE     65
#define P256_SIGNATURE_SIZE 64 /* r || s, RFC 9053 section 2.1 */
#define ALG_EDDSA           (-8)
#define ALG_ES256           (-7)

struct signer {
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    struct public_key public;
    struct kid kid;
};

struct verifier {
    struct public_key public;
    struct kid kid;
    EVP_PKEY *key;
    EVP_MD_CTX *context; /* made at the first check, so that a large registry stays small */
};

/* ---- names of keys ---- */

struct kid kid_of(const struct public_key *key)
{
    uint8_t digest[SHA256_SIZE];
    struct kid kid;

    sha256(key->bytes, key->length, digest);
    memcpy(kid.bytes, digest, KID_SIZE);
    return kid;
}

char *kid_format(struct kid kid, char ret_text[KID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < KID_SIZE; i++) {
        ret_text[2 * i] = digits[kid.bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[kid.bytes[i] & 15];
    }
    ret_text[KID_TEXT_SIZE - 1] = '\0';
    return ret_text;
}

enum road_status kid_parse(const char *text, struct kid *ret_kid)
{
    struct kid kid = {{0}};

    if (strnlen(text, KID_TEXT_SIZE) != KID_TEXT_SIZE - 1)
        return ROAD_BAD_INPUT;
    for (int i = 0; i < 2 * KID_SIZE; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return ROAD_BAD_INPUT;
        kid.bytes[i / 2] = (uint8_t)(kid.bytes[i / 2] << 4 | digit);
    }
    *ret_kid = kid;
    return ROAD_OK;
}

int kid_compare(struct kid a, struct kid b)
{
    return memcmp(a.bytes, b.bytes, KID_SIZE);
}

/* ---- private keys ---- */

/* Takes over `key`. */
static enum road_status signer_new(EVP_PKEY *key, struct signer **ret_signer)
{
    struct signer *signer = calloc(1, sizeof *signer);
    size_t length = ED25519_PUBLIC_SIZE;

    if (!signer) {
        EVP_PKEY_free(key);
        return ROAD_NO_MEMORY;
    }
    signer->key = key;
    signer->context = EVP_MD_CTX_new();
    signer->public = (struct public_key){.cose_alg = ALG_EDDSA, .length = length};
    if (!signer->context || EVP_PKEY_get_raw_public_key(key, signer->public.bytes, &length) != 1) {
        signer_close(signer);
        return ROAD_NO_MEMORY;
    }
    signer->kid = kid_of(&signer->public);
    *ret_signer = signer;
    return ROAD_OK;
}

/* Makes the folder's entry durable; a key that vanishes with the power is a lost identity. */
static enum road_status sync_folder_of(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) : 0;

    if (length >= sizeof folder)
        return ROAD_TOO_LARGE;
    memcpy(folder, path, length);
    memcpy(folder + length, slash ? "/" : ".", 2);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ROAD_IO;
    const int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ROAD_OK : ROAD_IO;
}

static enum road_status write_key(int fd, EVP_PKEY *key)
{
    FILE *file = fdopen(fd, "w");

    if (!file) {
        close(fd);
        return ROAD_IO;
    }
    bool is_written = PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    is_written = fflush(file) == 0 && fsync(fileno(file)) == 0 && is_written;
    return fclose(file) == 0 && is_written ? ROAD_OK : ROAD_IO;
}

enum road_status signer_create(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? ROAD_EXISTS : ROAD_IO;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!key) {
        close(fd);
        unlink(path);
        return ROAD_NO_MEMORY;
    }
    enum road_status status = write_key(fd, key);
    EVP_PKEY_free(key);
    if (status == ROAD_OK)
        status = sync_folder_of(path);
    if (status != ROAD_OK)
        unlink(path);
    return status;
}

/* OpenSSL would ask the terminal for a pass phrase: a daemon must not. */
static int no_pass_phrase(char *buffer, int size, int is_writing, void *context)
{
    (void)buffer, (void)size, (void)is_writing, (void)context;
    return 0;
}

/* A key that everybody may read is no key. */
static enum road_status check_key_file(FILE *file)
{
    struct stat info;

    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode))
        return ROAD_IO;
    if (info.st_size > KEY_FILE_MAX)
        return ROAD_TOO_LARGE;
    return info.st_mode & 07 ? ROAD_DENIED : ROAD_OK;
}

enum road_status signer_open(const char *path, struct signer **ret_signer)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
    const enum road_status status = check_key_file(file);
    EVP_PKEY *key = status == ROAD_OK ? PEM_read_PrivateKey(file, NULL, no_pass_phrase, NULL) : NULL;
    fclose(file);
    ERR_clear_error();
    if (status != ROAD_OK)
        return status;
    if (!key)
        return ROAD_BAD_INPUT;
    if (!EVP_PKEY_is_a(key, "ED25519")) {
        EVP_PKEY_free(key);
        return ROAD_UNSUPPORTED;
    }
    return signer_new(key, ret_signer);
}

enum road_status signer_from_seed(const uint8_t seed[32], struct signer **ret_signer)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);

    return key ? signer_new(key, ret_signer) : ROAD_NO_MEMORY;
}

void signer_close(struct signer *signer)
{
    if (!signer)
        return;
    EVP_MD_CTX_free(signer->context);
    EVP_PKEY_free(signer->key);
    free(signer);
}

struct kid signer_kid(const struct signer *signer)
{
    return signer->kid;
}

void signer_public(const struct signer *signer, struct public_key *ret_key)
{
    *ret_key = signer->public;
}

/* Ed25519 is one-shot (RFC 8032 hashes the message twice), so a context serves one message and is set up
 * again. */
enum road_status signer_sign(struct signer *signer, const void *data, size_t length,
                             uint8_t ret_signature[ED25519_SIGNATURE_SIZE])
{
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    size_t size = sizeof signature;

    EVP_MD_CTX_reset(signer->context);
    if (EVP_DigestSignInit(signer->context, NULL, NULL, NULL, signer->key) != 1 ||
        EVP_DigestSign(signer->context, signature, &size, data, length) != 1)
        return ROAD_NO_MEMORY;
    memcpy(ret_signature, signature, sizeof signature);
    return ROAD_OK;
}

/* ---- public keys ---- */

/* NULL if the bytes are no point of the curve. */
static EVP_PKEY *p256_key(const uint8_t point[P256_POINT_SIZE])
{
    char group[] = "prime256v1";
    uint8_t bytes[P256_POINT_SIZE];
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    memcpy(bytes, point, sizeof bytes);
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return key;
}

static EVP_PKEY *key_from_public(const struct public_key *key)
{
    if (key->cose_alg == ALG_EDDSA && key->length == ED25519_PUBLIC_SIZE)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, key->length);
    if (key->cose_alg == ALG_ES256 && key->length == P256_POINT_SIZE && key->bytes[0] == 4)
        return p256_key(key->bytes);
    return NULL;
}

enum road_status verifier_open(const struct public_key *key, struct verifier **ret_verifier)
{
    EVP_PKEY *pkey = key_from_public(key);

    if (!pkey)
        return ROAD_BAD_INPUT;
    struct verifier *verifier = calloc(1, sizeof *verifier);
    if (!verifier) {
        EVP_PKEY_free(pkey);
        return ROAD_NO_MEMORY;
    }
    *verifier = (struct verifier){.public = *key, .kid = kid_of(key), .key = pkey};
    *ret_verifier = verifier;
    return ROAD_OK;
}

void verifier_close(struct verifier *verifier)
{
    if (!verifier)
        return;
    EVP_MD_CTX_free(verifier->context);
    EVP_PKEY_free(verifier->key);
    free(verifier);
}

struct kid verifier_kid(const struct verifier *verifier)
{
    return verifier->kid;
}

int verifier_alg(const struct verifier *verifier)
{
    return verifier->public.cose_alg;
}

/* COSE carries r || s, OpenSSL wants them in DER. Returns the length, 0 if there is no memory. */
static size_t ecdsa_der(const uint8_t raw[P256_SIGNATURE_SIZE], uint8_t ret_der[80])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
    uint8_t *end = ret_der;
    int length = 0;

    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* now the pair's */
        length = i2d_ECDSA_SIG(pair, &end);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return length > 0 ? (size_t)length : 0;
}

enum road_status verifier_check(struct verifier *verifier, const void *data, size_t length,
                                const uint8_t *signature, size_t signature_length)
{
    const bool is_p256 = verifier->public.cose_alg == ALG_ES256;
    uint8_t der[80];

    if (signature_length != (is_p256 ? P256_SIGNATURE_SIZE : ED25519_SIGNATURE_SIZE))
        return ROAD_BAD_SIGNATURE;
    if (is_p256) {
        signature_length = ecdsa_der(signature, der);
        signature = der;
    }
    if (!verifier->context)
        verifier->context = EVP_MD_CTX_new();
    if (!verifier->context)
        return ROAD_NO_MEMORY;
    EVP_MD_CTX_reset(verifier->context);
    if (EVP_DigestVerifyInit_ex(verifier->context, NULL, is_p256 ? "SHA256" : NULL, NULL, NULL, verifier->key,
                                NULL) != 1)
        return ROAD_NO_MEMORY;
    const int verdict = EVP_DigestVerify(verifier->context, signature, signature_length, data, length);
    ERR_clear_error();
    return verdict == 1 ? ROAD_OK : ROAD_BAD_SIGNATURE;
}
