/* clears.h - the visits that crossed a thing on the road, hit or not: kept with the thing, so that a new stretch is looked at
 * once. Only when the thing moved, or is another kind of thing, is all collected again from the stretches around it.
 *
 * A visit (vehicle, hour, sensor) counts with its best crossing; a maximum does not mind the order. Crossings from before
 * the stretches that are kept stay as they were found. */
#ifndef GATEWAY_CLEARS_H
#define GATEWAY_CLEARS_H

#include "gateway/coverage.h"

struct clear {
    uint32_t speaker;
    uint32_t hour;
    uint8_t sensor, gnss;
    double w; /* the probability that it crossed */
};
const struct detector *clear_detector(const struct detectors *detectors, const struct clear *clear);

/* What is asked: it decides all weights. */
struct crossing {
    struct grid_point at;
    struct grid_covariance covariance;
    double half_width_mm; /* across the way */
    enum sense senses;    /* those that could have seen it: another's silence says nothing */
};

struct clears {
    bool is_known; /* all that crossed is in it */
    struct crossing crossing;
    struct clear *items;
    size_t n, capacity;
};

void clears_done(struct clears *clears);
/* Makes sure that everything that crossed is in it. */
void clears_collect(const struct evidence *evidence, const struct crossing *crossing, struct clears *clears);
/* A new stretch of a block in the nine around the thing. True if it changed anything. */
bool clears_see(struct clears *clears, const struct block *block, const struct stretch *stretch);
/* How many crossings the weights come to: their sum, rounded; the order does not matter. */
size_t clears_watched(const struct clear *items, size_t n);
/* Those that did not hit. The caller frees them. */
struct clear *clears_without(const struct clears *clears,
                             bool (*was_hit)(const void *context, uint32_t speaker, int64_t hour, enum sense sensor),
                             const void *context, size_t *ret_n);

#endif
