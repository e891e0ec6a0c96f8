#include "link/sign.h"
#include "tests/check.h"
#include "tests/link/fixtures.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public, *message, *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bb"
     "e24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302"
     "aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed"
     "28dc027beceea1ec40a"},
};

static struct public_key key_of(int alg, const char *hex)
{
    struct public_key key = {.cose_alg = alg};

    key.length = unhex(hex, key.bytes, sizeof key.bytes);
    return key;
}

static struct signer *signer_of(size_t i)
{
    uint8_t seed[32];
    struct signer *signer = NULL;

    unhex(rfc8032[i].seed, seed, sizeof seed);
    CHECK_STATUS(signer_from_seed(seed, &signer), ROAD_OK);
    return signer;
}

static struct verifier *verifier_of(const struct signer *signer)
{
    struct public_key key;
    struct verifier *verifier = NULL;

    signer_public(signer, &key);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    return verifier;
}

FACT(ed25519_signs_and_verifies_as_in_rfc_8032)
{
    for (size_t i = 0; i < 3; i++) {
        uint8_t message[8], want[64], got[64];
        const size_t length = unhex(rfc8032[i].message, message, sizeof message);
        const struct public_key key = key_of(-8, rfc8032[i].public);
        struct signer *signer = signer_of(i);
        struct public_key own;
        struct verifier *verifier;

        unhex(rfc8032[i].signature, want, sizeof want);
        signer_public(signer, &own);
        CHECK(own.length == 32 && memcmp(own.bytes, key.bytes, 32) == 0);
        CHECK_STATUS(signer_sign(signer, message, length, got), ROAD_OK);
        CHECK(memcmp(got, want, 64) == 0);
        CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
        CHECK_STATUS(verifier_check(verifier, message, length, want, 64), ROAD_OK);
        want[i] ^= 1;
        CHECK_STATUS(verifier_check(verifier, message, length, want, 64), ROAD_BAD_SIGNATURE);
        CHECK_STATUS(verifier_check(verifier, message, length, got, 63), ROAD_BAD_SIGNATURE);
        CHECK_STATUS(verifier_check(verifier, message, length, got, 64), ROAD_OK); /* still usable */
        verifier_close(verifier);
        signer_close(signer);
    }
}

/* RFC 9052 appendix C.2.1: a COSE_Sign1 with ECDSA P-256; the key is "11" of its appendix C.7.1. */
static const char cose_example_key[] = "04 bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
                                       "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";
static const char cose_example_signature[] =
    "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
    "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";
/* ["Signature1", h'a10126', h'', 'This is the content.'], by hand. */
static const char cose_example_signed[] = "84 6a 5369676e617475726531 43 a10126 40 54"
                                          "546869732069732074686520636f6e74656e742e";

FACT(es256_verifies_the_example_of_rfc_9052)
{
    const struct public_key key = key_of(-7, cose_example_key);
    uint8_t data[64], signature[64];
    const size_t length = unhex(cose_example_signed, data, sizeof data);
    struct verifier *verifier;

    unhex(cose_example_signature, signature, sizeof signature);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    CHECK_STATUS(verifier_check(verifier, data, length, signature, 64), ROAD_OK);
    data[length - 1] ^= 1;
    CHECK_STATUS(verifier_check(verifier, data, length, signature, 64), ROAD_BAD_SIGNATURE);
    memset(signature, 0, sizeof signature);
    CHECK_STATUS(verifier_check(verifier, data, length, signature, 64), ROAD_BAD_SIGNATURE);
    memset(signature, 0xff, sizeof signature);
    CHECK_STATUS(verifier_check(verifier, data, length, signature, 64), ROAD_BAD_SIGNATURE);
    verifier_close(verifier);
}

FACT(bytes_that_are_no_key_are_refused)
{
    struct public_key key = key_of(-7, cose_example_key);
    struct verifier *verifier;

    key.bytes[64] ^= 1; /* off the curve */
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_BAD_INPUT);
    key.bytes[64] ^= 1;
    key.bytes[0] = 6;
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_BAD_INPUT);
    key = key_of(-8, cose_example_key);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_BAD_INPUT);
    key = (struct public_key){.cose_alg = -37, .length = 32};
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_BAD_INPUT);
}

