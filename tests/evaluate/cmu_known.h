/* cmu_known.h - the drives that the coarse detector was trained on, from which confidence on it stands by a detection, and
 * how it did on drives left out. Made by tests/train/coarse.py, do not edit. */
#ifndef EVALUATE_CMU_KNOWN_H
#define EVALUATE_CMU_KNOWN_H

#include <stddef.h>

static const double cmu_known_first_fix_s[] = {1492637237.8, 1492637815.8, 1492638042.3, 1492638964.5, 1493002313.5, 1493002780.6};
static const size_t cmu_known_count = sizeof cmu_known_first_fix_s / sizeof *cmu_known_first_fix_s;

#define CMU_STAND_CONFIDENCE 0.239 /* greatest F1 of single drives */
#define CMU_CHECKED_BY_DRIVE 0.616
#define CMU_CHECKED_BY_LOOP  0.616

#endif
