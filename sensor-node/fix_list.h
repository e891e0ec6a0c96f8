/* fix_list.h - positions that a parser of its own has read whole, as a source; and what it refused on the way. */
#ifndef SENSOR_NODE_FIX_LIST_H
#define SENSOR_NODE_FIX_LIST_H

#include "sensor-node/source_calls.h"

#define FIX_LIST_MAX 1000000   /* 27 h at 10 Hz */
#define FIX_LIST_TOLD_MAX 32   /* refusals kept in words; all are counted */
#define FIX_LIST_REASON_SIZE 96
#define FIX_LIST_BYTES_MAX (64 << 20) /* of a file: what is larger is no drive */

struct fix_list {
    struct fix *items;
    size_t n, capacity;
    uint64_t rows, rows_refused;
    size_t n_told;
    struct {
        uint64_t line;
        char reason[FIX_LIST_REASON_SIZE];
    } told[FIX_LIST_TOLD_MAX];
};

/* ROAD_NO_MEMORY, ROAD_TOO_LARGE; a fix that is not later than the one before is refused, which is ROAD_OK. */
enum road_status fix_list_add(struct fix_list *list, const struct fix *fix, uint64_t line);
/* Counts a bad row and keeps its words. */
void fix_list_refuse(struct fix_list *list, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fix_list_done(struct fix_list *list);
/* The list as a source, which takes it over, also when it fails. `name` stands before the refusals. */
enum road_status fix_list_source(struct fix_list *list, const char *name, struct source **ret_source, char *ret_error);

#endif