/* The COSE_Sign1 that we make, taken apart by hand, and its signature put to OpenSSL directly. */
FACT(a_sealed_message_is_a_cose_sign1_byte_by_byte)
{
    static const char head[] = "d2 84 4d a2 01 27 04 48";
    struct signer *signer = signer_of(0);
    uint8_t sealed[256], want[256], digest[32];
    size_t length = 0;

    CHECK_STATUS(cose_seal(signer, "\x01\x02\x03", 3, sealed, sizeof sealed, &length), ROAD_OK);
    size_t n = unhex(head, want, sizeof want);
    unhex(rfc8032[0].public, digest, 32);
    EVP_Q_digest(NULL, "SHA256", NULL, digest, 32, digest, NULL); /* kid: its first 8 bytes */
    memcpy(want + n, digest, 8);
    n += 8;
    n += unhex("a0 43 010203 58 40", want + n, sizeof want - n);
    CHECK_INT(length, n + 64);
    CHECK(memcmp(sealed, want, n) == 0);

    uint8_t to_sign[128];
    size_t m = unhex("84 6a 5369676e617475726531 4d", to_sign, sizeof to_sign);
    memcpy(to_sign + m, sealed + 3, 13);
    m += 13;
    m += unhex("40 43 010203", to_sign + m, sizeof to_sign - m);
    uint8_t public[32];
    unhex(rfc8032[0].public, public, sizeof public);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK_INT(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    CHECK_INT(EVP_DigestVerify(context, sealed + n, 64, to_sign, m), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    signer_close(signer);
}

FACT(what_is_sealed_opens_with_its_key_only)
{
    struct signer *signer = signer_of(0), *other = signer_of(1);
    struct verifier *verifier = verifier_of(signer), *wrong = verifier_of(other);
    uint8_t sealed[256];
    const uint8_t *payload;
    size_t length = 0, payload_length;
    struct kid kid;

    CHECK_STATUS(cose_seal(signer, "pothole", 7, sealed, sizeof sealed, &length), ROAD_OK);
    CHECK_STATUS(cose_peek(sealed, length, &kid, &payload, &payload_length), ROAD_OK);
    CHECK(kid_compare(kid, signer_kid(signer)) == 0);
    CHECK(payload_length == 7 && memcmp(payload, "pothole", 7) == 0);
    CHECK(payload > sealed && payload + 7 < sealed + length); /* a slice */
    CHECK_STATUS(cose_open(verifier, sealed, length, &payload, &payload_length), ROAD_OK);
    CHECK_STATUS(cose_open(wrong, sealed, length, &payload, &payload_length), ROAD_UNKNOWN_KEY);
    verifier_close(verifier);
    verifier_close(wrong);
    signer_close(signer);
    signer_close(other);
}

/* As a phone does it: a P-256 key of its own, the COSE_Sign1 put together by hand, the signature by OpenSSL.
 */
static size_t seal_es256(EVP_PKEY *key, const struct kid *kid, uint8_t ret_sealed[256])
{
    uint8_t to_sign[128], der[80];
    size_t der_length = sizeof der;
    size_t n = unhex("d2 84 4d a2 01 26 04 48", ret_sealed, 256);
    memcpy(ret_sealed + n, kid->bytes, 8);
    size_t m = unhex("84 6a 5369676e617475726531", to_sign, sizeof to_sign);
    memcpy(to_sign + m, ret_sealed + 2, 14);
    m += 14;
    m += unhex("40 43 010203", to_sign + m, sizeof to_sign - m);
    n += 8;
    n += unhex("a0 43 010203 58 40", ret_sealed + n, 256 - n);

    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK_INT(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), 1);
    CHECK_INT(EVP_DigestSign(context, der, &der_length, to_sign, m), 1);
    EVP_MD_CTX_free(context);
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_length);
    CHECK_INT(BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret_sealed + n, 32), 32);
    CHECK_INT(BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret_sealed + n + 32, 32), 32);
    ECDSA_SIG_free(pair);
    return n + 64;
}

FACT(a_phones_message_in_es256_opens)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    struct public_key public = {.cose_alg = -7};
    struct verifier *verifier = NULL;
    const uint8_t *payload;
    uint8_t sealed[256];
    size_t payload_length;

    CHECK_INT(EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", public.bytes, sizeof public.bytes,
                                              &public.length),
              1);
    CHECK_STATUS(verifier_open(&public, &verifier), ROAD_OK);
    for (int i = 0; i < 20; i++) { /* r and s of all lengths */
        const struct kid kid = kid_of(&public);
        const size_t length = seal_es256(key, &kid, sealed);

        CHECK_STATUS(cose_open(verifier, sealed, length, &payload, &payload_length), ROAD_OK);
        CHECK(payload_length == 3 && memcmp(payload, "\1\2\3", 3) == 0);
        sealed[length - 1 - (size_t)i] ^= 1;
        CHECK_STATUS(cose_open(verifier, sealed, length, &payload, &payload_length), ROAD_BAD_SIGNATURE);
    }
    verifier_close(verifier);
    EVP_PKEY_free(key);
}

