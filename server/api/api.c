#include "server/api/api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "server/api/serve.h"

#define THREADS 2
#define HEARTBEAT_MS 15000
#define CONNECTIONS_MAX 1024
#define CONNECTION_BYTES ((size_t)48 << 10) /* request head and the block being sent */
#define IDLE_S 60U                          /* a silent connection is closed; sleeping event streams are not silent */
#define TILES_MAX 8192
#define TILES_BYTES_MAX ((size_t)64 << 20)
#define KEY_FILE_MAX 65536
#define FILES_BESIDE 128 /* descriptors for everything that is not a connection */

struct api {
    struct site site;
    struct MHD_Daemon *daemon;
    char *cert, *key; /* PEM texts */
    int port;
    pthread_t heart;
    pthread_mutex_t heart_lock;
    pthread_cond_t heart_wake;
    bool has_heart, is_stopping;
    char error[API_ERROR_SIZE];
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

__attribute__((format(printf, 3, 4))) static enum road_status fail(struct api *api, enum road_status status,
                                                                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(api->error, sizeof api->error, format, args);
    va_end(args);
    return status;
}

static enum road_status read_address(struct api *api, union address *ret_address, bool *ret_is_loopback)
{
    const char *host = api->site.config.http_host ? api->site.config.http_host : "127.0.0.1";
    const uint16_t port = htons((uint16_t)api->site.config.http_port);
    union address a;

    memset(&a, 0, sizeof a);
    if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = port;
        *ret_is_loopback = (ntohl(a.v4.sin_addr.s_addr) >> 24) == 127;
    } else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = port;
        *ret_is_loopback = IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr);
    } else {
        return fail(api, ROAD_IO, "http_host %s is no address (names are not looked up)", host);
    }
    *ret_address = a;
    return ROAD_OK;
}

/* A PEM file as text. */
static enum road_status read_pem(struct api *api, const char *path, char **ret_text)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(KEY_FILE_MAX + 1);
    const size_t length = file && text ? fread(text, 1, KEY_FILE_MAX + 1, file) : 0;

    if (file)
        fclose(file);
    if (length == 0 || length > KEY_FILE_MAX) {
        free(text);
        return fail(api, ROAD_IO, "%s: cannot be read, is empty, or is no PEM file", path);
    }
    text[length] = '\0';
    *ret_text = text;
    return ROAD_OK;
}

static enum road_status read_tls(struct api *api)
{
    const struct api_config *config = &api->site.config;

    if (!config->tls_cert != !config->tls_key)
        return fail(api, ROAD_IO, "tls_cert and tls_key belong together");
    if (!config->tls_cert)
        return ROAD_OK;
    const enum road_status status = read_pem(api, config->tls_cert, &api->cert);
    return status ? status : read_pem(api, config->tls_key, &api->key);
}

/* The last changes, so that a client that comes back after a restart misses nothing. */
static enum road_status load_events(struct api *api)
{
    struct site *site = &api->site;
    struct reader *reader;
    int64_t last = 0, as_of_ns;

    enum road_status status = reader_take(site->readers, &reader);
    if (status)
        return status;
    status = summary_last_change(reader, &last, &as_of_ns);
    const int64_t after = last > EVENTS_KEPT ? last - EVENTS_KEPT : 0;
    event_hub_start_after(site->hub, after);
    sqlite3_stmt *s = reader_query(reader, QUERY_CHANGES);
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int(s, 2, EVENTS_KEPT);
    enum road_status end = ROAD_OK;
    while (!status && reader_step(s, &end))
        status = event_hub_add(site->hub, sqlite3_column_int64(s, 0), (const char *)sqlite3_column_text(s, 1));
    reader_give(site->readers, reader);
    site->last_change = last;
    return status ? status : end;
}

static enum road_status open_site(struct api *api, int streams_max)
{
    struct site *site = &api->site;

    enum road_status status = readers_open(site->config.database_path, THREADS, &site->readers, api->error);
    if (!status)
        status = roads_open(site->config.roads_file, &site->roads, api->error);
    if (!status)
        status = tile_cache_new(TILES_MAX, TILES_BYTES_MAX, &site->tiles);
    if (!status)
        status = metrics_new(&site->metrics);
    if (!status)
        status = node_board_new(&site->nodes);
    if (!status)
        status = event_hub_new(&serve_rim, streams_max, &site->hub);
    if (!status)
        status = load_events(api);
    return status;
}

static void close_site(struct site *site)
{
    event_hub_free(site->hub);
    metrics_free(site->metrics);
    node_board_free(site->nodes);
    tile_cache_free(site->tiles);
    coverage_cache_done(&site->coverage);
    roads_close(site->roads);
    readers_close(site->readers);
    summary_cache_done(&site->summary);
}

/* Comments on idle streams: they keep proxies from closing them, and find clients that have left. */
static void *beat(void *closure)
{
    struct api *api = closure;
    const int period_ms = api->site.config.heartbeat_ms > 0 ? api->site.config.heartbeat_ms : HEARTBEAT_MS;
    struct timespec due;

    clock_gettime(CLOCK_MONOTONIC, &due);
    pthread_mutex_lock(&api->heart_lock);
    while (!api->is_stopping) {
        const int64_t ns = due.tv_nsec + (int64_t)period_ms * 1000000;
        due.tv_sec += ns / 1000000000;
        due.tv_nsec = ns % 1000000000;
        while (!api->is_stopping && pthread_cond_timedwait(&api->heart_wake, &api->heart_lock, &due) != ETIMEDOUT)
            continue;
        event_hub_beat(api->site.hub);
    }
    pthread_mutex_unlock(&api->heart_lock);
    return NULL;
}

