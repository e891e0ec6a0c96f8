#include "sensor-node/fix_list.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct listed {
    struct source base;
    struct fix_list list;
    size_t next, next_told;
    char name[201];
};

void fix_list_refuse(struct fix_list *list, uint64_t line, const char *format, ...)
{
    va_list args;

    if (list->n_told < FIX_LIST_TOLD_MAX) {
        list->told[list->n_told].line = line;
        va_start(args, format);
        vsnprintf(list->told[list->n_told++].reason, FIX_LIST_REASON_SIZE, format, args);
        va_end(args);
    }
    list->rows_refused++;
}

enum road_status fix_list_add(struct fix_list *list, const struct fix *fix, uint64_t line)
{
    if (list->n > 0 && fix->time_ns <= list->items[list->n - 1].time_ns) {
        fix_list_refuse(list, line, "its time is not later than that of the position before");
        return ROAD_OK;
    }
    if (list->n == FIX_LIST_MAX)
        return ROAD_TOO_LARGE;
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 1024;
        struct fix *items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            return ROAD_NO_MEMORY;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = *fix;
    return ROAD_OK;
}

void fix_list_done(struct fix_list *list)
{
    free(list->items);
    *list = (struct fix_list){0};
}

static enum road_status listed_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct listed *source = (struct listed *)base;
    const struct fix_list *list = &source->list;

    if (source->next_told < list->n_told) {
        const size_t i = source->next_told++;
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%s:%" PRIu64 ": %s", source->name, list->told[i].line, list->told[i].reason);
        return ROAD_BAD_INPUT;
    }
    *ret_event = source->next < list->n ? (struct source_event){.kind = SOURCE_FIX, .fix = list->items[source->next]}
                                        : (struct source_event){.kind = SOURCE_END};
    source->next++;
    return ROAD_OK;
}

static struct source_stats listed_stats(const struct source *base)
{
    const struct listed *source = (const struct listed *)base;

    return (struct source_stats){.rows = source->list.rows, .rows_refused = source->list.rows_refused};
}

static void listed_close(struct source *base)
{
    struct listed *source = (struct listed *)base;

    fix_list_done(&source->list);
    free(source);
}

static const struct source_calls calls = {.next = listed_next, .stats = listed_stats, .close = listed_close};

enum road_status fix_list_source(struct fix_list *list, const char *name, struct source **ret_source, char *ret_error)
{
    struct listed *source = calloc(1, sizeof *source);

    if (!source) {
        fix_list_done(list);
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    source->base.calls = &calls;
    source->list = *list;
    snprintf(source->name, sizeof source->name, "%.200s", name);
    *list = (struct fix_list){0};
    *ret_source = &source->base;
    return ROAD_OK;
}
