#include "gateway/beliefs.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

static void defect_done(struct defect *defect)
{
    free(defect->members);
    clears_done(&defect->clears);
    clears_done(&defect->feature_clears);
    opinions_done(&defect->opinions);
}

/* Things near a new stretch look at it; those it tells something are judged again. */
static void show_stretch(void *context, struct block *block, const struct stretch *stretch)
{
    struct beliefs *beliefs = context;

    for (int32_t row = block->row - 1; row <= block->row + 1; row++)
        for (int32_t column = block->column - 1; column <= block->column + 1; column++) {
            const struct block *near = evidence_block(&beliefs->evidence, column, row);
            for (size_t i = 0; near && near->findings && i < near->findings->defects.n; i++) {
                const uint32_t index = near->findings->defects.items[i];
                struct defect *defect = &beliefs->defects[index];
                const bool as_damage = clears_see(&defect->clears, block, stretch);
                if (clears_see(&defect->feature_clears, block, stretch) || as_damage)
                    beliefs_queue(beliefs, index);
            }
        }
}

static enum road_class class_of_block(const void *context, int32_t column, int32_t row, enum road_class otherwise)
{
    return road_class_of_block(context, column, row, otherwise);
}

static bool is_believed(const void *context, uint32_t speaker, int64_t day)
{
    const struct beliefs *beliefs = context;

    return !standing_faults(beliefs->standing, speaker, (int32_t)day);
}

static void use_odds(struct beliefs *beliefs, const struct evidence_rules *odds)
{
    beliefs->config.odds = NULL; /* the caller's may go */
    beliefs->evidence.config.detectors = odds->detectors;
    beliefs->walk = walk_rules_of(odds->prior, odds->cap_nats, odds->floor_nats, odds->confirm_p, odds->drop_p, odds->repaired_p,
                                  odds->sure_confidence);
}

void beliefs_init(struct beliefs *beliefs, const struct beliefs_config *config)
{
    memset(beliefs, 0, sizeof *beliefs);
    beliefs->config = *config;
    beliefs->day = NO_DAY;
    evidence_init(&beliefs->evidence, &config->evidence);
    use_odds(beliefs, config->odds ? config->odds : &evidence_rules_default);
    beliefs->segments = segments_new(config->roads);
    beliefs->evidence.config.road_class = config->road_class;
    if (config->roads) {
        beliefs->evidence.config.class_of = class_of_block;
        beliefs->evidence.config.class_context = config->roads;
    }
    for (int class = 0; class < 4; class++)
        beliefs->evidence.config.window_days[class] =
            (int)(config->rules.stale_cadences * config->rules.cadence_d[class]);
    beliefs->evidence.on_stretch = show_stretch;
    beliefs->standing = standing_new(&config->standing);
    beliefs->evidence.is_believed = is_believed;
}

void beliefs_done(struct beliefs *beliefs)
{
    for (size_t i = 0; i < beliefs->n_defects; i++)
        defect_done(&beliefs->defects[i]);
    free(beliefs->defects);
    free(beliefs->free_defects);
    free(beliefs->queue);
    free(beliefs->fold);
    snap_done(&beliefs->snap);
    segments_free(beliefs->segments);
    evidence_done(&beliefs->evidence);
    verdicts_done(&beliefs->verdicts);
    standing_free(beliefs->standing);
    memset(beliefs, 0, sizeof *beliefs);
}

void delta_done(struct delta *delta)
{
    free(delta->cells);
    free(delta->leaves);
    free(delta->defects);
    free(delta->features);
    free(delta->segments);
    memset(delta, 0, sizeof *delta);
}

void beliefs_add(struct beliefs *beliefs, const struct batch *batch, struct kid speaker, bool is_phone)
{
    const struct evidence_config *e = &beliefs->config.evidence;
    const struct snap_config lanes = {beliefs->config.roads, e->frame_de_mm, e->frame_dn_mm};

    beliefs->evidence.on_stretch_context = beliefs;
    beliefs->evidence.is_believed_context = beliefs;
    evidence_add(&beliefs->evidence, snap_batch(&beliefs->snap, &lanes, batch), speaker, is_phone);
    standing_see(beliefs->standing, evidence_speaker(&beliefs->evidence, speaker), speaker, batch);
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
    defect_done(&beliefs->defects[index]);
    beliefs->defects[index] = (struct defect){.is_live = true};
    return index;
}

