/* stack.h - the whole system on this machine: broker, gateway, server and nodes as separate processes over TLS,
 * in one data folder (docs/deployment.md). The demo and the end-to-end tests run on it.
 *
 * Every part can be stopped, killed and started again by itself; ports stay the same over a restart. One
 * thread. All children die with the caller. */
#ifndef FRONT_STACK_H
#define FRONT_STACK_H

#include "front/broker.h"
#include "front/child.h"
#include "link/message.h"

#define STACK_NODES_MAX 16
#define STACK_PATH_SIZE 1024
#define STACK_DISTRICT "330103" /* Xiacheng, the example district */

/* What a node is told about its vehicle and its drives. */
struct stack_node {
    char name[NAME_SIZE];
    bool is_phone;
    const char *gnss_class; /* "auto", "rtk", … */
    double gnss_sigma_m, gnss_lag_s;
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m, ride_gain, timing_sigma_s;
    double replay_speed;
    int64_t outbox_max_bytes; /* 0 = the node's default */
    char drive_list[STACK_PATH_SIZE]; /* lines "PATH START" */
    struct kid kid;
    struct child child;
};
void stack_node_default(struct stack_node *ret_node, const char *name);

struct stack_options {
    const char *dir;     /* data folder, made if absent */
    const char *bin_dir; /* where roadchief-node, -gateway, -server lie */
    const char *web_dir; /* built pages, may be NULL */
    const char *truth_file, *roads_file; /* may be NULL; read when asked for */
    const char *network_file; /* of `roadchief roads import`, for the gateway; NULL: it knows no roads */
    struct grid_zone zone;
    double bounds[4];    /* w s e n, all 0 = from the data */
    const char *road_class; /* NULL = arterial */
    int http_port; /* 0 = a free one */
};

struct stack {
    struct stack_options options;
    char dir[STACK_PATH_SIZE];
    char http[64]; /* "http://127.0.0.1:PORT" once the server is up */
    struct broker *broker;
    struct child gateway, server;
    struct stack_node nodes[STACK_NODES_MAX];
    int n_nodes;
};

/* Folders, CA, keys of broker, gateway and server. ret_error: 512 bytes, in words. */
enum road_status stack_init(struct stack *ret_stack, const struct stack_options *options, char *ret_error);
void stack_done(struct stack *stack); /* stops everything in order: nodes, gateway, server, broker */
/* Issues the node's certificate, writes its config; index into nodes. Before the gateway starts: it reads the
 * registry once. */
enum road_status stack_add_node(struct stack *stack, const struct stack_node *node, int *ret_index, char *ret_error);

enum road_status stack_start_broker(struct stack *stack, char *ret_error);
enum road_status stack_start_server(struct stack *stack, char *ret_error);
enum road_status stack_start_gateway(struct stack *stack, char *ret_error);
enum road_status stack_start_node(struct stack *stack, int index, char *ret_error);
/* Zone of a recording: the meridian nearest its first placed fix; bounds around all fixes. */
enum road_status stack_zone_of(const char *recording, struct grid_zone *ret_zone, double ret_bounds[4], char *ret_error);

#endif
