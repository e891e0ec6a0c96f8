/* clip_table.h - what was learnt from labelled clips; made by tests/train/clips.py, never by hand. */
#ifndef MOTION_CLIP_TABLE_H
#define MOTION_CLIP_TABLE_H

#include "sensor-node/motion/clip_features.h"

extern const float clip_mean[CLIP_FEATURES], clip_deviation[CLIP_FEATURES];
extern const float clip_weight[CLIP_CLASSES][CLIP_FEATURES], clip_bias[CLIP_CLASSES];

#endif
