/* size_table.h - the frozen trees for sizes and places; size_table.c is written by
 * tests/train/train_motion.py. */
#ifndef MOTION_SIZE_TABLE_H
#define MOTION_SIZE_TABLE_H

#include "sensor-node/motion/classify.h"
#include "sensor-node/motion/forest.h"

#define SIZE_SPEEDS         8 /* rows of the tables below ... */
#define SIZE_SPEED_STEP_MPS 3.0f
#define SIZE_SCORES         8 /* classes that have a size; the last: length of a hole, m */

extern const struct forest size_forest;              /* logarithm of the size, by score */
extern const int size_score_of[CLASSES];             /* -1: the class has no size */
extern const float size_sigma[CLASSES][SIZE_SPEEDS]; /* relative */
extern const struct forest middle_forest;            /* metres, by class */
extern const float middle_sigma_m[CLASSES][SIZE_SPEEDS];

#endif
