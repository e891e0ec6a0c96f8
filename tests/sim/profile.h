/* profile.h - how rough a road is under the two wheel tracks, as ISO 8608 says.
 *
 * One-sided spectral density of the height Gd(n) = Gd(n0) (n / n0)^-2, n0 = 0.1 cycles/m, from about 0.011 cycles/m up;
 * geometric means of Gd(n0): class A 16, B 64, C 256 ... x 1e-6 m^3. Left and right hang together as
 * g(n) = 1 / (1 + (n / 0.13)^2), a rational fit (within 0.08) to the isotropic road x K1(x), x = 2 pi n 1.5 m. */
#ifndef SIM_PROFILE_H
#define SIM_PROFILE_H

#include "tests/sim/random.h"

#define SIM_PROFILE_LOW_CPM 0.011 /* below it the spectrum is flat */
#define SIM_PROFILE_COHERENCE_CPM 0.13

double sim_iso_gd(char iso_class); /* 'A'.., m^3 */
/* Fills `n` heights of both tracks, `step_m` apart. */
void sim_profile_make(struct sim_random *random, double gd_m3, double step_m, int n, float *ret_left_m, float *ret_right_m);

#endif
