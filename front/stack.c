#include "front/stack.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sensor-node/source.h"
#include "server/ca.h"

#define ERROR_SIZE 512
#define READY_MS 20000
#define STOP_MS 8000

static enum road_status fail(char *ret_error, enum road_status status, const char *what, const char *detail)
{
    snprintf(ret_error, ERROR_SIZE, "%.300s: %.200s", what, detail ? detail : road_status_sentence(status));
    return status;
}

static void path_in(const struct stack *s, char *ret_path, const char *format, ...)
{
    va_list args;
    const int used = snprintf(ret_path, STACK_PATH_SIZE, "%s/", s->dir);

    va_start(args, format);
    if (used > 0 && used < STACK_PATH_SIZE)
        vsnprintf(ret_path + used, STACK_PATH_SIZE - (size_t)used, format, args);
    va_end(args);
}

static enum road_status make_folder(const struct stack *s, const char *name, char *ret_error)
{
    char path[STACK_PATH_SIZE];

    path_in(s, path, "%s", name);
    /* Search permission for all: the broker drops to its own user. */
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return ROAD_OK;
    return fail(ret_error, ROAD_IO, path, strerror(errno));
}

void stack_node_default(struct stack_node *ret_node, const char *name)
{
    *ret_node = (struct stack_node){.gnss_class = "auto", .gnss_lag_s = 0.1, .antenna_x_m = -0.6, .imu_x_m = -0.6,
                                    .wheelbase_m = 2.7, .half_track_m = 0.75, .ride_gain = 1, .timing_sigma_s = 0.1};
    snprintf(ret_node->name, sizeof ret_node->name, "%s", name);
}

enum road_status stack_init(struct stack *ret_stack, const struct stack_options *options, char *ret_error)
{
    struct stack *s = ret_stack;
    static const char *const folders[] = {"", "gateway", "server", "broker"};
    enum road_status status;

    *s = (struct stack){.options = *options};
    s->gateway.out = s->server.out = -1;
    snprintf(s->dir, sizeof s->dir, "%s", options->dir);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if ((status = make_folder(s, folders[i], ret_error)) != ROAD_OK)
            return status;
    if ((status = ca_init(s->dir, STACK_DISTRICT, ret_error)) != ROAD_OK)
        return status;
    if ((status = ca_issue(s->dir, "broker", CA_ROLE_BROKER, false, "127.0.0.1", ret_error)) != ROAD_OK ||
        (status = ca_issue(s->dir, "gw-1", CA_ROLE_GATEWAY, false, NULL, ret_error)) != ROAD_OK)
        return status;
    return ca_issue(s->dir, "server", CA_ROLE_SERVER, false, NULL, ret_error);
}

/* The keys that every daemon shares. */
static void write_common(const struct stack *s, FILE *out, const char *name)
{
    fprintf(out, "name = %s\ndistrict = " STACK_DISTRICT "\n", name);
    fprintf(out, "brokers = 127.0.0.1:%d\n", broker_port(s->broker));
    fprintf(out, "ca_file = %s/ca/ca.crt\ncert_file = %s/ca/%s.crt\nkey_file = %s/ca/%s.key\nregistry = %s/registry\n",
            s->dir, s->dir, name, s->dir, name, s->dir);
    fprintf(out, "zone_meridian_deg = %d\nzone_south = %s\n", s->options.zone.meridian_deg,
            s->options.zone.is_south ? "yes" : "no");
}

static FILE *open_config(const struct stack *s, const char *folder, const char *file, char *ret_path)
{
    path_in(s, ret_path, "%s/%s", folder, file);
    return fopen(ret_path, "w");
}

static enum road_status close_config(FILE *out, const char *path, char *ret_error)
{
    if (fclose(out) != 0)
        return fail(ret_error, ROAD_IO, path, strerror(errno));
    return ROAD_OK;
}

enum road_status stack_add_node(struct stack *stack, const struct stack_node *node, int *ret_index, char *ret_error)
{
    char folder[STACK_PATH_SIZE], path[STACK_PATH_SIZE];
    struct signer *signer;
    enum road_status status;

