/* match.h - who is meant by whom: predictions and truths in pairs, each in one pair at most, as many pairs as
 * there can be. And places thinned to the scale at which they are compared. Pure but for allocation. */
#ifndef EVALUATE_MATCH_H
#define EVALUATE_MATCH_H

#include <stddef.h>

#define MATCH_NONE ((size_t)-1)

/* Times ascending. ret_truth[i] = the truth of prediction i or MATCH_NONE. Returns the pairs. */
size_t match_times(const double *predicted_s, size_t n_predicted, const double *truth_s, size_t n_truth,
                   double tolerance_s, size_t *ret_truth);

struct place_m {
    double e, n;
};
double place_apart_m(struct place_m a, struct place_m b);
/* Likewise in the plane, within `reach_m` (augmenting paths: Kuhn 1955 for equal weights). */
size_t match_places(const struct place_m *predicted, size_t n_predicted, const struct place_m *truth,
                    size_t n_truth, double reach_m, size_t *ret_truth);
/* Of `a`, those with one of `b` within reach. */
size_t match_near(const struct place_m *a, size_t n_a, const struct place_m *b, size_t n_b, double reach_m);

/* Joins places into sites no two members of which lie farther apart than `size_m` (complete linkage, nearest
 * pair of sites first). In: n places; out: their sites' means, in place. Returns the sites. */
size_t match_sites(struct place_m *places, size_t n, double size_m);

#endif
