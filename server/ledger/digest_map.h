/* digest_map.h - from a SHA-256 to a number and a hash: what a verifier remembers about subjects and keys.
 * Open addressing; grows by doubling; nothing is ever taken out. */
#ifndef SERVER_LEDGER_DIGEST_MAP_H
#define SERVER_LEDGER_DIGEST_MAP_H

#include "server/ledger/tree.h"

struct digest_row {
    struct tree_hash key;
    bool is_used;
    uint64_t number;
    struct tree_hash hash;
};

/* All zero is the empty map. */
struct digest_map {
    struct digest_row *rows;
    size_t capacity, count;
};

/* The row of a key; NULL if there is none. */
struct digest_row *digest_map_find(const struct digest_map *map, const struct tree_hash *key);
/* The row of a key, a new one of zeros if there was none. NULL when out of memory. Other rows may move. */
struct digest_row *digest_map_put(struct digest_map *map, const struct tree_hash *key);
void digest_map_done(struct digest_map *map);

#endif
