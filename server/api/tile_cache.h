/* tile_cache.h - the latest vector tiles in memory, least used out first.
 *
 * Each was made for a change number; once a newer change is there it is no longer given. Bodies are counted by
 * reference, so one that is being sent outlives its place in the cache. Bounded in tiles and bytes. Any thread. */
#ifndef SERVER_API_TILE_CACHE_H
#define SERVER_API_TILE_CACHE_H

#include <stdatomic.h>

#include "server/api/answer.h"
#include "server/api/request.h"

/* A finished tile, gzipped. */
struct tile_body {
    atomic_int references;
    char etag[ETAG_SIZE]; /* of the content: a tile that a change did not touch keeps it */
    size_t length;
    uint8_t data[];
};

void tile_body_hold(struct tile_body *body);
void tile_body_release(struct tile_body *body); /* NULL is fine */

struct tile_cache; /* opaque */

enum road_status tile_cache_new(size_t tiles_max, size_t bytes_max, struct tile_cache **ret_cache);
void tile_cache_free(struct tile_cache *cache); /* NULL is fine */
/* The tile as it was made at `version` or later, with a reference for the caller; NULL if there is none. */
struct tile_body *tile_cache_get(struct tile_cache *cache, struct map_tile tile, int64_t version);
/* Keeps the body (with a reference of the cache's own), instead of an older one. */
void tile_cache_put(struct tile_cache *cache, struct map_tile tile, int64_t version, struct tile_body *body);
void tile_cache_clear(struct tile_cache *cache);

#endif
