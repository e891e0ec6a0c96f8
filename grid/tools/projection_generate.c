/* projection_generate.c - fits the band polynomials of grid/projection_table.h and prints them.
 *   projection_generate > grid/projection_table.h
 * Run by hand; the printed table is kept in the tree, because the last bit of a long double differs between
 * machines and a table must not. Needs a long double of 64 bits or more (x86-64).
 *
 * For each band of 0.25 degrees of latitude, with t = -1..1 across it, s = degrees from the meridian / 2 and
 * q = s^2, east = s * sum over k of q^k * E_k(t),   north = sum over k of q^k * N_k(t). The transverse
 * Mercator is odd and even in s, so this loses nothing. The Krueger series (krueger.h, in long double) is
 * interpolated at Chebyshev nodes in t and q, the Chebyshev series is cut to the degrees of the table (so the
 * error stays near the least possible) and rewritten in powers. */
#include <stdio.h>

#include "grid/band.h"
#include "grid/krueger.h"
#include "grid/tools/chebyshev.h"

#define T_NODES 12
#define Q_NODES 8
#define TERMS   6

/* Chebyshev coefficients by [power of q][power of t]. */
struct series {
    long double c[Q_NODES][T_NODES];
};

static void project(long double lat_deg, long double lon_deg, long double *ret_e_m, long double *ret_n_m)
{
    const long double n = KRUEGER_THIRD_FLATTENING(1.0L), f = 1e9L / KRUEGER_INVERSE_FLATTENING_E9;
    const long double alpha[TERMS] = KRUEGER_ALPHA(n, 1.0L), e = sqrtl(f * (2 - f));
    const long double tau = tanl(lat_deg * PI / 180), lon = lon_deg * PI / 180, secant = sqrtl(1 + tau * tau);
    const long double sigma = sinhl(e * atanhl(e * tau / secant));
    const long double conformal = tau * sqrtl(1 + sigma * sigma) - sigma * secant;
    const long double xi = atan2l(conformal, cosl(lon)),
                      eta = asinhl(sinl(lon) / hypotl(conformal, cosl(lon)));
    long double x = xi, y = eta;

    for (int j = 1; j <= TERMS; j++) {
        x += alpha[j - 1] * sinl(2 * j * xi) * coshl(2 * j * eta);
        y += alpha[j - 1] * cosl(2 * j * xi) * sinhl(2 * j * eta);
    }
    *ret_e_m = KRUEGER_SEMI_MAJOR_M * KRUEGER_RADIUS(n, 1.0L) * y;
    *ret_n_m = KRUEGER_SEMI_MAJOR_M * KRUEGER_RADIUS(n, 1.0L) * x;
}

static long double band_lat_deg(int band, long double t)
{
    return (band + (t + 1) / 2) / BANDS_PER_DEGREE;
}

/* Interpolates east / s and north in one band. */
static void interpolate(int band, struct series *ret_east, struct series *ret_north)
{
    memset(ret_east, 0, sizeof *ret_east);
    memset(ret_north, 0, sizeof *ret_north);
    for (int i = 0; i < T_NODES; i++)
        for (int j = 0; j < Q_NODES; j++) {
            const long double s = sqrtl((chebyshev_node(j, Q_NODES) + 1) / 2);
            long double e, n;
            project(band_lat_deg(band, chebyshev_node(i, T_NODES)), s * BAND_HALF_WIDTH_DEG, &e, &n);
            for (int k = 0; k < Q_NODES; k++)
                for (int m = 0; m < T_NODES; m++) {
                    const long double share = chebyshev_share(k, j, Q_NODES) * chebyshev_share(m, i, T_NODES);
                    ret_east->c[k][m] += share * e / s;
                    ret_north->c[k][m] += share * n;
                }
        }
}

/* Cuts the series to the degrees and prints it in powers of q and t, in the order of band.h. */
static void print_series(const struct series *series, const int degrees[], int q_terms)
{
    long double in_t[CHEBYSHEV_MAX][CHEBYSHEV_MAX], in_q[CHEBYSHEV_MAX][CHEBYSHEV_MAX];

    chebyshev_powers(T_NODES, 1, 0, in_t);
    chebyshev_powers(Q_NODES, 2, -1, in_q);
    for (int k = 0; k < q_terms; k++)
        for (int m = 0; m <= degrees[k]; m++) {
            long double power = 0;
            for (int kk = k; kk < q_terms; kk++)
                for (int mm = m; mm <= degrees[kk]; mm++)
                    power += series->c[kk][mm] * in_q[kk][k] * in_t[mm][m];
            printf(" %a,", (double)power);
        }
}

/* The sum of what was cut: a bound of the error, in metres. */
static long double cut_away(const struct series *series, const int degrees[], int q_terms)
{
    long double sum = 0;

    for (int k = 0; k < Q_NODES; k++)
        for (int m = 0; m < T_NODES; m++)
            if (k >= q_terms || m > degrees[k])
                sum += fabsl(series->c[k][m]);
    return sum;
}

int main(void)
{
    static const int east_degrees[] = BAND_EAST_DEGREES, north_degrees[] = BAND_NORTH_DEGREES;
    long double worst_east = 0, worst_north = 0;

    puts("/* Made by grid/tools/projection_generate.c; one row a band, northward from the equator. */");
    for (int band = 0; band < BANDS; band++) {
        struct series east, north;
        interpolate(band, &east, &north);
        printf("{{");
        print_series(&east, east_degrees, BAND_TERMS);
        printf("},\n {");
        print_series(&north, north_degrees, BAND_TERMS);
        puts("}},");
        worst_east = fmaxl(worst_east, cut_away(&east, east_degrees, BAND_TERMS));
        worst_north = fmaxl(worst_north, cut_away(&north, north_degrees, BAND_TERMS));
    }
    fprintf(stderr, "cut away: east %.3Lg nm, north %.3Lg nm\n", worst_east * 1e9L, worst_north * 1e9L);
    return fflush(stdout) != 0;
}
