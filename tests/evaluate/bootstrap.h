/* bootstrap.h - how far a score would wander with other recordings of the same kind: percentile intervals.
 *
 * What hangs together (a minute of one drive, a square of one town) is a block; blocks are drawn with
 * replacement, as many as there are, and the score is worked out from each draw (Efron & Tibshirani 1993, ch.
 * 13; block bootstrap: ch. 8). 2,000 draws from a fixed seed: the same data give the same interval. Pure but
 * for one allocation. */
#ifndef EVALUATE_BOOTSTRAP_H
#define EVALUATE_BOOTSTRAP_H

#include <stddef.h>

#define BOOTSTRAP_DRAWS 2000

struct interval {
    double low, high; /* 95 %; NAN where no draw gave a score */
};

/* `score` gets how often each block was drawn; NAN: this draw says nothing and is left out. */
struct interval bootstrap(size_t n_blocks, double (*score)(const void *context, const unsigned *times_drawn),
                          const void *context);

/* F1 of counts: hits are pairs of a prediction and a truth. */
struct tally {
    double hits, predicted, truth;
};
double tally_f1(struct tally tally); /* NAN if there is neither prediction nor truth */
/* The interval of the F1 of the sum. */
struct interval bootstrap_f1(const struct tally *blocks, size_t n);

#endif
