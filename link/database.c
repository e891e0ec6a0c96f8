#include "link/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ERROR_SIZE      256
#define BUSY_TIMEOUT_MS 5000

enum road_status database_status(int sqlite_code)
{
    switch (sqlite_code & 0xff) { /* the primary code; the rest is detail */
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ROAD_OK;
    case SQLITE_FULL:
        return ROAD_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ROAD_CORRUPT;
    case SQLITE_NOMEM:
        return ROAD_NO_MEMORY;
    default:
        return ROAD_IO;
    }
}

enum road_status database_exec(sqlite3 *db, const char *sql)
{
    return database_status(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

enum road_status database_begin(sqlite3 *db)
{
    return database_exec(db, "BEGIN IMMEDIATE");
}

void database_rollback(sqlite3 *db)
{
    if (!sqlite3_get_autocommit(db)) /* SQLite has rolled back by itself after some failures */
        database_exec(db, "ROLLBACK");
}

enum road_status database_commit(sqlite3 *db)
{
    if (sqlite3_get_autocommit(db))
        return ROAD_IO; /* a failure has rolled the transaction back already: nothing of it is there */
    enum road_status status = database_exec(db, "COMMIT");
    if (status != ROAD_OK)
        database_rollback(db);
    return status;
}

enum road_status database_step_begin(sqlite3 *db)
{
    return database_exec(db, "SAVEPOINT step");
}

enum road_status database_step_end(sqlite3 *db, enum road_status status)
{
    if (sqlite3_get_autocommit(db))
        return status == ROAD_OK ? ROAD_IO : status; /* SQLite rolled the whole transaction back */
    if (status == ROAD_OK)
        status = database_exec(db, "RELEASE step");
    if (status != ROAD_OK && !sqlite3_get_autocommit(db)) {
        database_exec(db, "ROLLBACK TO step");
        database_exec(db, "RELEASE step");
    }
    return status;
}

enum road_status database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *statement = NULL;
    const int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code == SQLITE_OK)
        *ret_statement = statement;
    return database_status(code);
}

enum road_status database_run(sqlite3_stmt *statement)
{
    const enum road_status status = database_status(sqlite3_step(statement));
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

static enum road_status read_int(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    enum road_status status = database_prepare(db, sql, &statement);
    if (status != ROAD_OK)
        return status;
    const int code = sqlite3_step(statement);
    status = database_status(code);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

static int64_t count_scripts(const char *const *migrations)
{
    int64_t n = 0;
    while (migrations && migrations[n])
        n++;
    return n;
}

/* One script and its new version number, in one transaction. */
static enum road_status migrate_once(sqlite3 *db, const char *script, const char *version_sql)
{
    enum road_status status = database_begin(db);
    if (status == ROAD_OK)
        status = database_exec(db, script);
    if (status == ROAD_OK)
        status = database_exec(db, version_sql);
    if (status == ROAD_OK)
        return database_commit(db);
    database_rollback(db);
    return status;
}

static enum road_status migrate(sqlite3 *db, const char *const *migrations, char *ret_error)
{
    const int64_t newest = count_scripts(migrations);
    int64_t version = 0;
    enum road_status status = read_int(db, "PRAGMA user_version", &version);
    if (status != ROAD_OK) {
        snprintf(ret_error, ERROR_SIZE, "cannot read its version: %s", sqlite3_errmsg(db));
        return status;
    }
    if (version < 0 || version > newest) {
        snprintf(ret_error, ERROR_SIZE,
                 "it has version %lld, this program knows up to %lld: use the newer program that wrote it",
                 (long long)version, (long long)newest);
        return ROAD_BAD_VERSION;
    }
    for (; version < newest; version++) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)version + 1);
        status = migrate_once(db, migrations[version], sql);
        if (status != ROAD_OK) {
            snprintf(ret_error, ERROR_SIZE, "cannot bring it to version %lld: %s", (long long)version + 1,
                     sqlite3_errmsg(db));
            return status;
        }
    }
    return ROAD_OK;
}

enum road_status database_migrate_part(sqlite3 *db, const char *part, const char *const *migrations)
{
    const int64_t newest = count_scripts(migrations);
    int64_t version = 0;
    char sql[160];

    enum road_status status = database_exec(db, "CREATE TABLE IF NOT EXISTS part_version(part TEXT PRIMARY "
                                                "KEY, version INTEGER NOT NULL) WITHOUT ROWID");
    snprintf(sql, sizeof sql, "SELECT version FROM part_version WHERE part = '%s'", part);
    if (status == ROAD_OK)
        status = read_int(db, sql, &version);
    if (status == ROAD_OK && (version < 0 || version > newest))
        status = ROAD_BAD_VERSION;
    for (; status == ROAD_OK && version < newest; version++) {
        snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO part_version VALUES('%s', %lld)", part,
                 (long long)version + 1);
        status = migrate_once(db, migrations[version], sql);
    }
    return status;
}

/* Batches tell where a vehicle drove: the file is for its owner alone. SQLite gives -wal and -shm the same
 * mode. */
static enum road_status make_private_file(const char *path, char *ret_error)
{
    if (strcmp(path, ":memory:") == 0)
        return ROAD_OK;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(ret_error, ERROR_SIZE, "cannot open %.150s: %s", path, strerror(errno));
        return errno == ENOSPC ? ROAD_FULL : ROAD_IO;
    }
    close(fd);
    return ROAD_OK;
}

static enum road_status connect_file(const char *path, int flags, sqlite3 **ret_db, char *ret_error)
{
    sqlite3 *db = NULL;
    const int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        snprintf(ret_error, ERROR_SIZE, "cannot open %.150s: %s", path, sqlite3_errstr(code));
        sqlite3_close(db);
        return database_status(code);
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    *ret_db = db;
    return ROAD_OK;
}

enum road_status database_open(const char *path, const char *const *migrations, sqlite3 **ret_db,
                               char *ret_error)
{
    char error[ERROR_SIZE] = "";
    sqlite3 *db = NULL;
    enum road_status status = make_private_file(path, ret_error);
    if (status == ROAD_OK)
        status = connect_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, ret_error);
    if (status != ROAD_OK)
        return status;
    /* FULL in WAL mode: every commit is followed by an fsync of the log, so what is acknowledged is on disk.
     */
    status =
        database_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    if (status != ROAD_OK)
        snprintf(error, sizeof error, "%s", sqlite3_errmsg(db));
    else
        status = migrate(db, migrations, error);
    if (status != ROAD_OK) {
        snprintf(ret_error, ERROR_SIZE, "%.100s: %.150s", path, error);
        database_close(db);
        return status;
    }
    *ret_db = db;
    return ROAD_OK;
}

enum road_status database_open_readonly(const char *path, sqlite3 **ret_db, char *ret_error)
{
    sqlite3 *db = NULL;
    enum road_status status = connect_file(path, SQLITE_OPEN_READONLY, &db, ret_error);
    if (status != ROAD_OK)
        return status;
    int64_t version = 0; /* the first read tells whether it is a database at all */
    status = read_int(db, "PRAGMA user_version", &version);
    if (status != ROAD_OK) {
        snprintf(ret_error, ERROR_SIZE, "cannot read %.150s: %s", path, sqlite3_errmsg(db));
        database_close(db);
        return status;
    }
    *ret_db = db;
    return ROAD_OK;
}

void database_close(sqlite3 *db)
{
    if (db)
        sqlite3_close_v2(db);
}
