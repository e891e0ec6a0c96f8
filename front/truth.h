/* truth.h - belief against truth: what the server says is in the road, beside what the simulator put there.
 *
 * One to one, greedily by distance: a confirmed defect belongs to a placed thing within max(2 m, 3 sigma of its
 * major axis). What belongs to nothing placed, to a look-alike, or to a thing already taken is false. */
#ifndef FRONT_TRUTH_H
#define FRONT_TRUTH_H

#include <stdbool.h>

#include "grid/projection.h"

/* A pothole counts as crossed often enough when wheels ran over it this many times, from two vehicles. */
#define TRUTH_CROSSINGS_MIN 4
#define TRUTH_POTHOLE_MIN_MM 50.0

struct truth_score {
    int placed;             /* defects, look-alikes not counted */
    int placed_confirmed;   /* of them believed confirmed, of any type */
    int potholes;           /* deep enough, crossed often enough */
    int potholes_confirmed; /* of them confirmed, as a defect of any type */
    int potholes_typed;     /* … and called a pothole */
    int potholes_inside;    /* … confirmed, and within 2.45 sigma (95 %) of their own covariance */
    double nees_mean;       /* mean normalised error squared of the confirmed ones; 2 is honest */
    int false_confirmed;
    int false_look_alike;   /* of them at a look-alike */
};

/* base_url: the server's. false if truth or defects cannot be read. `is_verbose` prints one line a placed thing. */
bool truth_compare(const char *base_url, const char *truth_path, struct grid_zone zone, bool is_verbose,
                   struct truth_score *ret_score);

#endif
