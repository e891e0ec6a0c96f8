/* registry.h - who may speak: names, keys, roles. A text file that `roadchief enroll` writes, one line each:
 *     NAME ROLE CLASS DISTRICT ALG PUBLIC_KEY_BASE64
 * role: node | gateway | server | department; alg: ed25519 | es256.
 * class of a node: fleet or phone, of the others -; a district may be -. Lines that begin with # and empty
 * ones are passed over. At most 1 MiB and 20,000 lines; a bad line, a name or a key given twice is refused,
 * with file and line where there is one. Lookups are O(log n). */
#ifndef LINK_REGISTRY_H
#define LINK_REGISTRY_H

#include "link/message.h"

enum registry_role { ROLE_NODE, ROLE_GATEWAY, ROLE_SERVER, ROLE_DEPARTMENT };

struct registry_entry {
    char name[NAME_SIZE];
    enum registry_role role;
    bool is_phone;
    char district[7];
    struct public_key key;
    struct kid kid;
    struct verifier *verifier; /* owned by the registry */
};

struct registry; /* opaque */
enum road_status registry_load(const char *path, struct registry **ret_registry, char *ret_error /* 512 */);
/* The same from text in memory; `name` stands for the file in errors. */
enum road_status registry_from_text(const char *name, const char *text, size_t length,
                                    struct registry **ret_registry, char *ret_error /* 512 */);
void registry_close(struct registry *registry);
const struct registry_entry *registry_by_kid(const struct registry *registry, struct kid kid);
const struct registry_entry *registry_by_name(const struct registry *registry, const char *name);
size_t registry_count(const struct registry *registry);
const struct registry_entry *registry_at(const struct registry *registry, size_t index);
/* Appends a line to the file (fsynced, renamed into place). ROAD_EXISTS if name or key is there. */
enum road_status registry_add(const char *path, const struct registry_entry *entry,
                              char *ret_error /* 512 */);
bool name_is_valid(const char *name);

#endif
