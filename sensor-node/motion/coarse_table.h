/* coarse_table.h - what training has learnt for coarse.h: made by tests/train/coarse.py, do not edit.
 *
 * Logistic regression of "a press belongs to this peak" on ln(energy in m/s2), from the six labelled drives of
 * cmu-pothole-pittsburgh. */
#ifndef MOTION_COARSE_TABLE_H
#define MOTION_COARSE_TABLE_H

#define COARSE_BIAS             (-6.8473)
#define COARSE_SLOPE            3.8974
#define COARSE_FLOOR_CONFIDENCE 0.08 /* less likely ones are not told at all */

#endif
