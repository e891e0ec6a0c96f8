/* nodes.h - the nodes that a gateway does not believe, or holds back, as it says on its status topic (/v1/nodes).
 *
 * What was heard last of each gateway, in memory: a status is retained by the broker and comes again after a start.
 * Any thread. */
#ifndef SERVER_API_NODES_H
#define SERVER_API_NODES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define NODES_GATEWAYS_MAX 64
#define NODES_STATUS_MAX 65536 /* bytes of one status */

struct node_board; /* opaque */

enum road_status node_board_new(struct node_board **ret_board);
void node_board_free(struct node_board *board); /* NULL is fine */
/* A status of `gateway`, from hostile bytes: ROAD_BAD_INPUT if it is no JSON object with "standing". *ret_not_believed
 * is how many nodes are not believed. */
enum road_status node_board_set(struct node_board *board, const char *gateway, const void *bytes, size_t length,
                                int64_t *ret_not_believed);
/* [{"gateway","not_believed","standing":{node:{"faults","bad_days"}},"held_back":{node:n}}], the caller's. */
json_t *node_board_json(struct node_board *board);

#endif
