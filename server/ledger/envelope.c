#include "server/ledger/envelope.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "link/sign.h"

#define TIME_MS_MAX INT64_C(253402300799999) /* the end of year 9999 */

static bool is_of(const char *text, size_t length, const char *allowed, size_t size)
{
    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0' || !strchr(allowed, text[i]))
            return false;
    return true;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"

bool envelope_kind_is_valid(const char *kind, size_t length)
{
    return is_of(kind, length, LOWER "-", ENVELOPE_KIND_SIZE);
}

bool envelope_subject_is_valid(const char *subject, size_t length)
{
    return is_of(subject, length, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-", ENVELOPE_SUBJECT_SIZE);
}

char *time_text_format(int64_t time_ms, char ret_text[TIME_TEXT_SIZE])
{
    const time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc;
    size_t used = 0;

    ret_text[0] = '\0';
    if (time_ms >= 0 && time_ms <= TIME_MS_MAX && gmtime_r(&seconds, &utc))
        used = strftime(ret_text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    if (used > 0)
        snprintf(ret_text + used, TIME_TEXT_SIZE - used, ".%03dZ", (int)(time_ms % 1000));
    return ret_text;
}

enum road_status time_text_parse(const char *text, int64_t *ret_time_ms)
{
    struct tm utc = {0};
    char again[TIME_TEXT_SIZE];
    int milliseconds;
    char tail;

    if (strlen(text) != 24 ||
        sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &utc.tm_year, &utc.tm_mon, &utc.tm_mday, &utc.tm_hour,
               &utc.tm_min, &utc.tm_sec, &milliseconds, &tail) != 8)
        return ROAD_BAD_INPUT;
    utc.tm_year -= 1900, utc.tm_mon -= 1;
    const int64_t time_ms = (int64_t)timegm(&utc) * 1000 + milliseconds;
    if (strcmp(time_text_format(time_ms, again), text) != 0)
        return ROAD_BAD_INPUT;
    *ret_time_ms = time_ms;
    return ROAD_OK;
}

static void hex_format(const struct tree_hash *hash, char ret_text[2 * TREE_HASH_SIZE + 1])
{
    for (size_t i = 0; i < TREE_HASH_SIZE; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
}

static bool hex_parse(const char *text, struct tree_hash *ret_hash)
{
    if (strlen(text) != 2 * TREE_HASH_SIZE || strspn(text, "0123456789abcdef") != 2 * TREE_HASH_SIZE)
        return false;
    for (size_t i = 0; i < TREE_HASH_SIZE; i++) {
        unsigned byte;
        sscanf(text + 2 * i, "%2x", &byte);
        ret_hash->bytes[i] = (uint8_t)byte;
    }
    return true;
}

enum road_status envelope_format(const struct envelope *envelope, char *ret_text, size_t capacity,
                                 size_t *ret_length)
{
    char time_text[TIME_TEXT_SIZE], leaf[2 * TREE_HASH_SIZE + 1], prev[128] = "null";

    if (!envelope_kind_is_valid(envelope->kind, strlen(envelope->kind)) ||
        !envelope_subject_is_valid(envelope->subject, strlen(envelope->subject)) ||
        *time_text_format(envelope->time_ms, time_text) == '\0')
        return ROAD_BAD_INPUT;
    if (envelope->has_prev) {
        hex_format(&envelope->prev_leaf, leaf);
        snprintf(prev, sizeof prev, "{\"index\":%" PRIu64 ",\"leaf\":\"%s\"}", envelope->prev_index, leaf);
    }
    const int head =
        snprintf(ret_text, capacity,
                 "{\"v\":1,\"kind\":\"%s\",\"subject\":\"%s\",\"prev\":%s,\"time\":\"%s\",\"said\":\"",
                 envelope->kind, envelope->subject, prev, time_text);
    const size_t said = (envelope->said_length + 2) / 3 * 4, length = (size_t)head + said + 2;
    if (head < 0 || envelope->said_length > ENVELOPE_SAID_MAX || length > ENTRY_MAX || length >= capacity)
        return ROAD_TOO_LARGE;
    base64_encode(envelope->said, envelope->said_length, ret_text + head, capacity - (size_t)head);
    memcpy(ret_text + length - 2, "\"}", 3);
    *ret_length = length;
    return ROAD_OK;
}

static bool copy_text(char *ret_text, size_t size, const char *text)
{
    const size_t length = strlen(text);

    if (length >= size)
        return false;
    memcpy(ret_text, text, length + 1);
    return true;
}

static enum road_status read_fields(json_t *root, uint8_t *said, struct envelope *envelope)
{
    const char *kind, *subject, *time, *said_text, *leaf;
    json_t *prev;
    json_int_t prev_index;
    size_t said_text_length;
    int version;

    if (json_unpack(root, "{s:i, s:s, s:s, s:o, s:s, s:s%!}", "v", &version, "kind", &kind, "subject",
                    &subject, "prev", &prev, "time", &time, "said", &said_text, &said_text_length))
        return ROAD_BAD_INPUT;
    if (version != 1)
        return ROAD_BAD_VERSION;
    if (!copy_text(envelope->kind, sizeof envelope->kind, kind) ||
        !copy_text(envelope->subject, sizeof envelope->subject, subject) ||
        time_text_parse(time, &envelope->time_ms))
        return ROAD_BAD_INPUT;
    if (!json_is_null(prev)) {
        if (json_unpack(prev, "{s:I, s:s!}", "index", &prev_index, "leaf", &leaf) || prev_index < 0 ||
            !hex_parse(leaf, &envelope->prev_leaf))
            return ROAD_BAD_INPUT;
        envelope->has_prev = true;
        envelope->prev_index = (uint64_t)prev_index;
    }
    envelope->said = said;
    return base64_decode(said_text, said_text_length, said, ENVELOPE_SAID_MAX, &envelope->said_length);
}

/* A JSON library reads the fields; that they are written in the one allowed way is shown by writing them
 * again. */
enum road_status envelope_parse(const uint8_t *text, size_t length, uint8_t *ret_said,
                                struct envelope *ret_envelope)
{
    struct envelope envelope = {.has_prev = false};
    char again[ENTRY_MAX + 1];
    size_t again_length;
    json_t *root;

    if (length > ENTRY_MAX)
        return ROAD_TOO_LARGE;
    if (!(root = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL)))
        return ROAD_BAD_INPUT;
    enum road_status status = read_fields(root, ret_said, &envelope);
    json_decref(root);
    if (!status)
        status = envelope_format(&envelope, again, sizeof again, &again_length);
    if (status)
        return status;
    if (again_length != length || memcmp(again, text, length) != 0)
        return ROAD_BAD_INPUT;
    *ret_envelope = envelope;
    return ROAD_OK;
}
