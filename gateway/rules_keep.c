#include "gateway/rules_keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "link/log.h"

void rules_use(const struct gateway_rules *rules, struct beliefs_config *config)
{
    config->rules = rules->code;
    config->odds = &rules->evidence;
    config->feature_passes = (unsigned)rules->evidence.feature_passes;
}

void rules_change_done(struct rules_change *change)
{
    free(change->squares);
    free(change->defects);
    free(change->features);
    memset(change, 0, sizeof *change);
}

/* ---- the database -------------------------------------------------------------------------------------- */

static enum road_status read_last(sqlite3 *db, struct rules_change *change, char *ret_error)
{
    sqlite3_stmt *q = NULL;

    change->is_first = true;
    change->number = 1;
    enum road_status status = database_prepare(db, "SELECT id, plain FROM rules ORDER BY id DESC LIMIT 1", &q);
    if (status != ROAD_OK)
        return status;
    const int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 1);
        change->is_first = false;
        change->number = (uint64_t)sqlite3_column_int64(q, 0) + 1;
        sha256(text ? text : "", (size_t)sqlite3_column_bytes(q, 1), change->hash_before);
        status = rules_parse(text ? text : "", &change->before, ret_error);
    } else if (code != SQLITE_DONE) {
        status = database_status(code);
    }
    sqlite3_finalize(q);
    return status;
}

enum road_status rules_keep_open(struct keeper *keeper, struct rules_change *ret_change, char *ret_error)
{
    uint8_t hash[SHA256_SIZE];

    *ret_change = (struct rules_change){.is_first = false};
    if (!keeper->config.rules)
        return ROAD_OK;
    const enum road_status status = read_last(keeper->db, ret_change, ret_error);
    if (status != ROAD_OK)
        return status;
    rules_hash(keeper->config.rules, hash);
    ret_change->is_other = !ret_change->is_first && memcmp(hash, ret_change->hash_before, SHA256_SIZE) != 0;
    return ROAD_OK;
}

static enum road_status write_row(struct keeper *keeper, const struct rules_change *change, const char *text)
{
    sqlite3_stmt *q = NULL;

    enum road_status status = database_prepare(keeper->db, "INSERT INTO rules VALUES(?, ?, ?)", &q);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(q, 1, (int64_t)change->number);
    sqlite3_bind_text(q, 2, text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, keeper->config.opened_ns);
    status = database_run(q);
    sqlite3_finalize(q);
    return status;
}

/* ---- what was told, from the old beliefs to the new ---------------------------------------------------- */

static int by_defect(const void *a, const void *b)
{
    return defect_id_compare(&((const struct defect_belief *)a)->id, &((const struct defect_belief *)b)->id);
}

static int by_feature(const void *a, const void *b)
{
    return defect_id_compare(&((const struct feature_belief *)a)->id, &((const struct feature_belief *)b)->id);
}

void rules_keep_told(struct rules_change *change, const struct beliefs *beliefs)
{
    for (size_t i = 0; i < beliefs->evidence.n_blocks; i++) {
        const struct block *block = evidence_block_at(&beliefs->evidence, i);
        for (size_t k = 0; block->findings && k < block->findings->n_said; k++) {
            const struct said *said = &block->findings->said[k];
            ROOM(change->squares, change->square_capacity, change->n_squares + 1);
            change->squares[change->n_squares++] =
                (struct square_told){square_cell(&beliefs->evidence, block, said->square), said->code, said->key};
        }
    }
    for (size_t i = 0; i < beliefs->n_defects; i++) {
        const struct defect *defect = &beliefs->defects[i];
        if (defect->is_live && defect->was_told) {
            ROOM(change->defects, change->defect_capacity, change->n_defects + 1);
            change->defects[change->n_defects++] = defect->told;
        }
        if (defect->is_live && defect->feature_was_told) {
            ROOM(change->features, change->feature_capacity, change->n_features + 1);
            change->features[change->n_features++] = defect->feature_told;
        }
    }
    if (change->n_defects)
        qsort(change->defects, change->n_defects, sizeof *change->defects, by_defect);
    if (change->n_features)
        qsort(change->features, change->n_features, sizeof *change->features, by_feature);
}

/* Squares come block by block, ascending within one. */
void rules_keep_adopt(const struct rules_change *change, struct beliefs *beliefs)
{
    for (size_t i = 0; i < change->n_squares; i++) {
        const struct square_told *told = &change->squares[i];
        struct findings *findings = block_findings(evidence_block_of_cell(&beliefs->evidence, told->cell));
        ROOM(findings->said, findings->said_capacity, findings->n_said + 1);
        findings->said[findings->n_said++] = (struct said){square_of_cell(told->cell), told->code, told->key};
    }
}

/* ---- telling ------------------------------------------------------------------------------------------- */

