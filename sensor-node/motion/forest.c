#include "sensor-node/motion/forest.h"

#include <math.h>

#include "sensor-node/motion/exact.h"

static float reach_leaf(const struct forest_node *node, const float *x)
{
    while (node->feature != FOREST_LEAF)
        node += x[node->feature] <= node->value ? 1 : node->right; /* false for NAN */
    return node->value;
}

void forest_scores(const struct forest *forest, const float *x, float *ret_scores)
{
    for (int c = 0; c < forest->classes; c++)
        ret_scores[c] = forest->base[c];
    for (int t = 0; t < forest->trees; t++)
        ret_scores[forest->tree[t].class] += reach_leaf(&forest->node[forest->tree[t].root], x);
}

void forest_probabilities(const struct forest *forest, const float *x, float *ret_probabilities)
{
    float *p = ret_probabilities, top, sum = 0;

    forest_scores(forest, x, p);
    if (forest->classes == 1) {
        p[0] = 1 / (1 + exact_expf(-p[0]));
        return;
    }
    top = p[0];
    for (int c = 1; c < forest->classes; c++)
        top = fmaxf(top, p[c]);
    for (int c = 0; c < forest->classes; c++)
        sum += p[c] = exact_expf(p[c] - top);
    for (int c = 0; c < forest->classes; c++)
        p[c] /= sum;
}
