#include "server/ledger/digest_map.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

/* The row of the key, or the free row where it would go. Keys are hashes already. */
static struct digest_row *probe(struct digest_row *rows, size_t capacity, const struct tree_hash *key)
{
    uint64_t start;

    memcpy(&start, key->bytes, sizeof start);
    for (size_t i = (size_t)start;; i++) {
        struct digest_row *row = &rows[i & (capacity - 1)];
        if (!row->is_used || tree_hash_is_equal(&row->key, key))
            return row;
    }
}

struct digest_row *digest_map_find(const struct digest_map *map, const struct tree_hash *key)
{
    if (map->count == 0)
        return NULL;
    struct digest_row *row = probe(map->rows, map->capacity, key);
    return row->is_used ? row : NULL;
}

static bool grow(struct digest_map *map)
{
    const size_t capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY;
    struct digest_row *rows = calloc(capacity, sizeof *rows);

    if (!rows)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->rows[i].is_used)
            *probe(rows, capacity, &map->rows[i].key) = map->rows[i];
    free(map->rows);
    map->rows = rows;
    map->capacity = capacity;
    return true;
}

struct digest_row *digest_map_put(struct digest_map *map, const struct tree_hash *key)
{
    if (4 * (map->count + 1) > 3 * map->capacity && !grow(map))
        return NULL;
    struct digest_row *row = probe(map->rows, map->capacity, key);
    if (!row->is_used) {
        row->is_used = true;
        row->key = *key;
        map->count++;
    }
    return row;
}

void digest_map_done(struct digest_map *map)
{
    free(map->rows);
    *map = (struct digest_map){0};
}
