#include "server/store/segment.h"

#include "link/database.h"

#define MM_PER_CM 10

enum road_status segment_cell(struct grid_zone zone, const struct segment_belief *segment, struct cell *ret_cell)
{
    return cell_from_point(zone, segment->line[segment->n_line / 2], 0, ret_cell);
}

static void put_int64(uint8_t *at, int64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)value >> (8 * i));
}

static void bind_score(sqlite3_stmt *s, int column, uint16_t score)
{
    if (score == SCORE_UNKNOWN)
        sqlite3_bind_null(s, column);
    else
        sqlite3_bind_int(s, column, score);
}

static void bind_facts(sqlite3_stmt *s, int column, const struct segment_facts *facts)
{
    const int first[] = {(int)facts->code,      (int)facts->why,      facts->grade,
                         facts->floors_deci[0], facts->floors_deci[1], facts->floors_deci[2]};
    const uint16_t scores[] = {facts->pci_centi, facts->rqi_centi, facts->pqi_centi, facts->jtg_pci_centi, facts->jtg_rqi_centi};
    const int last[] = {facts->observed_permille, facts->rough_permille, facts->red_hazards, facts->passes};

    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        sqlite3_bind_int(s, column++, first[i]);
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++)
        bind_score(s, column++, scores[i]);
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
        sqlite3_bind_int(s, column++, last[i]);
    for (size_t i = 0; i < SEGMENT_TOP; i++, column += 2)
        if (i < facts->n_top) {
            sqlite3_bind_int(s, column, facts->top[i].type);
            sqlite3_bind_int(s, column + 1, facts->top[i].permille);
        } else {
            sqlite3_bind_null(s, column);
            sqlite3_bind_null(s, column + 1);
        }
    sqlite3_bind_int64(s, column, facts->seen_ns);
}

enum road_status segment_write(sqlite3_stmt *upsert, struct grid_zone zone, const struct segment_belief *segment)
{
    uint8_t line[16 * SEGMENT_LINE_MAX];
    struct cell cell;

    const enum road_status status = segment_cell(zone, segment, &cell);
    if (status)
        return status;
    for (size_t i = 0; i < segment->n_line; i++) {
        put_int64(&line[16 * i], segment->line[i].e_mm / MM_PER_CM);
        put_int64(&line[16 * i + 8], segment->line[i].n_mm / MM_PER_CM);
    }
    sqlite3_bind_text(upsert, 1, segment->way, (int)segment->way_length, SQLITE_STATIC);
    sqlite3_bind_int(upsert, 2, segment->is_backward);
    sqlite3_bind_int64(upsert, 3, segment->index);
    if (segment->name_length)
        sqlite3_bind_text(upsert, 4, segment->name, (int)segment->name_length, SQLITE_STATIC);
    else
        sqlite3_bind_text(upsert, 4, segment->way, (int)segment->way_length, SQLITE_STATIC);
    sqlite3_bind_int(upsert, 5, (int)segment->road_class);
    sqlite3_bind_int64(upsert, 6, segment->length_cm);
    sqlite3_bind_int64(upsert, 7, (sqlite3_int64)cell.id);
    sqlite3_bind_blob(upsert, 8, line, (int)(16 * segment->n_line), SQLITE_STATIC);
    bind_facts(upsert, 9, &segment->facts);
    const int code = sqlite3_step(upsert);
    sqlite3_reset(upsert);
    sqlite3_clear_bindings(upsert);
    return code == SQLITE_DONE ? ROAD_OK : database_status(code);
}
