/* dot.h - the sum of products, in eight lanes: machines with vectors do four at once, and as the order of the
 * additions is fixed, every machine gets the same bits. Pure. */
#ifndef MOTION_DOT_H
#define MOTION_DOT_H

#include <string.h>

#define DOT_STEP 8 /* products at once */

static inline void dot_step(const float *a, const float *b, float __attribute__((vector_size(16))) sums[2])
{
    float __attribute__((vector_size(16))) x[2], y[2];

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    sums[0] += x[0] * y[0];
    sums[1] += x[1] * y[1];
}

static inline float dot(const float *a, const float *b, int n)
{
    float __attribute__((vector_size(16))) sums[2] = {{0}, {0}};
    float rest = 0;
    int i = 0;

    for (; i + 2 * DOT_STEP <= n; i += 2 * DOT_STEP) { /* two steps in one round */
        dot_step(a + i, b + i, sums);
        dot_step(a + i + DOT_STEP, b + i + DOT_STEP, sums);
    }
    for (; i + DOT_STEP <= n; i += DOT_STEP)
        dot_step(a + i, b + i, sums);
    for (; i < n; i++)
        rest += a[i] * b[i];
    sums[0] += sums[1];
    return (sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3]) + rest;
}

#endif
