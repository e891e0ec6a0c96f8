#include "sensor-node/motion/window.h"

#include <stddef.h>

void window_reset(struct window *window)
{
    window->end = 0;
}

void window_push(struct window *window, const struct look *look)
{
    window->looks[window->end % WINDOW_TICKS] = *look;
    window->end++;
}

const struct look *window_at(const struct window *window, int64_t index)
{
    if (index < 0 || index >= window->end || index < window->end - WINDOW_TICKS)
        return NULL;
    return &window->looks[index % WINDOW_TICKS];
}
