/* normal.h - the standard normal distribution by polynomials with frozen coefficients, so that the squares a
 * defect is painted on are the same on every machine. Errors: 1e-15 (distribution), 1e-12 (density), both
 * absolute. Inner header of the room. Pure; any thread. */
#ifndef GRID_NORMAL_H
#define GRID_NORMAL_H

#define NORMAL_PIECES_PER_SIGMA 2
#define NORMAL_PIECES           17 /* up to 8.5; beyond lies less than 1e-16 */
#define NORMAL_COEFFICIENTS     13

double normal_cdf(double x);
double normal_density(double x);

#endif
