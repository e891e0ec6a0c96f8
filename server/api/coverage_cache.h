/* coverage_cache.h - the district's coverage, kept until a change is published. Private to server/api.
 *
 * Making it reads every known square, so on large districts it is renewed at most so often that this takes a twentieth of one
 * core; what is answered says as of which day it is. */
#ifndef SERVER_API_COVERAGE_CACHE_H
#define SERVER_API_COVERAGE_CACHE_H

#include <pthread.h>

#include "server/api/reader.h"
#include "server/coverage/coverage.h"

struct coverage_cache {
    pthread_mutex_t lock;
    bool is_filled;
    int64_t version;        /* the change that was the last one published when it was made */
    int64_t renew_after_ns; /* monotonic */
    struct coverage coverage;
};

void coverage_cache_init(struct coverage_cache *cache);
void coverage_cache_done(struct coverage_cache *cache);
/* On ROAD_OK the coverage is the caller's until coverage_cache_give; others wait. */
enum road_status coverage_cache_take(struct coverage_cache *cache, struct reader *reader, const struct road_network *network,
                                     int64_t version, const struct coverage **ret_coverage);
void coverage_cache_give(struct coverage_cache *cache);

#endif
