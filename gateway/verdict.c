#include "gateway/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

void verdicts_done(struct verdicts *verdicts)
{
    free(verdicts->items);
    *verdicts = (struct verdicts){.n = 0};
}

/* The first that is not before `wanted`. */
static size_t place_of(const struct verdicts *verdicts, const struct verdict *wanted)
{
    size_t low = 0, high = verdicts->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (verdict_compare(&verdicts->items[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool verdicts_add(struct verdicts *verdicts, const struct verdict *verdict)
{
    const size_t at = place_of(verdicts, verdict);

    if (at < verdicts->n && verdict_compare(&verdicts->items[at], verdict) == 0)
        return false;
    ROOM(verdicts->items, verdicts->capacity, verdicts->n + 1);
    memmove(&verdicts->items[at + 1], &verdicts->items[at], (verdicts->n - at) * sizeof *verdicts->items);
    verdicts->items[at] = *verdict;
    verdicts->n++;
    return true;
}

size_t verdicts_about(const struct verdicts *verdicts, const struct defect_id *name, const struct verdict **ret_first)
{
    const struct verdict earliest = {.defect = *name, .time_ns = INT64_MIN};
    const size_t at = place_of(verdicts, &earliest);
    size_t n = 0;

    while (at + n < verdicts->n && defect_id_compare(&verdicts->items[at + n].defect, name) == 0)
        n++;
    *ret_first = n ? &verdicts->items[at] : NULL;
    return n;
}
