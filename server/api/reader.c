#include "server/api/reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "link/database.h"

#define CELL_COLUMNS                                                                                         \
    "id, code, channel, pale, type, severity, posterior_permille, size_milli, size_sigma_milli, hits, passes, " \
    "motion_hits, camera_hits, csi, iri_centi, coverage_centi, seen_ns, defect"
#define DEFECT_COLUMNS                                                                                       \
    "id, state, alias_of, type, severity, may_be_red, posterior_permille, e_mm, n_mm, cell, cov_ee_cm2, "    \
    "cov_en_cm2, cov_nn_cm2, size_milli, size_sigma_milli, hits, passes, motion_hits, camera_hits, first_ns, last_ns"

#define SEGMENT_COLUMNS                                                                                      \
    "way, backward, idx, road, class, length_cm, line, code, why, grade, floor_a, floor_b, floor_c, pci, rqi, pqi, " \
    "jtg_pci, jtg_rqi, observed_permille, rough_permille, reds, passes, type1, share1, type2, share2, type3, share3, " \
    "seen_ns"

static const char *const sql[QUERY_COUNT] = {
    [QUERY_CELL] = "SELECT " CELL_COLUMNS " FROM cell WHERE id = ?",
    [QUERY_CELL_RANGE] = "SELECT " CELL_COLUMNS " FROM cell WHERE id BETWEEN ?1 AND ?2 AND id > ?3 ORDER BY id",
    [QUERY_CELL_CODES] = "SELECT id, code, pale FROM cell WHERE id BETWEEN ? AND ? ORDER BY id",
    [QUERY_CELL_COUNTS] = "SELECT code, count(*), sum(id & 1), sum(id & 0x1FF = 0x100) FROM cell GROUP BY code",
    [QUERY_CELL_COARSE] = "SELECT id, code, pale FROM cell WHERE id & 1023 = 0 AND id BETWEEN ? AND ? ORDER BY id",
    [QUERY_LEAF] = "SELECT covers FROM leaf WHERE key = ?",
    [QUERY_LEAF_RANGE] = "SELECT key, covers FROM leaf WHERE key BETWEEN ? AND ? ORDER BY key",
    [QUERY_PLAIN_COUNTS] = "SELECT level, code, squares FROM plain",
    [QUERY_SQUARE] = "SELECT red_m2, yellow_m2, green_m2 FROM square WHERE key = ?",
    [QUERY_SQUARE_RANGE] = "SELECT key, red_m2, yellow_m2, green_m2 FROM square WHERE key BETWEEN ? AND ? ORDER BY key",
    [QUERY_DEFECT] = "SELECT " DEFECT_COLUMNS " FROM defect WHERE id = ?",
    [QUERY_DEFECTS] = "SELECT " DEFECT_COLUMNS " FROM defect WHERE id > ? ORDER BY id",
    [QUERY_DEFECTS_NEAR] = "SELECT " DEFECT_COLUMNS " FROM defect WHERE cell BETWEEN ? AND ? ORDER BY cell",
    [QUERY_DEFECT_COUNTS] = "SELECT state, count(*) FROM defect GROUP BY state",
    [QUERY_REPAIR] = "SELECT stage, cause, claimed_ns, by_kid, settled_ns, passes, passes_needed, miss_ppm "
                     "FROM defect_repair WHERE id = ?",
    [QUERY_VERDICTS] = "SELECT state, kind, reason, time_ns, by_name, entry, note FROM verdict WHERE defect = ? "
                       "ORDER BY id DESC LIMIT ?",
    [QUERY_SPEAKER] = "SELECT by_name FROM verdict WHERE by_kid = ? ORDER BY id DESC LIMIT 1",
    [QUERY_FEATURES] = "SELECT f.id, f.state, f.kind, f.posterior_permille, f.e_mm, f.n_mm, f.cov_ee_cm2, f.cov_en_cm2, "
                       "f.cov_nn_cm2, f.strength_milli, f.strength_mad_milli, f.heading_cdeg, f.hits, f.passes, "
                       "f.called_damage, f.first_ns, f.last_ns, d.state FROM feature f LEFT JOIN defect d USING(id) "
                       "WHERE f.id > ? ORDER BY f.id",
    [QUERY_FEATURE_COUNTS] = ("SELECT f.state, count(*), sum(coalesce(d.state, 0) = 2) FROM feature f "
                              "LEFT JOIN defect d USING(id) GROUP BY f.state"),
    [QUERY_FACTS] = "SELECT name, value FROM fact",
    [QUERY_LAST_CHANGE] = "SELECT id, as_of_ns FROM change ORDER BY id DESC LIMIT 1",
    [QUERY_CHANGES] = "SELECT id, event FROM change WHERE id > ? ORDER BY id LIMIT ?",
    [QUERY_LAST_ENTRY] = "SELECT max(idx) FROM entry",
    [QUERY_ENTRY] = "SELECT leaf, body FROM entry WHERE idx = ?",
    [QUERY_ENTRIES_ABOUT] = "SELECT idx, leaf FROM entry WHERE subject = ? ORDER BY idx DESC LIMIT ?",
    [QUERY_SEGMENT] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE way = ? AND backward = ? AND idx = ?",
    [QUERY_SEGMENTS_OF] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE road = ? ORDER BY way, backward, idx",
    [QUERY_SEGMENTS_WORST] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE road = ? AND code >= 2 ORDER BY code DESC, "
                             "reds DESC, coalesce(pqi, pci, 0), way, backward, idx LIMIT ?",
    [QUERY_SEGMENTS_NEAR] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE cell BETWEEN ? AND ? AND class <= ? ORDER BY cell",
    [QUERY_SEGMENT_COUNTS] = "SELECT code, count(*), sum(length_cm), sum(length_cm * observed_permille) FROM segment GROUP BY code",
};

