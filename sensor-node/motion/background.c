#include "sensor-node/motion/background.h"

#include <math.h>
#include <stddef.h>

#include "sensor-node/motion/exact.h"

#define BIN_MPS    (5.0 / 3.6)
#define KNOWN      20
#define KNOWN_BAND 8
#define STEP_MIN   0.02   /* in the logarithm: the median moves at most 2 % a value once it has settled */
#define BAND_STEP  0.02   /* of the band's own value */
#define COUNT_MAX  2000.0 /* more does not change a step any more */

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
static double towards(double median, double x, double step)
{
    return fabs(x - median) < step ? x : median + copysign(step, x - median);
}

void background_add(struct background *background, double speed_mps, double rms_mps2)
{
    const int b = bin_of(speed_mps);
    const double x = exact_log(fmax(rms_mps2, 1e-3));
    double *count = &background->count[b];
    const double step = fmax(STEP_MIN, 1.0 / (*count + 1));

    if (*count == 0)
        background->log_median[b] = x;
    background->log_mad[b] = towards(background->log_mad[b], fabs(x - background->log_median[b]), step);
    background->log_median[b] = towards(background->log_median[b], x, step);
    *count = fmin(COUNT_MAX, *count + 1);
}

void background_add_bands(struct background *background, const float bands[BACKGROUND_BANDS])
{
    for (int k = 0; k < BACKGROUND_BANDS; k++) {
        double *count = &background->band_count[k], *band = &background->band[k];
        if (isnan(bands[k]))
            continue;
        if (*count == 0)
            *band = (double)bands[k];
        *band = towards(*band, (double)bands[k], *band * fmax(BAND_STEP, 1.0 / (*count + 1)));
        *count = fmin(COUNT_MAX, *count + 1);
    }
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

double background_gain(const struct background *background)
{
    double sorted[BACKGROUND_BINS];
    int n = 0;

    for (int b = 2; b < BACKGROUND_BINS; b++) {
        if (background->count[b] < KNOWN)
            continue;
        const double gain =
            background->log_median[b] - BACKGROUND_SPEED_POWER * exact_log((b + 0.5) * BIN_MPS);
        int k = n++;
        for (; k > 0 && sorted[k - 1] > gain; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = gain;
    }
    return n > 0 ? exact_exp(sorted[n / 2]) : NAN;
}

double background_band(const struct background *background, int band)
{
    return background->band_count[band] < KNOWN_BAND ? NAN : background->band[band];
}
