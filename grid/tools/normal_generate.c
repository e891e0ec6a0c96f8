/* normal_generate.c - fits the pieces of grid/normal_table.h and prints them.
 *   normal_generate > grid/normal_table.h
 * Run by hand, like projection_generate. Each piece interpolates the upper half of the normal distribution
 * over 1 / NORMAL_PIECES_PER_SIGMA at Chebyshev nodes, in powers of t = -1..1. */
#include <stdio.h>

#include "grid/normal.h"
#include "grid/tools/chebyshev.h"

int main(void)
{
    long double powers[CHEBYSHEV_MAX][CHEBYSHEV_MAX];

    chebyshev_powers(NORMAL_COEFFICIENTS, 1, 0, powers);
    puts("/* Made by grid/tools/normal_generate.c; one row a piece, outward from 0. */");
    for (int piece = 0; piece < NORMAL_PIECES; piece++) {
        long double series[NORMAL_COEFFICIENTS] = {0};
        for (int i = 0; i < NORMAL_COEFFICIENTS; i++) {
            const long double t = chebyshev_node(i, NORMAL_COEFFICIENTS);
            const long double x = (piece + (t + 1) / 2) / NORMAL_PIECES_PER_SIGMA;
            for (int k = 0; k < NORMAL_COEFFICIENTS; k++)
                series[k] += chebyshev_share(k, i, NORMAL_COEFFICIENTS) * erfcl(-x * sqrtl(0.5L)) / 2;
        }
        printf("{");
        for (int p = 0; p < NORMAL_COEFFICIENTS; p++) {
            long double power = 0;
            for (int k = p; k < NORMAL_COEFFICIENTS; k++)
                power += series[k] * powers[k][p];
            printf(" %a,", (double)power);
        }
        puts("},");
    }
    return fflush(stdout) != 0;
}
