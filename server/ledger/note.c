#include "server/ledger/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DASH             "\xe2\x80\x94 " /* U+2014 and a space, in front of each signature */
#define DASH_LENGTH      4
#define ROOT_TEXT_LENGTH 44
#define LINE_PAYLOAD_MAX 2560 /* room for signatures of later, larger types; they are skipped */

/* Base64 with padding, and only the one way to write these bytes. */
static enum road_status base64_strict(const char *text, size_t text_length, uint8_t *ret_data,
                                      size_t capacity, size_t *ret_length)
{
    char again[LINE_PAYLOAD_MAX * 2];
    size_t length;

    if (text_length >= sizeof again || text_length / 4 * 3 > capacity + 2)
        return ROAD_TOO_LARGE;
    enum road_status status = base64_decode(text, text_length, ret_data, capacity, &length);
    if (status)
        return status;
    if (base64_encode(ret_data, length, again, sizeof again) != text_length ||
        memcmp(again, text, text_length) != 0)
        return ROAD_BAD_INPUT;
    *ret_length = length;
    return ROAD_OK;
}

static bool name_is_good(const char *name, size_t length)
{
    if (length == 0 || length >= NOTE_NAME_SIZE)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)name[i] <= ' ' || name[i] == 0x7f || name[i] == '+')
            return false;
    return true;
}

enum road_status note_key_init(struct note_key *ret_key, const char *name, uint8_t type,
                               const uint8_t public_bytes[ED25519_PUBLIC_SIZE])
{
    const size_t length = strlen(name);
    uint8_t hashed[NOTE_NAME_SIZE + 2 + ED25519_PUBLIC_SIZE], digest[SHA256_SIZE];

    if (!name_is_good(name, length))
        return ROAD_BAD_INPUT;
    memset(ret_key, 0, sizeof *ret_key);
    memcpy(ret_key->name, name, length);
    ret_key->type = type;
    memcpy(ret_key->public_bytes, public_bytes, ED25519_PUBLIC_SIZE);
    memcpy(hashed, name, length);
    hashed[length] = '\n';
    hashed[length + 1] = type;
    memcpy(hashed + length + 2, public_bytes, ED25519_PUBLIC_SIZE);
    sha256(hashed, length + 2 + ED25519_PUBLIC_SIZE, digest);
    memcpy(ret_key->id, digest, sizeof ret_key->id);
    return ROAD_OK;
}

char *note_key_format(const struct note_key *key, char ret_text[NOTE_KEY_TEXT_SIZE])
{
    uint8_t typed[1 + ED25519_PUBLIC_SIZE];
    char encoded[64];

    typed[0] = key->type;
    memcpy(typed + 1, key->public_bytes, ED25519_PUBLIC_SIZE);
    encoded[base64_encode(typed, sizeof typed, encoded, sizeof encoded)] = '\0';
    snprintf(ret_text, NOTE_KEY_TEXT_SIZE, "%s+%02x%02x%02x%02x+%s", key->name, key->id[0], key->id[1],
             key->id[2], key->id[3], encoded);
    return ret_text;
}

enum road_status note_key_parse(const char *vkey, struct note_key *ret_key)
{
    const char *plus = strchr(vkey, '+');
    char name[NOTE_NAME_SIZE], again[NOTE_KEY_TEXT_SIZE];
    uint8_t typed[1 + ED25519_PUBLIC_SIZE + 2];
    struct note_key key;
    size_t length;

    if (!plus || (size_t)(plus - vkey) >= sizeof name || strlen(plus) < 11 || plus[9] != '+')
        return ROAD_BAD_INPUT;
    memcpy(name, vkey, (size_t)(plus - vkey));
    name[plus - vkey] = '\0';
    if (base64_strict(plus + 10, strlen(plus + 10), typed, sizeof typed, &length) ||
        length != 1 + ED25519_PUBLIC_SIZE || note_key_init(&key, name, typed[0], typed + 1))
        return ROAD_BAD_INPUT;
    if (strcmp(note_key_format(&key, again), vkey) != 0) /* the id belongs to the key */
        return ROAD_BAD_INPUT;
    if (key.type != NOTE_KEY_ED25519 && key.type != NOTE_KEY_COSIGNATURE)
        return ROAD_UNSUPPORTED;
    *ret_key = key;
    return ROAD_OK;
}

