#include "sensor-node/drives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE 2048

const char *const node_migrations[] = {
    "CREATE TABLE drive_start(place INTEGER PRIMARY KEY, path TEXT NOT NULL, start_ns INTEGER NOT NULL) STRICT;",
    "CREATE TABLE learnt_at_start(id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL) STRICT;",
    NULL,
};

enum road_status time_parse(const char *text, int64_t *ret_time_ns)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    double fraction_s = 0;

    if (!rest)
        return ROAD_BAD_INPUT;
    if (*rest == '.') {
        char *end;
        fraction_s = strtod(rest, &end);
        rest = end;
    }
    if (strcmp(rest, "Z") != 0 || !(fraction_s >= 0 && fraction_s < 1) || utc.tm_year < 100 || utc.tm_year > 199)
        return ROAD_BAD_INPUT;
    *ret_time_ns = (int64_t)timegm(&utc) * 1000000000 + (int64_t)(fraction_s * 1e9);
    return ROAD_OK;
}

static enum road_status add(struct drives *drives, const char *path, const char *start, const char *where, char *ret_error)
{
    struct drive drive = {0};

    if (drives->n == DRIVES_MAX) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: more than %d drives", where, DRIVES_MAX);
        return ROAD_TOO_LARGE;
    }
    if (strlen(path) >= sizeof drive.path) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: the path is too long", where);
        return ROAD_TOO_LARGE;
    }
    strcpy(drive.path, path);
    if (start && *start) {
        if (time_parse(start, &drive.start_ns) != ROAD_OK) {
            snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: '%.60s' is no time like 2026-11-23T07:41:00Z", where, start);
            return ROAD_BAD_INPUT;
        }
        drive.has_start = true;
    }
    drives->items[drives->n++] = drive;
    return ROAD_OK;
}

/* "PATH" or "PATH START": a last word that begins like a date is the start, so that paths may hold spaces. */
static char *split_start(char *line)
{
    char *space = strrchr(line, ' ');

    if (!space || strlen(space) < 12 || space[5] != '-' || space[8] != '-')
        return NULL;
    *space = '\0';
    return space + 1;
}

static enum road_status load_list(const char *path, struct drives *drives, char *ret_error)
{
    char line[LINE_SIZE], where[1200];
    enum road_status status = ROAD_OK;
    FILE *in = fopen(path, "re");

    if (!in) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.300s: %s", path, strerror(errno));
        return ROAD_NOT_FOUND;
    }
    for (int number = 1; status == ROAD_OK && fgets(line, sizeof line, in); number++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (!*line || *line == '#')
            continue;
        snprintf(where, sizeof where, "%s:%d", path, number);
        const char *start = split_start(line);
        status = add(drives, line, start, where, ret_error);
    }
    fclose(in);
    if (status == ROAD_OK && drives->n == 0) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.300s: there is no drive in it", path);
        return ROAD_NOT_FOUND;
    }
    return status;
}

enum road_status drives_load(const struct node_config *config, struct drives *ret_drives, char *ret_error)
{
    struct drives drives = {.items = calloc(DRIVES_MAX, sizeof *drives.items)};
    enum road_status status;

    if (!drives.items)
        return ROAD_NO_MEMORY;
    if (*config->drive_list) {
        status = load_list(config->drive_list, &drives, ret_error);
    } else if (*config->drive) {
        status = add(&drives, config->drive, config->start, "drive", ret_error);
    } else {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "source = recording needs `drive = PATH` or `drive_list = FILE`");
        status = ROAD_BAD_INPUT;
    }
    if (status != ROAD_OK)
        drives_done(&drives);
    else
        *ret_drives = drives;
    return status;
}

void drives_done(struct drives *drives)
{
    free(drives->items);
    *drives = (struct drives){0};
}

/* What an earlier run kept for this place: its start is taken if the path is the same and none was given. */
static void read_start(sqlite3 *db, size_t index, struct drive *drive)
{
    sqlite3_stmt *row;

    if (database_prepare(db, "SELECT path, start_ns FROM drive_start WHERE place = ?", &row) != ROAD_OK)
        return;
    sqlite3_bind_int64(row, 1, (int64_t)index);
    if (sqlite3_step(row) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(row, 0);
        const int64_t start_ns = sqlite3_column_int64(row, 1);
        drive->is_other = !path || strcmp(path, drive->path) != 0 || (drive->has_start && drive->start_ns != start_ns);
        if (!drive->is_other) {
            drive->start_ns = start_ns;
            drive->has_start = true;
        }
    }
    sqlite3_finalize(row);
}

static enum road_status keep_start(sqlite3 *db, size_t index, const struct drive *drive)
{
    sqlite3_stmt *row;
    enum road_status status = database_prepare(db, "INSERT OR REPLACE INTO drive_start VALUES (?, ?, ?)", &row);

    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(row, 1, (int64_t)index);
    sqlite3_bind_text(row, 2, drive->path, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, drive->start_ns);
    status = database_run(row);
    sqlite3_finalize(row);
    return status;
}

enum road_status drives_resolve(struct drives *drives, size_t index, sqlite3 *db, int64_t now_ns, char *ret_error)
{
    struct drive *drive = &drives->items[index];
    double duration_s;

    snprintf(ret_error, SOURCE_ERROR_SIZE, "node.db: the start of drive %zu cannot be kept", index + 1);
    read_start(db, index, drive);
    if (drive->has_start)
        return keep_start(db, index, drive);
    const enum road_status status = source_duration(drive->path, &duration_s, ret_error);
    if (status != ROAD_OK)
        return status;
    drive->start_ns = (now_ns - (int64_t)(duration_s * 1e9)) / 1000000 * 1000000;
    drive->has_start = true;
    return keep_start(db, index, drive);
}
