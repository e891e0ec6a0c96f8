/* key_event.h - what the log's operator says of a key: the payload of entries of kind "key" (JSON, one form).
 *
 *     {"v":1,"event":"register","name":"gw-1","role":"gateway","district":"330103","alg":-8,"key":"<base64>"}
 *
 * Sealed with the log's own key, so that whoever trusts the log's vkey can check every speaker without a
 * registry file. The subject is "key/<kid>". The log's own key stands first in the log, with role "log". */
#ifndef SERVER_LEDGER_KEY_EVENT_H
#define SERVER_LEDGER_KEY_EVENT_H

#include "server/ledger/note.h"

#define KEY_EVENT_SIZE 1024
#define KEY_ROLE_SIZE  16

struct key_event {
    char name[NOTE_NAME_SIZE];
    char role[KEY_ROLE_SIZE]; /* "log" "node" "gateway" "server" "department" */
    char district[8];
    struct public_key key;
};

enum road_status key_event_format(const struct key_event *event, char ret_text[KEY_EVENT_SIZE],
                                  size_t *ret_length);
enum road_status key_event_parse(const uint8_t *text, size_t length, struct key_event *ret_event);

#endif
