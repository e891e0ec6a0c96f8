/* clip.h - what a short recording of one vertical axis passed over, by its shape alone: no speed, no place, no second
 * axis.
 *
 * A clip is acceleration in m/s^2 at 50 Hz; a constant part (gravity, bias) changes nothing. One window of 56 samples
 * (1.12 s) is chosen around the deepest drop and everything else is forgotten: the clip's length and where in it the
 * event lies are no part of what is judged. Numbers of a window (clip_features.h) go through a frozen model
 * (clip_table.h), learnt from labelled clips by tests/train/clips.py. The same bits on every machine. Pure, no
 * allocation, any thread. */
#ifndef MOTION_CLIP_H
#define MOTION_CLIP_H

#include <stdbool.h>

#include "grid/status.h"

#define CLIP_RATE_HZ     50
#define CLIP_WINDOW      56   /* samples */
#define CLIP_SAMPLES_MAX 3000 /* a minute; a longer recording is a drive and no clip */
#define CLIP_ACCEL_MAX   400. /* m/s^2; beyond is no acceleration of a car */

/* In this order everywhere. */
enum clip_class {
    CLIP_ASPHALT_BUMP, /* a hump of asphalt */
    CLIP_METAL_BUMP,   /* a row of metal studs or a metal bump */
    CLIP_POTHOLE,
    CLIP_REGULAR_ROAD, /* no event, even road */
    CLIP_WORN_ROAD,    /* no event, rough all along */
};
#define CLIP_CLASSES 5

struct clip_verdict {
    enum clip_class class; /* the most probable */
    float probability[CLIP_CLASSES]; /* sum 1 */
    float event; /* probability of a pothole or a bump */
    int start;   /* first sample of the window */
};

/* BAD_INPUT: a sample is not finite or none of a car's. BAD_RANGE: fewer than CLIP_WINDOW samples, or all are equal (a
 * sensor that is stuck). TOO_LARGE: more than CLIP_SAMPLES_MAX. */
enum road_status clip_classify(const float *accel_mps2, int count, struct clip_verdict *ret_verdict);

/* "asphalt_bumps", "metal_bumps", "potholes", "regular_road", "worn_out_road": names of the set it was learnt from. */
const char *clip_class_name(enum clip_class class);
bool clip_class_is_event(enum clip_class class);

#endif
