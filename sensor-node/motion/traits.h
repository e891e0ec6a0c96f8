/* traits.h - what is told to the classifier about an event: numbers in time, in frequency, at the wavelengths
 * of the road (speed taken out), at the axle spacing, of roll and pitch, and how well each shape explains it.
 *
 * Ratios, not logarithms: trees do not care. NAN = not known (no gyroscope, no background yet). Pure. */
#ifndef MOTION_TRAITS_H
#define MOTION_TRAITS_H

#include "sensor-node/motion/bank.h"
#include "sensor-node/motion/event.h"
#include "sensor-node/motion/fourier.h"

#define TRAIT_TIME_BANDS (BACKGROUND_BANDS - 1) /* of the vertical, by frequency */
#define TRAIT_ROAD_BANDS 10                     /* ... by wavelength on the road */
#define TRAIT_ROLL_BANDS 4

enum trait {
    T_SPEED,
    T_ACCEL,        /* of the vehicle along its way */
    T_SLOWED,       /* speed 2.5 s before, over speed now */
    T_SPED_UP,      /* speed 2 s later, over speed now */
    T_TURN,         /* turn rate, absolute */
    T_USUAL,        /* usual RMS */
    T_LOUDER,       /* usual RMS over the vehicle's background */
    T_PEAK_USUAL,   /* peak over usual */
    T_PEAK_TO_PEAK, /* m/s2 */
    T_UP_SHARE,     /* highest over peak to peak */
    T_FIRST_SIGN,   /* first motion over peak to peak, signed */
    T_SWING_M,      /* from the highest to the lowest, metres of way, signed */
    T_SWING_TICKS,
    T_RMS,
    T_CREST,    /* peak over RMS of the event */
    T_LENGTH_M, /* of the loud part, rear axle taken off */
    T_LENGTH_TICKS,
    T_BEFORE, /* RMS before over usual */
    T_AFTER,
    T_AXLE_LIKE,   /* autocorrelation at the axle spacing */
    T_RAIL_LIKE,   /* ... at the rail gauge */
    T_PERIOD_LIKE, /* greatest at 0.25 .. 1.3 m ... */
    T_PERIOD_M,    /* ... and where */
    T_MEAN_HZ,     /* centre of the spectrum */
    T_MEAN_PER_M,
    T_RATTLE,       /* above 25 Hz, greatest over what is usual just before */
    T_RATTLE_SHARE, /* ... RMS over the vertical peak */
    T_LEVEL_PEAK,   /* horizontal change, greatest, over the vertical peak */
    T_LEVEL_RMS,
    T_ROLL_SHARE, /* RMS of roll over RMS of vertical */
    T_PITCH_SHARE,
    T_ROLL_FRONT, /* roll in step with the best shape at the front axle, per vertical; signed */
    T_ROLL_REAR,
    T_ROLL_SIZE, /* ... absolute, both axles */
    T_PITCH_FRONT,
    T_PITCH_REAR,
    T_FELT_FRONT, /* vertical in step at the front axle alone, over what both say */
    T_FELT_REAR,
    T_REAR_SHARE, /* where the sensor sits */
    T_WHEELBASE,
    T_BACKGROUND,
    T_VEHICLE, /* how much this vehicle shakes where others do */
    T_BEST,    /* explained by the best shape */
    T_BEST_GAIN,
    T_BEST_SHIFT, /* ticks from the peak */
    T_SECOND,     /* explained by the best shape of another kind */
    T_TIME_BAND,
    T_ROAD_BAND = T_TIME_BAND + TRAIT_TIME_BANDS,
    T_ROLL_BAND = T_ROAD_BAND + TRAIT_ROAD_BANDS,
    T_USUAL_BAND = T_ROLL_BAND + TRAIT_ROLL_BANDS, /* of the vehicle's background */
    T_OVER_BAND = T_USUAL_BAND + BACKGROUND_BANDS, /* shares over those of the background */
    T_EXPLAINED = T_OVER_BAND + TRAIT_TIME_BANDS,
    T_GAIN = T_EXPLAINED + BANK_SHAPES, /* by shape, over T_VEHICLE */
    T_ROLL_EXPLAINED = T_GAIN + BANK_SHAPES,
    T_ROLL_GAIN = T_ROLL_EXPLAINED + BANK_ROLLS, /* absolute, over T_VEHICLE */
    TRAITS = T_ROLL_GAIN + BANK_ROLLS
};

/* `matches` and `best` as from bank_match. */
void traits_make(const struct fourier_table *table, const struct bank *bank, const struct event *event,
                 const struct background *background, const struct match *matches, int best,
                 double wheelbase_m, float ret_traits[TRAITS]);
/* How the shaking around a tick spreads over frequency, and roll over vertical: food for the background.
 * False where the stretch is too short. */
bool traits_of_road(const struct fourier_table *table, const struct window *window, int64_t centre,
                    double half_track_m, float ret_bands[BACKGROUND_BANDS]);

#endif
