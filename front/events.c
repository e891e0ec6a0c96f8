#include "front/events.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1 << 20)

struct seen {
    struct kid kid;
    uint64_t seq;
    int64_t wall_ns;
};

struct events {
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool is_stopping;
    char url[512];
    char *line;
    size_t line_length;
    char last_id[32];
    struct seen *seen;
    size_t n_seen, capacity;
};

static int64_t wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note(struct events *e, struct kid kid, uint64_t seq, int64_t now_ns)
{
    if (e->n_seen == e->capacity) {
        const size_t capacity = e->capacity ? 2 * e->capacity : 1024;
        struct seen *grown = realloc(e->seen, capacity * sizeof *grown);
        if (!grown)
            return;
        e->seen = grown;
        e->capacity = capacity;
    }
    e->seen[e->n_seen++] = (struct seen){kid, seq, now_ns};
}

static void take_event(struct events *e, const char *text, size_t length)
{
    const int64_t now_ns = wall_ns();
    json_t *event = json_loadb(text, length, 0, NULL);
    const char *kid_text;
    json_int_t seq;
    int is_last;
    struct kid kid;

    if (event && json_unpack(event, "{s:{s:s,s:I},s:b}", "cause", "kid", &kid_text, "seq", &seq, "is_last", &is_last) == 0 &&
        is_last && kid_parse(kid_text, &kid) == ROAD_OK) {
        pthread_mutex_lock(&e->lock);
        note(e, kid, (uint64_t)seq, now_ns);
        pthread_mutex_unlock(&e->lock);
    }
    json_decref(event);
}

static void take_line(struct events *e)
{
    if (e->line_length > 6 && memcmp(e->line, "data: ", 6) == 0)
        take_event(e, e->line + 6, e->line_length - 6);
    else if (e->line_length > 4 && memcmp(e->line, "id: ", 4) == 0)
        snprintf(e->last_id, sizeof e->last_id, "%.*s", (int)(e->line_length - 4), e->line + 4);
}

static size_t take_bytes(const char *bytes, size_t size, size_t count, void *context)
{
    struct events *e = context;

    for (size_t i = 0; i < size * count; i++) {
        if (bytes[i] == '\n') {
            take_line(e);
            e->line_length = 0;
        } else if (e->line_length < LINE_MAX_BYTES) {
            e->line[e->line_length++] = bytes[i];
        }
    }
    return size * count;
}

static int stop_asked(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct events *e = context;

    (void)a, (void)b, (void)c, (void)d;
    return e->is_stopping;
}

static void listen_once(struct events *e)
{
    char header[64];
    CURL *curl = curl_easy_init();

    if (!curl)
        return;
    snprintf(header, sizeof header, "Last-Event-ID: %s", *e->last_id ? e->last_id : "0");
    struct curl_slist *headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_URL, e->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_asked);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, e);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    e->line_length = 0;
    curl_easy_perform(curl);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

static void *listen_loop(void *context)
{
    struct events *e = context;

    while (!e->is_stopping) {
        listen_once(e);
        if (!e->is_stopping)
            usleep(50000); /* the server is being restarted */
    }
    return NULL;
}

enum road_status events_start(const char *base_url, struct events **ret_events)
{
    struct events *e = calloc(1, sizeof *e);

    if (!e || !(e->line = malloc(LINE_MAX_BYTES))) {
        free(e);
        return ROAD_NO_MEMORY;
    }
    snprintf(e->url, sizeof e->url, "%s/events", base_url);
    pthread_mutex_init(&e->lock, NULL);
    if (pthread_create(&e->thread, NULL, listen_loop, e) != 0) {
        free(e->line);
        free(e);
        return ROAD_NO_MEMORY;
    }
    *ret_events = e;
    return ROAD_OK;
}

void events_stop(struct events *events)
{
    if (!events)
        return;
    events->is_stopping = true;
    pthread_join(events->thread, NULL);
    pthread_mutex_destroy(&events->lock);
    free(events->seen);
    free(events->line);
    free(events);
}

int64_t events_seen_ns(struct events *events, struct kid kid, uint64_t seq, int64_t closed_ns)
{
    int64_t found_ns = 0;

    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < events->n_seen && !found_ns; i++)
        if (events->seen[i].seq >= seq && kid_compare(events->seen[i].kid, kid) == 0)
            found_ns = events->seen[i].wall_ns;
    if (!found_ns && events->n_seen && events->seen[events->n_seen - 1].wall_ns > closed_ns)
        found_ns = events->seen[events->n_seen - 1].wall_ns;
    pthread_mutex_unlock(&events->lock);
    return found_ns;
}

int64_t events_quiet_ns(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    const int64_t last_ns = events->n_seen ? events->seen[events->n_seen - 1].wall_ns : 0;
    pthread_mutex_unlock(&events->lock);
    return wall_ns() - last_ns;
}
