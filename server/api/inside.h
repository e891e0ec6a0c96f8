/* inside.h - what the files of this room share: the api's parts and one request under way. Private to server/api. */
#ifndef SERVER_API_INSIDE_H
#define SERVER_API_INSIDE_H

#include <stdatomic.h>

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/coverage_cache.h"
#include "server/api/events.h"
#include "server/api/metrics.h"
#include "server/api/nodes.h"
#include "server/api/reader.h"
#include "server/api/request.h"
#include "server/api/roads.h"
#include "server/api/summary.h"
#include "server/api/tile_cache.h"
#include "server/api/touched.h"

/* What answers need of the api; started and stopped in api.c. */
struct site {
    struct api_config config;
    struct readers *readers;
    struct tile_cache *tiles;
    struct touched touched;
    struct roads *roads;
    struct event_hub *hub;
    struct metrics *metrics;
    struct node_board *nodes;
    struct summary_cache summary;
    struct coverage_cache coverage;
    _Atomic int64_t last_change; /* published; set only after the commit, so never ahead of the database */
};

struct call {
    struct site *site;
    struct reader *reader; /* inside a read transaction */
    const struct request *request;
    struct answer *answer;
};

/* Answers everything but the event stream: takes a reader where one is needed, and fills the answer. */
void call_answer(struct site *site, const struct request *request, struct answer *answer);

void answer_healthz(struct call *call);
void answer_metrics(struct call *call);
void answer_summary(struct call *call);
void answer_config(struct call *call);
void answer_truth(struct call *call);
void answer_cell_at(struct call *call);
void answer_cells(struct call *call);
void answer_cell(struct call *call);
void answer_defects(struct call *call);
void answer_defect(struct call *call);
void answer_features(struct call *call);
void answer_nodes(struct call *call);
void answer_changes(struct call *call);
void answer_roads(struct call *call);
void answer_road(struct call *call);
void answer_coverage(struct call *call);
void answer_coverage_next(struct call *call);
void answer_segment(struct call *call);
void answer_road_page(struct call *call);
void answer_proof(struct call *call);
void answer_entry(struct call *call);
void answer_log(struct call *call);
void answer_page(struct call *call);

/* A file as it is; 404 if it is not there. */
void answer_file(struct answer *answer, const char *path, const char *type);

#endif
