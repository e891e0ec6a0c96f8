#include "sensor-node/motion/background.h"

#include <math.h>
#include <stddef.h>

#include "sensor-node/motion/exact.h"

#define BIN_MPS  (5.0 / 3.6)
#define KNOWN    20
#define STEP_MIN 0.02 /* in the logarithm: the median moves at most 2 % a value once it has settled */

static int bin_of(double speed_mps)
{
    const int bin = (int)(speed_mps / BIN_MPS);

    return bin < 0 ? 0 : bin >= BACKGROUND_BINS ? BACKGROUND_BINS - 1 : bin;
}

void background_init(struct background *background)
{
    *background = (struct background){0};
}

/* A running median: one step towards the value, of a size that shrinks as 1/n (stochastic approximation). */
static double towards(double median, double x, double count)
{
    const double step = fmax(STEP_MIN, 1.0 / (count + 1));

    return fabs(x - median) < step ? x : median + copysign(step, x - median);
}

void background_add(struct background *background, double speed_mps, double rms_mps2)
{
    const int b = bin_of(speed_mps);
    const double x = exact_log(fmax(rms_mps2, 1e-3));
    double *count = &background->count[b];

    if (*count == 0)
        background->log_median[b] = x;
    background->log_mad[b] = towards(background->log_mad[b], fabs(x - background->log_median[b]), *count);
    background->log_median[b] = towards(background->log_median[b], x, *count);
    *count += 1;
}

double background_rms(const struct background *background, double speed_mps)
{
    const int b = bin_of(speed_mps);

    return background->count[b] < KNOWN ? 0 : exact_exp(background->log_median[b]);
}

double background_spread(const struct background *background, double speed_mps)
{
    const int b = bin_of(speed_mps);

    return background->count[b] < KNOWN ? 0 : background->log_mad[b];
}
