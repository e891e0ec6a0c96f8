#include "gateway/clears.h"

#include <math.h>

#include "gateway/room.h"
#include "gateway/walk.h"

#define UNWATCHED 0.01 /* passes that hardly came near are not counted */

static void note_clear(struct clears *clears, const struct track *track, int64_t hour, double w)
{
    struct clear *c = NULL;

    for (size_t i = clears->n; i-- > 0 && !c;)
        if (clears->items[i].speaker == track->speaker && clears->items[i].hour == hour &&
            clears->items[i].sensor == track->sensor)
            c = &clears->items[i];
    if (!c) {
        ROOM(clears->items, clears->capacity, clears->n + 1);
        c = &clears->items[clears->n++];
        *c = (struct clear){track->speaker, track->sensor, hour, 0, NULL};
    }
    const struct detector *detector = detector_of(track->sensor, track->gnss);
    if (!c->detector || w * detector->pd_crossed > c->w * c->detector->pd_crossed) {
        c->w = w;
        c->detector = detector;
    }
}

static void look_at_stretch(const struct beliefs *beliefs, const struct crossing *crossing,
                            const struct stretch *stretch, struct clears *clears)
{
    const struct track *track = &beliefs->evidence.tracks[stretch->track];
    uint32_t segment = stretch->first;

    if (!(crossing->senses & track->sensor))
        return;
    const double w = coverage_crossing(track, stretch->first, stretch->last, crossing->at, crossing->covariance,
                                       crossing->half_width_mm, &segment);
    if (w < UNWATCHED)
        return;
    const int64_t hour = track->points[segment].time_ns / NS_PER_HOUR;
    if (!crossing->was_hit(crossing->context, track->speaker, hour, track->sensor))
        note_clear(clears, track, hour, w);
}

void clears_collect(const struct beliefs *beliefs, const struct crossing *crossing, struct clears *clears)
{
    const int32_t column = block_coordinate(crossing->at.e_mm), row = block_coordinate(crossing->at.n_mm);

    for (int32_t r = row - 1; r <= row + 1; r++)
        for (int32_t c = column - 1; c <= column + 1; c++) {
            const struct block *block = evidence_block(&beliefs->evidence, c, r);
            for (size_t i = 0; block && i < block->n_stretches; i++)
                look_at_stretch(beliefs, crossing, &block->stretches[i], clears);
        }
}

size_t clears_watched(const struct clears *clears)
{
    int64_t micro = 0;

    for (size_t i = 0; i < clears->n; i++)
        micro += llround(clears->items[i].w * MICRO);
    return (size_t)((micro + MICRO / 2) / MICRO);
}
