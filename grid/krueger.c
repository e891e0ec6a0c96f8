#include "grid/krueger.h"

#include <math.h>

#define TERMS              6
#define RADIANS_PER_DEGREE 0x1.1df46a2529d39p-6
#define FLATTENING         (1e9 / KRUEGER_INVERSE_FLATTENING_E9)
#define N                  KRUEGER_THIRD_FLATTENING(1.0)

static const double radius_m = KRUEGER_SEMI_MAJOR_M * KRUEGER_RADIUS(N, 1.0);
static const double alpha[TERMS] = KRUEGER_ALPHA(N, 1.0);
static const double beta[TERMS] = KRUEGER_BETA(N, 1.0);
static const double eccentricity2 = FLATTENING * (2 - FLATTENING);

/* sum over j of c_j * sin(2j (x + i y)), by Clenshaw's recurrence in complex numbers. */
static void sine_series(const double c[TERMS], double x, double y, double *ret_re, double *ret_im)
{
    const double s = sin(2 * x), k = cos(2 * x), sh = sinh(2 * y), ch = cosh(2 * y);
    const double ar = 2 * k * ch, ai = -2 * s * sh; /* 2 cos(2z) */
    double b1r = 0, b1i = 0, b2r = 0, b2i = 0;

    for (int j = TERMS - 1; j >= 0; j--) {
        const double r = ar * b1r - ai * b1i - b2r + c[j];
        const double i = ar * b1i + ai * b1r - b2i;
        b2r = b1r, b2i = b1i;
        b1r = r, b1i = i;
    }
    *ret_re = s * ch * b1r - k * sh * b1i; /* sin(2z) = s ch + i k sh */
    *ret_im = s * ch * b1i + k * sh * b1r;
}

/* The tangent of the conformal latitude from that of the geographic one (Karney 2011, equations 7 to 9). */
static double conformal_tangent(double tau)
{
    const double e = sqrt(eccentricity2), secant = sqrt(1 + tau * tau);
    const double sigma = sinh(e * atanh(e * tau / secant));

    return tau * sqrt(1 + sigma * sigma) - sigma * secant;
}

/* Newton's method (Karney 2011, equations 19 to 21): two steps reach the last bit, one more for safety. */
static double geographic_tangent(double conformal)
{
    double tau = conformal / (1 - eccentricity2);

    for (int i = 0; i < 3; i++) {
        const double at = conformal_tangent(tau);
        const double slope = (1 - eccentricity2) * sqrt(1 + at * at) * sqrt(1 + tau * tau) /
                             (1 + (1 - eccentricity2) * tau * tau);
        tau += (conformal - at) / slope;
    }
    return tau;
}

void krueger_project(double lat_deg, double lon_deg, double *ret_e_m, double *ret_n_m)
{
    const double lon = lon_deg * RADIANS_PER_DEGREE;
    const double tangent = conformal_tangent(tan(lat_deg * RADIANS_PER_DEGREE));
    const double xi = atan2(tangent, cos(lon));
    const double eta = asinh(sin(lon) / hypot(tangent, cos(lon)));
    double more_xi, more_eta;

    sine_series(alpha, xi, eta, &more_xi, &more_eta);
    *ret_e_m = radius_m * (eta + more_eta);
    *ret_n_m = radius_m * (xi + more_xi);
}

void krueger_unproject(double e_m, double n_m, double *ret_lat_deg, double *ret_lon_deg)
{
    double less_xi, less_eta;

    sine_series(beta, n_m / radius_m, e_m / radius_m, &less_xi, &less_eta);
    const double xi = n_m / radius_m - less_xi, eta = e_m / radius_m - less_eta;
    const double tangent = sin(xi) / hypot(sinh(eta), cos(xi));
    *ret_lat_deg = atan(geographic_tangent(tangent)) / RADIANS_PER_DEGREE;
    *ret_lon_deg = atan2(sinh(eta), cos(xi)) / RADIANS_PER_DEGREE;
}
