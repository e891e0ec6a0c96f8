#include "tests/sim/profile.h"

#include <math.h>

double sim_iso_gd(char iso_class)
{
    return 16e-6 * pow(4.0, iso_class - 'A');
}

/* y = (s + zero) / (s + pole) u by the bilinear rule; pole and zero in 1/m. */
struct section {
    double b0, b1, a1, last_in, last_out;
};

static struct section section_make(double zero, double pole, double step_m)
{
    const double c = 2 / step_m;

    return (struct section){.b0 = (c + zero) / (c + pole), .b1 = (zero - c) / (c + pole), .a1 = (pole - c) / (c + pole)};
}

static double section_step(struct section *s, double in)
{
    const double out = s->b0 * in + s->b1 * s->last_in - s->a1 * s->last_out;

    s->last_in = in;
    s->last_out = out;
    return out;
}

/* Heave c and roll d are independent walks of one density; each is shaped so that c + d and c - d have the road's
 * density and g(n) = (Gc - Gd) / (Gc + Gd): roll through s / (s + a), heave through (s + a sqrt 2) / (s + a), both / sqrt 2. */
void sim_profile_make(struct sim_random *random, double gd_m3, double step_m, int n, float *ret_left_m, float *ret_right_m)
{
    const double low = 2 * M_PI * SIM_PROFILE_LOW_CPM, a = 2 * M_PI * SIM_PROFILE_COHERENCE_CPM;
    /* One-sided density in n of a walk with steps q: 2 q^2 step / (2 pi n step)^2 = Gd n0^2 / n^2. */
    const double q = 2 * M_PI * 0.1 * sqrt(gd_m3 * step_m / 2), keep = exp(-low * step_m);
    const double start = q / sqrt(1 - keep * keep);
    struct section heave = section_make(a * sqrt(2.0), a, step_m), roll = section_make(0, a, step_m);
    double walk_c = sim_gauss(random, start), walk_d = sim_gauss(random, start);

    heave.last_in = walk_c;
    heave.last_out = walk_c * sqrt(2.0);
    roll.last_in = walk_d;
    for (int i = 0; i < n; i++) {
        walk_c = keep * walk_c + sim_gauss(random, q);
        walk_d = keep * walk_d + sim_gauss(random, q);
        const double c = section_step(&heave, walk_c) * M_SQRT1_2, d = section_step(&roll, walk_d) * M_SQRT1_2;
        ret_left_m[i] = (float)(c + d);
        ret_right_m[i] = (float)(c - d);
    }
}
