/* type_table.h - the frozen trees that tell what an event was; type_table.c is written by
 * tests/train/train_motion.py. */
#ifndef MOTION_TYPE_TABLE_H
#define MOTION_TYPE_TABLE_H

#include "sensor-node/motion/classify.h"
#include "sensor-node/motion/forest.h"

#define TYPE_KNOTS 21 /* of the calibration: probabilities 0, 0.05 .. 1 */

extern const struct forest type_forest;
extern const float type_calibration[CLASSES][TYPE_KNOTS];
extern const float
    type_damage_floor[CLASSES];         /* of all damage together, by the likeliest: less is not told */
extern const float type_floor[CLASSES]; /* of what is no damage, likewise */

#endif
