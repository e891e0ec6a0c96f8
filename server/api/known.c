#include "server/api/known.h"

#include <stdio.h>

#include "server/api/summary.h"
#include "server/store/leaf.h"

#define NS_PER_DAY INT64_C(86400000000000)

void known_read(sqlite3_stmt *s, struct known_cell *ret_known)
{
    const char *defect = (const char *)sqlite3_column_text(s, 17);

    *ret_known = (struct known_cell){
        .cell.id = (uint64_t)sqlite3_column_int64(s, 0),
        .reason = {.code = (enum road_code)(sqlite3_column_int(s, 1) & 3),
                   .channel = (enum code_channel)sqlite3_column_int(s, 2),
                   .is_pale = sqlite3_column_int(s, 3) != 0,
                   .type = (uint8_t)sqlite3_column_int(s, 4),
                   .severity = (uint8_t)sqlite3_column_int(s, 5),
                   .posterior_permille = (uint16_t)sqlite3_column_int(s, 6),
                   .size_milli = sqlite3_column_int(s, 7),
                   .size_sigma_milli = sqlite3_column_int(s, 8),
                   .hits = (uint16_t)sqlite3_column_int(s, 9),
                   .passes = (uint16_t)sqlite3_column_int(s, 10),
                   .motion_hits = (uint16_t)sqlite3_column_int(s, 11),
                   .camera_hits = (uint16_t)sqlite3_column_int(s, 12),
                   .csi = (uint8_t)sqlite3_column_int(s, 13),
                   .iri_centi = (uint16_t)sqlite3_column_int(s, 14),
                   .coverage_centi = (uint16_t)sqlite3_column_int(s, 15),
                   .seen_ns = sqlite3_column_int64(s, 16)},
    };
    snprintf(ret_known->defect, sizeof ret_known->defect, "%s", defect ? defect : "");
}

void known_plain(struct cell square, uint16_t cover, int64_t as_of_ns, struct known_cell *ret_known)
{
    *ret_known = (struct known_cell){.cell = square, .reason = leaf_reason(cover, as_of_ns), .is_plain = true};
    ret_known->age_d = (int)(as_of_ns / NS_PER_DAY - ret_known->reason.seen_ns / NS_PER_DAY);
}

/* True if the square itself is told as a plain one. */
static bool find_plain(struct reader *reader, struct cell square, struct known_cell *ret_known, enum road_status *status)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_LEAF);
    const struct cell leaf_id = leaf_of(square);
    const unsigned i = cell_number_in_leaf(square);
    int64_t last_change, as_of_ns = 0;
    struct leaf_patch leaf;

    sqlite3_bind_int64(s, 1, store_key_of(leaf_id));
    if (!reader_step(s, status))
        return false;
    *status = leaf_read(leaf_id, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &leaf);
    sqlite3_reset(s);
    if (*status || !(leaf.mask >> i & 1))
        return false;
    *status = summary_last_change(reader, &last_change, &as_of_ns);
    known_plain(square, leaf.covers[i], as_of_ns, ret_known);
    return *status == ROAD_OK;
}

enum road_status known_find(struct reader *reader, struct cell asked, struct known_cell *ret_known)
{
    enum road_status status = ROAD_OK;

    for (int level = cell_level(asked); level <= CELL_LEVEL_MAX && !status; level++) {
        const struct cell square = cell_parent(asked, level);
        sqlite3_stmt *s = reader_query(reader, QUERY_CELL);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)square.id);
        if (reader_step(s, &status)) {
            known_read(s, ret_known);
            sqlite3_reset(s);
            return ROAD_OK;
        }
        if (!status && level + LEAF_LEVELS <= PATCH_LEVEL_MAX && find_plain(reader, square, ret_known, &status))
            return ROAD_OK;
    }
    if (!status)
        *ret_known = (struct known_cell){
            .cell = asked,
            .reason = {.code = CODE_GREY, .channel = CHANNEL_UNKNOWN, .iri_centi = IRI_UNKNOWN}};
    return status;
}
