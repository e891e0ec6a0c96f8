#include "gateway/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define NODES_MIN 2
/* Alarm on change: + 50 % or + 3 MAD (domain figures, section 3). */
#define CHANGE_MICRO 405465.0 /* ln 1.5 */
#define CHANGE_MADS 3
#define MAD_TO_SIGMA 1.4826 /* of a normal distribution */
/* Guesses of ours for what has not been measured yet, in the logarithm: the whole spread, that of the passes of one
 * vehicle, and the least between vehicles. */
#define TOTAL_GUESS_MICRO 300000.0
#define WITHIN_GUESS_MICRO 200000.0
#define BETWEEN_MIN_MICRO 100000.0
#define PRIOR_WORTH 4.0
#define HABIT_UNITS 16 /* a vehicle's mean forgets what is longer ago */

/* What one vehicle usually makes of the thing. */
struct habit {
    uint32_t speaker;
    unsigned n;
    int64_t mean_micro, last_micro;
};

static size_t rank_of(const struct latest *l, int64_t value)
{
    size_t rank = 0;

    while (rank < l->n && l->sorted[rank] < value)
        rank++;
    return rank;
}

void latest_add(struct latest *latest, int64_t value)
{
    struct latest *l = latest;

    if (l->n == BASELINE_UNITS) {
        const size_t oldest = rank_of(l, l->ring[l->next]);
        l->n--;
        memmove(&l->sorted[oldest], &l->sorted[oldest + 1], (l->n - oldest) * sizeof l->sorted[0]);
    }
    const size_t at = rank_of(l, value);
    memmove(&l->sorted[at + 1], &l->sorted[at], (l->n - at) * sizeof l->sorted[0]);
    l->sorted[at] = value;
    l->n++;
    l->ring[l->next] = value;
    l->next = (l->next + 1) % BASELINE_UNITS;
}

int64_t latest_median(const struct latest *latest)
{
    return latest->n ? latest->sorted[(latest->n - 1) / 2] : 0;
}

int64_t latest_quarter(const struct latest *latest)
{
    return latest->n ? latest->sorted[(latest->n - 1) / 4] : 0;
}

/* Outwards from the middle, the nearer neighbour first. */
int64_t latest_mad(const struct latest *latest)
{
    const struct latest *l = latest;
    const int64_t median = latest_median(l);
    size_t left = l->n ? (l->n - 1) / 2 : 0, right = left; /* those below `left` and from `right` on are left */
    int64_t apart = 0;

    for (size_t k = 0; l->n && k <= (l->n - 1) / 2; k++) {
        const int64_t below = left > 0 ? median - l->sorted[left - 1] : INT64_MAX;
        const int64_t above = right < l->n ? l->sorted[right] - median : INT64_MAX;
        apart = above <= below ? above : below;
        if (above <= below)
            right++;
        else
            left--;
    }
    return apart;
}

void baseline_done(struct baseline *baseline)
{
    free(baseline->habits);
    *baseline = (struct baseline){.n_habits = 0};
}

static struct habit *habit_of(struct baseline *b, uint32_t speaker)
{
    for (size_t i = 0; i < b->n_habits; i++)
        if (b->habits[i].speaker == speaker)
            return &b->habits[i];
    ROOM(b->habits, b->habit_capacity, b->n_habits + 1);
    b->habits[b->n_habits] = (struct habit){.speaker = speaker};
    return &b->habits[b->n_habits++];
}

bool baseline_is_known(const struct baseline *baseline, unsigned passes_min)
{
    const size_t n = baseline->strengths.n;

    return n >= passes_min && n >= NODES_MIN && baseline->n_habits >= NODES_MIN;
}

/* Squared: what was measured n times, beside a guess that is worth PRIOR_WORTH measurements. */
static double blend(double guess, double measured, size_t n)
{
    return (PRIOR_WORTH * guess * guess + (double)n * measured * measured) / (PRIOR_WORTH + (double)n);
}

static int64_t limit_of(double sigma_micro)
{
    return llround(fmin(CHANGE_MICRO, CHANGE_MADS * sigma_micro / MAD_TO_SIGMA));
}

struct baseline_verdict baseline_judge(struct baseline *baseline, const struct felt *felt)
{
    struct baseline *b = baseline;
    const struct habit *own = habit_of(b, felt->speaker);
    /* What stands out is left out above the median, so only the side below tells the spread truly. */
    const int64_t median = latest_median(&b->strengths), below = median - latest_quarter(&b->strengths);
    const double total2 = blend(TOTAL_GUESS_MICRO, MAD_TO_SIGMA * (double)below, b->strengths.n);
    const double within2 =
        blend(WITHIN_GUESS_MICRO, MAD_TO_SIGMA / M_SQRT2 * (double)latest_median(&b->steps), b->steps.n);
    const double between2 = fmax(total2 - within2, BETWEEN_MIN_MICRO * BETWEEN_MIN_MICRO);
    const double share = own->n * between2 / (own->n * between2 + within2);
    const double sigma = sqrt(within2 + (1 - share) * between2 + felt->noise_micro * felt->noise_micro);
    struct baseline_verdict verdict;

    verdict.excess_micro = felt->strength_micro - median - llround(share * (double)(own->mean_micro - median));
    verdict.stands_out = verdict.excess_micro >= limit_of(sigma);
    verdict.is_strong = felt->strength_micro - median >= limit_of(sqrt(total2));
    verdict.pf = erfc((double)verdict.excess_micro / sigma / M_SQRT2) / 2;
    return verdict;
}

static void learn_habit(struct baseline *b, const struct felt *felt, bool is_usual)
{
    struct habit *own = habit_of(b, felt->speaker);
    const bool is_first = own->n == 0;

    if (!is_first) /* all of them: that of a change is one among many */
        latest_add(&b->steps, llabs(felt->strength_micro - own->last_micro));
    own->last_micro = felt->strength_micro;
    if (!is_usual && !is_first)
        return;
    if (own->n < HABIT_UNITS)
        own->n++;
    own->mean_micro += (felt->strength_micro - own->mean_micro) / own->n;
}

void baseline_learn(struct baseline *baseline, const struct felt *felt, const struct baseline_verdict *verdict,
                    bool is_usual)
{
    learn_habit(baseline, felt, is_usual || !verdict->stands_out);
    if (is_usual || (!verdict->stands_out && !verdict->is_strong))
        latest_add(&baseline->strengths, felt->strength_micro);
}
