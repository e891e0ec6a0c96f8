#include "gateway/beliefs.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

void beliefs_init(struct beliefs *beliefs, const struct beliefs_config *config)
{
    memset(beliefs, 0, sizeof *beliefs);
    beliefs->config = *config;
    beliefs->day = INT64_MIN;
    evidence_init(&beliefs->evidence, &config->evidence);
}

void beliefs_done(struct beliefs *beliefs)
{
    for (size_t i = 0; i < beliefs->n_defects; i++)
        free(beliefs->defects[i].members);
    free(beliefs->defects);
    free(beliefs->free_defects);
    free(beliefs->queue);
    free(beliefs->fold);
    evidence_done(&beliefs->evidence);
    verdicts_done(&beliefs->verdicts);
    memset(beliefs, 0, sizeof *beliefs);
}

void delta_done(struct delta *delta)
{
    free(delta->cells);
    free(delta->leaves);
    free(delta->defects);
    free(delta->features);
    memset(delta, 0, sizeof *delta);
}

void beliefs_add(struct beliefs *beliefs, const struct batch *batch, struct kid speaker, bool is_phone)
{
    evidence_add(&beliefs->evidence, batch, speaker, is_phone);
}

static bool is_named(const struct beliefs *beliefs, const struct defect *defect, const struct defect_id *name)
{
    for (size_t i = 0; i < defect->n_members; i++)
        if (defect_id_compare(&beliefs->evidence.sightings[defect->members[i]].event, name) == 0)
            return true;
    return defect_id_compare(&defect->belief.id, name) == 0;
}

/* People say little: looking through all defects is quick enough. */
bool beliefs_say(struct beliefs *beliefs, const struct verdict *verdict)
{
    if (!verdicts_add(&beliefs->verdicts, verdict))
        return false;
    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live && is_named(beliefs, &beliefs->defects[i], &verdict->defect))
            beliefs_queue(beliefs, (uint32_t)i);
    return true;
}

uint32_t beliefs_defect_new(struct beliefs *beliefs)
{
    uint32_t index;

    if (beliefs->n_free) {
        index = beliefs->free_defects[--beliefs->n_free];
    } else {
        ROOM(beliefs->defects, beliefs->defect_capacity, beliefs->n_defects + 1);
        index = (uint32_t)beliefs->n_defects++;
    }
    free(beliefs->defects[index].members);
    beliefs->defects[index] = (struct defect){.is_live = true};
    return index;
}

void beliefs_defect_drop(struct beliefs *beliefs, uint32_t index)
{
    beliefs->defects[index].is_live = false;
    ROOM(beliefs->free_defects, beliefs->free_capacity, beliefs->n_free + 1);
    beliefs->free_defects[beliefs->n_free++] = index;
}

void beliefs_queue(struct beliefs *beliefs, uint32_t index)
{
    if (beliefs->defects[index].is_queued)
        return;
    beliefs->defects[index].is_queued = true;
    ROOM(beliefs->queue, beliefs->queue_capacity, beliefs->n_queue + 1);
    beliefs->queue[beliefs->n_queue++] = index;
}

/* Every defect whose home lies in or beside a block with a new pass: none that a pass can speak of is further. */
static void queue_near_passes(struct beliefs *beliefs)
{
    struct evidence *evidence = &beliefs->evidence;

    for (size_t i = 0; i < evidence->n_blocks; i++) {
        struct block *centre = evidence->blocks[i];
        if (!centre->is_near_new_pass)
            continue;
        centre->is_near_new_pass = false;
        for (int32_t dr = -1; dr <= 1; dr++)
            for (int32_t dc = -1; dc <= 1; dc++) {
                struct block *block = evidence_block(evidence, centre->column + dc, centre->row + dr);
                if (!block)
                    continue;
                block->is_measured = false; /* its metres are shared with the new pass */
                for (size_t d = 0; d < block->n_defects; d++)
                    beliefs_queue(beliefs, block->defects[d]);
            }
    }
}

