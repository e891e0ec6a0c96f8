/* defects.h - a row of table defect, for the answers and tiles that show defects. */
#ifndef SERVER_API_DEFECTS_H
#define SERVER_API_DEFECTS_H

#include <sqlite3.h>

#include "grid/shape.h"
#include "link/message.h"

struct defect_row {
    char id[DEFECT_ID_TEXT_SIZE], alias_of[DEFECT_ID_TEXT_SIZE]; /* "" if none */
    int state, type, severity;                                   /* as the enums count them */
    bool may_be_red;
    int posterior_permille;
    struct grid_point at;
    uint64_t cell;
    struct grid_covariance covariance;
    int32_t size_milli, size_sigma_milli;
    int hits, passes, motion_hits, camera_hits;
    int64_t first_ns, last_ns;
};

/* From a statement of QUERY_DEFECT, QUERY_DEFECTS or QUERY_DEFECTS_NEAR. */
void defect_row_read(sqlite3_stmt *s, struct defect_row *ret_row);
enum road_code defect_row_code(const struct defect_row *row);

#endif
