#include "tests/evaluate/clip_score.h"

#include <stdbool.h>

static double ratio(int part, int whole)
{
    return whole ? (double)part / whole : 0;
}

static double f1_of(int hits, int misses, int false_ones)
{
    return ratio(2 * hits, 2 * hits + misses + false_ones);
}

static void score_class(struct clip_scores *s, int class, bool *ret_occurs)
{
    int told = 0, there = 0;
    const int hits = s->confusion[class][class];

    for (int c = 0; c < CLIP_CLASSES; c++)
        told += s->confusion[c][class];
    for (int p = 0; p <= CLIP_CLASSES; p++)
        there += s->confusion[class][p];
    s->precision[class] = ratio(hits, told);
    s->recall[class] = ratio(hits, there);
    s->f1[class] = f1_of(hits, there - hits, told - hits);
    *ret_occurs = told > 0 || there > 0;
}

static bool is_event(int class)
{
    return class < CLIP_CLASSES && clip_class_is_event((enum clip_class)class);
}

/* A refused clip of an event is a missed event; one of a road is neither hit nor alarm. */
static void score_events(struct clip_scores *s)
{
    int hits = 0, misses = 0, alarms = 0;

    for (int t = 0; t < CLIP_CLASSES; t++)
        for (int p = 0; p <= CLIP_CLASSES; p++) {
            hits += is_event(t) && is_event(p) ? s->confusion[t][p] : 0;
            misses += is_event(t) && !is_event(p) ? s->confusion[t][p] : 0;
            alarms += !is_event(t) && is_event(p) ? s->confusion[t][p] : 0;
        }
    s->event_precision = ratio(hits, hits + alarms);
    s->event_recall = ratio(hits, hits + misses);
    s->event_f1 = f1_of(hits, misses, alarms);
}

static void finish(struct clip_scores *s)
{
    int occurring = 0;
    double sum = 0;

    for (int c = 0; c < CLIP_CLASSES; c++) {
        bool occurs;
        score_class(s, c, &occurs);
        occurring += occurs;
        sum += s->f1[c];
    }
    s->macro_f1 = occurring ? sum / occurring : 0;
    score_events(s);
}

void clip_score(const struct clip_pair *pairs, size_t count, struct clip_scores *ret_scores)
{
    struct clip_scores s = {.count = (int)count};

    for (size_t i = 0; i < count; i++)
        s.confusion[pairs[i].truth][pairs[i].predicted]++;
    finish(&s);
    *ret_scores = s;
}

/* One figure of one draw of the clips. */
struct figure {
    const struct clip_pair *pairs;
    size_t count;
    int class; /* its F1; or one of these: */
};
enum { MACRO = CLIP_CLASSES, EVENT };

static double figure_of_draw(const void *context, const unsigned *times_drawn)
{
    const struct figure *f = context;
    struct clip_scores s = {0};

    for (size_t i = 0; i < f->count; i++)
        s.confusion[f->pairs[i].truth][f->pairs[i].predicted] += (int)times_drawn[i];
    finish(&s);
    return f->class == MACRO ? s.macro_f1 : f->class == EVENT ? s.event_f1 : s.f1[f->class];
}

static struct interval interval_of(const struct clip_pair *pairs, size_t count, int class)
{
    const struct figure figure = {pairs, count, class};
    return bootstrap(count, figure_of_draw, &figure);
}

void clip_score_intervals(const struct clip_pair *pairs, size_t count, struct clip_intervals *ret_intervals)
{
    for (int c = 0; c < CLIP_CLASSES; c++)
        ret_intervals->f1[c] = interval_of(pairs, count, c);
    ret_intervals->macro_f1 = interval_of(pairs, count, MACRO);
    ret_intervals->event_f1 = interval_of(pairs, count, EVENT);
}
