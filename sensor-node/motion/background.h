/* background.h - what is usual for this vehicle: running median and MAD of the vertical RMS in speed bins of
 * 5 km/h, and how its shaking spreads over frequency. The detector measures in multiples of it, so that a
 * soft limousine and a hard van see the same defects. Kept over drives (vehicle.h). Plain values, no
 * allocation. */
#ifndef MOTION_BACKGROUND_H
#define MOTION_BACKGROUND_H

#define BACKGROUND_BINS        28   /* 0..140 km/h */
#define BACKGROUND_SPEED_POWER 0.65 /* how body RMS grows with speed (domain figures, section 3) */
#define BACKGROUND_BANDS       11 /* shares of the vertical by frequency (traits.h), and roll over vertical */

struct background {
    double log_median[BACKGROUND_BINS], log_mad[BACKGROUND_BINS];
    double count[BACKGROUND_BINS];
    double band[BACKGROUND_BANDS]; /* running medians */
    double band_count[BACKGROUND_BANDS];
};

void background_init(struct background *background);
/* One RMS over half a second at a steady look. */
void background_add(struct background *background, double speed_mps, double rms_mps2);
/* One value a band, NAN = not known this time. */
void background_add_bands(struct background *background, const float bands[BACKGROUND_BANDS]);
/* Median and MAD (of the logarithm) for the speed; 0 while the bin has fewer than 20 values. */
double background_rms(const struct background *background, double speed_mps);
double background_spread(const struct background *background, double speed_mps);
/* How much this vehicle shakes where others do: the median over the known speeds of RMS over speed^0.65 (body
 * RMS on ISO 8608 roads, domain figures, section 3), m/s2 at 1 m/s; NAN while no speed is known. */
double background_gain(const struct background *background);
/* NAN while fewer than 8 values are known. */
double background_band(const struct background *background, int band);

#endif
