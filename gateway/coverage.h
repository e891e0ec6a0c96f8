/* coverage.h - what a pass really watched.
 *
 * Coverage is a weight, not a yes: w = probability that a wheel track, or the camera's footprint, really crossed.
 * Pure. The table of detectors (domain figures, docs/gateway.md):
 *
 *     class                 Pd given a crossing   Pd a pass   Pf
 *     motion, RTK                 0.6               0.6      0.002
 *     motion, other GNSS          0.75              0.375    0.002     (half of the passes cross a 0.4 m hole)
 *     camera                      0.7               0.7      0.01
 *
 * A miss uses w and Pd given a crossing; w = 0.5 of the second row is the published -0.47. */
#ifndef GATEWAY_COVERAGE_H
#define GATEWAY_COVERAGE_H

#include "gateway/evidence.h"

struct detector {
    double pd_crossed, pd_pass, pf;
};
const struct detector *detector_of(enum sense sensor, enum gnss_class gnss);

/* The finest level whose square is at least 2 sigma wide, at most COVER_LEVEL_MAX. */
int coverage_level(double sigma_mm);

/* How wide a defect is across the way of travel, and its usual area; figures of ours, see docs/gateway.md. */
double defect_half_width_mm(int type);
double defect_area_m2(int type);
double feature_half_width_mm(enum feature_kind kind);

/* The probability, 0..1, that segments first..last of the track carried a wheel (or the camera) over something at
 * `mean`, so wide to each side across the way; *ret_segment is the segment that came nearest. 0 beyond 60 m. */
double coverage_crossing(const struct track *track, uint32_t first, uint32_t last, struct grid_point mean,
                         struct grid_covariance covariance, double half_width_mm,
                         uint32_t *ret_segment);

/* Adds what segments first..last of the track watched in the block to the visits of their unit. */
void coverage_deposit(struct evidence *evidence, struct block *block, uint32_t track, uint32_t first, uint32_t last);

#endif