/* A new day: ages move everywhere, and short-lived defects fade. */
static void turn_day(struct beliefs *beliefs, int64_t day)
{
    if (day == beliefs->day)
        return;
    beliefs->day = day;
    for (size_t i = 0; i < beliefs->evidence.n_blocks; i++)
        beliefs->evidence.blocks[i]->is_dirty = true;
    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live && defect_fades(beliefs->defects[i].belief.type))
            beliefs_queue(beliefs, (uint32_t)i);
}

static bool same_repair(const struct repair *a, const struct repair *b)
{
    return a->stage == b->stage && a->cause == b->cause && a->claimed_ns == b->claimed_ns &&
           kid_compare(a->by, b->by) == 0 && a->settled_ns == b->settled_ns && a->passes == b->passes &&
           a->passes_needed == b->passes_needed && a->miss_ppm == b->miss_ppm;
}

bool same_belief(const struct defect_belief *a, const struct defect_belief *b)
{
    return defect_id_compare(&a->id, &b->id) == 0 && a->state == b->state &&
           defect_id_compare(&a->alias_of, &b->alias_of) == 0 && a->type == b->type && a->severity == b->severity &&
           a->may_be_red == b->may_be_red && a->posterior_permille == b->posterior_permille &&
           a->at.e_mm == b->at.e_mm && a->at.n_mm == b->at.n_mm && a->cov_ee_cm2 == b->cov_ee_cm2 &&
           a->cov_en_cm2 == b->cov_en_cm2 && a->cov_nn_cm2 == b->cov_nn_cm2 && a->size_milli == b->size_milli &&
           a->size_sigma_milli == b->size_sigma_milli && a->hits == b->hits && a->passes == b->passes &&
           a->motion_hits == b->motion_hits && a->camera_hits == b->camera_hits && a->units == b->units &&
           a->first_ns == b->first_ns && a->last_ns == b->last_ns && same_repair(&a->repair, &b->repair);
}

bool same_feature(const struct feature_belief *a, const struct feature_belief *b)
{
    return defect_id_compare(&a->id, &b->id) == 0 && a->state == b->state && a->kind == b->kind &&
           a->posterior_permille == b->posterior_permille && a->at.e_mm == b->at.e_mm && a->at.n_mm == b->at.n_mm &&
           a->cov_ee_cm2 == b->cov_ee_cm2 && a->cov_en_cm2 == b->cov_en_cm2 && a->cov_nn_cm2 == b->cov_nn_cm2 &&
           a->strength_milli == b->strength_milli && a->strength_mad_milli == b->strength_mad_milli &&
           a->heading_cdeg == b->heading_cdeg && a->hits == b->hits && a->passes == b->passes &&
           a->called_damage == b->called_damage && a->first_ns == b->first_ns && a->last_ns == b->last_ns;
}

static void say_defect(struct delta *delta, const struct defect_belief *belief, bool is_transition)
{
    if (!delta)
        return;
    ROOM(delta->defects, delta->defect_capacity, delta->n_defects + 1);
    delta->defects[delta->n_defects++] = (struct moved_defect){*belief, is_transition};
}

/* What was told and is claimed by nobody any more is told as dropped, and then forgotten: whether it is told must
 * depend on the evidence alone, or a restarted gateway would say other things. */
static void tell_defect(struct defect *defect, struct delta *delta)
{
    const struct defect_belief *now = &defect->belief;
    struct defect_belief *told = &defect->told;

    if (!defect->is_claimed && defect->was_told) {
        told->state = DEFECT_DROPPED;
        say_defect(delta, told, true);
    }
    if (defect->is_claimed && !(defect->was_told && same_belief(now, told))) {
        say_defect(delta, now,
                   !defect->was_told || now->state != told->state || now->type != told->type ||
                       now->severity != told->severity || now->may_be_red != told->may_be_red ||
                       now->repair.stage != told->repair.stage || now->repair.claimed_ns != told->repair.claimed_ns);
        *told = *now;
    }
    defect->was_told = defect->is_claimed;
}