void note_key_public(const struct note_key *key, struct public_key *ret_key)
{
    memset(ret_key, 0, sizeof *ret_key);
    ret_key->cose_alg = -8;
    ret_key->length = ED25519_PUBLIC_SIZE;
    memcpy(ret_key->bytes, key->public_bytes, ED25519_PUBLIC_SIZE);
}

enum road_status checkpoint_text(const struct checkpoint *checkpoint, char *ret_text, size_t capacity,
                                 size_t *ret_length)
{
    char root[ROOT_TEXT_LENGTH + 1];

    root[base64_encode(checkpoint->root.bytes, TREE_HASH_SIZE, root, sizeof root)] = '\0';
    const int length =
        snprintf(ret_text, capacity, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->size, root);
    if (length < 0 || (size_t)length >= capacity)
        return ROAD_TOO_LARGE;
    *ret_length = (size_t)length;
    return ROAD_OK;
}

enum road_status checkpoint_sign(const struct checkpoint *checkpoint, const struct note_key *key,
                                 struct signer *signer, char *ret_text, size_t capacity, size_t *ret_length)
{
    uint8_t payload[4 + ED25519_SIGNATURE_SIZE];
    char encoded[128];
    size_t length;

    enum road_status status = checkpoint_text(checkpoint, ret_text, capacity, &length);
    if (!status)
        status = signer_sign(signer, ret_text, length, payload + 4);
    if (status)
        return status;
    memcpy(payload, key->id, 4);
    encoded[base64_encode(payload, sizeof payload, encoded, sizeof encoded)] = '\0';
    const int added = snprintf(ret_text + length, capacity - length, "\n" DASH "%s %s\n", key->name, encoded);
    if (added < 0 || (size_t)added >= capacity - length)
        return ROAD_TOO_LARGE;
    *ret_length = length + (size_t)added;
    return ROAD_OK;
}

/* The next line without its \n; false if there is none. */
static bool next_line(const char **text, const char *end, const char **ret_line, size_t *ret_length)
{
    const char *newline = memchr(*text, '\n', (size_t)(end - *text));

    if (!newline)
        return false;
    *ret_line = *text;
    *ret_length = (size_t)(newline - *text);
    *text = newline + 1;
    return true;
}

static bool read_size(const char *line, size_t length, uint64_t *ret_size)
{
    uint64_t size = 0;

    if (length == 0 || length > 19 || (line[0] == '0' && length > 1)) /* 19 digits stay below 2^64 */
        return false;
    for (size_t i = 0; i < length; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        size = size * 10 + (uint64_t)(line[i] - '0');
    }
    *ret_size = size;
    return true;
}

/* Three lines and the blank one; *text is left at the first signature. */
static bool read_body(const char **text, const char *end, struct checkpoint *checkpoint)
{
    const char *line;
    size_t length, root_length;

    memset(checkpoint, 0, sizeof *checkpoint);
    if (!next_line(text, end, &line, &length) || !name_is_good(line, length))
        return false;
    memcpy(checkpoint->origin, line, length);
    if (!next_line(text, end, &line, &length) || !read_size(line, length, &checkpoint->size))
        return false;
    if (!next_line(text, end, &line, &length) || length != ROOT_TEXT_LENGTH ||
        base64_strict(line, length, checkpoint->root.bytes, TREE_HASH_SIZE, &root_length) ||
        root_length != TREE_HASH_SIZE)
        return false;
    return next_line(text, end, &line, &length) && length == 0;
}

struct signature_line {
    const char *name;
    size_t name_length;
    uint8_t payload[LINE_PAYLOAD_MAX];
    size_t payload_length;
};

