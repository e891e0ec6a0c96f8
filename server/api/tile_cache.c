#include "server/api/tile_cache.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
    struct map_tile tile;
    int64_t version;
    struct tile_body *body; /* NULL: the slot is free */
    struct slot *chain;     /* same bucket */
    struct slot *older, *newer;
};

struct tile_cache {
    pthread_mutex_t lock;
    size_t n, tiles_max, bytes, bytes_max, n_buckets;
    struct slot *newest, *oldest, *free; /* free ones hang on `chain` */
    struct slot **buckets;
    struct slot slots[];
};

void tile_body_hold(struct tile_body *body)
{
    atomic_fetch_add_explicit(&body->references, 1, memory_order_relaxed);
}

void tile_body_release(struct tile_body *body)
{
    if (body && atomic_fetch_sub_explicit(&body->references, 1, memory_order_acq_rel) == 1)
        free(body);
}

enum road_status tile_cache_new(size_t tiles_max, size_t bytes_max, struct tile_cache **ret_cache)
{
    struct tile_cache *cache = calloc(1, sizeof *cache + tiles_max * sizeof cache->slots[0]);
    struct slot **buckets = calloc(2 * tiles_max, sizeof *buckets);

    if (!cache || !buckets) {
        free(cache);
        free(buckets);
        return ROAD_NO_MEMORY;
    }
    *cache = (struct tile_cache){
        .tiles_max = tiles_max, .bytes_max = bytes_max, .n_buckets = 2 * tiles_max, .buckets = buckets};
    pthread_mutex_init(&cache->lock, NULL);
    for (size_t i = 0; i < tiles_max; i++) {
        cache->slots[i].chain = cache->free;
        cache->free = &cache->slots[i];
    }
    *ret_cache = cache;
    return ROAD_OK;
}

static struct slot **bucket_of(struct tile_cache *cache, struct map_tile tile)
{
    uint64_t h = ((uint64_t)tile.layer << 5 | (uint64_t)tile.zoom) + 1;

    h = (h * 0x9E3779B97F4A7C15 + tile.x) * 0x9E3779B97F4A7C15 + tile.y;
    h *= 0xD6E8FEB86659FD93;
    return &cache->buckets[(h >> 32) % cache->n_buckets];
}

static struct slot *find(struct tile_cache *cache, struct map_tile tile)
{
    struct slot *slot = *bucket_of(cache, tile);

    while (slot && (slot->tile.layer != tile.layer || slot->tile.zoom != tile.zoom || slot->tile.x != tile.x ||
                    slot->tile.y != tile.y))
        slot = slot->chain;
    return slot;
}

static void unlink_age(struct tile_cache *cache, struct slot *slot)
{
    *(slot->newer ? &slot->newer->older : &cache->newest) = slot->older;
    *(slot->older ? &slot->older->newer : &cache->oldest) = slot->newer;
}

static void push_newest(struct tile_cache *cache, struct slot *slot)
{
    slot->newer = NULL;
    slot->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = slot;
    cache->newest = slot;
}

static void drop(struct tile_cache *cache, struct slot *slot)
{
    struct slot **link = bucket_of(cache, slot->tile);

    while (*link != slot)
        link = &(*link)->chain;
    *link = slot->chain;
    unlink_age(cache, slot);
    cache->bytes -= slot->body->length;
    cache->n--;
    tile_body_release(slot->body);
    slot->body = NULL;
    slot->chain = cache->free;
    cache->free = slot;
}

void tile_cache_clear(struct tile_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    while (cache->oldest)
        drop(cache, cache->oldest);
    pthread_mutex_unlock(&cache->lock);
}

void tile_cache_free(struct tile_cache *cache)
{
    if (!cache)
        return;
    tile_cache_clear(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache->buckets);
    free(cache);
}

struct tile_body *tile_cache_get(struct tile_cache *cache, struct map_tile tile, int64_t version)
{
    struct tile_body *body = NULL;

    pthread_mutex_lock(&cache->lock);
    struct slot *slot = find(cache, tile);
    if (slot && slot->version >= version) {
        unlink_age(cache, slot);
        push_newest(cache, slot);
        body = slot->body;
        tile_body_hold(body);
    }
    pthread_mutex_unlock(&cache->lock);
    return body;
}

static void add(struct tile_cache *cache, struct map_tile tile, int64_t version, struct tile_body *body)
{
    struct slot **bucket = bucket_of(cache, tile), *slot = cache->free;

    cache->free = slot->chain;
    *slot = (struct slot){.tile = tile, .version = version, .body = body, .chain = *bucket};
    *bucket = slot;
    push_newest(cache, slot);
    tile_body_hold(body);
    cache->bytes += body->length;
    cache->n++;
}

void tile_cache_put(struct tile_cache *cache, struct map_tile tile, int64_t version, struct tile_body *body)
{
    if (body->length > cache->bytes_max)
        return;
    pthread_mutex_lock(&cache->lock);
    struct slot *old = find(cache, tile);
    if (!old || old->version < version) {
        if (old)
            drop(cache, old);
        while (cache->n == cache->tiles_max || cache->bytes + body->length > cache->bytes_max)
            drop(cache, cache->oldest);
        add(cache, tile, version, body);
    }
    pthread_mutex_unlock(&cache->lock);
}