static void say_feature(struct delta *delta, const struct feature_belief *belief)
{
    if (!delta)
        return;
    ROOM(delta->features, delta->feature_capacity, delta->n_features + 1);
    delta->features[delta->n_features++] = *belief;
}

/* Likewise: only what is registered, or was once, is told. */
static void tell_feature(struct defect *defect, struct delta *delta)
{
    const struct feature_belief *now = &defect->feature;
    struct feature_belief *told = &defect->feature_told;
    const bool is_told = now->state == FEATURE_REGISTERED || now->state == FEATURE_RETIRED;

    if (!is_told && defect->feature_was_told) {
        told->state = FEATURE_RETIRED;
        say_feature(delta, told);
    }
    if (is_told && !(defect->feature_was_told && same_feature(now, told))) {
        say_feature(delta, now);
        *told = *now;
    }
    defect->feature_was_told = is_told;
}

static void fuse_queue(struct beliefs *beliefs, struct delta *delta)
{
    for (size_t i = 0; i < beliefs->n_queue; i++) {
        struct defect *defect = &beliefs->defects[beliefs->queue[i]];
        defect->is_queued = false;
        if (!defect->is_live)
            continue;
        fuse(beliefs, defect);
        colour_place(beliefs, beliefs->queue[i]);
        tell_defect(defect, delta);
        tell_feature(defect, delta);
    }
    beliefs->n_queue = 0;
}

static int by_cell(const void *a, const void *b)
{
    const uint64_t x = ((const struct cell_change *)a)->cell.id, y = ((const struct cell_change *)b)->cell.id;

    return (x > y) - (x < y);
}

static int by_feature_id(const void *a, const void *b)
{
    return defect_id_compare(&((const struct feature_belief *)a)->id, &((const struct feature_belief *)b)->id);
}

static int by_defect_id(const void *a, const void *b)
{
    return defect_id_compare(&((const struct moved_defect *)a)->now.id, &((const struct moved_defect *)b)->now.id);
}

void beliefs_settle(struct beliefs *beliefs, int64_t as_of_ns, struct delta *delta)
{
    struct evidence *evidence = &beliefs->evidence;

    if (evidence->newest_ns > as_of_ns)
        as_of_ns = evidence->newest_ns;
    if (delta)
        delta->n_cells = delta->n_defects = delta->n_features = delta->n_leaves = 0;
    turn_day(beliefs, as_of_ns / NS_PER_DAY);
    queue_near_passes(beliefs);
    associate(beliefs, delta);
    fuse_queue(beliefs, delta);
    for (size_t i = 0; i < evidence->n_blocks; i++)
        if (evidence->blocks[i]->is_dirty)
            colour_block(beliefs, evidence->blocks[i], delta);
    for (size_t i = 0; i < evidence->n_blocks; i++)
        if (!evidence->blocks[i]->is_measured)
            street_measure(beliefs, evidence->blocks[i]);
    beliefs->road.unplaced_cm = evidence->unplaced_cm;
    if (!delta)
        return;
    delta->as_of_ns = evidence->newest_ns == INT64_MIN ? 0 : evidence->newest_ns;
    delta->road = beliefs->road;
    if (delta->n_cells)
        qsort(delta->cells, delta->n_cells, sizeof *delta->cells, by_cell);
    if (delta->n_defects)
        qsort(delta->defects, delta->n_defects, sizeof *delta->defects, by_defect_id);
    if (delta->n_features)
        qsort(delta->features, delta->n_features, sizeof *delta->features, by_feature_id);
}

/* ---- digest -------------------------------------------------------------------------------------------- */

struct code_line {
    uint64_t id, key;
};

static int by_line(const void *a, const void *b)
{
    const uint64_t x = ((const struct code_line *)a)->id, y = ((const struct code_line *)b)->id;

    return (x > y) - (x < y);
}

