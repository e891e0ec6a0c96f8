/* band.h - the band polynomials: the projection within 2 degrees of the meridian, without a transcendental
 * function.
 *
 * For each 0.25 degrees of latitude, with t = -1..1 across the band, s = degrees from the meridian / 2, q =
 * s^2: east = s * sum over k of q^k * E_k(t),   north = sum over k of q^k * N_k(t) (the transverse Mercator
 * is odd and even in s). Additions and multiplications only, in a fixed order and without contraction, so
 * every machine gives the same bits. Cut at 4 nm; the coefficients are frozen in projection_table.h. Inner
 * header of the room. Pure; any thread. */
#ifndef GRID_BAND_H
#define GRID_BAND_H

#define BANDS_PER_DEGREE    4
#define BANDS               (84 * BANDS_PER_DEGREE)
#define BAND_HALF_WIDTH_DEG 2 /* either side of the meridian */

/* Degrees in t of E_k and N_k; the coefficients stand in this order, each from t^0 up. */
#define BAND_TERMS 4
#define BAND_EAST_DEGREES                                                                                    \
    {                                                                                                        \
        4, 3, 2, 0                                                                                           \
    }
#define BAND_NORTH_DEGREES                                                                                   \
    {                                                                                                        \
        4, 3, 2, 1                                                                                           \
    }

struct band {
    double east[13], north[14];
};
extern const struct band bands[BANDS];

/* The band of a northern latitude in quarters of a degree, 0..336. */
static inline int band_of(double lat_quarters)
{
    const int band = (int)lat_quarters;

    return band < BANDS ? band : BANDS - 1; /* 84 degrees belong to the last */
}

static inline double band_east(const struct band *band, double t, double s, double q)
{
    const double *c = band->east;
    const double e0 = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * c[4])));
    const double e1 = c[5] + t * (c[6] + t * (c[7] + t * c[8]));
    const double e2 = c[9] + t * (c[10] + t * c[11]);

    return s * (e0 + q * (e1 + q * (e2 + q * c[12])));
}

static inline double band_north(const struct band *band, double t, double q)
{
    const double *c = band->north;
    const double n0 = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * c[4])));
    const double n1 = c[5] + t * (c[6] + t * (c[7] + t * c[8]));
    const double n2 = c[9] + t * (c[10] + t * c[11]);
    const double n3 = c[12] + t * c[13];

    return n0 + q * (n1 + q * (n2 + q * n3));
}

/* Metres east of the meridian and north of the equator; lat 0..84, lon -2..2 degrees from the meridian. */
static inline void band_project(double lat_deg, double lon_deg, double *ret_e_m, double *ret_n_m)
{
    const double quarters = lat_deg * BANDS_PER_DEGREE;
    const int band = band_of(quarters);
    const double t = 2 * (quarters - band) - 1, s = lon_deg / BAND_HALF_WIDTH_DEG, q = s * s;

    *ret_e_m = band_east(&bands[band], t, s, q);
    *ret_n_m = band_north(&bands[band], t, q);
}

#endif
