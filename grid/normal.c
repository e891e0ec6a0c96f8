#include "grid/normal.h"

#include <math.h>

double normal_cdf(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752);
}

double normal_density(double x)
{
    return 0.39894228040143268 * exp(-x * x / 2);
}