    if (stack->n_nodes == STACK_NODES_MAX)
        return fail(ret_error, ROAD_FULL, node->name, "too many nodes for one machine");
    snprintf(folder, sizeof folder, "node-%s", node->name);
    if ((status = make_folder(stack, folder, ret_error)) != ROAD_OK ||
        (status = ca_issue(stack->dir, node->name, CA_ROLE_NODE, node->is_phone, NULL, ret_error)) != ROAD_OK)
        return status;
    path_in(stack, path, "ca/%s.key", node->name);
    if ((status = signer_open(path, &signer)) != ROAD_OK)
        return fail(ret_error, status, path, NULL);
    struct stack_node *kept = &stack->nodes[stack->n_nodes];
    *kept = *node;
    kept->kid = signer_kid(signer);
    kept->child.out = -1;
    signer_close(signer);
    *ret_index = stack->n_nodes++;
    return ROAD_OK;
}

static enum road_status write_node_config(const struct stack *s, const struct stack_node *n, char *ret_path, char *ret_error)
{
    char folder[STACK_PATH_SIZE];

    snprintf(folder, sizeof folder, "node-%s", n->name);
    FILE *out = open_config(s, folder, "node.conf", ret_path);
    if (!out)
        return fail(ret_error, ROAD_IO, ret_path, strerror(errno));
    write_common(s, out, n->name);
    fprintf(out, "data_dir = %s/%s\ngateway = gw-1\nsource = recording\ndrive_list = %s\n", s->dir, folder, n->drive_list);
    fprintf(out, "replay_speed = %.6g\ngnss_class = %s\ngnss_sigma_m = %.6g\ngnss_lag_s = %.6g\n", n->replay_speed,
            n->gnss_class, n->gnss_sigma_m, n->gnss_lag_s);
    fprintf(out, "antenna_x_m = %.6g\nantenna_y_m = %.6g\nimu_x_m = %.6g\nwheelbase_m = %.6g\nhalf_track_m = %.6g\nride_gain = %.6g\ntiming_sigma_s = %.6g\n",
            n->antenna_x_m, n->antenna_y_m, n->imu_x_m, n->wheelbase_m, n->half_track_m, n->ride_gain, n->timing_sigma_s);
    if (n->outbox_max_bytes)
        fprintf(out, "outbox_max_bytes = %lld\n", (long long)n->outbox_max_bytes);
    fprintf(out, "exit_when_done = yes\nmove_to_start = yes\n");
    return close_config(out, ret_path, ret_error);
}

static enum road_status write_gateway_config(const struct stack *s, char *ret_path, char *ret_error)
{
    FILE *out = open_config(s, "gateway", "gateway.conf", ret_path);

    if (!out)
        return fail(ret_error, ROAD_IO, ret_path, strerror(errno));
    write_common(s, out, "gw-1");
    fprintf(out, "data_dir = %s/gateway\nserver = server\nroad_class = %s\nas_of = event\n", s->dir,
            s->options.road_class ? s->options.road_class : "arterial");
    if (s->options.network_file)
        fprintf(out, "roads = %s\n", s->options.network_file);
    return close_config(out, ret_path, ret_error);
}

static enum road_status write_server_config(const struct stack *s, char *ret_path, char *ret_error)
{
    const struct stack_options *o = &s->options;
    FILE *out = open_config(s, "server", "server.conf", ret_path);

    if (!out)
        return fail(ret_error, ROAD_IO, ret_path, strerror(errno));
    write_common(s, out, "server");
    fprintf(out, "data_dir = %s/server\nhttp_host = 127.0.0.1\nhttp_port = %d\nlog_origin = demo.roadchief.example/" STACK_DISTRICT "\n",
            s->dir, o->http_port);
    if (o->web_dir)
        fprintf(out, "web_dir = %s\n", o->web_dir);
    if (o->truth_file)
        fprintf(out, "truth_file = %s\n", o->truth_file);
    if (o->roads_file)
        fprintf(out, "roads_file = %s\n", o->roads_file);
    if (o->bounds[0] != 0 || o->bounds[2] != 0)
        fprintf(out, "bounds = %.6f,%.6f,%.6f,%.6f\n", o->bounds[0], o->bounds[1], o->bounds[2], o->bounds[3]);
    return close_config(out, ret_path, ret_error);
}

enum road_status stack_start_broker(struct stack *stack, char *ret_error)
{
    if (stack->broker)
        return broker_restart(stack->broker, ret_error);
    return broker_start(stack->dir, STACK_DISTRICT, &stack->broker, ret_error);
}

