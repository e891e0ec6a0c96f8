/* plain.h - applying leaf patches: many plain squares a change, a row a leaf. One thread, inside the writer's transaction.
 *
 * A square is told in one place: as a bit of its leaf or as a row of table cell. What moves is counted in table plain and
 * in the roll-ups; what looks different on a map is noted as touched. */
#ifndef SERVER_STORE_PLAIN_H
#define SERVER_STORE_PLAIN_H

#include <sqlite3.h>

#include "server/store/rollup.h"

struct plain; /* opaque; borrows the database */

/* What the patches of one change did. */
struct plain_news {
    size_t squares;         /* told */
    size_t moved[4];        /* whose shown code moved, by enum road_code shown now */
    struct cell first_leaf; /* with such a square; .id = 0 if there is none */
    uint64_t looks[CHANGE_PATCHES_MAX]; /* leaves that are drawn otherwise than before: code, paleness or known at all */
    size_t n_looks;
};

enum road_status plain_open(sqlite3 *db, struct plain **ret_plain);
void plain_close(struct plain *plain);
/* `rollup` gathers what moved and is written with `upsert_square` when it is full. */
enum road_status plain_apply(struct plain *plain, const struct change *change, struct rollup *rollup,
                             sqlite3_stmt *upsert_square, struct plain_news *ret_news);
/* Takes a square out of its leaf, for it has a reason now. *ret_was: what it showed; grey if nothing was told of it. */
enum road_status plain_take_out(struct plain *plain, struct cell square, enum road_code *ret_was);

#endif
