#include "gateway/keeper_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Appends, and goes on counting what does not fit. */
struct text {
    char *at;
    size_t capacity, length;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *text, const char *format, ...)
{
    const size_t used = text->length < text->capacity ? text->length : text->capacity;
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(text->at + used, text->capacity - used, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
}

size_t keeper_report(const struct keeper *keeper, const char *name, char *ret_text, size_t capacity)
{
    const struct outbox_stats out = outbox_stats(keeper->outbox);
    const struct evidence *evidence = &keeper->beliefs.evidence;
    struct text text = {ret_text, capacity, 0};

    put(&text, "{\"state\":\"online\",\"name\":\"%s\"", name);
#define KEEPER_COUNTER(counter) put(&text, ",\"" #counter "\":%" PRIu64, keeper->stats.counter);
    KEEPER_COUNTERS(KEEPER_COUNTER)
#undef KEEPER_COUNTER
    put(&text, ",\"refused\":{");
    const char *comma = "";
    for (unsigned reason = 0; reason < 32; reason++)
        if (keeper->stats.refused_by_reason[reason]) {
            put(&text, "%s\"%s\":%" PRIu64, comma, road_status_name((enum road_status)reason),
                keeper->stats.refused_by_reason[reason]);
            comma = ",";
        }
    put(&text,
        "},\"store\":\"%s\",\"not_settled\":%" PRId64 ",\"outbox_items\":%" PRId64 ",\"outbox_bytes\":%" PRId64 ",\"outbox_acked\":%" PRIu64
        ",\"outbox_refused\":%" PRIu64 ",\"blocks\":%zu,\"tracks\":%zu,\"sightings\":%zu,\"sightings_unplaced\":%" PRIu64
        "}",
        road_status_name(keeper->stats.store), keeper->last_batch - keeper->settled.batch, out.items, out.bytes, out.acked_upto, out.refused, evidence->n_blocks, (size_t)evidence->n_passes,
        evidence->n_sightings, evidence->sightings_unplaced);
    return text.length;
}