struct readers {
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct reader *free;
    int n;
    struct reader all[];
};

static void reader_close(struct reader *reader)
{
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(reader->statements[i]);
    database_close(reader->db);
}

static enum road_status reader_open(const char *path, struct reader *reader, char *ret_error)
{
    enum road_status status = database_open_readonly(path, &reader->db, ret_error);

    for (int i = 0; i < QUERY_COUNT && !status; i++) {
        status = database_prepare(reader->db, sql[i], &reader->statements[i]);
        if (status)
            snprintf(ret_error, 256, "%s: not the server's database: %s", path, sqlite3_errmsg(reader->db));
    }
    return status;
}

enum road_status readers_open(const char *path, int n, struct readers **ret_readers, char *ret_error)
{
    struct readers *readers = calloc(1, sizeof *readers + (size_t)n * sizeof readers->all[0]);
    enum road_status status = ROAD_OK;

    if (!readers)
        return ROAD_NO_MEMORY;
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->given, NULL);
    for (; readers->n < n && !status; readers->n++) {
        struct reader *reader = &readers->all[readers->n];
        status = reader_open(path, reader, ret_error);
        reader->next = readers->free;
        readers->free = reader;
    }
    if (status) {
        readers_close(readers);
        return status;
    }
    *ret_readers = readers;
    return ROAD_OK;
}

void readers_close(struct readers *readers)
{
    if (!readers)
        return;
    for (int i = 0; i < readers->n; i++)
        reader_close(&readers->all[i]);
    pthread_cond_destroy(&readers->given);
    pthread_mutex_destroy(&readers->lock);
    free(readers);
}

enum road_status reader_take(struct readers *readers, struct reader **ret_reader)
{
    pthread_mutex_lock(&readers->lock);
    while (!readers->free)
        pthread_cond_wait(&readers->given, &readers->lock);
    struct reader *reader = readers->free;
    readers->free = reader->next;
    pthread_mutex_unlock(&readers->lock);

    const enum road_status status = database_exec(reader->db, "BEGIN");
    if (status) {
        reader_give(readers, reader);
        return status;
    }
    *ret_reader = reader;
    return ROAD_OK;
}

void reader_give(struct readers *readers, struct reader *reader)
{
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_reset(reader->statements[i]);
    if (!sqlite3_get_autocommit(reader->db))
        database_rollback(reader->db); /* nothing was written */
    pthread_mutex_lock(&readers->lock);
    reader->next = readers->free;
    readers->free = reader;
    pthread_cond_signal(&readers->given);
    pthread_mutex_unlock(&readers->lock);
}

sqlite3_stmt *reader_query(struct reader *reader, enum query query)
{
    sqlite3_stmt *statement = reader->statements[query];

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

int reader_step(sqlite3_stmt *statement, enum road_status *status)
{
    const int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return 1;
    *status = code == SQLITE_DONE ? ROAD_OK : database_status(code);
    return 0;
}
