#include "sensor-node/motion/window.h"

void window_reset(struct window *window)
{
    window->end = 0;
}

void window_push(struct window *window, const struct look *look)
{
    window->looks[window->end % WINDOW_TICKS] = *look;
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