void beliefs_defect_drop(struct beliefs *beliefs, uint32_t index)
{
    const struct opinions none = {.n = 0};

    standing_count(beliefs->standing, &beliefs->defects[index].opinions, &none);
    beliefs->defects[index].opinions.n = 0;
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

/* A new day: ages move everywhere, and short-lived defects fade. */
static void turn_day(struct beliefs *beliefs, int64_t day)
{
    struct evidence *evidence = &beliefs->evidence;

    evidence_turn(evidence, day);
    if (evidence->day == beliefs->day)
        return;
    beliefs->day = evidence->day;
    standing_forget(beliefs->standing, (int32_t)(beliefs->day - evidence->config.evidence_days));
    for (size_t i = 0; i < evidence->n_blocks; i++)
        if (evidence_block_at(evidence, i)->pieces.n || evidence_block_at(evidence, i)->findings)
            block_work(evidence, evidence_block_at(evidence, i), WORK_COLOUR);
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

static bool is_of(uint32_t speaker, int64_t day, uint32_t of_speaker, int32_t of_day)
{
    return speaker == of_speaker && (of_day == STANDING_EVERY_DAY || day == of_day);
}

/* Whether a node's sightings or passes of a day count for a thing. */
static bool has_word(const struct beliefs *beliefs, const struct defect *defect, uint32_t speaker, int32_t day)
{
    for (size_t i = 0; i < defect->clears.n; i++)
        if (is_of(defect->clears.items[i].speaker, defect->clears.items[i].hour / HOURS_PER_DAY, speaker, day))
            return true;
    for (size_t i = 0; i < defect->n_members; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[defect->members[i]];
        if (is_of(s->speaker, s->event.time_ns / NS_PER_DAY, speaker, day))
            return true;
    }
    return false;
}

static void fold_where_it_drove(struct evidence *evidence, uint32_t speaker, int32_t day)
{
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        struct block *block = evidence_block_at(evidence, i);
        for (uint32_t at = block->newest; at; at = stretch_at(&evidence->stretches, at)->next) {
            const struct stretch *stretch = stretch_at(&evidence->stretches, at);
            if (!is_of(stretch->speaker, stretch->hour / HOURS_PER_DAY, speaker, day))
                continue;
            block_work(evidence, block, WORK_FOLD | WORK_COLOUR);
            break;
        }
    }
}

/* Nodes that are believed no more, or again: all that they had a word in is judged anew. Rare, so everything is looked
 * through. False if there were none. */
static bool turn_standings(struct beliefs *beliefs)
{
    bool has_turned = false;
    uint32_t speaker;
    int32_t day;

    while (standing_next_turn(beliefs->standing, &speaker, &day)) {
        has_turned = true;
        fold_where_it_drove(&beliefs->evidence, speaker, day);
        for (size_t i = 0; i < beliefs->n_defects; i++)
            if (beliefs->defects[i].is_live && has_word(beliefs, &beliefs->defects[i], speaker, day))
                beliefs_queue(beliefs, (uint32_t)i);
    }
    return has_turned;
}

/* What things say of nodes does not depend on what is believed of these: after one more round nothing turns. */
static void fuse_queue(struct beliefs *beliefs, struct delta *delta)
{
    size_t done = 0;

    do {
        for (; done < beliefs->n_queue; done++) {
            struct defect *defect = &beliefs->defects[beliefs->queue[done]];
            defect->is_queued = false;
            if (!defect->is_live)
                continue;
            fuse(beliefs, defect);
            colour_place(beliefs, beliefs->queue[done]);
        }
    } while (turn_standings(beliefs));
    for (size_t i = 0; i < done; i++) {
        struct defect *defect = &beliefs->defects[beliefs->queue[i]];
        if (!defect->is_live)
            continue;
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

/* Blocks may join the list while it is worked on: at its end. */
static void work_blocks(struct beliefs *beliefs, struct delta *delta)
{
    struct evidence *evidence = &beliefs->evidence;

    for (size_t i = 0; i < evidence->n_work; i++)
        if (evidence->work[i]->work & WORK_FOLD)
            coverage_fold(evidence, evidence->work[i]);
    for (size_t i = 0; i < evidence->n_work; i++)
        if (evidence->work[i]->work & (WORK_FOLD | WORK_COLOUR))
            colour_block(beliefs, evidence->work[i], delta);
    for (size_t i = 0; i < evidence->n_work; i++) {
        street_measure(beliefs, evidence->work[i]);
        segments_touch(beliefs->segments, evidence->work[i]->column, evidence->work[i]->row);
        evidence->work[i]->work = 0;
    }
    evidence->n_work = 0;
}

void beliefs_settle(struct beliefs *beliefs, int64_t as_of_ns, struct delta *delta)
{
    struct evidence *evidence = &beliefs->evidence;

    evidence->is_believed_context = beliefs;
    if (evidence->newest_ns > as_of_ns)
        as_of_ns = evidence->newest_ns;
    if (delta)
        delta->n_cells = delta->n_defects = delta->n_features = delta->n_leaves = delta->n_segments = 0;
    turn_day(beliefs, as_of_ns / NS_PER_DAY);
    associate(beliefs, delta);
    fuse_queue(beliefs, delta);
    work_blocks(beliefs, delta);
    tell_leaves(beliefs, delta);
    segments_settle(beliefs->segments, beliefs, delta);
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
