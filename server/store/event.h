/* event.h - the line of the event stream that tells of one change (docs/api.md, "Events"). Pure. */
#ifndef SERVER_STORE_EVENT_H
#define SERVER_STORE_EVENT_H

#include "server/store/plain.h"

#define EVENT_CELLS_MAX 200

struct event_input {
    int64_t change_id;
    const char *gateway;
    const struct change *change;
    const enum road_code *was;   /* the code of each cell before, change->n_cells of them */
    const struct plain_news *plain; /* what the patches did */
    struct road_metres district; /* road metres of all gateways together */
};

/* A JSON object on one line, from malloc; the caller frees it. */
enum road_status event_format(const struct event_input *input, char **ret_text);

#endif
