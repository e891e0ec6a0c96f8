#include "server/api/serve.h"

#include <stdlib.h>
#include <string.h>

#include "server/api/tile_make.h"

#define STREAM_BLOCK 32768 /* bytes of events handed to one write */

/* One request under way, from its first line on. */
struct exchange {
    bool is_begun;
    enum road_status parsed;
    struct request_error error;
    struct request request;
};

void *serve_begin(void *site, const char *target, struct MHD_Connection *connection)
{
    struct exchange *exchange = malloc(sizeof *exchange);

    (void)site;
    (void)connection;
    if (exchange) {
        exchange->is_begun = false;
        exchange->parsed = request_parse(target, &exchange->request, &exchange->error);
    }
    return exchange;
}

void serve_end(void *site, struct MHD_Connection *connection, void **exchange, enum MHD_RequestTerminationCode why)
{
    (void)site;
    (void)connection;
    (void)why;
    free(*exchange);
    *exchange = NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Nothing from outside, no frames, no plug-ins; MapLibre's worker comes from a blob. */
static void add_security(struct MHD_Response *response, bool is_tls)
{
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'self'; worker-src 'self' blob:; child-src 'self' blob:; img-src 'self' "
                            "data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
                            "frame-ancestors 'none'");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Frame-Options", "DENY");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Permissions-Policy", "geolocation=(self), camera=(), microphone=()");
    if (is_tls)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

static void count_answer(struct site *site, unsigned status)
{
    const enum own_metric which = status < 300   ? METRIC_ANSWERS_2XX
                                  : status < 400 ? METRIC_ANSWERS_3XX
                                  : status < 500 ? METRIC_ANSWERS_4XX
                                                 : METRIC_ANSWERS_5XX;

    metrics_count(site->metrics, which, 1);
}

static void release_tile(void *body)
{
    tile_body_release(body);
}

/* Hands the answer's body over to a response; NULL when out of memory. */
static struct MHD_Response *take_body(struct answer *answer)
{
    struct MHD_Response *response;

    if (answer->file >= 0) {
        response = MHD_create_response_from_fd64(answer->file_size, answer->file);
        if (response)
            answer->file = -1;
    } else if (answer->tile) {
        response = MHD_create_response_from_buffer_with_free_callback_cls(answer->tile->length, answer->tile->data,
                                                                          release_tile, answer->tile);
        if (response)
            answer->tile = NULL;
    } else {
        response = MHD_create_response_from_buffer(answer->body.length, answer->body.data, MHD_RESPMEM_MUST_FREE);
        if (response)
            bytes_init(&answer->body, ANSWER_MAX);
    }
    return response;
}

static enum MHD_Result send_answer(struct site *site, struct MHD_Connection *connection, struct answer *answer)
{
    struct MHD_Response *response = take_body(answer);

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "Cache-Control", answer->cache);
    if (answer->etag[0])
        MHD_add_response_header(response, "ETag", answer->etag);
    if (answer->is_gzip)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    if (strcmp(answer->type, "application/vnd.mapbox-vector-tile") == 0)
        MHD_add_response_header(response, "Vary", "Accept-Encoding");
    if (answer->status == 405)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    if (answer->status == 503)
        MHD_add_response_header(response, "Retry-After", "1");
    add_security(response, site->config.tls_cert != NULL);
    count_answer(site, answer->status);
    const enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_error(struct site *site, struct MHD_Connection *connection, unsigned status,
                                  const char *text, const char *field)
{
    struct answer answer;

    answer_init(&answer);
    answer_error(&answer, status, text, field);
    const enum MHD_Result sent = send_answer(site, connection, &answer);
    answer_done(&answer);
    return sent;
}

/* A client that knows this content already gets none. */
static void forget_known(struct MHD_Connection *connection, struct answer *answer)
{
    const char *known = header(connection, "If-None-Match");

    if (answer->status != 200 || !answer->etag[0] || !known || !strstr(known, answer->etag))
        return;
    answer_done(answer);
    answer->status = 304;
}

