/* gonzalez_known.h - what the clip classifier was learnt from, and how well it did on clips that it had not seen; made by
 * tests/train/clips.py together with the frozen model. */
#ifndef EVALUATE_GONZALEZ_KNOWN_H
#define EVALUATE_GONZALEZ_KNOWN_H

#include <stddef.h>
#include <stdint.h>

/* Mean of the repeats, and of their 95 % bootstrap intervals over clips. */
struct gonzalez_figure {
    double value, low, high;
};
struct gonzalez_checked {
    int folds, repeats;
    struct gonzalez_figure figures[3]; /* macro-F1, F1 of potholes, F1 of event or not */
};

extern const struct gonzalez_checked gonzalez_checked;
extern const size_t gonzalez_known_count;
extern const uint64_t gonzalez_known[]; /* digests (clips_digest) of the clips, ascending */

#endif
