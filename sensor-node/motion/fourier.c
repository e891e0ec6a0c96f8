#include "sensor-node/motion/fourier.h"

#include <math.h>

#include "sensor-node/motion/exact.h"

#define FADE 16 /* points at each end */

/* The bits of a point's number, last first. */
static int reverse(int i)
{
    int r = 0;

    for (int bit = 1; bit < FOURIER_POINTS; bit <<= 1) {
        r = r << 1 | (i & 1);
        i >>= 1;
    }
    return r;
}

void fourier_init(struct fourier_table *ret_table)
{
    for (int i = 0; i < FOURIER_POINTS; i++)
        ret_table->reversed[i] = (short)reverse(i);
    for (int i = 0; i < FOURIER_POINTS / 2; i++) {
        ret_table->cosine[i] = (float)exact_cos(2 * M_PI * i / FOURIER_POINTS);
        ret_table->sine[i] = (float)exact_sin(2 * M_PI * i / FOURIER_POINTS);
    }
}

/* Radix 2, in place, on points already in reversed order (Cooley and Tukey 1965). */
static void transform(const struct fourier_table *t, float *re, float *im)
{
    for (int half = 1; half < FOURIER_POINTS; half *= 2)
        for (int start = 0; start < FOURIER_POINTS; start += 2 * half)
            for (int k = 0; k < half; k++) {
                const float c = t->cosine[k * (FOURIER_POINTS / 2 / half)];
                const float s = t->sine[k * (FOURIER_POINTS / 2 / half)];
                const int a = start + k, b = a + half;
                const float x = re[b] * c + im[b] * s, y = im[b] * c - re[b] * s;
                re[b] = re[a] - x;
                im[b] = im[a] - y;
                re[a] += x;
                im[a] += y;
            }
}

void fourier_powers(const struct fourier_table *table, const float *first, const float *second,
                    struct fourier_pair *ret_pair)
{
    float re[FOURIER_POINTS], im[FOURIER_POINTS];

    for (int i = 0; i < FOURIER_POINTS; i++) {
        const int from_end = i < FOURIER_POINTS - 1 - i ? i : FOURIER_POINTS - 1 - i;
        const float fade = from_end < FADE ? ((float)from_end + 0.5f) / FADE : 1;
        re[table->reversed[i]] = fade * first[i];
        im[table->reversed[i]] = fade * second[i];
    }
    transform(table, re, im);
    /* Two real signals in one complex one: the even and the odd part of its spectrum. */
    for (int k = 0; k < FOURIER_POINTS / 2; k++) {
        const int m = (FOURIER_POINTS - k) % FOURIER_POINTS;
        const float a = re[k] + re[m], b = im[k] - im[m], c = im[k] + im[m], d = re[m] - re[k];
        ret_pair->power[0][k] = (a * a + b * b) / 4;
        ret_pair->power[1][k] = (c * c + d * d) / 4;
    }
}