/* Tiles lie compressed; the few clients that cannot read that get them unpacked. */
static void settle_tile(struct MHD_Connection *connection, struct answer *answer)
{
    const char *accepted = header(connection, "Accept-Encoding");
    struct tile_body *tile = answer->tile;

    if (!tile)
        return;
    memcpy(answer->etag, tile->etag, sizeof answer->etag);
    answer->is_gzip = accepted && strstr(accepted, "gzip");
    if (answer->is_gzip)
        return;
    answer->tile = NULL;
    const enum road_status status = tile_unpack(tile, &answer->body);
    tile_body_release(tile);
    answer_is_ok(answer, status, NULL);
}

static void put_to_sleep(void *connection)
{
    MHD_suspend_connection(connection);
}

static void wake_up(void *connection)
{
    MHD_resume_connection(connection);
}

const struct event_rim serve_rim = {put_to_sleep, wake_up};

static ssize_t read_stream(void *subscriber, uint64_t position, char *ret_bytes, size_t capacity)
{
    (void)position;
    const ssize_t n = subscriber_read(subscriber, ret_bytes, capacity);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void close_stream(void *subscriber)
{
    subscriber_leave(subscriber);
}

/* What the client knows already: the header of a browser that reconnects, or `after` of one that read /v1/changes. */
static bool read_after(struct MHD_Connection *connection, const struct request *request, int64_t *ret_after)
{
    const char *last = header(connection, "Last-Event-ID"), *after = last ? last : request_text(request, "after");

    *ret_after = EVENTS_FROM_NOW;
    return !after || after[0] == '\0' || request_count(after, ret_after) == ROAD_OK;
}

static enum MHD_Result send_stream(struct site *site, struct MHD_Connection *connection, const struct request *request)
{
    struct subscriber *subscriber;
    int64_t after;

    if (!read_after(connection, request, &after))
        return send_error(site, connection, 400, "the last event is the number of a change", "Last-Event-ID");
    if (subscriber_join(site->hub, connection, after, &subscriber)) {
        metrics_count(site->metrics, METRIC_STREAMS_REFUSED, 1);
        return send_error(site, connection, 503, "too many listen to the event stream", NULL);
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, subscriber, close_stream);
    if (!response) {
        subscriber_leave(subscriber);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=utf-8");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* a proxy in front shall not hold events back */
    add_security(response, site->config.tls_cert != NULL);
    count_answer(site, 200);
    const enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result respond(struct site *site, struct MHD_Connection *connection, const struct exchange *exchange)
{
    struct answer answer;

    if (exchange->parsed)
        return send_error(site, connection, exchange->parsed == ROAD_TOO_LARGE ? 414 : 400, exchange->error.text,
                          exchange->error.field);
    if (exchange->request.route == ROUTE_EVENTS)
        return send_stream(site, connection, &exchange->request);
    answer_init(&answer);
    call_answer(site, &exchange->request, &answer);
    if (answer.body.is_bad)
        answer_error(&answer, 500, "the answer is too large", NULL);
    settle_tile(connection, &answer);
    forget_known(connection, &answer);
    const enum MHD_Result sent = send_answer(site, connection, &answer);
    answer_done(&answer);
    return sent;
}

/* What can be refused from the headers alone; such a connection is closed after the answer. */
static const char *refuse_early(struct MHD_Connection *connection, const char *method, unsigned *ret_status)
{
    const char *length = header(connection, "Content-Length");

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        *ret_status = 405;
        return "only GET and HEAD are answered here";
    }
    if (header(connection, "Transfer-Encoding") || (length && strcmp(length, "0") != 0)) {
        *ret_status = 413;
        return "no body is taken here";
    }
    return NULL;
}

enum MHD_Result serve_request(void *site, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **exchange)
{
    struct exchange *state = *exchange;
    unsigned status = 0;

    (void)url;
    (void)version;
    (void)upload;
    if (!state)
        return MHD_NO; /* out of memory when the request began */
    if (!state->is_begun) {
        state->is_begun = true;
        const char *reason = refuse_early(connection, method, &status);
        return reason ? send_error(site, connection, status, reason, NULL) : MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return respond(site, connection, state);
}
