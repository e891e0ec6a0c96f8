/* call.c - from a parsed request to its answer. */
#include "server/api/inside.h"

#include "server/api/tile_make.h"

static void (*const handlers[ROUTE_COUNT])(struct call *) = {
    [ROUTE_HEALTHZ] = answer_healthz, [ROUTE_METRICS] = answer_metrics,
    [ROUTE_SUMMARY] = answer_summary, [ROUTE_CONFIG] = answer_config,
    [ROUTE_TRUTH] = answer_truth,     [ROUTE_CELL_AT] = answer_cell_at,
    [ROUTE_CELLS] = answer_cells,     [ROUTE_CELL] = answer_cell,
    [ROUTE_DEFECTS] = answer_defects, [ROUTE_DEFECT] = answer_defect,
    [ROUTE_FEATURES] = answer_features, [ROUTE_NODES] = answer_nodes,
    [ROUTE_CHANGES] = answer_changes, [ROUTE_ROADS] = answer_roads,
    [ROUTE_ROAD] = answer_road,       [ROUTE_ROAD_PAGE] = answer_road_page,
    [ROUTE_SEGMENT] = answer_segment,
    [ROUTE_COVERAGE] = answer_coverage, [ROUTE_COVERAGE_NEXT] = answer_coverage_next,
    [ROUTE_PROOF] = answer_proof,     [ROUTE_ENTRY] = answer_entry,
    [ROUTE_LOG] = answer_log,         [ROUTE_PAGE] = answer_page,
};

/* A tile that no published change has touched since it was made is answered without the database. */
static void answer_tile_body(struct site *site, const struct request *request, struct answer *answer)
{
    const int64_t version = site->last_change; /* before reading: the database may be ahead, never behind */
    struct request_error error;
    struct map_tile tile;
    struct reader *reader;
    struct bytes bytes;

    const enum road_status parsed = request_tile(request->tail, &tile, &error);
    if (parsed) {
        answer_error(answer, parsed == ROAD_NOT_FOUND ? 404 : 400, error.text, error.field);
        return;
    }
    answer->type = "application/vnd.mapbox-vector-tile";
    answer->tile = tile_cache_get(site->tiles, tile, touched_last(&site->touched, site->config.zone, tile));
    metrics_count(site->metrics, answer->tile ? METRIC_TILES_KEPT : METRIC_TILES_MADE, 1);
    if (answer->tile)
        return;
    enum road_status status = reader_take(site->readers, &reader);
    if (!answer_is_ok(answer, status, NULL))
        return;
    bytes_init(&bytes, MVT_TILE_MAX);
    status = tile_make(reader, site->roads, site->config.zone, tile, &bytes);
    reader_give(site->readers, reader);
    if (!status)
        status = tile_pack(&bytes, &answer->tile);
    bytes_done(&bytes);
    if (answer_is_ok(answer, status, NULL))
        tile_cache_put(site->tiles, tile, version, answer->tile);
}

void call_answer(struct site *site, const struct request *request, struct answer *answer)
{
    struct call call = {.site = site, .request = request, .answer = answer};

    if (request->route == ROUTE_TILE) {
        answer_tile_body(site, request, answer);
        return;
    }
    if (!handlers[request->route]) {
        answer_error(answer, 404, "there is no such address", NULL);
        return;
    }
    const enum road_status status = reader_take(site->readers, &call.reader);
    if (!answer_is_ok(answer, status, NULL))
        return;
    handlers[request->route](&call);
    reader_give(site->readers, call.reader);
}
