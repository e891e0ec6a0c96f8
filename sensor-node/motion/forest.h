/* forest.h - boosted decision trees from a frozen table: what training has learnt, a few hundred bytes a tree.
 *
 * The table is made by a command of the tree and committed as C source; nothing is loaded at run time. A class's score
 * is its base plus the leaf that each of its trees reaches; scores become probabilities by the softmax (one class:
 * the logistic function). The same numbers come out on every machine. Pure, no allocation. */
#ifndef MOTION_FOREST_H
#define MOTION_FOREST_H

#include <stdint.h>

#define FOREST_LEAF        0xFFFF
#define FOREST_CLASSES_MAX 24

/* Left child = the next node; right child = this node + right. */
struct forest_node {
    uint16_t feature; /* FOREST_LEAF = value is the leaf's score */
    uint16_t right;
    float value; /* go left if x[feature] <= value; a missing x (NAN) goes right */
};

struct forest_tree {
    uint32_t root; /* index of the first node */
    uint16_t class;
};

struct forest {
    int features, classes, trees;
    const float *base; /* one for each class */
    const struct forest_tree *tree;
    const struct forest_node *node;
};

/* `x` holds `features` values; ret_scores and ret_probabilities hold `classes`. */
void forest_scores(const struct forest *forest, const float *x, float *ret_scores);
void forest_probabilities(const struct forest *forest, const float *x, float *ret_probabilities);

#endif