static enum road_status start_heart(struct api *api)
{
    if (pthread_create(&api->heart, NULL, beat, api))
        return fail(api, ROAD_NO_MEMORY, "no thread for the event streams");
    api->has_heart = true;
    return ROAD_OK;
}

static void stop_heart(struct api *api)
{
    if (!api->has_heart)
        return;
    pthread_mutex_lock(&api->heart_lock);
    api->is_stopping = true;
    pthread_cond_signal(&api->heart_wake);
    pthread_mutex_unlock(&api->heart_lock);
    pthread_join(api->heart, NULL);
    api->has_heart = false;
}

/* libmicrohttpd tells clients' mistakes here; they are counted as answers, not logged. */
static void ignore_log(void *closure, const char *format, va_list args)
{
    (void)closure;
    (void)format;
    (void)args;
}

static struct MHD_Daemon *start_daemon(struct api *api, const union address *address, int connections)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                           (address->any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0) | (api->cert ? MHD_USE_TLS : 0);
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, api->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, api->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem *more = api->cert ? tls : &tls[3];

    return MHD_start_daemon(flags, 0, NULL, NULL, serve_request, &api->site, /* the logger has to come first */
                            MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_SOCK_ADDR, &address->any,
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_URI_LOG_CALLBACK, serve_begin,
                            &api->site, MHD_OPTION_NOTIFY_COMPLETED, serve_end, &api->site, MHD_OPTION_ARRAY, more,
                            MHD_OPTION_END);
}

static enum road_status start_listening(struct api *api, int connections)
{
    union address address;
    bool is_loopback = false;

    const enum road_status status = read_address(api, &address, &is_loopback);
    if (status)
        return status;
    if (!api->cert && !is_loopback)
        return fail(api, ROAD_DENIED, "http_host is open to others: tls_cert and tls_key are needed");
    api->daemon = start_daemon(api, &address, connections);
    if (!api->daemon)
        return fail(api, ROAD_IO, "port %d cannot be listened on, or the certificate is unusable: %s",
                    api->site.config.http_port, strerror(errno));
    api->port = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return ROAD_OK;
}

/* As many descriptors as connections, if the hard limit lets us; more than it allows are refused by accept(2). */
static void raise_file_limit(int connections)
{
    const rlim_t wanted = (rlim_t)connections + FILES_BESIDE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Signals are the main loop's: our threads are born with all of them blocked. */
static enum road_status start_threads(struct api *api, int connections)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum road_status status = start_listening(api, connections);
    if (!status)
        status = start_heart(api);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static enum road_status api_open(struct api *api)
{
    const int connections = api->site.config.connections_max > 0 ? api->site.config.connections_max : CONNECTIONS_MAX;

    enum road_status status = read_tls(api);
    if (!status)
        status = open_site(api, connections * 3 / 4);
    if (status)
        return status;
    raise_file_limit(connections);
    return start_threads(api, connections);
}

enum road_status api_start(const struct api_config *config, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof *api);
    pthread_condattr_t monotonic;

    if (!api)
        return ROAD_NO_MEMORY;
    api->site.config = *config;
    summary_cache_init(&api->site.summary);
    coverage_cache_init(&api->site.coverage);
    pthread_mutex_init(&api->heart_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&api->heart_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);

    const enum road_status status = api_open(api);
    if (status && config->ret_error)
        snprintf(config->ret_error, API_ERROR_SIZE, "%s",
                 api->error[0] ? api->error : road_status_sentence(status));
    if (status)
        api_stop(api);
    else
        *ret_api = api;
    return status;
}

int api_port(const struct api *api)
{
    return api->port;
}

void api_publish(struct api *api, int64_t change_id, const char *event_json)
{
    api_publish_touched(api, change_id, event_json, NULL);
}

static void mark(struct touched *touched, int64_t change_id, const struct api_touch *touch)
{
    if (!touch) {
        touched_mark_all(touched, change_id);
        return;
    }
    for (size_t i = 0; i < touch->n_cells; i++)
        touched_mark(touched, (struct cell){touch->cells[i]}, change_id);
    if (touch->has_defects)
        touched_mark_layer(touched, LAYER_DEFECTS, change_id);
    if (touch->has_segments)
        touched_mark_layer(touched, LAYER_SEGMENTS, change_id);
}

void api_publish_touched(struct api *api, int64_t change_id, const char *event_json, const struct api_touch *touch)
{
    if (change_id > api->site.last_change)
        mark(&api->site.touched, change_id, touch);
    /* First the number, so that a tile asked for because of the event is made anew. */
    if (change_id > api->site.last_change)
        api->site.last_change = change_id;
    if (event_hub_add(api->site.hub, change_id, event_json) == ROAD_OK)
        metrics_count(api->site.metrics, METRIC_EVENTS, 1);
}

enum road_status api_set_metric(struct api *api, enum api_metric_kind kind, const char *name, const char *help,
                                double value)
{
    return metrics_set(api->site.metrics, kind, name, help, value);
}

enum road_status api_set_status(struct api *api, const char *gateway, const void *bytes, size_t length)
{
    char name[96];
    int64_t n = 0;

    const enum road_status status = node_board_set(api->site.nodes, gateway, bytes, length, &n);
    if (status)
        return status;
    snprintf(name, sizeof name, "roadchief_nodes_not_believed{gateway=\"%s\"}", gateway);
    return metrics_set(api->site.metrics, API_GAUGE, name, "nodes whose word does not count, by their standing", (double)n);
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    stop_heart(api);
    if (api->site.hub)
        event_hub_stop(api->site.hub);
    if (api->daemon)
        MHD_stop_daemon(api->daemon);
    close_site(&api->site);
    pthread_cond_destroy(&api->heart_wake);
    pthread_mutex_destroy(&api->heart_lock);
    free(api->cert);
    free(api->key);
    free(api);
}
