#include "link/database.h"
#include "tests/check.h"
#include "tests/temp.h"

static char dir[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE + 16], error[256];

static void begin_test(void)
{
    temp_make(dir);
    snprintf(path, sizeof path, "%s/some.db", dir);
    error[0] = '\0';
}

static const char *const first[] = {"CREATE TABLE a(x INTEGER)", NULL};
static const char *const second[] = {"CREATE TABLE a(x INTEGER)",
                                     "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7", NULL};
static const char *const broken[] = {"CREATE TABLE a(x INTEGER)", "CREATE TABLE b(x); CREATE TABLE nonsense(",
                                     NULL};

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t value = -1;

    CHECK_STATUS(database_prepare(db, sql, &q), ROAD_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

FACT(a_new_file_gets_the_newest_version_and_is_private)
{
    sqlite3 *db = NULL;
    struct stat info;

    begin_test();
    CHECK_STATUS(database_open(path, second, &db, error), ROAD_OK);
    CHECK_INT(ask(db, "PRAGMA user_version"), 2);
    CHECK_INT(ask(db, "PRAGMA synchronous"), 2); /* FULL */
    CHECK_INT(ask(db, "PRAGMA foreign_keys"), 1);
    CHECK_INT(ask(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    CHECK_INT(stat(path, &info), 0);
    CHECK_INT(info.st_mode & 0777, 0600);
    database_close(db);
    temp_remove(dir);
}

FACT(an_older_file_is_migrated_and_keeps_its_rows)
{
    sqlite3 *db = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_OK);
    CHECK_STATUS(database_exec(db, "INSERT INTO a VALUES(5)"), ROAD_OK);
    database_close(db);
    CHECK_STATUS(database_open(path, second, &db, error), ROAD_OK);
    CHECK_INT(ask(db, "SELECT x * 100 + y FROM a"), 507);
    database_close(db);
    temp_remove(dir);
}

FACT(a_newer_file_is_refused_in_words)
{
    sqlite3 *db = NULL, *untouched = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, second, &db, error), ROAD_OK);
    database_close(db);
    CHECK_STATUS(database_open(path, first, &untouched, error), ROAD_BAD_VERSION);
    CHECK(untouched == NULL);
    CHECK(strstr(error, "version 2") != NULL);
    temp_remove(dir);
}

FACT(a_migration_that_fails_leaves_the_older_version_whole)
{
    sqlite3 *db = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_OK);
    database_close(db);
    db = NULL;
    CHECK(database_open(path, broken, &db, error) != ROAD_OK);
    CHECK(db == NULL);
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_OK);
    CHECK_INT(ask(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
    database_close(db);
    temp_remove(dir);
}

FACT(what_is_no_database_is_corrupt)
{
    sqlite3 *db = NULL;

    begin_test();
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 400; i++)
        fputs("this is no database\n", f);
    fclose(f);
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_CORRUPT);
    CHECK_STATUS(database_open_readonly(path, &db, error), ROAD_CORRUPT);
    CHECK(db == NULL);
    temp_remove(dir);
}

FACT(a_missing_folder_is_an_error_in_words)
{
    sqlite3 *db = NULL;

    CHECK_STATUS(database_open("/nonexistent/some.db", first, &db, error), ROAD_IO);
    CHECK(strstr(error, "/nonexistent/some.db") != NULL);
    CHECK_STATUS(database_open_readonly("/nonexistent/some.db", &db, error), ROAD_IO);
    CHECK(db == NULL);
}

FACT(a_reader_cannot_write)
{
    sqlite3 *db = NULL, *reader = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_OK);
    CHECK_STATUS(database_open_readonly(path, &reader, error), ROAD_OK);
    CHECK(database_exec(reader, "INSERT INTO a VALUES(5)") != ROAD_OK);
    CHECK_INT(ask(reader, "SELECT count(*) FROM a"), 0);
    database_close(reader);
    database_close(db);
    temp_remove(dir);
}

FACT(a_step_joins_the_callers_transaction)
{
    sqlite3 *db = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, first, &db, error), ROAD_OK);
    CHECK_STATUS(database_begin(db), ROAD_OK);
    database_step_begin(db);
    database_exec(db, "INSERT INTO a VALUES(1)");
    CHECK_STATUS(database_step_end(db, ROAD_OK), ROAD_OK);
    database_step_begin(db);
    database_exec(db, "INSERT INTO a VALUES(2)");
    CHECK_STATUS(database_step_end(db, ROAD_FULL), ROAD_FULL); /* undoes itself, not the step before */
    CHECK_INT(ask(db, "SELECT sum(x) FROM a"), 1);
    database_rollback(db);
    CHECK_INT(ask(db, "SELECT count(*) FROM a"), 0);
    database_step_begin(db);
    database_exec(db, "INSERT INTO a VALUES(3)");
    CHECK_STATUS(database_step_end(db, ROAD_OK), ROAD_OK); /* alone: commits */
    CHECK_INT(sqlite3_get_autocommit(db), 1);
    CHECK_INT(ask(db, "SELECT sum(x) FROM a"), 3);
    CHECK_STATUS(database_commit(db), ROAD_IO); /* nothing to commit is our bug, told */
    database_close(db);
    temp_remove(dir);
}

FACT(a_part_has_a_version_of_its_own)
{
    sqlite3 *db = NULL;

    begin_test();
    CHECK_STATUS(database_open(path, NULL, &db, error), ROAD_OK);
    CHECK_STATUS(database_migrate_part(db, "some", first), ROAD_OK);
    CHECK_STATUS(database_migrate_part(db, "some", first), ROAD_OK);
    CHECK_STATUS(database_migrate_part(db, "some", second), ROAD_OK);
    CHECK_INT(ask(db, "SELECT count(*) FROM pragma_table_info('a')"), 2);
    CHECK_STATUS(database_migrate_part(db, "some", first), ROAD_BAD_VERSION);
    CHECK_INT(ask(db, "PRAGMA user_version"), 0);
    database_close(db);
    temp_remove(dir);
}

FACT(sqlite_codes_have_one_meaning)
{
    CHECK_STATUS(database_status(SQLITE_OK), ROAD_OK);
    CHECK_STATUS(database_status(SQLITE_FULL), ROAD_FULL);
    CHECK_STATUS(database_status(SQLITE_CORRUPT_INDEX), ROAD_CORRUPT);
    CHECK_STATUS(database_status(SQLITE_NOTADB), ROAD_CORRUPT);
    CHECK_STATUS(database_status(SQLITE_NOMEM), ROAD_NO_MEMORY);
    CHECK_STATUS(database_status(SQLITE_IOERR_FSYNC), ROAD_IO);
    CHECK_STATUS(database_status(SQLITE_BUSY), ROAD_IO);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
