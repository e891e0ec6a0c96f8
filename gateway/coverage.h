/* coverage.h - what a pass really watched.
 *
 * Coverage is a weight, not a yes: w = probability that a wheel track, or the camera's footprint, really crossed.
 * The table of detectors (domain figures, docs/gateway.md):
 *
 *     class                 Pd given a crossing   Pd a pass   Pf
 *     motion, RTK                 0.6               0.6      0.002
 *     motion, other GNSS          0.75              0.375    0.002     (half of the passes cross a 0.4 m hole)
 *     camera                      0.7               0.7      0.01
 *
 * A miss uses w and Pd given a crossing; w = 0.5 of the second row is the published -0.47. */
#ifndef GATEWAY_COVERAGE_H
#define GATEWAY_COVERAGE_H

#include "gateway/detector.h"
#include "gateway/evidence.h"

/* The finest level whose square is at least 2 sigma wide, at most COVER_LEVEL_MAX. */
int coverage_level(double sigma_mm);

/* How wide a defect is across the way of travel, and its usual area; figures of ours, see docs/gateway.md. */
double defect_half_width_mm(int type);
double defect_area_m2(int type);
double feature_half_width_mm(enum feature_kind kind);

/* The probability, 0..1, that the stretch of a block with this corner carried a wheel (or the camera) over something at
 * `mean`, so wide to each side across the way. 0 beyond 60 m, and where the pass comes nearer on another stretch. */
double coverage_crossing(const struct stretch *stretch, struct grid_point corner, struct grid_point mean,
                         struct grid_covariance covariance, double half_width_mm);

/* Room for what one unit watched in a block. */
struct watched *watched_new(void);
void watched_free(struct watched *watched);
/* Adds the stretch, which stands in the block's chain, to the squares and pieces it watched there. If one of them knows
 * of a later day the block is put down to be folded again. */
void coverage_deposit(struct evidence *evidence, struct block *block, const struct stretch *stretch);
/* Folds the squares and pieces of the block again from its stretches; what only stretches touched that are gone stays. */
void coverage_fold(struct evidence *evidence, struct block *block);
/* Turns what is too old grey, on all maps and pieces. */
void coverage_sweep(struct evidence *evidence, int64_t day);
/* Quadrants of heading (a bit each) in which stretches of the window drove through each square (SQUARES_IN_BLOCK). */
void coverage_quadrants(const struct evidence *evidence, const struct block *block, uint8_t *ret_quadrants);
/* The colour that was decided for a square: kept under its age. Tells nobody. */
void coverage_paint(struct evidence *evidence, const struct block *block, uint16_t square, enum road_code colour);
/* A square that passes touched is told with its leaf. */
void coverage_tell(struct evidence *evidence, const struct block *block, uint16_t square);

#endif
