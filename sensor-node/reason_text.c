#include "sensor-node/reason_text.h"

#include <stdio.h>

/* A part that does not fit is left out; with 15 digits before the point none is. */
static size_t put(char *text, size_t used, const char *name, double value)
{
    if (!(value > 0))
        return used;
    const int n = snprintf(text + used, REASONS_TEXT_SIZE - 1 - used, "%s\"%s\":%.2f", used > 1 ? "," : "", name, value);
    return n > 0 && used + (size_t)n < REASONS_TEXT_SIZE - 1 ? used + (size_t)n : used;
}

static void close_object(char *text, size_t used)
{
    text[used] = '}';
    text[used + 1] = '\0';
}

void unwatched_json(const double by_s[UNWATCHED_COUNT], char ret_text[REASONS_TEXT_SIZE])
{
    size_t used = 1;

    ret_text[0] = '{';
    for (int i = 1; i < UNWATCHED_COUNT; i++)
        used = put(ret_text, used, unwatched_name((enum unwatched_reason)i), by_s[i]);
    close_object(ret_text, used);
}

void unplaced_json(const double by_m[UNPLACED_COUNT], char ret_text[REASONS_TEXT_SIZE])
{
    size_t used = 1;

    ret_text[0] = '{';
    for (int i = 1; i < UNPLACED_COUNT; i++)
        used = put(ret_text, used, unplaced_name((enum unplaced_reason)i), by_m[i]);
    close_object(ret_text, used);
}