static bool is_transition(const struct defect_belief *now, const struct defect_belief *told)
{
    return now->state != told->state || now->type != told->type || now->severity != told->severity ||
           now->may_be_red != told->may_be_red;
}

/* Takes out of the delta what stands as it was told; what was told and is none any more is dropped. */
static void settle_defects(const struct rules_change *change, struct delta *delta)
{
    const size_t n_now = delta->n_defects;
    bool *is_there = room_zeroed(change->n_defects + 1, sizeof *is_there);
    size_t kept = 0;

    for (size_t i = 0; i < n_now; i++) {
        struct moved_defect moved = delta->defects[i];
        const struct defect_belief *told =
            change->n_defects ? bsearch(&moved.now, change->defects, change->n_defects, sizeof moved.now, by_defect) : NULL;
        if (told) {
            is_there[told - change->defects] = true;
            moved.is_transition = is_transition(&moved.now, told);
        }
        if (!told || !same_belief(&moved.now, told))
            delta->defects[kept++] = moved;
    }
    delta->n_defects = kept;
    for (size_t i = 0; i < change->n_defects; i++)
        if (!is_there[i] && change->defects[i].state != DEFECT_DROPPED) {
            struct moved_defect gone = {change->defects[i], true};
            gone.now.state = DEFECT_DROPPED;
            ROOM(delta->defects, delta->defect_capacity, delta->n_defects + 1);
            delta->defects[delta->n_defects++] = gone;
        }
    free(is_there);
}

static void settle_features(const struct rules_change *change, struct delta *delta)
{
    const size_t n_now = delta->n_features;
    bool *is_there = room_zeroed(change->n_features + 1, sizeof *is_there);
    size_t kept = 0;

    for (size_t i = 0; i < n_now; i++) {
        const struct feature_belief now = delta->features[i];
        const struct feature_belief *told =
            change->n_features ? bsearch(&now, change->features, change->n_features, sizeof now, by_feature) : NULL;
        if (told)
            is_there[told - change->features] = true;
        if (!told || !same_feature(&now, told))
            delta->features[kept++] = now;
    }
    delta->n_features = kept;
    for (size_t i = 0; i < change->n_features; i++)
        if (!is_there[i] && change->features[i].state != FEATURE_RETIRED) {
            struct feature_belief gone = change->features[i];
            gone.state = FEATURE_RETIRED;
            ROOM(delta->features, delta->feature_capacity, delta->n_features + 1);
            delta->features[delta->n_features++] = gone;
        }
    free(is_there);
}

static enum road_status say_rules(struct keeper *keeper, const struct rules_change *change, const char *text)
{
    struct rules_statement statement = {.gateway = signer_kid(keeper->config.signer),
                                        .version = (uint64_t)keeper->config.rules->version,
                                        .text = text,
                                        .text_length = strlen(text),
                                        .has_before = !change->is_first,
                                        .time_ns = keeper->config.opened_ns};
    uint8_t payload[RULES_PAYLOAD_MAX];
    char kid[KID_TEXT_SIZE];
    size_t length;

    sha256(text, statement.text_length, statement.hash);
    memcpy(statement.before, change->hash_before, SHA256_SIZE);
    const enum road_status status = rules_statement_encode(&statement, payload, sizeof payload, &length);
    if (status != ROAD_OK)
        return status;
    return publish_saying(keeper->publisher, &keeper->delta, statement.gateway, change->number, "rules",
                          kid_format(statement.gateway, kid), payload, length);
}

enum road_status rules_keep_tell(struct keeper *keeper, struct rules_change *change)
{
    char text[RULES_TEXT_MAX];

    if (!change->is_first && !change->is_other)
        return ROAD_OK;
    if (change->is_first)
        keeper->delta.n_cells = keeper->delta.n_defects = keeper->delta.n_features = keeper->delta.n_leaves =
            keeper->delta.n_segments = 0;
    keeper->delta.road = keeper->beliefs.road;
    keeper->delta.as_of_ns = keeper->beliefs.evidence.newest_ns == INT64_MIN ? 0 : keeper->beliefs.evidence.newest_ns;
    settle_defects(change, &keeper->delta);
    settle_features(change, &keeper->delta);
    enum road_status status = rules_format(keeper->config.rules, text);
    if (status == ROAD_OK)
        status = database_begin(keeper->db);
    if (status != ROAD_OK)
        return status;
    status = say_rules(keeper, change, text);
    if (status == ROAD_OK)
        status = write_row(keeper, change, text);
    if (status == ROAD_OK)
        status = database_commit(keeper->db);
    else
        database_rollback(keeper->db);
    if (status == ROAD_OK)
        log_info("rules version=%lld cells=%zu defects=%zu: %s", (long long)keeper->config.rules->version, keeper->delta.n_cells,
                 keeper->delta.n_defects, change->is_first ? "recorded" : "folded again, what moved is told");
    return status;
}
