/* known.h - what the database says of one square: a row with its reason, or a bit of a leaf. */
#ifndef SERVER_API_KNOWN_H
#define SERVER_API_KNOWN_H

#include "link/message.h"
#include "server/api/reader.h"

struct known_cell {
    struct cell cell;
    struct code_reason reason;
    char defect[DEFECT_ID_TEXT_SIZE]; /* "" if none */
    bool is_plain; /* only passes speak of it: the reason is what its cover says */
    int age_d;     /* plain: days from the day it was last seen to the newest change's */
};

/* A row of QUERY_CELL or QUERY_CELL_RANGE. */
void known_read(sqlite3_stmt *row, struct known_cell *ret_known);
/* A plain square; `as_of_ns` is the newest change's time. */
void known_plain(struct cell square, uint16_t cover, int64_t as_of_ns, struct known_cell *ret_known);
/* What is known at the cell or at its nearest known ancestor; grey, at the cell itself, if nothing is. */
enum road_status known_find(struct reader *reader, struct cell asked, struct known_cell *ret_known);

#endif
