/* fourier.h - the power spectra of two real signals of 256 points at once. Pure; the same bits everywhere. */
#ifndef MOTION_FOURIER_H
#define MOTION_FOURIER_H

#define FOURIER_POINTS 256

/* Cosines and sines of the transform; made once. */
struct fourier_table {
    short reversed[FOURIER_POINTS];
    float cosine[FOURIER_POINTS / 2], sine[FOURIER_POINTS / 2];
};
struct fourier_pair {
    float power[2][FOURIER_POINTS / 2];
};
void fourier_init(struct fourier_table *ret_table);
/* Both signals hold FOURIER_POINTS values; their ends are faded in and out. */
void fourier_powers(const struct fourier_table *table, const float *first, const float *second,
                    struct fourier_pair *ret_pair);

#endif