static int by_belief_id(const void *a, const void *b)
{
    return defect_id_compare(&(*(const struct defect *const *)a)->belief.id,
                             &(*(const struct defect *const *)b)->belief.id);
}

static void chain(uint8_t digest[SHA256_SIZE], const void *data, size_t length)
{
    uint8_t next[SHA256_SIZE];

    sha256_prefixed(1, digest, SHA256_SIZE, data, length, next);
    memcpy(digest, next, SHA256_SIZE);
}

static void chain_belief(uint8_t digest[SHA256_SIZE], const struct defect_belief *b)
{
    const int64_t numbers[] = {b->id.time_ns,      (int64_t)b->id.seq,     b->id.index,   b->state,
                               b->type,            b->severity,            b->may_be_red, b->posterior_permille,
                               b->at.e_mm,         b->at.n_mm,             b->cov_ee_cm2, b->cov_en_cm2,
                               b->cov_nn_cm2,      b->size_milli,          b->size_sigma_milli, b->hits,
                               b->passes,          b->motion_hits,         b->camera_hits, b->units,
                               b->first_ns,        b->last_ns,             b->repair.stage, b->repair.cause,
                               b->repair.claimed_ns, b->repair.settled_ns, b->repair.passes, b->repair.passes_needed,
                               b->repair.miss_ppm};

    chain(digest, b->id.kid.bytes, KID_SIZE);
    chain(digest, b->repair.by.bytes, KID_SIZE);
    chain(digest, numbers, sizeof numbers);
}

static void chain_feature(uint8_t digest[SHA256_SIZE], const struct feature_belief *f)
{
    const int64_t numbers[] = {f->state,      f->kind,           f->posterior_permille, f->strength_milli,
                               f->hits,       f->passes,         f->called_damage,      f->strength_mad_milli,
                               f->first_ns,   f->last_ns,        f->heading_cdeg};

    chain(digest, numbers, sizeof numbers);
}

static void chain_defects(const struct beliefs *beliefs, uint8_t digest[SHA256_SIZE])
{
    const struct defect **live = room_zeroed(beliefs->n_defects, sizeof(struct defect *));
    size_t n = 0;

    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live)
            live[n++] = &beliefs->defects[i];
    qsort(live, n, sizeof *live, by_belief_id);
    for (size_t i = 0; i < n; i++) {
        chain_belief(digest, &live[i]->belief);
        if (live[i]->feature.kind != FEATURE_NONE)
            chain_feature(digest, &live[i]->feature);
    }
    free(live);
}

static void chain_codes(const struct beliefs *beliefs, uint8_t digest[SHA256_SIZE])
{
    const struct evidence *evidence = &beliefs->evidence;
    struct code_line *lines = NULL;
    size_t n = 0, capacity = 0;

    for (size_t i = 0; i < evidence->n_blocks; i++)
        for (size_t k = 0; k < evidence->blocks[i]->n_said; k++) {
            const struct said *said = &evidence->blocks[i]->said[k];
            ROOM(lines, capacity, n + 1);
            lines[n++] = (struct code_line){square_cell(evidence->blocks[i], said->square).id, said->key};
        }
    if (n) {
        qsort(lines, n, sizeof *lines, by_line);
        chain(digest, lines, n * sizeof *lines);
    }
    free(lines);
}

void beliefs_digest(const struct beliefs *beliefs, uint8_t ret_digest[SHA256_SIZE])
{
    const struct road_metres *r = &beliefs->road;
    const uint64_t road[] = {r->covered_cm, r->red_cm, r->yellow_cm, r->green_cm, r->grey_cm, r->unplaced_cm};

    memset(ret_digest, 0, SHA256_SIZE);
    chain_defects(beliefs, ret_digest);
    chain_codes(beliefs, ret_digest);
    chain(ret_digest, road, sizeof road);
}
