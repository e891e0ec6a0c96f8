/* summary.h - the district in one object (/v1/summary), and its parts that other answers show too.
 *
 * Counting the cells with a reason reads their whole table (about 0.1 s a million; plain squares are counted as they come), so the counts are kept for as long as no change
 * was published, and on large districts renewed at most so often that counting takes a twentieth of one core. */
#ifndef SERVER_API_SUMMARY_H
#define SERVER_API_SUMMARY_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/api/reader.h"

struct summary_counts {
    int64_t cells[4], level0, level4; /* by enum road_code */
    int64_t defects[6];       /* by enum defect_state */
    int64_t features[5];      /* by enum feature_state */
    int64_t features_damaged; /* registered ones that are a confirmed defect as well */
};

struct summary_cache {
    pthread_mutex_t lock;
    bool is_filled;
    int64_t version;        /* the change that was the last one published when it was counted */
    int64_t renew_after_ns; /* monotonic */
    struct summary_counts counts;
};

void summary_cache_init(struct summary_cache *cache);
void summary_cache_done(struct summary_cache *cache);

/* Road metres of all gateways, as in the summary. */
enum road_status summary_road(struct reader *reader, json_t **ret_road);
enum road_status summary_counts(struct reader *reader, struct summary_cache *cache, int64_t version,
                                struct summary_counts *ret_counts);
/* The newest change's id and event time; both 0 if there is none. */
enum road_status summary_last_change(struct reader *reader, int64_t *ret_id, int64_t *ret_as_of_ns);
enum road_status summary_entries(struct reader *reader, int64_t *ret_count);

#endif
