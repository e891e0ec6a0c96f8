/* coarse.h - jolts from samples that are too slow to have a shape: phones that log 2 to 19 times a second.
 *
 * At 5 Hz a pothole is one or two samples whose size is chance. What is left is that something happened: how
 * far a sample of acceleration lies from the mean of the 1.5 s on both sides, as a vector, with the turn rate
 * beside it. That needs no calibration of axes: gravity and braking are in the mean. Peaks at least 1.4 s
 * apart, greatest first, become jolts; `confidence` is the share of such peaks at which a passenger pressed a
 * button for a pothole (coarse_table.h). Vehicles that shake harder all the time have to shake harder still.
 * Type, size and side are beyond it, and its silence says nothing: a stretch watched like this is no clear
 * road.
 *
 * Sample by sample; a jolt is known at most COARSE_LAG_S and one sample later. Pure, no allocation. */
#ifndef MOTION_COARSE_H
#define MOTION_COARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor-node/motion/resample.h"

#define COARSE_LAG_S   4.6
#define COARSE_SAMPLES 128 /* 4.6 s at 20 Hz, and room */
#define COARSE_JOLTS   32  /* 1.4 s apart at least: those of 44 s */

struct coarse_sample {
    int64_t time_ns;
    double value[TICK_AXES];
    double away2;  /* squared distance from the mean around it, (m/s2)^2 */
    double energy; /* of it and its neighbours, m/s2 */
};

struct coarse_jolt {
    int64_t time_ns;
    double energy_mps2; /* less where the vehicle always shakes more than those it was learnt from */
    double confidence;  /* 0..1 */
};

struct coarse {
    double floor_mps2; /* less is no peak: the frozen one, 0 for training */
    struct coarse_sample samples[COARSE_SAMPLES];
    uint64_t judged, end; /* held: samples [judged, end), index modulo COARSE_SAMPLES */
    uint64_t weighed;     /* before this one away2 is known ... */
    uint64_t summed;      /* ... and before this one energy */
    double usual_log;     /* slow mean of ln(energy) while something moves: what this vehicle always feels */
    int usual_samples;
    int64_t last_peak_ns;
    bool has_peak;
    struct coarse_jolt jolts[COARSE_JOLTS];
    uint64_t first_jolt, end_jolt;
};

void coarse_init(struct coarse *coarse);
/* One sample, later than the last one: m/s2 and rad/s, gyroscope NAN where there is none. */
void coarse_push(struct coarse *coarse, int64_t time_ns, const double value[TICK_AXES]);
/* The stretch ends here: what waits is judged as it is. */
void coarse_break(struct coarse *coarse);
/* The oldest jolt that has not been taken; NULL if there is none. Beyond COARSE_JOLTS the oldest are lost. */
const struct coarse_jolt *coarse_next(const struct coarse *coarse);
void coarse_drop(struct coarse *coarse);
void coarse_forget(struct coarse *coarse); /* all of them */

#endif
