#include "sensor-node/motion/size.h"

#include <math.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/motion/size_table.h"

/* Row of the tables for a speed. */
static int speed_row(float speed_mps)
{
    const int row = (int)(speed_mps / SIZE_SPEED_STEP_MPS);

    return row < SIZE_SPEEDS ? row : SIZE_SPEEDS - 1;
}

bool size_estimate(enum motion_class class, const float traits[TRAITS], double *ret_size, double *ret_sigma)
{
    float scores[SIZE_SCORES];

    if (size_score_of[class] < 0)
        return false;
    forest_scores(&size_forest, traits, scores);
    *ret_size = exact_exp((double)scores[size_score_of[class]]);
    *ret_sigma = *ret_size * (double)size_sigma[class][speed_row(traits[T_SPEED])];
    return true;
}

double size_hole_m(const float traits[TRAITS])
{
    float scores[SIZE_SCORES];

    forest_scores(&size_forest, traits, scores);
    return exact_exp((double)scores[SIZE_SCORES - 1]);
}

void size_middle(enum motion_class class, const float traits[TRAITS], double *ret_along_m,
                 double *ret_sigma_m)
{
    float along_m[CLASSES];

    forest_scores(&middle_forest, traits, along_m);
    *ret_along_m = (double)along_m[class];
    *ret_sigma_m = (double)middle_sigma_m[class][speed_row(traits[T_SPEED])];
}
