/* normal.h - the standard normal distribution. Inner header of the room. Pure; any thread. */
#ifndef GRID_NORMAL_H
#define GRID_NORMAL_H

double normal_cdf(double x);
double normal_density(double x);

#endif
