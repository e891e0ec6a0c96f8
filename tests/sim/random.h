/* random.h - repeatable randomness for the simulator: xoshiro256** seeded by splitmix64, the same on every
 * machine (integer state; the Gaussian uses libm's log and cos, so it is equal where libm is). */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdint.h>

struct sim_random {
    uint64_t state[4];
};

void sim_random_init(struct sim_random *random, uint64_t seed);
double sim_uniform(struct sim_random *random, double low, double high);
int sim_integer(struct sim_random *random, int count); /* 0 .. count-1 */
double sim_gauss(struct sim_random *random, double sigma);

/* A first-order Gauss-Markov value with stationary sigma. `step` and `tau` in the same unit (s or m). */
struct sim_markov {
    double value, sigma, tau;
};
void sim_markov_init(struct sim_markov *markov, struct sim_random *random, double sigma, double tau);
double sim_markov_step(struct sim_markov *markov, struct sim_random *random, double step);

#endif
