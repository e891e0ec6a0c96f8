#include "tests/evaluate/match.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "gateway/room.h"

#define ROUNDING_S 1e-6 /* 2.0 s apart is within 2 s, however the decimals fall */

/* With one tolerance for all, giving each truth the earliest prediction that is left loses no pair. */
size_t match_times(const double *predicted_s, size_t n_predicted, const double *truth_s, size_t n_truth,
                   double tolerance_s, size_t *ret_truth)
{
    size_t k = 0, pairs = 0;

    for (size_t i = 0; i < n_predicted; i++) {
        while (k < n_truth && truth_s[k] < predicted_s[i] - tolerance_s - ROUNDING_S)
            k++;
        const bool is_hit = k < n_truth && truth_s[k] <= predicted_s[i] + tolerance_s + ROUNDING_S;
        ret_truth[i] = is_hit ? k++ : MATCH_NONE;
        pairs += is_hit;
    }
    return pairs;
}

double place_apart_m(struct place_m a, struct place_m b)
{
    return hypot(a.e - b.e, a.n - b.n);
}

struct pairing {
    const struct place_m *predicted, *truth;
    size_t n_truth;
    double reach_m;
    size_t *given; /* to each truth: its prediction */
    bool *is_seen;
};

/* Gives prediction `p` a truth, moving others to another one where that frees it. */
static bool give(struct pairing *pairing, size_t p)
{
    for (size_t t = 0; t < pairing->n_truth; t++) {
        if (pairing->is_seen[t] || place_apart_m(pairing->predicted[p], pairing->truth[t]) > pairing->reach_m)
            continue;
        pairing->is_seen[t] = true;
        if (pairing->given[t] == MATCH_NONE || give(pairing, pairing->given[t])) {
            pairing->given[t] = p;
            return true;
        }
    }
    return false;
}

size_t match_places(const struct place_m *predicted, size_t n_predicted, const struct place_m *truth,
                    size_t n_truth, double reach_m, size_t *ret_truth)
{
    struct pairing pairing = {predicted,
                              truth,
                              n_truth,
                              reach_m,
                              room_zeroed(n_truth + 1, sizeof(size_t)),
                              room_zeroed(n_truth + 1, sizeof(bool))};
    size_t pairs = 0;

    for (size_t t = 0; t < n_truth; t++)
        pairing.given[t] = MATCH_NONE;
    for (size_t p = 0; p < n_predicted; p++) {
        for (size_t t = 0; t < n_truth; t++)
            pairing.is_seen[t] = false;
        pairs += give(&pairing, p);
        ret_truth[p] = MATCH_NONE;
    }
    for (size_t t = 0; t < n_truth; t++)
        if (pairing.given[t] != MATCH_NONE)
            ret_truth[pairing.given[t]] = t;
    free(pairing.given);
    free(pairing.is_seen);
    return pairs;
}

size_t match_near(const struct place_m *a, size_t n_a, const struct place_m *b, size_t n_b, double reach_m)
{
    size_t near = 0;

    for (size_t i = 0; i < n_a; i++)
        for (size_t k = 0; k < n_b; k++)
            if (place_apart_m(a[i], b[k]) <= reach_m) {
                near++;
                break;
            }
    return near;
}

/* Sites go by the index of their first member; widest[a * n + b] = the greatest distance between their
 * members. */
static bool join_nearest(double *widest, size_t *site, size_t n, double size_m)
{
    size_t into = 0, from = 0;
    double least = size_m;

    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n && site[a] == a; b++)
            if (site[b] == b && widest[a * n + b] <= least && (from == 0 || widest[a * n + b] < least)) {
                least = widest[a * n + b];
                into = a;
                from = b;
            }
    for (size_t i = 0; i < n && from > 0; i++) {
        site[i] = site[i] == from ? into : site[i];
        widest[into * n + i] = widest[i * n + into] = fmax(widest[into * n + i], widest[from * n + i]);
    }
    return from > 0;
}

size_t match_sites(struct place_m *places, size_t n, double size_m)
{
    size_t *site = room_zeroed(n + 1, sizeof *site);
    double *widest = room_zeroed(n * n + 1, sizeof *widest);
    size_t sites = 0;

    for (size_t i = 0; i < n; i++) {
        site[i] = i;
        for (size_t k = 0; k < n; k++)
            widest[i * n + k] = place_apart_m(places[i], places[k]);
    }
    while (join_nearest(widest, site, n, size_m))
        ;
    free(widest);
    for (size_t s = 0; s < n; s++) {
        struct place_m sum = {0, 0};
        double members = 0;
        for (size_t i = s; i < n && site[s] == s; i++)
            if (site[i] == s) {
                sum.e += places[i].e;
                sum.n += places[i].n;
                members++;
            }
        if (members > 0) /* its own place has been summed up, and no later site begins before it */
            places[sites++] = (struct place_m){sum.e / members, sum.n / members};
    }
    free(site);
    return sites;
}
