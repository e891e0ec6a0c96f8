/* size.h - how deep or high a defect is, from what the car felt of it: boosted trees for the logarithm of the
 * size, and how far they are off by type and speed (size_table.c, made by tests/train). Short holes shake
 * less the faster one drives and 25 and 50 mm differ by a few per cent at 60 km/h, so sigma grows with speed.
 * Pure. */
#ifndef MOTION_SIZE_H
#define MOTION_SIZE_H

#include "sensor-node/motion/classify.h"

/* In the unit of the class's defect; false for a class without a size. */
bool size_estimate(enum motion_class class, const float traits[TRAITS], double *ret_size, double *ret_sigma);
/* Length of a hole along the way. */
double size_hole_m(const float traits[TRAITS]);
/* Metres that a thing's middle lies ahead of where the best of its class's shapes puts it, and 1 sigma of
 * what is left. */
void size_middle(enum motion_class class, const float traits[TRAITS], double *ret_along_m,
                 double *ret_sigma_m);

#endif
