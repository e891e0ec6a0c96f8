/* rounding.h - metres to whole millimetres, as llround(x) does it: halves away from zero. Inner header of the
 * room. Written with additions only, so that a loop of it becomes vector instructions. Pure; any thread. */
#ifndef GRID_ROUNDING_H
#define GRID_ROUNDING_H

#include <stdint.h>

/* For 0 <= x < 2^51: the sum with 2^52 rounds halves to even, and a half that went down is put right. */
static inline double rounded(double x)
{
    const double even = (x + 0x1p52) - 0x1p52;

    return even + (x - even >= 0.5 ? 1.0 : 0.0);
}

static inline int64_t millimetres_of(double metres)
{
    const double x = metres * 1000;

    return x < 0 ? -(int64_t)rounded(-x) : (int64_t)rounded(x);
}

#endif
