/* window.h - the last ten seconds of one unbroken stretch, tick by tick: what the vehicle felt and where it
 * was. The detector and the ride estimate look around a centre that lags WINDOW_LAG ticks behind the newest
 * one. */
#ifndef MOTION_WINDOW_H
#define MOTION_WINDOW_H

#include <stddef.h>

#include "sensor-node/motion/resample.h"
#include "sensor-node/position/track.h"

#define WINDOW_TICKS  1024
#define WINDOW_LAG    256
#define WINDOW_BLOCK  32 /* ticks whose mean square is kept ready */
#define WINDOW_BLOCKS (WINDOW_TICKS / WINDOW_BLOCK)

struct look {
    int64_t time_ns;
    struct place place;
    bool is_placed;    /* `place` holds */
    bool is_watched;   /* placed well enough, moving, and nothing is known against the samples: */
    enum unwatched_reason unwatched; /* else what; UNWATCHED_NOT where it is only slow or unplaced */
    enum unplaced_reason unplaced;
    double felt_mps2;  /* vertical, band of the detector */
    double ride_iri;   /* vertical, band of the ride estimate, over the RMS of an IRI of 1 at this speed; 0 below 4 m/s */
    double roll_radps; /* left side up, same band as felt; NAN where unknown */
    double pitch_radps;   /* nose down, likewise */
    double vertical_mps2; /* all bands, less gravity; 0 while the sensor's level is unknown */
    double level_mps2;    /* size of the horizontal part, all bands; likewise */
    bool has_gyro;
    bool is_turned;    /* the mount turns, or has turned and up is not known again */
    double along_m;    /* way since the stretch began */
};

struct window {
    struct look looks[WINDOW_TICKS];
    float block_square[WINDOW_BLOCKS]; /* sums of felt_mps2 squared */
    int64_t end; /* ticks of the stretch so far; the last WINDOW_TICKS of them are held */
};

void window_reset(struct window *window);
/* Room for the next tick, to be filled in whole, and then told that it is. */
static inline struct look *window_next(struct window *window)
{
    return &window->looks[(uint64_t)window->end % WINDOW_TICKS];
}
void window_added(struct window *window);
/* What came from then on is not to be believed after all; ticks that have been looked at stay as they were. */
void window_doubt(struct window *window, int64_t from_index, int64_t from_ns, enum unwatched_reason reason);
/* NULL outside of what is held. */
static inline const struct look *window_at(const struct window *window, int64_t index)
{
    if (index < 0 || index >= window->end || index < window->end - WINDOW_TICKS)
        return NULL;
    return &window->looks[(uint64_t)index % WINDOW_TICKS];
}
/* RMS of felt_mps2 in the block of ticks that holds `index`; negative where it is not whole. */
double window_block_rms(const struct window *window, int64_t index);

#endif
