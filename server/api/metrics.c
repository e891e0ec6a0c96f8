#include "server/api/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct metric {
    enum api_metric_kind kind;
    char name[96], help[120];
    double value;
};

struct metrics {
    pthread_mutex_t lock;
    size_t n;
    struct metric rows[API_METRICS_MAX]; /* ordered by name, so that labels of one family stand together */
    _Atomic int64_t own[METRIC_OWN_COUNT];
};

static const struct {
    enum api_metric_kind kind;
    const char *name, *help;
} own_rows[METRIC_OWN_COUNT] = {
    [METRIC_ANSWERS_2XX] = {API_COUNTER, "roadchief_http_answers_total{class=\"2xx\"}", "HTTP answers by class of status"},
    [METRIC_ANSWERS_3XX] = {API_COUNTER, "roadchief_http_answers_total{class=\"3xx\"}", "HTTP answers by class of status"},
    [METRIC_ANSWERS_4XX] = {API_COUNTER, "roadchief_http_answers_total{class=\"4xx\"}", "HTTP answers by class of status"},
    [METRIC_ANSWERS_5XX] = {API_COUNTER, "roadchief_http_answers_total{class=\"5xx\"}", "HTTP answers by class of status"},
    [METRIC_TILES_MADE] = {API_COUNTER, "roadchief_tiles_made_total", "vector tiles made from the database"},
    [METRIC_TILES_KEPT] = {API_COUNTER, "roadchief_tiles_kept_total", "vector tiles answered from memory"},
    [METRIC_EVENTS] = {API_COUNTER, "roadchief_events_total", "changes published to event streams"},
    [METRIC_STREAMS_REFUSED] = {API_COUNTER, "roadchief_event_streams_refused_total", "event streams refused: too many"},
};

enum road_status metrics_new(struct metrics **ret_metrics)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (!metrics)
        return ROAD_NO_MEMORY;
    pthread_mutex_init(&metrics->lock, NULL);
    *ret_metrics = metrics;
    return ROAD_OK;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* A metric's name, perhaps with labels behind; nothing that would break the line. */
static bool name_is_valid(const char *name)
{
    const size_t letters =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");

    return letters > 0 && (name[0] < '0' || name[0] > '9') && strlen(name) < sizeof((struct metric *)0)->name &&
           (name[letters] == '\0' || (name[letters] == '{' && name[strlen(name) - 1] == '}')) &&
           !strchr(name, '\n');
}

/* The row of a name, made if there is none; NULL if the table is full. */
static struct metric *find_row(struct metrics *metrics, const char *name)
{
    size_t i = 0;

    while (i < metrics->n && strcmp(metrics->rows[i].name, name) < 0)
        i++;
    if (i < metrics->n && strcmp(metrics->rows[i].name, name) == 0)
        return &metrics->rows[i];
    if (metrics->n == API_METRICS_MAX)
        return NULL;
    memmove(&metrics->rows[i + 1], &metrics->rows[i], (metrics->n++ - i) * sizeof metrics->rows[0]);
    metrics->rows[i] = (struct metric){.kind = API_GAUGE};
    memcpy(metrics->rows[i].name, name, strlen(name));
    return &metrics->rows[i];
}

enum road_status metrics_set(struct metrics *metrics, enum api_metric_kind kind, const char *name, const char *help,
                             double value)
{
    enum road_status status = ROAD_FULL;

    if (!name_is_valid(name) || strlen(help) >= sizeof metrics->rows[0].help || strchr(help, '\n'))
        return ROAD_BAD_INPUT;
    pthread_mutex_lock(&metrics->lock);
    struct metric *row = find_row(metrics, name);
    if (row) {
        row->kind = kind;
        row->value = value;
        memcpy(row->help, help, strlen(help) + 1);
        status = ROAD_OK;
    }
    pthread_mutex_unlock(&metrics->lock);
    return status;
}

void metrics_count(struct metrics *metrics, enum own_metric which, int64_t step)
{
    atomic_fetch_add_explicit(&metrics->own[which], step, memory_order_relaxed);
}

/* HELP and TYPE stand once before the lines of a family. */
static void print_head(struct bytes *text, enum api_metric_kind kind, const char *name, const char *help,
                       const char *before)
{
    const int family = (int)strcspn(name, "{");

    if (before && (int)strcspn(before, "{") == family && strncmp(before, name, (size_t)family) == 0)
        return;
    bytes_format(text, "# HELP %.*s %s\n# TYPE %.*s %s\n", family, name, help, family, name,
                 kind == API_COUNTER ? "counter" : "gauge");
}

void metrics_print(struct metrics *metrics, struct bytes *ret_text)
{
    for (int i = 0; i < METRIC_OWN_COUNT; i++) {
        print_head(ret_text, own_rows[i].kind, own_rows[i].name, own_rows[i].help,
                   i > 0 ? own_rows[i - 1].name : NULL);
        bytes_format(ret_text, "%s %" PRId64 "\n", own_rows[i].name,
                     atomic_load_explicit(&metrics->own[i], memory_order_relaxed));
    }
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < metrics->n; i++) {
        const struct metric *row = &metrics->rows[i];
        print_head(ret_text, row->kind, row->name, row->help, i > 0 ? metrics->rows[i - 1].name : NULL);
        if (isfinite(row->value))
            bytes_format(ret_text, "%s %.15g\n", row->name, row->value);
        else
            bytes_format(ret_text, "%s %s\n", row->name, isnan(row->value) ? "NaN" : row->value > 0 ? "+Inf" : "-Inf");
    }
    pthread_mutex_unlock(&metrics->lock);
}