FACT(no_byte_of_a_sealed_message_can_change)
{
    struct signer *signer = signer_of(2);
    struct verifier *verifier = verifier_of(signer);
    uint8_t sealed[256];
    const uint8_t *payload;
    size_t length = 0, payload_length;

    CHECK_STATUS(cose_seal(signer, "pothole", 7, sealed, sizeof sealed, &length), ROAD_OK);
    CHECK_STATUS(cose_open(verifier, sealed, length, &payload, &payload_length), ROAD_OK);
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            sealed[i] ^= (uint8_t)(1 << bit);
            CHECK(cose_open(verifier, sealed, length, &payload, &payload_length) != ROAD_OK);
            sealed[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t cut = 0; cut < length; cut++)
        CHECK(cose_open(verifier, sealed, cut, &payload, &payload_length) != ROAD_OK);
    CHECK_STATUS(cose_open(verifier, sealed, length + 1, &payload, &payload_length), ROAD_BAD_INPUT);
    verifier_close(verifier);
    signer_close(signer);
}

/* What another encoder might write for the same signed content is another message: refused. */
FACT(other_forms_of_a_cose_sign1_are_refused)
{
    static const struct {
        const char *hex;
        enum road_status status;
    } forms[] = {
        {"d2 84 4d a2 01 27 04 48 0000000000000000 a0 41 00 41 00", ROAD_OK},
        {"84 4d a2 01 27 04 48 0000000000000000 a0 41 00 41 00", ROAD_BAD_INPUT},          /* no tag */
        {"d2 84 4d a2 01 27 04 48 0000000000000000 a1 01 27 41 00 41 00", ROAD_BAD_INPUT}, /* unprotected */
        {"d2 84 4d a2 01 27 04 48 0000000000000000 a0 58 01 00 41 00", ROAD_BAD_INPUT},    /* a long head */
        {"d2 84 4d a2 01 27 04 48 0000000000000000 a0 f6 41 00", ROAD_BAD_INPUT},          /* detached */
        {"d2 84 43 a1 01 27 a0 41 00 41 00", ROAD_BAD_INPUT},                              /* no kid */
        {"d2 84 4c a2 01 27 04 47 00000000000000 a0 41 00 41 00", ROAD_BAD_INPUT},         /* a short kid */
        {"d2 84 50 a3 01 27 02 81 04 04 48 0000000000000000 a0 41 00 41 00", ROAD_UNSUPPORTED}, /* crit */
        {"d2 85 4d a2 01 27 04 48 0000000000000000 a0 41 00 41 00 00", ROAD_BAD_INPUT},
        {"9f", ROAD_BAD_INPUT},
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        uint8_t bytes[64];
        const uint8_t *payload;
        size_t payload_length;
        struct kid kid;
        const enum road_status status =
            cose_peek(bytes, unhex(forms[i].hex, bytes, sizeof bytes), &kid, &payload, &payload_length);

        if (status != forms[i].status)
            CHECK_FAILED("%s: got %s", forms[i].hex, road_status_name(status));
    }
}

FACT(a_message_of_the_greatest_payload_fits_and_one_beyond_the_cap_is_refused)
{
    static uint8_t payload[SEALED_MAX + 1], sealed[SEALED_MAX + 1024];
    struct signer *signer = signer_of(0);
    const uint8_t *got;
    size_t length = 77, got_length;
    struct kid kid;

    CHECK_STATUS(cose_seal(signer, payload, SEALED_MAX - SEAL_OVERHEAD, sealed, sizeof sealed, &length),
                 ROAD_OK);
    CHECK(length <= SEALED_MAX);
    CHECK_STATUS(cose_peek(sealed, length, &kid, &got, &got_length), ROAD_OK);
    length = 77;
    CHECK_STATUS(cose_seal(signer, payload, SEALED_MAX, sealed, sizeof sealed, &length), ROAD_TOO_LARGE);
    CHECK_STATUS(cose_seal(signer, payload, SEALED_MAX + 1, sealed, sizeof sealed, &length), ROAD_TOO_LARGE);
    CHECK_STATUS(cose_seal(signer, payload, 100, sealed, 120, &length), ROAD_TOO_LARGE);
    CHECK_INT(length, 77);
    CHECK_STATUS(cose_peek(sealed, SEALED_MAX + 1, &kid, &got, &got_length), ROAD_TOO_LARGE);
    signer_close(signer);
}

