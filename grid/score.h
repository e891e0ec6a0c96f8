/* score.h - what code.c needs of the scores beyond code.h. Inner header of the room. */
#ifndef GRID_SCORE_H
#define GRID_SCORE_H

#include "grid/code.h"

/* Points that CJJ 36 deducts for a row of its table at a damage density in percent; 0 for an unknown row. */
double score_deduct(const char *row_name, double density_percent);

/* code_csi, of all defects or only of those that may be red. *ret_worst_type: whose deduct is largest. */
double score_csi(const struct code_defect *defects, size_t n, double cell_area_m2, bool red_only,
                 int *ret_worst_type);

#endif
