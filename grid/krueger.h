/* krueger.h - the transverse Mercator as a series in the third flattening, to the sixth order.
 *
 * Coefficients: C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers", J. Geodesy 85
 * (2011), equations 14, 35, 36. They are macros so that the generator of the band table can evaluate the
 * same lines in long double. Truncation: below 5 nm within 3,900 km of the meridian. Pure; any thread. */
#ifndef GRID_KRUEGER_H
#define GRID_KRUEGER_H

/* CGCS2000 (EPSG:1024). The same form over n = f / (2 - f). */
#define KRUEGER_SEMI_MAJOR_M          6378137
#define KRUEGER_INVERSE_FLATTENING_E9 298257222101
#define KRUEGER_THIRD_FLATTENING(one)                                                                        \
    ((one)*1000000000 / ((one)*2 * KRUEGER_INVERSE_FLATTENING_E9 - 1000000000))

/* c1 n + c2 n^2 + ... as a Horner form. */
#define KRUEGER_POLY6(n, c1, c2, c3, c4, c5, c6)                                                             \
    ((n) * ((c1) + (n) * ((c2) + (n) * ((c3) + (n) * ((c4) + (n) * ((c5) + (n) * (c6)))))))

/* The radius of the circle as long as the meridian ellipse, in semi-major axes. */
#define KRUEGER_RADIUS(n, one)                                                                               \
    (((one) + KRUEGER_POLY6(n, 0, (one) / 4, 0, (one) / 64, 0, (one) / 256)) / ((one) + (n)))

/* From the conformal sphere to the plane: term j goes with 2j times the angle. */
#define KRUEGER_ALPHA(n, one)                                                                                \
    {                                                                                                        \
        KRUEGER_POLY6(n, (one) / 2, -(one)*2 / 3, (one)*5 / 16, (one)*41 / 180, -(one)*127 / 288,            \
                      (one)*7891 / 37800),                                                                   \
            KRUEGER_POLY6(n, 0, (one)*13 / 48, -(one)*3 / 5, (one)*557 / 1440, (one)*281 / 630,              \
                          -(one)*1983433 / 1935360),                                                         \
            KRUEGER_POLY6(n, 0, 0, (one)*61 / 240, -(one)*103 / 140, (one)*15061 / 26880,                    \
                          (one)*167603 / 181440),                                                            \
            KRUEGER_POLY6(n, 0, 0, 0, (one)*49561 / 161280, -(one)*179 / 168, (one)*6601661 / 7257600),      \
            KRUEGER_POLY6(n, 0, 0, 0, 0, (one)*34729 / 80640, -(one)*3418889 / 1995840),                     \
            KRUEGER_POLY6(n, 0, 0, 0, 0, 0, (one)*212378941 / 319334400)                                     \
    }

/* And back. */
#define KRUEGER_BETA(n, one)                                                                                 \
    {                                                                                                        \
        KRUEGER_POLY6(n, (one) / 2, -(one)*2 / 3, (one)*37 / 96, -(one) / 360, -(one)*81 / 512,              \
                      (one)*96199 / 604800),                                                                 \
            KRUEGER_POLY6(n, 0, (one) / 48, (one) / 15, -(one)*437 / 1440, (one)*46 / 105,                   \
                          -(one)*1118711 / 3870720),                                                         \
            KRUEGER_POLY6(n, 0, 0, (one)*17 / 480, -(one)*37 / 840, -(one)*209 / 4480, (one)*5569 / 90720),  \
            KRUEGER_POLY6(n, 0, 0, 0, (one)*4397 / 161280, -(one)*11 / 504, -(one)*830251 / 7257600),        \
            KRUEGER_POLY6(n, 0, 0, 0, 0, (one)*4583 / 161280, -(one)*108847 / 3991680),                      \
            KRUEGER_POLY6(n, 0, 0, 0, 0, 0, (one)*20648693 / 638668800)                                      \
    }

/* Degrees of latitude and of longitude from the meridian (|lon| < 80) to metres east of the meridian and
 * north of the equator. */
void krueger_project(double lat_deg, double lon_deg, double *ret_e_m, double *ret_n_m);
void krueger_unproject(double e_m, double n_m, double *ret_lat_deg, double *ret_lon_deg);

#endif
