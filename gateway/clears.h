/* clears.h - the visits that crossed a thing on the road and said nothing of it. Pure. */
#ifndef GATEWAY_CLEARS_H
#define GATEWAY_CLEARS_H

#include "gateway/beliefs.h"
#include "gateway/coverage.h"

/* A visit without a hit: the largest weight of its passes. */
struct clear {
    uint32_t speaker;
    enum sense sensor;
    int64_t hour;
    double w; /* the probability that it crossed */
    const struct detector *detector;
};

struct clears {
    struct clear *items; /* the caller frees them */
    size_t n, capacity;
};

struct crossing {
    struct grid_point at;
    struct grid_covariance covariance;
    double half_width_mm; /* across the way */
    enum sense senses;    /* those that could have seen it: another's silence says nothing */
    bool (*was_hit)(const void *context, uint32_t speaker, int64_t hour, enum sense sensor);
    const void *context;
};

/* How many crossings they come to: the sum of their weights, rounded; the order of the items does not matter. */
size_t clears_watched(const struct clears *clears);
void clears_collect(const struct beliefs *beliefs, const struct crossing *crossing, struct clears *clears);

#endif
