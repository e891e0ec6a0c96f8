#include "sensor-node/motion/window.h"

#include <math.h>

void window_reset(struct window *window)
{
    window->end = 0;
}

void window_added(struct window *window)
{
    float *square = &window->block_square[window->end / WINDOW_BLOCK % WINDOW_BLOCKS];
    const double felt = window_next(window)->felt_mps2;

    if (window->end % WINDOW_BLOCK == 0)
        *square = 0;
    *square += (float)(felt * felt);
    window->end++;
}

void window_doubt(struct window *window, int64_t from_index, int64_t from_ns, enum unwatched_reason reason)
{
    for (int64_t i = window->end - 1; i >= from_index && i > window->end - WINDOW_TICKS; i--) {
        struct look *look = &window->looks[i % WINDOW_TICKS];
        if (look->time_ns < from_ns)
            return;
        look->is_watched = false;
        if (look->unwatched == UNWATCHED_NOT)
            look->unwatched = reason;
    }
}

double window_block_rms(const struct window *window, int64_t index)
{
    const int64_t first = index / WINDOW_BLOCK * WINDOW_BLOCK;

    if (index < 0 || !window_at(window, first) || first + WINDOW_BLOCK > window->end)
        return -1;
    return sqrt((double)window->block_square[first / WINDOW_BLOCK % WINDOW_BLOCKS] / WINDOW_BLOCK);
}
