#include "server/ledger/key_event.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum road_status key_event_format(const struct key_event *event, char ret_text[KEY_EVENT_SIZE],
                                  size_t *ret_length)
{
    char key[128];

    key[base64_encode(event->key.bytes, event->key.length, key, sizeof key)] = '\0';
    json_t *root =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s}", "v", 1, "event", "register", "name", event->name,
                  "role", event->role, "district", event->district, "alg", event->key.cose_alg, "key", key);
    if (!root)
        return ROAD_BAD_INPUT;
    const size_t length = json_dumpb(root, ret_text, KEY_EVENT_SIZE, JSON_COMPACT);
    json_decref(root);
    if (length == 0 || length > KEY_EVENT_SIZE)
        return ROAD_TOO_LARGE;
    *ret_length = length;
    return ROAD_OK;
}

static enum road_status read_event(json_t *root, struct key_event *event)
{
    const char *kind, *name, *role, *district, *key;
    int version, alg;

    if (json_unpack(root, "{s:i, s:s, s:s, s:s, s:s, s:i, s:s}", "v", &version, "event", &kind, "name", &name,
                    "role", &role, "district", &district, "alg", &alg, "key", &key))
        return ROAD_BAD_INPUT;
    if (version != 1 || strcmp(kind, "register") != 0)
        return ROAD_BAD_VERSION;
    if (strlen(name) >= sizeof event->name || strlen(role) >= sizeof event->role ||
        strlen(district) >= sizeof event->district)
        return ROAD_TOO_LARGE;
    snprintf(event->name, sizeof event->name, "%s", name);
    snprintf(event->role, sizeof event->role, "%s", role);
    snprintf(event->district, sizeof event->district, "%s", district);
    event->key.cose_alg = alg;
    return base64_decode(key, strlen(key), event->key.bytes, sizeof event->key.bytes, &event->key.length);
}

enum road_status key_event_parse(const uint8_t *text, size_t length, struct key_event *ret_event)
{
    struct key_event event = {.name = ""};
    json_t *root;

    if (length > KEY_EVENT_SIZE)
        return ROAD_TOO_LARGE;
    if (!(root = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL)))
        return ROAD_BAD_INPUT;
    enum road_status status = read_event(root, &event);
    json_decref(root);
    if (!status)
        *ret_event = event;
    return status;
}
