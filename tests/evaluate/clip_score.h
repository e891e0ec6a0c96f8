/* clip_score.h - how well clips were told: precision, recall and F1 of each class, and how sure these figures are. */
#ifndef EVALUATE_CLIP_SCORE_H
#define EVALUATE_CLIP_SCORE_H

#include <stddef.h>

#include "sensor-node/motion/clip.h"
#include "tests/evaluate/bootstrap.h"

#define CLIP_REFUSED CLIP_CLASSES /* in place of a class: nothing was predicted, which counts as wrong */

struct clip_pair {
    int truth, predicted; /* enum clip_class; predicted may be CLIP_REFUSED */
};

struct clip_scores {
    int count;
    int confusion[CLIP_CLASSES][CLIP_CLASSES + 1]; /* [truth][predicted] */
    double precision[CLIP_CLASSES], recall[CLIP_CLASSES], f1[CLIP_CLASSES]; /* 0 where nothing was to be found or said */
    double macro_f1;      /* mean over the classes that occur, as truth or as prediction */
    double event_precision, event_recall, event_f1;
};

/* 95 %, over draws of as many clips (bootstrap.h). */
struct clip_intervals {
    struct interval f1[CLIP_CLASSES], macro_f1, event_f1;
};

void clip_score(const struct clip_pair *pairs, size_t count, struct clip_scores *ret_scores);
void clip_score_intervals(const struct clip_pair *pairs, size_t count, struct clip_intervals *ret_intervals);

#endif
