#include "link/sign.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

/* Fetching an algorithm and making a context cost more than hashing 200 bytes: one fetch for the process, one
 * context for each thread. A fetch fails only if OpenSSL is installed without its default provider. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_md;
static pthread_key_t context_key;
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void fetch(void)
{
    sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert(sha256_md);
    assert(pthread_key_create(&context_key, free_context) == 0);
}

static EVP_MD_CTX *context_of_thread(void)
{
    if (!thread_context) {
        pthread_once(&once, fetch);
        thread_context = EVP_MD_CTX_new();
        assert(thread_context);
        pthread_setspecific(context_key, thread_context); /* so that a thread that ends frees it */
    }
    return thread_context;
}

void sha256(const void *data, size_t length, uint8_t ret_digest[SHA256_SIZE])
{
    EVP_MD_CTX *context = context_of_thread();

    const int is_done = EVP_DigestInit_ex2(context, sha256_md, NULL) &&
                        EVP_DigestUpdate(context, data, length) &&
                        EVP_DigestFinal_ex(context, ret_digest, NULL);
    assert(is_done);
}

void sha256_prefixed(uint8_t prefix, const void *a, size_t a_length, const void *b, size_t b_length,
                     uint8_t ret_digest[SHA256_SIZE])
{
    EVP_MD_CTX *context = context_of_thread();

    const int is_done = EVP_DigestInit_ex2(context, sha256_md, NULL) &&
                        EVP_DigestUpdate(context, &prefix, 1) && EVP_DigestUpdate(context, a, a_length) &&
                        EVP_DigestUpdate(context, b, b_length) &&
                        EVP_DigestFinal_ex(context, ret_digest, NULL);
    assert(is_done);
}

void random_bytes(void *data, size_t length)
{
    uint8_t *at = data;

    while (length > 0) {
        const int part = length > 4096 ? 4096 : (int)length;
        const int is_done = RAND_bytes(at, part);

        assert(is_done == 1);
        at += part;
        length -= (size_t)part;
    }
}

size_t base64_encode(const void *data, size_t length, char *ret_text, size_t capacity)
{
    const size_t wanted = (length + 2) / 3 * 4;

    if (wanted < capacity) /* and the NUL that EVP_EncodeBlock writes */
        EVP_EncodeBlock((unsigned char *)ret_text, data, (int)length);
    else if (capacity > 0)
        ret_text[0] = '\0';
    return wanted;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Strict, unlike EVP_DecodeBlock: no blanks, padding only at the end, unused bits zero; one text for one
 * value. */
enum road_status base64_decode(const char *text, size_t length, uint8_t *ret_data, size_t capacity,
                               size_t *ret_length)
{
    const size_t pad = length < 4 ? 0 : text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    size_t used = 0;
    uint32_t bits = 0;
    int n_bits = 0;

    if (length % 4 != 0)
        return ROAD_BAD_INPUT;
    if (length / 4 * 3 - pad > capacity)
        return ROAD_TOO_LARGE;
    for (size_t i = 0; i < length - pad; i++)
        if (base64_digit(text[i]) < 0)
            return ROAD_BAD_INPUT;
    if (pad > 0 && (base64_digit(text[length - pad - 1]) & (pad == 1 ? 3 : 15)) != 0)
        return ROAD_BAD_INPUT;
    for (size_t i = 0; i < length - pad; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(text[i]);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ret_data[used++] = (uint8_t)(bits >> n_bits);
        }
    }
    *ret_length = used;
    return ROAD_OK;
}
