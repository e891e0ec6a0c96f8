/* evaluate.h - `roadchief evaluate SET --data DIR`: what the detectors say about recordings whose truth is known,
 * scored by the rules of docs/evaluation.md.
 *
 * A set predicts everything first, writes the predictions where they were asked for, and only then reads labels;
 * tests/evaluate is test equipment and no daemon links it. One source file for each set. */
#ifndef EVALUATE_EVALUATE_H
#define EVALUATE_EVALUATE_H

#include <stdbool.h>
#include <stdio.h>

#include "grid/verb.h"

extern const struct verb evaluate_verbs[];

struct evaluate_options {
    const char *data; /* a folder laid out like the set's own */
    FILE *predictions; /* NULL = not asked for; CSV with a header line */
    bool is_json;      /* scores as one JSON object instead of text */
};

/* Each prints its scores on standard output. 0, or 1 with the reason on standard error (nothing to read, a file that
 * is not what it should be). A folder without labels is predicted and not scored, which is said. */
int evaluate_gonzalez(const struct evaluate_options *options);
int evaluate_cmu(const struct evaluate_options *options);
int evaluate_rsq(const struct evaluate_options *options);
int evaluate_sim(const struct evaluate_options *options);

#endif