FACT(a_key_file_is_made_once_private_and_read_back)
{
    char folder[] = "/tmp/road-sign-XXXXXX", path[64];
    struct signer *signer, *again;
    struct stat info;

    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/key", folder);
    CHECK_STATUS(signer_open(path, &signer), ROAD_NOT_FOUND);
    CHECK_STATUS(signer_create(path), ROAD_OK);
    CHECK_STATUS(signer_create(path), ROAD_EXISTS);
    CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    CHECK_STATUS(signer_open(path, &signer), ROAD_OK);
    CHECK_STATUS(signer_open(path, &again), ROAD_OK);
    CHECK(kid_compare(signer_kid(signer), signer_kid(again)) == 0);
    signer_close(signer);
    signer_close(again);
    chmod(path, 0644);
    CHECK_STATUS(signer_open(path, &signer), ROAD_DENIED);
    chmod(path, 0600);
    CHECK(truncate(path, 20) == 0);
    CHECK_STATUS(signer_open(path, &signer), ROAD_BAD_INPUT);
    unlink(path);
    rmdir(folder);
}

FACT(a_kid_has_one_text)
{
    const struct public_key key = key_of(-8, rfc8032[0].public);
    uint8_t digest[32];
    char text[KID_TEXT_SIZE], want[KID_TEXT_SIZE];
    struct kid kid;

    EVP_Q_digest(NULL, "SHA256", NULL, key.bytes, 32, digest, NULL);
    for (int i = 0; i < 8; i++)
        snprintf(want + 2 * i, 3, "%02x", digest[i]);
    CHECK_STR(kid_format(kid_of(&key), text), want);
    CHECK_STATUS(kid_parse(text, &kid), ROAD_OK);
    CHECK(kid_compare(kid, kid_of(&key)) == 0);
    CHECK_STATUS(kid_parse("0123456789abcde", &kid), ROAD_BAD_INPUT);
    CHECK_STATUS(kid_parse("0123456789abcdef0", &kid), ROAD_BAD_INPUT);
    CHECK_STATUS(kid_parse("0123456789ABCDEF", &kid), ROAD_BAD_INPUT);
    CHECK_STATUS(kid_parse("", &kid), ROAD_BAD_INPUT);
}

static void *hash_abc(void *context)
{
    sha256("abc", 3, context);
    return NULL;
}

FACT(sha256_is_fips_180_in_any_thread)
{
    uint8_t want[32], got[32], of_thread[32] = {0};
    pthread_t thread;

    unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", want, 32);
    sha256("abc", 3, got);
    CHECK(memcmp(got, want, 32) == 0);
    sha256_prefixed('a', "b", 1, "c", 1, got);
    CHECK(memcmp(got, want, 32) == 0);
    CHECK_INT(pthread_create(&thread, NULL, hash_abc, of_thread), 0);
    pthread_join(thread, NULL);
    CHECK(memcmp(of_thread, want, 32) == 0);
    sha256("", 0, got);
    unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want, 32);
    CHECK(memcmp(got, want, 32) == 0);
}

/* RFC 4648 section 10. */
FACT(base64_is_rfc_4648_and_strict)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "=AAA", "A=AA", "Zm-_", "===="};
    char text[16];
    uint8_t data[16];
    size_t length;

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        CHECK_INT(base64_encode(pairs[i][0], strlen(pairs[i][0]), text, sizeof text), strlen(pairs[i][1]));
        CHECK_STR(text, pairs[i][1]);
        CHECK_STATUS(base64_decode(text, strlen(text), data, sizeof data, &length), ROAD_OK);
        CHECK(length == strlen(pairs[i][0]) && memcmp(data, pairs[i][0], length) == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (base64_decode(bad[i], strlen(bad[i]), data, sizeof data, &length) != ROAD_BAD_INPUT)
            CHECK_FAILED("'%s' was taken", bad[i]);
    CHECK_INT(base64_encode("foobar", 6, text, 8), 8);
    CHECK_STR(text, "");
    CHECK_STATUS(base64_decode("Zm9vYmFy", 8, data, 5, &length), ROAD_TOO_LARGE);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
