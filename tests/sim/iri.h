/* iri.h - the International Roughness Index of a profile by the golden car (ASTM E1926, Sayers): a quarter car at 80 km/h,
 * k1 = kt/ms 653, k2 = ks/ms 63.3 1/s2, c/ms 6 1/s, mu/ms 0.15, on the profile's 250 mm moving average; started on the slope
 * of the first 11 m. m/km, or mm/m. */
#ifndef SIM_IRI_H
#define SIM_IRI_H

/* `step_m` at most 0.25. NAN if the profile is shorter than 11 m. */
double sim_iri(const float *height_m, int n, double step_m);

#endif
