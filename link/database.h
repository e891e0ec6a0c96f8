/* database.h - SQLite as we use it: WAL, synchronous FULL, foreign keys, busy timeout, a version in
 * PRAGMA user_version that is migrated when older and refused when newer. New files have mode 0600.
 * One connection, one thread. */
#ifndef LINK_DATABASE_H
#define LINK_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "grid/status.h"

/* `migrations`: NULL-ended scripts; script i brings version i to i + 1, in one transaction each.
 * ROAD_BAD_VERSION if the file is newer; ret_error (256 bytes) says so in words. */
enum road_status database_open(const char *path, const char *const *migrations, sqlite3 **ret_db, char *ret_error);
enum road_status database_open_readonly(const char *path, sqlite3 **ret_db, char *ret_error);
void database_close(sqlite3 *db);
enum road_status database_begin(sqlite3 *db);  /* BEGIN IMMEDIATE */
enum road_status database_commit(sqlite3 *db); /* on disk when it returns ROAD_OK; rolled back otherwise */
void database_rollback(sqlite3 *db);
enum road_status database_exec(sqlite3 *db, const char *sql);
enum road_status database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement);
/* Steps, resets and clears the bindings of a statement that gives no rows. */
enum road_status database_run(sqlite3_stmt *statement);
/* Several statements as one, within a transaction of the caller's or (if there is none) as one of their own.
 * `status` is how the statements went: anything but ROAD_OK undoes them. Gives what became of it in all. */
enum road_status database_step_begin(sqlite3 *db);
enum road_status database_step_end(sqlite3 *db, enum road_status status);
/* The same rule of versions for a set of tables that lives in another's database (outbox, inbox): its version
 * stands in the table part_version. Not inside a transaction. */
enum road_status database_migrate_part(sqlite3 *db, const char *part, const char *const *migrations);
/* SQLITE_FULL -> ROAD_FULL, SQLITE_CORRUPT/NOTADB -> ROAD_CORRUPT, NOMEM -> ROAD_NO_MEMORY, the rest ROAD_IO. */
enum road_status database_status(int sqlite_code);

#endif
