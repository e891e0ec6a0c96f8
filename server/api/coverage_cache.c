#include "server/api/coverage_cache.h"

#include <time.h>

#define RENEW_FACTOR 20                 /* making it takes at most a twentieth of a core … */
#define RENEW_FREE_NS INT64_C(200000000) /* … unless it is quick anyway */

void coverage_cache_init(struct coverage_cache *cache)
{
    *cache = (struct coverage_cache){.is_filled = false};
    pthread_mutex_init(&cache->lock, NULL);
}

void coverage_cache_done(struct coverage_cache *cache)
{
    if (cache->is_filled)
        coverage_done(&cache->coverage);
    pthread_mutex_destroy(&cache->lock);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum road_status coverage_cache_take(struct coverage_cache *cache, struct reader *reader, const struct road_network *network,
                                     int64_t version, const struct coverage **ret_coverage)
{
    enum road_status status = ROAD_OK;

    pthread_mutex_lock(&cache->lock);
    const int64_t begin = now_ns();
    if (!cache->is_filled || (cache->version < version && begin >= cache->renew_after_ns)) {
        struct coverage fresh;
        status = coverage_read(reader->db, network, &fresh);
        if (status) {
            pthread_mutex_unlock(&cache->lock);
            return status;
        }
        if (cache->is_filled)
            coverage_done(&cache->coverage);
        const int64_t end = now_ns(), took = end - begin;
        cache->coverage = fresh;
        cache->is_filled = true;
        cache->version = version;
        cache->renew_after_ns = took < RENEW_FREE_NS ? end : end + RENEW_FACTOR * took;
    }
    *ret_coverage = &cache->coverage;
    return ROAD_OK;
}

void coverage_cache_give(struct coverage_cache *cache)
{
    pthread_mutex_unlock(&cache->lock);
}