static bool read_signature(const char **text, const char *end, struct signature_line *ret_line)
{
    const char *line, *space;
    size_t length;

    if (!next_line(text, end, &line, &length) || length < DASH_LENGTH || memcmp(line, DASH, DASH_LENGTH) != 0)
        return false;
    line += DASH_LENGTH, length -= DASH_LENGTH;
    if (!(space = memchr(line, ' ', length)) || !name_is_good(line, (size_t)(space - line)))
        return false;
    ret_line->name = line;
    ret_line->name_length = (size_t)(space - line);
    return base64_strict(space + 1, length - ret_line->name_length - 1, ret_line->payload,
                         sizeof ret_line->payload, &ret_line->payload_length) == ROAD_OK &&
           ret_line->payload_length > 4;
}

enum road_status checkpoint_parse(const char *text, size_t length, struct checkpoint *ret_checkpoint)
{
    const char *const end = text + length;
    struct checkpoint checkpoint;
    struct signature_line line;
    int signatures = 0;

    if (length >= NOTE_SIZE)
        return ROAD_TOO_LARGE;
    if (!read_body(&text, end, &checkpoint))
        return ROAD_BAD_INPUT;
    for (; text < end; signatures++)
        if (signatures == NOTE_SIGNATURES_MAX || !read_signature(&text, end, &line))
            return ROAD_BAD_INPUT;
    if (signatures == 0)
        return ROAD_BAD_INPUT;
    *ret_checkpoint = checkpoint;
    return ROAD_OK;
}

/* A witness signs "cosignature/v1\ntime <unix seconds>\n" and the note's text; its payload carries the time.
 */
static enum road_status cosignature_check(const struct signature_line *line, const char *body,
                                          size_t body_length, struct verifier *verifier, uint64_t *ret_time_s)
{
    char signed_text[NOTE_SIZE + 64];
    uint64_t time_s = 0;

    if (line->payload_length != 4 + 8 + ED25519_SIGNATURE_SIZE)
        return ROAD_BAD_SIGNATURE;
    for (int i = 0; i < 8; i++)
        time_s = time_s << 8 | line->payload[4 + i];
    const int used = snprintf(signed_text, sizeof signed_text, "cosignature/v1\ntime %" PRIu64 "\n%.*s",
                              time_s, (int)body_length, body);
    if (used < 0 || (size_t)used >= sizeof signed_text ||
        verifier_check(verifier, signed_text, (size_t)used, line->payload + 12, ED25519_SIGNATURE_SIZE))
        return ROAD_BAD_SIGNATURE;
    if (ret_time_s)
        *ret_time_s = time_s;
    return ROAD_OK;
}

static enum road_status signature_check(const struct note_key *key, const struct signature_line *line,
                                        const char *body, size_t body_length, uint64_t *ret_time_s)
{
    struct public_key public_key;
    struct verifier *verifier;

    note_key_public(key, &public_key);
    enum road_status status = verifier_open(&public_key, &verifier);
    if (status)
        return status;
    if (key->type == NOTE_KEY_COSIGNATURE)
        status = cosignature_check(line, body, body_length, verifier, ret_time_s);
    else if (line->payload_length != 4 + ED25519_SIGNATURE_SIZE ||
             verifier_check(verifier, body, body_length, line->payload + 4, ED25519_SIGNATURE_SIZE))
        status = ROAD_BAD_SIGNATURE;
    verifier_close(verifier);
    return status;
}

enum road_status checkpoint_check(const char *text, size_t length, const struct note_key *key,
                                  uint64_t *ret_time_s)
{
    const char *const end = text + length, *const body = text;
    struct checkpoint checkpoint;
    struct signature_line line;
    bool is_signed = false;

    enum road_status status = checkpoint_parse(text, length, &checkpoint);
    if (status)
        return status;
    read_body(&text, end, &checkpoint);
    const size_t body_length = (size_t)(text - body) - 1; /* the blank line is not signed */
    while (text < end && read_signature(&text, end, &line)) {
        if (line.name_length != strlen(key->name) || memcmp(line.name, key->name, line.name_length) != 0 ||
            memcmp(line.payload, key->id, 4) != 0)
            continue;
        if (signature_check(key, &line, body, body_length, ret_time_s))
            return ROAD_BAD_SIGNATURE;
        is_signed = true;
    }
    return is_signed ? ROAD_OK : ROAD_NOT_FOUND;
}
