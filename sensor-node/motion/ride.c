#include "sensor-node/motion/ride.h"

#include <math.h>
#include <stddef.h>

#include "sensor-node/motion/exact.h"

#define HALF_M           10.0
#define LEAST_M          10.0
#define RMS_PER_IRI_MPS2 (0.0094 * 9.80665) /* at REFERENCE_MPS */
#define REFERENCE_MPS    (40 / 3.6)
#define SPEED_POWER      0.65

#define SPEED_SHARE      0.005

double ride_feel(struct ride *ride, double felt_mps2, double speed_mps)
{
    if (speed_mps < RIDE_SPEED_MIN_MPS)
        return 0;
    if (fabs(speed_mps - ride->speed_mps) > SPEED_SHARE * speed_mps) {
        ride->speed_mps = speed_mps;
        ride->per_iri_mps2 = RMS_PER_IRI_MPS2 * exact_pow(speed_mps / REFERENCE_MPS, SPEED_POWER);
    }
    return felt_mps2 / ride->per_iri_mps2;
}

struct sum {
    double way_m, square;
};

/* Adds one tick, weighted by its metres; false where the 20 m or the stretch end. */
static inline bool add(const struct look *look, double centre_m, struct sum *sum)
{
    if (!look->is_watched || fabs(look->along_m - centre_m) > HALF_M)
        return false;
    const double speed = look->place.speed_mps;
    if (speed >= RIDE_SPEED_MIN_MPS) {
        sum->way_m += speed * TICK_S;
        sum->square += speed * TICK_S * look->ride_iri * look->ride_iri;
    }
    return true;
}

double ride_iri(const struct window *window, int64_t centre, double gain)
{
    const struct look *look = window_at(window, centre);
    struct sum sum = {0};

    if (!look || look->place.speed_mps < RIDE_SPEED_MIN_MPS)
        return NAN;
    const double centre_m = look->along_m;
    const int64_t first = window->end > WINDOW_TICKS ? window->end - WINDOW_TICKS : 0;
    for (int64_t i = centre; i >= first && add(&window->looks[(uint64_t)i % WINDOW_TICKS], centre_m, &sum); i--)
        ;
    for (int64_t i = centre + 1; i < window->end && add(&window->looks[(uint64_t)i % WINDOW_TICKS], centre_m, &sum); i++)
        ;
    return sum.way_m < LEAST_M ? NAN : sqrt(sum.square / sum.way_m) / gain;
}
