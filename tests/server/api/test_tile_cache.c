/* Facts about the tiles kept in memory (server/api/tile_cache.h). */
#include "server/api/tile_cache.h"
#include "tests/check.h"

static struct tile_body *body_new(size_t length)
{
    struct tile_body *body = calloc(1, sizeof *body + length);

    if (!body)
        abort();
    atomic_init(&body->references, 1);
    body->length = length;
    return body;
}

static struct map_tile tile_of(uint32_t x)
{
    return (struct map_tile){LAYER_CELLS, 17, x, 7};
}

static void put(struct tile_cache *cache, uint32_t x, int64_t version, size_t length)
{
    struct tile_body *body = body_new(length);

    tile_cache_put(cache, tile_of(x), version, body);
    tile_body_release(body);
}

/* The length of the kept tile, -1 if it is not given. */
static int64_t kept(struct tile_cache *cache, uint32_t x, int64_t version)
{
    struct tile_body *body = tile_cache_get(cache, tile_of(x), version);
    const int64_t length = body ? (int64_t)body->length : -1;

    tile_body_release(body);
    return length;
}

FACT(a_tile_is_given_until_a_newer_change)
{
    struct tile_cache *cache;

    CHECK_STATUS(tile_cache_new(4, 1000, &cache), ROAD_OK);
    put(cache, 1, 5, 10);
    CHECK_INT(kept(cache, 1, 5), 10);
    CHECK_INT(kept(cache, 1, 4), 10);
    CHECK_INT(kept(cache, 1, 6), -1);
    CHECK_INT(kept(cache, 2, 5), -1);
    put(cache, 1, 6, 11);
    CHECK_INT(kept(cache, 1, 6), 11);
    put(cache, 1, 5, 12); /* late, by a slower thread */
    CHECK_INT(kept(cache, 1, 6), 11);
    tile_cache_free(cache);
}

FACT(the_least_used_goes_first)
{
    struct tile_cache *cache;

    CHECK_STATUS(tile_cache_new(3, 1000, &cache), ROAD_OK);
    for (uint32_t x = 1; x <= 3; x++)
        put(cache, x, 1, 10);
    CHECK_INT(kept(cache, 1, 1), 10);
    put(cache, 4, 1, 10);
    CHECK_INT(kept(cache, 2, 1), -1);
    CHECK_INT(kept(cache, 1, 1), 10);
    CHECK_INT(kept(cache, 3, 1), 10);
    CHECK_INT(kept(cache, 4, 1), 10);
    tile_cache_free(cache);
}

FACT(bytes_are_bounded_too)
{
    struct tile_cache *cache;

    CHECK_STATUS(tile_cache_new(100, 1000, &cache), ROAD_OK);
    for (uint32_t x = 0; x < 20; x++)
        put(cache, x, 1, 300);
    CHECK_INT(kept(cache, 16, 1), -1);
    for (uint32_t x = 17; x < 20; x++)
        CHECK_INT(kept(cache, x, 1), 300);
    put(cache, 50, 1, 1001); /* larger than the whole cache: not kept, and nothing is lost for it */
    CHECK_INT(kept(cache, 50, 1), -1);
    CHECK_INT(kept(cache, 19, 1), 300);
    tile_cache_free(cache);
}

FACT(a_body_outlives_its_place)
{
    struct tile_cache *cache;

    CHECK_STATUS(tile_cache_new(1, 1000, &cache), ROAD_OK);
    put(cache, 1, 1, 10);
    struct tile_body *body = tile_cache_get(cache, tile_of(1), 1);
    put(cache, 2, 1, 20);
    tile_cache_free(cache);
    CHECK(body != NULL);
    CHECK_INT(body->length, 10);
    CHECK_INT(atomic_load(&body->references), 1);
    tile_body_release(body);
}

/* Against a plain table of versions: what is given is never older than asked, and what was just put is there. */
FACT(random_use_agrees_with_a_plain_table)
{
    struct tile_cache *cache;
    int64_t newest[64] = {0};
    uint64_t state = 9;

    CHECK_STATUS(tile_cache_new(16, 100000, &cache), ROAD_OK);
    for (int i = 0; i < 20000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407; /* Knuth's MMIX generator */
        const uint32_t x = (uint32_t)(state >> 58);
        const int64_t version = i / 10 + 1;
        if (state >> 40 & 1) {
            put(cache, x, version, (size_t)version);
            newest[x] = version;
            CHECK_INT(kept(cache, x, version), version);
        } else {
            const int64_t length = kept(cache, x, version - 20);
            CHECK(length == -1 || (length == newest[x] && length >= version - 20));
        }
    }
    tile_cache_free(cache);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
