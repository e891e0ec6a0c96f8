#include "tests/sim/random.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static uint64_t random_next(struct sim_random *random)
{
    uint64_t *s = random->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

void sim_random_init(struct sim_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&seed);
}

double sim_uniform(struct sim_random *random, double low, double high)
{
    return low + (high - low) * (double)(random_next(random) >> 11) * 0x1p-53;
}

int sim_integer(struct sim_random *random, int count)
{
    return (int)(random_next(random) % (uint64_t)count);
}

double sim_gauss(struct sim_random *random, double sigma)
{
    const double u = sim_uniform(random, 0x1p-53, 1.0), v = sim_uniform(random, 0.0, 1.0);

    return sigma * sqrt(-2.0 * log(u)) * cos(2.0 * M_PI * v);
}

void sim_markov_init(struct sim_markov *markov, struct sim_random *random, double sigma, double tau)
{
    *markov = (struct sim_markov){.value = sim_gauss(random, sigma), .sigma = sigma, .tau = tau};
}

double sim_markov_step(struct sim_markov *markov, struct sim_random *random, double step)
{
    const double keep = exp(-step / markov->tau);

    markov->value = keep * markov->value + sim_gauss(random, markov->sigma * sqrt(1.0 - keep * keep));
    return markov->value;
}
