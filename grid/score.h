/* score.h - what code.c needs of the scores beyond code.h. Inner header of the room. */
#ifndef GRID_SCORE_H
#define GRID_SCORE_H

#include "grid/code.h"

/* Points that CJJ 36 deducts for a row of its table at a damage density in percent; 0 for an unknown row. */
double score_deduct(const char *row_name, double density_percent);

/* code_csi, of all defects or only of those that may be red. *ret_worst_type: whose deduct is largest. */
double score_csi(const struct code_rules *rules, const struct code_defect *defects, size_t n, double cell_area_m2,
                 bool red_only, int *ret_worst_type);

/* The two levels of CJJ 36: what the deducts of all types come to together, 0..100. ret_taken[t]: what type t + 1 takes
 * of it, DP_ij * w_ij * w_i; their sum is the result while that is below 100. */
double score_combine(const double deducts[DEFECT_TYPE_COUNT], double ret_taken[DEFECT_TYPE_COUNT]);

/* ln and exp by plain arithmetic, so that equal evidence gives equal bits on every machine. x > 0; |x| <= 700. */
double score_log(double x);
double score_exp(double x);

#endif
