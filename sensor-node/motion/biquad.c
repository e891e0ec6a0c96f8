#include "sensor-node/motion/biquad.h"

#include <math.h>

#include "sensor-node/motion/exact.h"

void biquad_high_pass(struct biquad *ret_filter, double corner_hz, double rate_hz)
{
    const double k = exact_tan(M_PI * corner_hz / rate_hz), norm = 1 / (1 + M_SQRT2 * k + k * k);

    *ret_filter = (struct biquad){.b0 = norm,
                                  .b1 = -2 * norm,
                                  .b2 = norm,
                                  .a1 = 2 * (k * k - 1) * norm,
                                  .a2 = (1 - M_SQRT2 * k + k * k) * norm};
}

void biquad_low_pass(struct biquad *ret_filter, double corner_hz, double rate_hz)
{
    const double k = exact_tan(M_PI * corner_hz / rate_hz), norm = 1 / (1 + M_SQRT2 * k + k * k);

    *ret_filter = (struct biquad){.b0 = k * k * norm,
                                  .b1 = 2 * k * k * norm,
                                  .b2 = k * k * norm,
                                  .a1 = 2 * (k * k - 1) * norm,
                                  .a2 = (1 - M_SQRT2 * k + k * k) * norm};
}

void biquad_reset(struct biquad *filter)
{
    filter->s1 = filter->s2 = 0;
}
