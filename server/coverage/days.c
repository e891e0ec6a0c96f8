#include "server/coverage/days.h"

#include <stdlib.h>
#include <string.h>

#include "server/store/leaf.h"

#define FINEST 2
#define COARSEST 5
#define NS_PER_DAY INT64_C(86400000000000)

/* Open hash from cell id to day + 1. */
struct days {
    struct grid_zone zone;
    uint64_t *ids;
    int32_t *days;
    size_t mask, n;
};

static size_t slot_of(const struct days *d, uint64_t id)
{
    size_t slot = (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & d->mask;

    while (d->ids[slot] && d->ids[slot] != id)
        slot = (slot + 1) & d->mask;
    return slot;
}

static enum road_status grow(struct days *d)
{
    const struct days old = *d;

    d->mask = 2 * old.mask + 1;
    d->ids = calloc(d->mask + 1, sizeof *d->ids);
    d->days = calloc(d->mask + 1, sizeof *d->days);
    if (!d->ids || !d->days) {
        free(d->ids);
        free(d->days);
        *d = old;
        return ROAD_NO_MEMORY;
    }
    for (size_t i = 0; i <= old.mask; i++)
        if (old.ids[i]) {
            const size_t slot = slot_of(d, old.ids[i]);
            d->ids[slot] = old.ids[i];
            d->days[slot] = old.days[i];
        }
    free(old.ids);
    free(old.days);
    return ROAD_OK;
}

static enum road_status put(struct days *d, struct cell cell, int64_t day)
{
    const int level = cell_level(cell);

    if (level > COARSEST || day <= 0 || day > INT32_MAX)
        return ROAD_OK;
    if (2 * d->n >= d->mask && grow(d) != ROAD_OK)
        return ROAD_NO_MEMORY;
    const uint64_t id = level < FINEST ? cell_parent(cell, FINEST).id : cell.id;
    const size_t slot = slot_of(d, id);
    d->n += !d->ids[slot];
    d->ids[slot] = id;
    if (day > d->days[slot])
        d->days[slot] = (int32_t)day;
    return ROAD_OK;
}

/* True while there are rows. */
static bool step(sqlite3_stmt *s, enum road_status *status)
{
    const int code = sqlite3_step(s);

    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        *status = ROAD_IO;
    return false;
}

/* Squares with a reason of their own. */
static enum road_status read_cells(sqlite3 *db, struct days *d)
{
    enum road_status status = ROAD_OK;
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, "SELECT id, seen_ns FROM cell", -1, &s, NULL))
        return ROAD_IO;
    while (!status && step(s, &status)) {
        const struct cell cell = {(uint64_t)sqlite3_column_int64(s, 0)};
        if (cell_is_valid(cell))
            status = put(d, cell, sqlite3_column_int64(s, 1) / NS_PER_DAY);
    }
    sqlite3_finalize(s);
    return status;
}

static enum road_status put_leaf(struct days *d, struct cell id, const void *blob, size_t length, int64_t as_of_ns)
{
    struct leaf_patch leaf;

    enum road_status status = leaf_read(id, blob, length, &leaf);
    for (uint64_t left = leaf.mask; !status && left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        status = put(d, cell_of_leaf(id, i), leaf_reason(leaf.covers[i], as_of_ns).seen_ns / NS_PER_DAY);
    }
    return status;
}

/* Plain squares, 64 to a row. */
static enum road_status read_leaves(sqlite3 *db, struct days *d, int64_t as_of_ns)
{
    enum road_status status = ROAD_OK;
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, "SELECT key, covers FROM leaf", -1, &s, NULL))
        return ROAD_IO;
    while (!status && step(s, &status))
        status = put_leaf(d, store_key_cell(sqlite3_column_int64(s, 0)), sqlite3_column_blob(s, 1),
                          (size_t)sqlite3_column_bytes(s, 1), as_of_ns);
    sqlite3_finalize(s);
    return status;
}

static enum road_status read_as_of(sqlite3 *db, int64_t *ret_as_of_ns)
{
    enum road_status status = ROAD_OK;
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, "SELECT as_of_ns FROM change ORDER BY id DESC LIMIT 1", -1, &s, NULL))
        return ROAD_IO;
    *ret_as_of_ns = step(s, &status) ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return status;
}

enum road_status days_read(sqlite3 *db, struct grid_zone zone, struct days **ret_days, int64_t *ret_as_of_day)
{
    struct days *d = calloc(1, sizeof *d);
    int64_t as_of_ns = 0;

    if (!d)
        return ROAD_NO_MEMORY;
    d->zone = zone;
    d->mask = 511;
    d->ids = calloc(d->mask + 1, sizeof *d->ids);
    d->days = calloc(d->mask + 1, sizeof *d->days);
    enum road_status status = d->ids && d->days ? read_as_of(db, &as_of_ns) : ROAD_NO_MEMORY;
    if (!status)
        status = read_cells(db, d);
    if (!status)
        status = read_leaves(db, d, as_of_ns);
    if (status) {
        days_free(d);
        return status;
    }
    *ret_days = d;
    *ret_as_of_day = as_of_ns / NS_PER_DAY;
    return ROAD_OK;
}

void days_free(struct days *days)
{
    if (!days)
        return;
    free(days->ids);
    free(days->days);
    free(days);
}

int64_t days_at(const void *context, struct grid_point point)
{
    const struct days *d = context;
    int64_t newest = NEVER_WATCHED;
    struct cell cell;

    if (cell_from_point(d->zone, point, FINEST, &cell) != ROAD_OK)
        return NEVER_WATCHED;
    for (int level = FINEST; level <= COARSEST; level++) {
        const size_t slot = slot_of(d, cell_parent(cell, level).id);
        if (d->ids[slot] && d->days[slot] > newest)
            newest = d->days[slot];
    }
    return newest;
}
