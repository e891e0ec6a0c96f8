#include "sensor-node/motion/roughness.h"

#include <math.h>

#include "sensor-node/motion/resample.h"

#define LOW_HZ         1.0
#define HIGH_HZ        20.0
#define SETTLING_TICKS 100 /* a second: one period of the lower corner */
#define WINDOW_TICKS   (ROUGHNESS_WINDOW_S * 100)
#define REFERENCE_MPS  (40 / 3.6)
/* ride.h has 0.0094 g per m/km for the corner at 40 km/h in its band; this band held 1.13 times as much
 * (median of the windows of three drives of one car). */
#define RMS_PER_IRI_MPS2 (0.0106 * 9.80665)

void roughness_init(struct roughness *roughness)
{
    *roughness = (struct roughness){0};
    roughness_break(roughness);
}

void roughness_break(struct roughness *roughness)
{
    biquad_high_pass(&roughness->high, LOW_HZ, TICK_HZ);
    biquad_low_pass(&roughness->low, HIGH_HZ, TICK_HZ);
    roughness->settling = SETTLING_TICKS;
}

bool roughness_step(struct roughness *roughness, int64_t time_ns, double vertical_mps2, double speed_mps,
                    struct roughness_window *ret_window)
{
    struct roughness *r = roughness;
    const double felt = biquad_step(&r->low, biquad_step(&r->high, vertical_mps2));

    if (r->settling > 0) {
        r->settling--;
        return false;
    }
    if (!(speed_mps >= ROUGHNESS_MOVING_MPS)) /* NAN too */
        return false;
    if (r->ticks++ == 0) {
        r->start_ns = time_ns;
        r->square = r->speed = 0;
    }
    r->square += felt * felt;
    r->speed += speed_mps;
    if (r->ticks < WINDOW_TICKS)
        return false;
    r->ticks = 0;
    const double rms = sqrt(r->square / WINDOW_TICKS), speed = r->speed / WINDOW_TICKS;
    *ret_window = (struct roughness_window){
        r->start_ns, rms / (RMS_PER_IRI_MPS2 * sqrt(speed / REFERENCE_MPS)), rms, speed};
    return true;
}
