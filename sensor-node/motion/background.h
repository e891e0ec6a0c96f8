/* background.h - what is usual for this vehicle at this speed: running median and MAD of the vertical RMS in
 * bins of 5 km/h. The detector measures in multiples of it, so that a soft limousine and a hard van see the
 * same defects. Kept over drives. Plain values, no allocation. */
#ifndef MOTION_BACKGROUND_H
#define MOTION_BACKGROUND_H

#define BACKGROUND_BINS 28 /* 0..140 km/h */

struct background {
    double log_median[BACKGROUND_BINS], log_mad[BACKGROUND_BINS];
    double count[BACKGROUND_BINS];
};

void background_init(struct background *background);
/* One RMS over half a second at a steady look. */
void background_add(struct background *background, double speed_mps, double rms_mps2);
/* Median and MAD (of the logarithm) for the speed; 0 while the bin has fewer than 20 values. */
double background_rms(const struct background *background, double speed_mps);
double background_spread(const struct background *background, double speed_mps);

#endif
