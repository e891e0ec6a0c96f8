/* chebyshev.h - what both generators of frozen tables need of Chebyshev polynomials. */
#ifndef GRID_TOOLS_CHEBYSHEV_H
#define GRID_TOOLS_CHEBYSHEV_H

#include <float.h>
#include <math.h>
#include <string.h>

_Static_assert(LDBL_MANT_DIG >= 64, "the fits need more than a double");

#define PI            3.14159265358979323846264338327950288L
#define CHEBYSHEV_MAX 16

/* The n roots of T_n. */
static inline long double chebyshev_node(int i, int n)
{
    return cosl(PI * (2 * i + 1) / (2 * n));
}

/* What the value at node i adds to coefficient k of an interpolation at n nodes. */
static inline long double chebyshev_share(int k, int i, int n)
{
    return (k ? 2.0L : 1.0L) / n * cosl(PI * k * (2 * i + 1) / (2 * n));
}

/* ret_powers[n][p]: the coefficient of x^p in T_n(scale x + shift), n < n_max. */
static inline void chebyshev_powers(int n_max, long double scale, long double shift,
                                    long double ret_powers[CHEBYSHEV_MAX][CHEBYSHEV_MAX])
{
    memset(ret_powers, 0, sizeof(long double[CHEBYSHEV_MAX][CHEBYSHEV_MAX]));
    ret_powers[0][0] = 1;
    ret_powers[1][0] = shift;
    ret_powers[1][1] = scale;
    for (int n = 2; n < n_max; n++)
        for (int p = 0; p <= n; p++)
            ret_powers[n][p] = 2 * shift * ret_powers[n - 1][p] - ret_powers[n - 2][p] +
                               (p ? 2 * scale * ret_powers[n - 1][p - 1] : 0);
}

#endif
