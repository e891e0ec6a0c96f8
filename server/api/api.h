/* api.h - the server's answers over HTTP (docs/api.md): JSON, vector tiles, the event stream, the ledger's tiles, pages.
 *
 * Runs beside the main loop in threads of its own: two for requests, one that keeps idle event streams alive. Reads
 * `database_path` through read-only connections, so the database must exist, with the schema of docs/store.md, before
 * api_start. The main loop commits a change and then publishes it; nothing else passes between the two.
 * Without TLS only a loopback address is taken. All strings of the config must outlive the api. */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include "grid/projection.h"
#include "grid/status.h"

#define API_ERROR_SIZE 256

/* Strings may be NULL where it says so. */
struct api_config {
    const char *database_path;
    const char *http_host;  /* a literal address, "127.0.0.1" or "::1"; NULL = 127.0.0.1 */
    int http_port;          /* 0 = a free one, see api_port */
    const char *tls_cert;   /* PEM files, both or neither; NULL = plain HTTP, loopback only */
    const char *tls_key;
    const char *web_dir;    /* the built pages; NULL or missing = plain pages made here */
    const char *truth_file; /* GeoJSON of a simulated district's defects; NULL = there is none */
    const char *roads_file; /* a road network, or GeoJSON lines with name and class; read at start; NULL = no roads known */
    const char *district;
    const char *log_origin;
    const char *log_vkey;
    struct grid_zone zone;
    double bounds[4];       /* west, south, east, north in degrees: what the map shows first */
    int heartbeat_ms;       /* a comment on idle event streams; 0 = 15,000 */
    int connections_max;    /* 0 = 1,024; three quarters of them may be event streams */
    char *ret_error;        /* API_ERROR_SIZE bytes: why api_start failed, in words; may be NULL */
};

struct api; /* opaque */

/* Answers requests once it returns. ROAD_DENIED: an open address without TLS. ROAD_IO: address, port, certificate or
 * database cannot be used. ROAD_BAD_INPUT: the roads file is no GeoJSON of lines. */
enum road_status api_start(const struct api_config *config, struct api **ret_api);
/* The port that is listened on. */
int api_port(const struct api *api);
/* Tells the event streams and makes tiles and summary fresh; call after the commit, ids ascending (others are
 * ignored). `event_json` is the change's line, copied. Takes microseconds, never waits for a client. One thread. */
void api_publish(struct api *api, int64_t change_id, const char *event_json);
/* The same, if it is known what looks otherwise on the map than before: other tiles stay as they are. */
struct api_touch {
    const uint64_t *cells; /* ids of any level */
    size_t n_cells;
    bool has_defects, has_segments;
};
void api_publish_touched(struct api *api, int64_t change_id, const char *event_json, const struct api_touch *touch);
/* Ends the event streams and all threads. NULL is fine. */
void api_stop(struct api *api);

/* What /metrics shows beside the api's own counts. The name is as Prometheus wants it, "roadchief_inbox_items" or with
 * labels "roadchief_refused_total{reason=\"FULL\"}", at most 95 bytes; `help` at most 119 and the same for one name.
 * At most API_METRICS_MAX names: ROAD_FULL beyond. Any thread. */
#define API_METRICS_MAX 96
enum api_metric_kind { API_COUNTER, API_GAUGE };
enum road_status api_set_metric(struct api *api, enum api_metric_kind kind, const char *name, const char *help,
                                double value);

/* What a gateway says of itself on its status topic, as it came: /v1/nodes and a metric. ROAD_BAD_INPUT: nothing in it of
 * nodes ("offline", another version). Any thread. */
enum road_status api_set_status(struct api *api, const char *gateway, const void *bytes, size_t length);

#endif
