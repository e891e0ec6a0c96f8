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

/* a with b, and a with what begins one behind b: each the same bits as dot(), a is read once. */
static inline void dot_two(const float *a, const float *b, int n, float ret[2])
{
    float __attribute__((vector_size(16))) sums[2][2] = {{{0}, {0}}, {{0}, {0}}}, x[2], y[2], z[2];
    float rest[2] = {0, 0};
    int i = 0;

    for (; i + DOT_STEP <= n; i += DOT_STEP) {
        memcpy(x, a + i, sizeof x);
        memcpy(y, b + i, sizeof y);
        memcpy(z, b + i + 1, sizeof z);
        for (int k = 0; k < 2; k++) {
            sums[0][k] += x[k] * y[k];
            sums[1][k] += x[k] * z[k];
        }
    }
    for (; i < n; i++) {
        rest[0] += a[i] * b[i];
        rest[1] += a[i] * b[i + 1];
    }
    for (int k = 0; k < 2; k++) {
        sums[k][0] += sums[k][1];
        ret[k] = (sums[k][0][0] + sums[k][0][1]) + (sums[k][0][2] + sums[k][0][3]) + rest[k];
    }
}

#endif
