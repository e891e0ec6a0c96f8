/* clip_table.h - what was learnt from labelled clips; made by tests/train/clips.py freeze, never by hand.
 *
 * Kernel ridge regression with a Gaussian kernel. An example is a clip that was learnt from, as whole steps of its
 * numbers, from which no recording can be had back: distances are whole numbers, the same on every machine. */
#ifndef MOTION_CLIP_TABLE_H
#define MOTION_CLIP_TABLE_H

#include <stdint.h>

#include "sensor-node/motion/clip_features.h"

#define CLIP_STEPS 40 /* steps a deviation */
#define CLIP_REACH 3. /* deviations */

extern const float clip_mean[CLIP_FEATURES], clip_deviation[CLIP_FEATURES]; /* over the examples */
extern const double clip_narrowness; /* of the kernel: exp(-narrowness * squared distance in deviations) */
extern const double clip_sharpness;  /* of the softmax that makes scores probabilities */
extern const double clip_base[CLIP_CLASSES];
extern const int clip_examples;
extern const int8_t clip_example[][CLIP_FEATURES];
extern const float clip_weight[][CLIP_CLASSES];

#endif
