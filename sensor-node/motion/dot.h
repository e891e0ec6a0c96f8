/* dot.h - the sum of products, in eight lanes: machines with vectors do four at once, and as the order of the
 * additions is fixed, every machine gets the same bits. Pure. */
#ifndef MOTION_DOT_H
#define MOTION_DOT_H

#include <string.h>

#define DOT_STEP 8 /* products at once */

static inline float dot(const float *a, const float *b, int n)
{
    float __attribute__((vector_size(16))) sums[2] = {{0}, {0}}, x[2], y[2];
    float rest = 0;
    int i = 0;

    for (; i + DOT_STEP <= n; i += DOT_STEP) {
        memcpy(x, a + i, sizeof x);
        memcpy(y, b + i, sizeof y);
        sums[0] += x[0] * y[0];
        sums[1] += x[1] * y[1];
    }
    for (; i < n; i++)
        rest += a[i] * b[i];
    sums[0] += sums[1];
    return (sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3]) + rest;
}

#endif
