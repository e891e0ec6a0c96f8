/* biquad.h - second-order Butterworth filters, transposed direct form II. Plain values, no allocation. */
#ifndef MOTION_BIQUAD_H
#define MOTION_BIQUAD_H

struct biquad {
    double b0, b1, b2, a1, a2;
    double s1, s2;
};

/* Bilinear transform with the corner prewarped; corner_hz below rate_hz / 2. */
void biquad_high_pass(struct biquad *ret_filter, double corner_hz, double rate_hz);
void biquad_low_pass(struct biquad *ret_filter, double corner_hz, double rate_hz);
void biquad_reset(struct biquad *filter);
static inline double biquad_step(struct biquad *filter, double x)
{
    const double y = filter->b0 * x + filter->s1;

    filter->s1 = filter->b1 * x - filter->a1 * y + filter->s2;
    filter->s2 = filter->b2 * x - filter->a2 * y;
    return y;
}

#endif
