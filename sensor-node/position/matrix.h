/* matrix.h - the little linear algebra of a filter with four states. */
#ifndef POSITION_MATRIX_H
#define POSITION_MATRIX_H

void matrix_multiply(double a[4][4], double b[4][4], double ret[4][4]);
void matrix_transpose(double a[4][4], double ret[4][4]);
/* C D C' of a symmetric D: symmetric too. `ret` is neither of them. */
void matrix_congruence(double c[4][4], double d[4][4], double ret[4][4]);
/* Inverse of a symmetric positive definite matrix; a pivot that is not positive is raised to 1e-12. */
void matrix_invert(double a[4][4], double ret[4][4]);
/* One scalar measurement z = h x + noise of variance r: Kalman update in place. */
void matrix_update(double x[4], double p[4][4], const double h[4], double z, double r);

#endif
