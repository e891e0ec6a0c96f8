#include "server/store/repair.h"

#include "link/database.h"

static const char *const migrations[] = {
    "CREATE TABLE defect_repair(id TEXT PRIMARY KEY, gateway TEXT NOT NULL, stage INTEGER NOT NULL,"
    " cause INTEGER NOT NULL, claimed_ns INTEGER NOT NULL, by_kid TEXT NOT NULL, settled_ns INTEGER NOT NULL,"
    " passes INTEGER NOT NULL, passes_needed INTEGER NOT NULL, miss_ppm INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE verdict(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, defect TEXT NOT NULL, kind INTEGER NOT NULL,"
    " reason INTEGER NOT NULL, time_ns INTEGER NOT NULL, by_name TEXT NOT NULL, by_kid TEXT, gateway TEXT,"
    " entry INTEGER, note TEXT);"
    "CREATE INDEX verdict_asked ON verdict(id) WHERE state = 0;"
    "CREATE INDEX verdict_defect ON verdict(defect, id);",
    NULL,
};

enum road_status repair_tables(sqlite3 *db)
{
    return database_migrate_part(db, "repair", migrations);
}

void repair_bind(sqlite3_stmt *s, const char *id, const char *gateway, const struct repair *repair,
                 char kid[KID_TEXT_SIZE])
{
    const int64_t rest[] = {repair->settled_ns, repair->passes, repair->passes_needed, repair->miss_ppm};

    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, gateway, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, (int)repair->stage);
    sqlite3_bind_int(s, 4, (int)repair->cause);
    sqlite3_bind_int64(s, 5, repair->claimed_ns);
    sqlite3_bind_text(s, 6, kid_format(repair->by, kid), -1, SQLITE_STATIC);
    for (int i = 0; i < 4; i++)
        sqlite3_bind_int64(s, 7 + i, rest[i]);
}

enum road_status verdict_ask(sqlite3 *db, const char *defect, enum verdict_kind kind, enum verdict_reason reason,
                             int64_t time_ns, const char *by_name, int64_t *ret_id)
{
    sqlite3_stmt *s;

    enum road_status status = database_prepare(
        db, "INSERT INTO verdict(state, defect, kind, reason, time_ns, by_name) VALUES(0, ?, ?, ?, ?, ?)", &s);
    if (status)
        return status;
    sqlite3_bind_text(s, 1, defect, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, (int)kind);
    sqlite3_bind_int(s, 3, (int)reason);
    sqlite3_bind_int64(s, 4, time_ns);
    sqlite3_bind_text(s, 5, by_name, -1, SQLITE_STATIC);
    status = database_run(s);
    sqlite3_finalize(s);
    if (!status && ret_id)
        *ret_id = sqlite3_last_insert_rowid(db);
    return status;
}
