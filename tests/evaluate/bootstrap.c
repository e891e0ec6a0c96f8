#include "tests/evaluate/bootstrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define TAIL 0.025

/* xorshift64*: Vigna 2016. */
static uint64_t chance(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;

    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

struct interval bootstrap(size_t n_blocks, double (*score)(const void *context, const unsigned *times_drawn),
                          const void *context)
{
    unsigned *times = room_zeroed(n_blocks + 1, sizeof *times);
    double scores[BOOTSTRAP_DRAWS];
    size_t n = 0;
    uint64_t state = 20261123;

    for (int draw = 0; draw < BOOTSTRAP_DRAWS && n_blocks > 0; draw++) {
        memset(times, 0, n_blocks * sizeof *times);
        for (size_t i = 0; i < n_blocks; i++)
            times[(chance(&state) >> 33) % n_blocks]++;
        const double s = score(context, times);
        if (!isnan(s))
            scores[n++] = s;
    }
    free(times);
    if (n == 0)
        return (struct interval){NAN, NAN};
    qsort(scores, n, sizeof *scores, ascending);
    return (struct interval){quantile(scores, n, TAIL), quantile(scores, n, 1 - TAIL)};
}

double tally_f1(struct tally tally)
{
    return tally.predicted + tally.truth > 0 ? 2 * tally.hits / (tally.predicted + tally.truth) : NAN;
}

struct tallies {
    const struct tally *blocks;
    size_t n;
};

static double f1_of_draw(const void *context, const unsigned *times_drawn)
{
    const struct tallies *tallies = context;
    struct tally sum = {0, 0, 0};

    for (size_t i = 0; i < tallies->n; i++) {
        sum.hits += times_drawn[i] * tallies->blocks[i].hits;
        sum.predicted += times_drawn[i] * tallies->blocks[i].predicted;
        sum.truth += times_drawn[i] * tallies->blocks[i].truth;
    }
    return tally_f1(sum);
}

struct interval bootstrap_f1(const struct tally *blocks, size_t n)
{
    const struct tallies tallies = {blocks, n};

    return bootstrap(n, f1_of_draw, &tallies);
}
