/* clip_features.h - the numbers by which a window of a clip is judged.
 *
 * The window's straight-line trend is taken off first, so that gravity, bias and slow tilt are gone. Five views of what
 * is left: itself, its first and second difference, its mean over 5 samples, and what that mean leaves over. Sizes are
 * logarithms of m/s^2 per sample with a floor, shapes are relative to the view's own deviation. Nothing tells where in
 * the window something lies, only orders and distances. Training reads the very same numbers, by
 * tests/train/clip_rows.c. */
#ifndef MOTION_CLIP_FEATURES_H
#define MOTION_CLIP_FEATURES_H

#include "sensor-node/motion/clip.h"

#define CLIP_FEATURES 247

/* First sample of the window in a clip of CLIP_WINDOW samples or more. */
int clip_window(const float *accel_mps2, int count);

/* `accel_mps2` holds CLIP_WINDOW samples, ret_features CLIP_FEATURES. Constant samples give finite numbers too. */
void clip_features(const float *accel_mps2, float *ret_features);

#endif