/* Starts a daemon of ours and waits until it says that it is ready. */
static enum road_status start_daemon(const struct stack *s, const char *program, const char *config, const char *log,
                                     struct child *child, char *ret_line, char *ret_error)
{
    char path[2 * STACK_PATH_SIZE], log_path[STACK_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", s->options.bin_dir, program);
    path_in(s, log_path, "%s.log", log);
    char *const argv[] = {path, "--config", (char *)config, NULL};
    enum road_status status = child_start(child, argv, log_path);
    if (status == ROAD_OK)
        status = child_wait_line(child, "ready ", READY_MS, ret_line, ERROR_SIZE);
    if (status == ROAD_OK)
        return ROAD_OK;
    child_stop(child, 1000);
    snprintf(ret_error, ERROR_SIZE, "%s did not get ready (%s); its log is %.300s", program, road_status_sentence(status), log_path);
    return status;
}

enum road_status stack_start_server(struct stack *stack, char *ret_error)
{
    char config[STACK_PATH_SIZE], line[ERROR_SIZE];
    enum road_status status = write_server_config(stack, config, ret_error);

    if (status == ROAD_OK)
        status = start_daemon(stack, "roadchief-server", config, "server", &stack->server, line, ret_error);
    if (status != ROAD_OK)
        return status;
    const char *http = strstr(line, "http=");
    if (!http || sscanf(http, "http=%63s", stack->http) != 1)
        return fail(ret_error, ROAD_BAD_INPUT, "roadchief-server", "it did not print its address");
    const char *port = strrchr(stack->http, ':');
    stack->options.http_port = port ? atoi(port + 1) : 0; /* the same one after a restart */
    return ROAD_OK;
}

enum road_status stack_start_gateway(struct stack *stack, char *ret_error)
{
    char config[STACK_PATH_SIZE], line[ERROR_SIZE];
    const enum road_status status = write_gateway_config(stack, config, ret_error);

    return status != ROAD_OK ? status
                             : start_daemon(stack, "roadchief-gateway", config, "gateway", &stack->gateway, line, ret_error);
}

enum road_status stack_start_node(struct stack *stack, int index, char *ret_error)
{
    struct stack_node *node = &stack->nodes[index];
    char config[STACK_PATH_SIZE], line[ERROR_SIZE], log[NAME_SIZE + 8];
    const enum road_status status = write_node_config(stack, node, config, ret_error);

    snprintf(log, sizeof log, "node-%s", node->name);
    return status != ROAD_OK ? status
                             : start_daemon(stack, "roadchief-node", config, log, &node->child, line, ret_error);
}

void stack_done(struct stack *stack)
{
    for (int i = 0; i < stack->n_nodes; i++)
        child_stop(&stack->nodes[i].child, STOP_MS);
    child_stop(&stack->gateway, STOP_MS);
    child_stop(&stack->server, STOP_MS);
    broker_stop(stack->broker);
    stack->broker = NULL;
}

static void widen(double bounds[4], double lon_deg, double lat_deg)
{
    bounds[0] = fmin(bounds[0], lon_deg);
    bounds[1] = fmin(bounds[1], lat_deg);
    bounds[2] = fmax(bounds[2], lon_deg);
    bounds[3] = fmax(bounds[3], lat_deg);
}

enum road_status stack_zone_of(const char *recording, struct grid_zone *ret_zone, double ret_bounds[4], char *ret_error)
{
    double bounds[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    struct source_event event = {0};
    struct source *source;
    enum road_status status = source_open_recording(recording, 0, -1, 0, &source, ret_error);

    if (status != ROAD_OK)
        return status;
    while ((status = source_next(source, &event, ret_error)) == ROAD_BAD_INPUT || status == ROAD_OK) {
        if (status == ROAD_OK && event.kind == SOURCE_END)
            break;
        if (status == ROAD_OK && event.kind == SOURCE_FIX && event.fix.sigma_m <= 15)
            widen(bounds, event.fix.lon_deg, event.fix.lat_deg);
    }
    source_close(source);
    if (status != ROAD_OK)
        return status;
    if (!isfinite(bounds[0]))
        return fail(ret_error, ROAD_NOT_FOUND, recording, "no usable position in this drive, so nothing could be placed");
    *ret_zone = grid_zone_nearest(bounds[1], bounds[0]);
    memcpy(ret_bounds, bounds, sizeof bounds);
    return ROAD_OK;
}
