#include "server/api/summary.h"

#include <string.h>
#include <time.h>

#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/api/segments.h"
#include "server/ledger/read.h"
#include "link/message.h"

#define RENEW_FACTOR 20                /* counting takes at most a twentieth of a core … */
#define RENEW_FREE_NS INT64_C(50000000) /* … unless it is quick anyway */

void summary_cache_init(struct summary_cache *cache)
{
    *cache = (struct summary_cache){.is_filled = false};
    pthread_mutex_init(&cache->lock, NULL);
}

void summary_cache_done(struct summary_cache *cache)
{
    pthread_mutex_destroy(&cache->lock);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static enum road_status count(struct reader *reader, struct summary_counts *ret_counts)
{
    struct summary_counts counts = {.level0 = 0};
    sqlite3_stmt *s = reader_query(reader, QUERY_CELL_COUNTS);
    enum road_status status;

    while (reader_step(s, &status)) {
        const int code = sqlite3_column_int(s, 0) & 3;
        counts.cells[code] += sqlite3_column_int64(s, 1);
        if (code != CODE_GREY)
            counts.level0 += sqlite3_column_int64(s, 2), counts.level4 += sqlite3_column_int64(s, 3);
    }
    if (status)
        return status;
    s = reader_query(reader, QUERY_PLAIN_COUNTS);
    while (reader_step(s, &status)) {
        const int level = sqlite3_column_int(s, 0), code = sqlite3_column_int(s, 1) & 3;
        const int64_t squares = sqlite3_column_int64(s, 2);
        counts.cells[code] += squares;
        if (code != CODE_GREY)
            counts.level0 += level == 0 ? squares : 0, counts.level4 += level == 4 ? squares : 0;
    }
    if (status)
        return status;
    s = reader_query(reader, QUERY_DEFECT_COUNTS);
    while (reader_step(s, &status)) {
        const int state = sqlite3_column_int(s, 0);
        if (state > 0 && state <= DEFECT_REPAIRED)
            counts.defects[state] += sqlite3_column_int64(s, 1);
    }
    if (status)
        return status;
    s = reader_query(reader, QUERY_FEATURE_COUNTS);
    while (reader_step(s, &status)) {
        const int state = sqlite3_column_int(s, 0);
        if (state > 0 && state < 5)
            counts.features[state] += sqlite3_column_int64(s, 1);
        if (state == FEATURE_REGISTERED)
            counts.features_damaged += sqlite3_column_int64(s, 2);
    }
    if (!status)
        *ret_counts = counts;
    return status;
}

enum road_status summary_counts(struct reader *reader, struct summary_cache *cache, int64_t version,
                                struct summary_counts *ret_counts)
{
    enum road_status status = ROAD_OK;

    pthread_mutex_lock(&cache->lock);
    const int64_t begin = now_ns(CLOCK_MONOTONIC), worked = now_ns(CLOCK_THREAD_CPUTIME_ID);
    if (!cache->is_filled || (cache->version < version && begin >= cache->renew_after_ns)) {
        status = count(reader, &cache->counts);
        const int64_t end = now_ns(CLOCK_MONOTONIC), took = now_ns(CLOCK_THREAD_CPUTIME_ID) - worked;
        cache->is_filled = status == ROAD_OK;
        cache->version = version;
        cache->renew_after_ns = took < RENEW_FREE_NS ? end : end + RENEW_FACTOR * took;
    }
    if (!status)
        *ret_counts = cache->counts;
    pthread_mutex_unlock(&cache->lock);
    return status;
}

enum road_status summary_road(struct reader *reader, json_t **ret_road)
{
    static const char *const names[] = {"covered", "red", "yellow", "green", "grey", "unplaced"};
    int64_t cm[6] = {0};
    sqlite3_stmt *s = reader_query(reader, QUERY_FACTS);
    enum road_status status;

    while (reader_step(s, &status)) { /* "GATEWAY.red_cm" */
        const char *name = (const char *)sqlite3_column_text(s, 0);
        const char *dot = name ? strrchr(name, '.') : NULL;
        for (int i = 0; i < 6 && dot; i++)
            if (strncmp(dot + 1, names[i], strlen(names[i])) == 0 && strcmp(dot + 1 + strlen(names[i]), "_cm") == 0)
                cm[i] += sqlite3_column_int64(s, 1);
    }
    if (status)
        return status;
    json_t *road = json_object();
    for (int i = 0; i < 6; i++)
        json_object_set_new(road, names[i], json_real((double)cm[i] / 100));
    *ret_road = road;
    return ROAD_OK;
}

enum road_status summary_last_change(struct reader *reader, int64_t *ret_id, int64_t *ret_as_of_ns)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_LAST_CHANGE);
    enum road_status status = ROAD_OK;
    const bool is_there = reader_step(s, &status);

    if (status)
        return status;
    *ret_id = is_there ? sqlite3_column_int64(s, 0) : 0;
    *ret_as_of_ns = is_there ? sqlite3_column_int64(s, 1) : 0;
    sqlite3_reset(s);
    return ROAD_OK;
}

