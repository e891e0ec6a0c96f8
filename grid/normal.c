#include "grid/normal.h"

#include <math.h>
#include <stddef.h>

static const double pieces[NORMAL_PIECES][NORMAL_COEFFICIENTS] = {
#include "grid/normal_table.h"
};

/* The piece of |x| and where in it, -1..1; NULL beyond the last. */
static const double *find_piece(double x, double *ret_t)
{
    const double scaled = fabs(x) * NORMAL_PIECES_PER_SIGMA;

    if (!(scaled < NORMAL_PIECES))
        return NULL;
    *ret_t = 2 * (scaled - (int)scaled) - 1;
    return pieces[(int)scaled];
}

double normal_cdf(double x)
{
    double t, upper = 1;
    const double *c = find_piece(x, &t);

    if (c) {
        upper = c[NORMAL_COEFFICIENTS - 1];
        for (int k = NORMAL_COEFFICIENTS - 2; k >= 0; k--)
            upper = upper * t + c[k];
    }
    return x < 0 ? 1 - upper : upper;
}

/* The derivative of the piece. */
double normal_density(double x)
{
    double t, slope = 0;
    const double *c = find_piece(x, &t);

    if (c)
        for (int k = NORMAL_COEFFICIENTS - 1; k >= 1; k--)
            slope = slope * t + k * c[k];
    return slope * 2 * NORMAL_PIECES_PER_SIGMA;
}
