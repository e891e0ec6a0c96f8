/* event.h - where something happened: a peak of the body's acceleration that stands out of what is usual, and
 * the ticks around it as plain arrays. Whether it is a defect is said later (traits.h, classify.h).
 *
 * The usual is the larger of the vehicle's own background at this speed and the road's around the event.
 * Pure. */
#ifndef MOTION_EVENT_H
#define MOTION_EVENT_H

#include "sensor-node/motion/background.h"
#include "sensor-node/motion/window.h"

#define EVENT_BEFORE 200 /* ticks before the peak ... */
#define EVENT_TICKS  456 /* ... of so many: the lag of the window bounds what lies behind it */
#define EVENT_PAIRS  (EVENT_TICKS / 2)

struct event {
    const struct window *window;
    int64_t centre, from; /* tick of the peak; tick of the first value below */
    double speed_mps;
    double usual_mps2;        /* RMS of what is usual here */
    double background_mps2;   /* ... of this vehicle at this speed; NAN while it is not known */
    double axle_ticks;        /* from the front axle's hit to the rear axle's */
    bool has_turn;            /* roll and pitch are known */
    float felt[EVENT_TICKS];  /* vertical, m/s2, the detector's band */
    float whole[EVENT_TICKS]; /* vertical, m/s2, all bands */
    /* Means of two ticks each: the band ends at 20 Hz, and half the values are a quarter of the work. */
    float felt_pairs[EVENT_PAIRS];
    float roll_pairs[EVENT_PAIRS];  /* roll acceleration times half the track, m/s2, left side up */
    float pitch_pairs[EVENT_PAIRS]; /* pitch acceleration times the wheelbase, m/s2, nose up */
};

/* Does a peak lie at the tick `centre`? What follows it must be in the window already, but at the end of a
 * stretch. */
bool event_is_peak(const struct window *window, int64_t centre, const struct background *background,
                   double wheelbase_m, double *ret_usual_mps2);
/* Fills the arrays around a peak. */
void event_fill(struct event *ret_event, const struct window *window, int64_t centre, double usual_mps2,
                const struct background *background, double wheelbase_m, double half_track_m);

#endif