enum road_status summary_entries(struct reader *reader, int64_t *ret_count)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_LAST_ENTRY);
    enum road_status status = ROAD_OK;

    if (!reader_step(s, &status))
        return status ? status : ROAD_CORRUPT;
    *ret_count = sqlite3_column_type(s, 0) == SQLITE_NULL ? 0 : sqlite3_column_int64(s, 0) + 1;
    sqlite3_reset(s);
    return ROAD_OK;
}

/* tree_size and root of the newest signed head; a log without one is the empty tree. */
static enum road_status read_head(struct reader *reader, int64_t *ret_size, char ret_root[65])
{
    struct checkpoint head = {.size = 0};

    const enum road_status status = ledger_read_head(reader->db, &head, NULL);
    if (status == ROAD_NOT_FOUND)
        sha256("", 0, head.root.bytes);
    else if (status)
        return status;
    *ret_size = (int64_t)head.size;
    hex_format(head.root.bytes, sizeof head.root.bytes, ret_root);
    return ROAD_OK;
}

static json_t *counts_object(const struct summary_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "red", (json_int_t)counts->cells[CODE_RED], "yellow",
                     (json_int_t)counts->cells[CODE_YELLOW], "green", (json_int_t)counts->cells[CODE_GREEN], "grey",
                     (json_int_t)counts->cells[CODE_GREY], "level0", (json_int_t)counts->level0, "level4",
                     (json_int_t)counts->level4);
}

void answer_summary(struct call *call)
{
    const int64_t version = call->site->last_change;
    struct summary_counts counts;
    int64_t entries = 0, last = 0, as_of_ns = 0, size = 0;
    char root[65];
    json_t *road = NULL, *segments = NULL;

    enum road_status status = summary_counts(call->reader, &call->site->summary, version, &counts);
    if (!status)
        status = summary_entries(call->reader, &entries);
    if (!status)
        status = summary_last_change(call->reader, &last, &as_of_ns);
    if (!status)
        status = read_head(call->reader, &size, root);
    if (!status)
        status = summary_road(call->reader, &road);
    if (!status)
        status = segments_summary(call->reader, &segments);
    if (!answer_is_ok(call->answer, status, NULL)) {
        json_decref(road);
        return;
    }
    answer_json(call->answer,
                json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:I, s:I, s:s, s:o, s:I, s:I, s:o}", "road_m", road, "cells",
                          counts_object(&counts), "defects", "suspected",
                          (json_int_t)counts.defects[DEFECT_SUSPECTED], "confirmed",
                          (json_int_t)counts.defects[DEFECT_CONFIRMED], "dropped",
                          (json_int_t)counts.defects[DEFECT_DROPPED], "repaired",
                          (json_int_t)counts.defects[DEFECT_REPAIRED], "features", "registered",
                          (json_int_t)counts.features[FEATURE_REGISTERED], "retired",
                          (json_int_t)counts.features[FEATURE_RETIRED], "called_damage",
                          (json_int_t)counts.features_damaged, "entries", (json_int_t)entries, "tree_size",
                          (json_int_t)size, "root", root, "as_of", json_time(as_of_ns), "changes", (json_int_t)last,
                          "last_change", (json_int_t)last, "segments", segments));
}

void answer_healthz(struct call *call)
{
    int64_t entries = 0, last = 0, as_of_ns;

    enum road_status status = summary_entries(call->reader, &entries);
    if (!status)
        status = summary_last_change(call->reader, &last, &as_of_ns);
    if (!answer_is_ok(call->answer, status, NULL))
        return;
    call->answer->cache = "no-store";
    /* Change rows are numbered from 1 without holes: the last number is their count. */
    answer_json(call->answer, json_pack("{s:s, s:I, s:I}", "status", "ok", "entries", (json_int_t)entries, "changes",
                                        (json_int_t)last));
}

void answer_config(struct call *call)
{
    const struct api_config *config = &call->site->config;

    answer_json(call->answer,
                json_pack("{s:s?, s:{s:i, s:b}, s:[f, f, f, f], s:s?, s:s?, s:b, s:b}", "district", config->district,
                          "zone", "meridian_deg", config->zone.meridian_deg, "is_south", config->zone.is_south,
                          "bounds", config->bounds[0], config->bounds[1], config->bounds[2], config->bounds[3],
                          "log_origin", config->log_origin, "log_vkey", config->log_vkey, "truth",
                          config->truth_file != NULL, "coverage", call->site->roads->network.block != NULL));
}

void answer_metrics(struct call *call)
{
    metrics_set(call->site->metrics, API_GAUGE, "roadchief_event_streams", "open event streams",
                event_hub_count(call->site->hub));
    metrics_print(call->site->metrics, &call->answer->body);
    call->answer->type = "text/plain; version=0.0.4; charset=utf-8";
    call->answer->cache = "no-store";
}

void answer_truth(struct call *call)
{
    if (!call->site->config.truth_file)
        answer_error(call->answer, 404, "no truth is known here: this is not a simulated district", NULL);
    else
        answer_file(call->answer, call->site->config.truth_file, "application/geo+json");
}
