#include "server/api/nodes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/inside.h"
#include "server/api/json.h"


struct node_board {
    pthread_mutex_t lock;
    struct {
        char gateway[33];
        json_t *status;
    } rows[NODES_GATEWAYS_MAX];
    size_t n;
};

enum road_status node_board_new(struct node_board **ret_board)
{
    struct node_board *board = calloc(1, sizeof *board);

    if (!board)
        return ROAD_NO_MEMORY;
    pthread_mutex_init(&board->lock, NULL);
    *ret_board = board;
    return ROAD_OK;
}

void node_board_free(struct node_board *board)
{
    if (!board)
        return;
    for (size_t i = 0; i < board->n; i++)
        json_decref(board->rows[i].status);
    pthread_mutex_destroy(&board->lock);
    free(board);
}

/* Only the members that are shown, whatever else it says. */
static json_t *shown_part(const char *gateway, const json_t *status)
{
    json_t *standing = json_object_get(status, "standing"), *held_back = json_object_get(status, "held_back");
    const json_t *count = json_object_get(status, "not_believed");

    if (!json_is_object(standing) || !json_is_integer(count))
        return NULL;
    return json_pack("{s:s, s:I, s:O, s:o}", "gateway", gateway, "not_believed", json_integer_value(count), "standing",
                     standing, "held_back", json_is_object(held_back) ? json_incref(held_back) : json_object());
}

static enum road_status keep(struct node_board *board, const char *gateway, json_t *part)
{
    size_t i = 0;

    while (i < board->n && strcmp(board->rows[i].gateway, gateway) != 0)
        i++;
    if (i == NODES_GATEWAYS_MAX)
        return ROAD_FULL;
    if (i == board->n) {
        board->n++;
        snprintf(board->rows[i].gateway, sizeof board->rows[i].gateway, "%s", gateway);
    }
    json_decref(board->rows[i].status);
    board->rows[i].status = json_incref(part);
    return ROAD_OK;
}

enum road_status node_board_set(struct node_board *board, const char *gateway, const void *bytes, size_t length,
                                int64_t *ret_not_believed)
{
    if (length > NODES_STATUS_MAX)
        return ROAD_TOO_LARGE;
    json_t *status = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    json_t *part = status ? shown_part(gateway, status) : NULL;
    enum road_status result = ROAD_BAD_INPUT;

    if (part) {
        pthread_mutex_lock(&board->lock);
        result = keep(board, gateway, part);
        pthread_mutex_unlock(&board->lock);
        *ret_not_believed = json_integer_value(json_object_get(part, "not_believed"));
    }
    json_decref(part);
    json_decref(status);
    return result;
}

json_t *node_board_json(struct node_board *board)
{
    json_t *list = json_array();

    pthread_mutex_lock(&board->lock);
    for (size_t i = 0; i < board->n; i++)
        json_array_append_new(list, json_deep_copy(board->rows[i].status));
    pthread_mutex_unlock(&board->lock);
    return list;
}

void answer_nodes(struct call *call)
{
    answer_json(call->answer, json_list(node_board_json(call->site->nodes), NULL));
}
