#include "tests/evaluate/clip_score.h"

#include <stdint.h>
#include <stdlib.h>

#define FIGURES (CLIP_CLASSES + 2)

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

/* Marsaglia's xorshift of 64 bits: the draws are the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct clip_interval middle_95(double *values)
{
    qsort(values, CLIP_DRAWS, sizeof *values, compare);
    return (struct clip_interval){values[CLIP_DRAWS / 40], values[CLIP_DRAWS - 1 - CLIP_DRAWS / 40]};
}

enum road_status clip_score_intervals(const struct clip_pair *pairs, size_t count, struct clip_intervals *ret_intervals)
{
    double(*drawn)[CLIP_DRAWS] = malloc(FIGURES * sizeof *drawn);
    uint64_t state = 0x9E3779B97F4A7C15;

    if (!drawn)
        return ROAD_NO_MEMORY;
    for (int d = 0; d < CLIP_DRAWS; d++) {
        struct clip_scores s = {.count = (int)count};
        for (size_t i = 0; i < count; i++) {
            const struct clip_pair *pair = &pairs[draw(&state) % count];
            s.confusion[pair->truth][pair->predicted]++;
        }
        finish(&s);
        for (int c = 0; c < CLIP_CLASSES; c++)
            drawn[c][d] = s.f1[c];
        drawn[CLIP_CLASSES][d] = s.macro_f1;
        drawn[CLIP_CLASSES + 1][d] = s.event_f1;
    }
    for (int c = 0; c < CLIP_CLASSES; c++)
        ret_intervals->f1[c] = middle_95(drawn[c]);
    ret_intervals->macro_f1 = middle_95(drawn[CLIP_CLASSES]);
    ret_intervals->event_f1 = middle_95(drawn[CLIP_CLASSES + 1]);
    free(drawn);
    return ROAD_OK;
}
