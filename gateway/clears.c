#include "gateway/clears.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/room.h"
#include "gateway/walk.h"

#define UNWATCHED 0.01 /* passes that hardly came near are not counted */

const struct detector *clear_detector(const struct detectors *detectors, const struct clear *clear)
{
    return detector_of(detectors, (enum sense)clear->sensor, (enum gnss_class)clear->gnss);
}

void clears_done(struct clears *clears)
{
    free(clears->items);
    *clears = (struct clears){0};
}

static struct clear *visit_of(struct clears *clears, const struct stretch *stretch)
{
    for (size_t i = clears->n; i-- > 0;) {
        struct clear *c = &clears->items[i];
        if (c->speaker == stretch->speaker && c->hour == stretch->hour && c->sensor == stretch->sensor)
            return c;
    }
    return NULL;
}

bool clears_see(struct clears *clears, const struct block *block, const struct stretch *stretch)
{
    const struct crossing *crossing = &clears->crossing;
    const struct grid_point corner = {(int64_t)block->column * BLOCK_MM, (int64_t)block->row * BLOCK_MM};

    if (!clears->is_known || !(crossing->senses & stretch->sensor))
        return false;
    const double w = coverage_crossing(stretch, corner, crossing->at, crossing->covariance, crossing->half_width_mm);
    if (w < UNWATCHED)
        return false;
    const struct clear now = {stretch->speaker, stretch->hour, stretch->sensor, stretch->gnss, w};
    struct clear *c = visit_of(clears, stretch);
    /* The better of two receivers within one visit: by the shipped figures, whatever the rules are. */
    if (c && w * clear_detector(&detectors_default, &now)->pd_crossed <=
                 c->w * clear_detector(&detectors_default, c)->pd_crossed)
        return false;
    if (!c) {
        ROOM(clears->items, clears->capacity, clears->n + 1);
        c = &clears->items[clears->n++];
    }
    *c = now;
    return true;
}

static bool is_same(const struct crossing *a, const struct crossing *b)
{
    return a->at.e_mm == b->at.e_mm && a->at.n_mm == b->at.n_mm && a->covariance.ee_mm2 == b->covariance.ee_mm2 &&
           a->covariance.en_mm2 == b->covariance.en_mm2 && a->covariance.nn_mm2 == b->covariance.nn_mm2 &&
           a->half_width_mm == b->half_width_mm && a->senses == b->senses;
}

/* Keeps only those whose stretches are gone. */
static void keep_old(struct clears *clears, const struct evidence *evidence)
{
    const int64_t first_day = evidence->day == NO_DAY ? 0 : evidence->day - evidence->config.evidence_days;
    size_t kept = 0;

    for (size_t i = 0; i < clears->n; i++)
        if (clears->items[i].hour / HOURS_PER_DAY < first_day)
            clears->items[kept++] = clears->items[i];
    clears->n = kept;
}

void clears_collect(const struct evidence *evidence, const struct crossing *crossing, struct clears *clears)
{
    const int32_t column = block_coordinate(crossing->at.e_mm), row = block_coordinate(crossing->at.n_mm);

    if (clears->is_known && is_same(&clears->crossing, crossing))
        return;
    clears->is_known = true;
    clears->crossing = *crossing;
    keep_old(clears, evidence);
    for (int32_t r = row - 1; r <= row + 1; r++)
        for (int32_t c = column - 1; c <= column + 1; c++) {
            const struct block *block = evidence_block(evidence, c, r);
            for (uint32_t at = block ? block->newest : 0; at; at = stretch_at(&evidence->stretches, at)->next)
                clears_see(clears, block, stretch_at(&evidence->stretches, at));
        }
}

size_t clears_watched(const struct clear *items, size_t n)
{
    int64_t micro = 0;

    for (size_t i = 0; i < n; i++)
        micro += llround(items[i].w * MICRO);
    return (size_t)((micro + MICRO / 2) / MICRO);
}

struct clear *clears_without(const struct clears *clears,
                             bool (*was_hit)(const void *context, uint32_t speaker, int64_t hour, enum sense sensor),
                             const void *context, size_t *ret_n)
{
    struct clear *rest = room_zeroed(clears->n, sizeof *rest);
    size_t n = 0;

    for (size_t i = 0; i < clears->n; i++)
        if (!was_hit(context, clears->items[i].speaker, clears->items[i].hour, (enum sense)clears->items[i].sensor))
            rest[n++] = clears->items[i];
    *ret_n = n;
    return rest;
}
