/* metrics.h - named numbers for /metrics, in Prometheus' text form 0.0.4. Bounded; any thread. */
#ifndef SERVER_API_METRICS_H
#define SERVER_API_METRICS_H

#include <stdatomic.h>

#include "server/api/api.h"
#include "server/api/bytes.h"

/* The api's own counts, added to without a lock. */
enum own_metric {
    METRIC_ANSWERS_2XX,
    METRIC_ANSWERS_3XX,
    METRIC_ANSWERS_4XX,
    METRIC_ANSWERS_5XX,
    METRIC_TILES_MADE,
    METRIC_TILES_KEPT,
    METRIC_EVENTS,
    METRIC_STREAMS_REFUSED,
    METRIC_OWN_COUNT
};

struct metrics;

enum road_status metrics_new(struct metrics **ret_metrics);
void metrics_free(struct metrics *metrics); /* NULL is fine */
enum road_status metrics_set(struct metrics *metrics, enum api_metric_kind kind, const char *name, const char *help,
                             double value);
void metrics_count(struct metrics *metrics, enum own_metric which, int64_t step);
void metrics_print(struct metrics *metrics, struct bytes *ret_text);

#endif
