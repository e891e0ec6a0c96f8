#include "sensor-node/table.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "sensor-node/source.h"

#define TIME_MAX_S 4e9    /* the year 2096 as Unix time: beyond it nanoseconds would not fit 64 bits for long */
#define TIME_JUMP_S 3600. /* no recording rests longer than this between two rows */
#define TEXT_SIZE 40      /* of a date or time in words */
#define SHOWN_MAX 24      /* bytes of a bad field that a message shows */

static enum road_status say(const struct table *table, char *ret_error, enum road_status status, const char *format,
                            va_list args)
{
    char reason[SOURCE_ERROR_SIZE / 2];

    vsnprintf(reason, sizeof reason, format, args);
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:%llu: %s", table->name,
             (unsigned long long)(table->csv ? csv_line(table->csv) : 0), reason);
    return status;
}

__attribute__((format(printf, 4, 5))) static enum road_status fail(const struct table *table, char *ret_error,
                                                                   enum road_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(table, ret_error, status, format, args);
    va_end(args);
    return status;
}

enum road_status table_refuse(struct table *table, char *ret_error, const char *format, ...)
{
    va_list args;

    table->rows_refused++;
    va_start(args, format);
    say(table, ret_error, ROAD_BAD_INPUT, format, args);
    va_end(args);
    return ROAD_BAD_INPUT;
}

/* Bytes from outside, fit to be shown. */
static const char *shown(struct csv_field field, char ret_text[SHOWN_MAX + 4])
{
    size_t n = field.length < SHOWN_MAX ? field.length : SHOWN_MAX;

    for (size_t i = 0; i < n; i++)
        ret_text[i] = field.text[i] >= ' ' && field.text[i] <= '~' ? field.text[i] : '?';
    strcpy(ret_text + n, field.length > n ? "..." : "");
    return ret_text;
}

static bool name_matches(const char *names, struct csv_field field)
{
    while (names && *names) {
        const size_t length = strcspn(names, "|");
        if (length == field.length && strncasecmp(names, field.text, length) == 0)
            return true;
        names += length + (names[length] == '|');
    }
    return false;
}

size_t table_match(const struct csv_field *header, size_t n, const struct table_column *columns, size_t n_columns,
                   size_t *ret_required)
{
    size_t required = 0, found = 0;

    for (size_t c = 0; c < n_columns; c++) {
        bool is_there = false;
        for (size_t i = 0; i < n && !is_there; i++)
            is_there = name_matches(columns[c].names, header[i]);
        required += columns[c].is_required;
        found += columns[c].is_required && is_there;
    }
    *ret_required = required;
    return found;
}

static void add_word(char *list, size_t size, const char *word, size_t length)
{
    const size_t used = strlen(list);

    if (used + length + 3 < size)
        snprintf(list + used, size - used, "%s%.*s", used ? ", " : "", (int)length, word);
}

static enum road_status find_columns(struct table *table, const struct csv_field *header, size_t n, char *ret_error)
{
    char missing[200] = "", found[200] = "", text[SHOWN_MAX + 4];

    for (size_t c = 0; c < table->n_columns; c++) {
        table->field[c] = -1;
        for (size_t i = 0; i < n && table->field[c] < 0; i++)
            if (name_matches(table->columns[c].names, header[i]))
                table->field[c] = (int)i;
        if (table->field[c] < 0 && table->columns[c].is_required)
            add_word(missing, sizeof missing, table->columns[c].names, strcspn(table->columns[c].names, "|"));
    }
    if (!*missing)
        return ROAD_OK;
    for (size_t i = 0; i < n; i++) {
        shown(header[i], text);
        add_word(found, sizeof found, text, strlen(text));
    }
    return fail(table, ret_error, ROAD_BAD_INPUT, "missing columns: %s; the first line names: %.100s", missing, found);
}

static enum road_status read_header(struct table *table, char *ret_error)
{
    struct csv_field header[CSV_FIELDS_MAX];
    size_t n = 0;
    enum road_status status = csv_next(table->csv, header, &n);

    if (status == ROAD_END)
        return fail(table, ret_error, ROAD_BAD_INPUT, "the file is empty, not even a line of column names");
    if (status == ROAD_IO)
        return fail(table, ret_error, ROAD_IO, "cannot be read: %s", strerror(errno));
    if (status)
        return fail(table, ret_error, ROAD_BAD_INPUT, "the first line is too long for column names");
    return find_columns(table, header, n, ret_error);
}

enum road_status table_from_file(FILE *file, const char *name, const struct table_column *columns, size_t n_columns,
                                 struct table *ret_table, char *ret_error)
{
    struct table table = {.columns = columns, .n_columns = n_columns, .jump_s = (double)NAN};
    enum road_status status = csv_from_file(file, &table.csv);

    if (!status && !(table.name = strdup(name)))
        status = ROAD_NO_MEMORY;
    if (status)
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(status));
    else
        status = read_header(&table, ret_error);
    if (status) {
        table_close(&table);
        return status;
    }
    *ret_table = table;
    return ROAD_OK;
}

enum road_status table_open(const char *path, const struct table_column *columns, size_t n_columns,
                            struct table *ret_table, char *ret_error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %s", path, strerror(errno));
        return ROAD_IO;
    }
    return table_from_file(file, path, columns, n_columns, ret_table, ret_error);
}

void table_close(struct table *table)
{
    csv_close(table->csv);
    free(table->name);
    *table = (struct table){0};
}

bool table_has(const struct table *table, size_t column)
{
    return table->field[column] >= 0;
}

static enum road_status check_time(struct table *table, double time_s, char *ret_error)
{
    const double last_s = table->last_s, jump_s = table->jump_s;

    if (isnan(time_s))
        return table_refuse(table, ret_error, "the time is missing");
    if (fabs(time_s) > TIME_MAX_S)
        return table_refuse(table, ret_error, "the time %g s is no time", time_s);
    if (table->has_time && time_s < last_s)
        return table_refuse(table, ret_error, "time goes back, from %.6f s to %.6f s", last_s, time_s);
    const bool is_agreed = time_s >= jump_s && time_s - jump_s <= TIME_JUMP_S;
    if (table->has_time && time_s - last_s > TIME_JUMP_S && !is_agreed) {
        table->jump_s = time_s;
        return table_refuse(table, ret_error, "time jumps ahead, from %.6f s to %.6f s", last_s, time_s);
    }
    table->has_time = true;
    table->last_s = time_s;
    table->jump_s = (double)NAN;
    return ROAD_OK;
}

/* The calendar of RFC 3339: days since 1970 of a day of the Gregorian calendar. */
static bool unix_midnight(int year, int month, int day, double *ret_s)
{
    struct tm utc = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

    if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *ret_s = (double)timegm(&utc);
    return true;
}

/* ret_rest: what stands behind the time. */
static bool read_clock(const char *text, double *ret_s, const char **ret_rest)
{
    int hour, minute, used = 0;
    double second;

    if (sscanf(text, "%2d:%2d:%lf%n", &hour, &minute, &second, &used) < 3)
        return false;
    *ret_rest = text + used;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 61))
        return false;
    *ret_s = hour * 3600 + minute * 60 + second;
    return true;
}

static bool read_date(const char *text, double *ret_s)
{
    int day, month, year, used = 0;

    if (sscanf(text, "%2d/%2d/%4d%n", &day, &month, &year, &used) < 3 || text[used])
        return false;
    if (day == 0 && month == 0 && year == 0) {
        *ret_s = (double)NAN;
        return true;
    }
    return unix_midnight(year, month, day, ret_s);
}

/* "", "Z", "+02:00": seconds that the local time is ahead of UTC. */
static bool read_zone(const char *text, double *ret_s)
{
    int hour = 0, minute = 0, used = 0;

    *ret_s = 0;
    if (!*text || strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &used) < 2 || text[1 + used] ||
        hour < 0 || hour > 14 || minute < 0 || minute > 59)
        return false;
    *ret_s = (hour * 3600 + minute * 60) * (*text == '-' ? -1. : 1.);
    return true;
}

bool table_datetime(const char *text, double *ret_s)
{
    int year, month, day, used = 0;
    double midnight_s, clock_s, zone_s;
    const char *rest;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) < 3 || (text[used] != ' ' && text[used] != 'T'))
        return false;
    if (!unix_midnight(year, month, day, &midnight_s) || !read_clock(text + used + 1, &clock_s, &rest) ||
        !read_zone(rest, &zone_s))
        return false;
    *ret_s = midnight_s + clock_s - zone_s;
    return true;
}

/* ret_value in our unit, NAN for what the file writes for "none". */
static bool read_value(const struct table *table, const struct table_column *column, struct csv_field field,
                       double *ret_value)
{
    char text[TEXT_SIZE];
    double value;

    if (column->kind == TABLE_NUMBER) {
        if (!csv_number(table->csv, field, &value))
            return false;
        if (column->missing != 0 && value == column->missing)
            *ret_value = (double)NAN;
        else
            *ret_value = column->scale != 0 ? value * column->scale : value;
        return true;
    }
    if (field.length >= sizeof text || memchr(field.text, '\0', field.length))
        return false;
    memcpy(text, field.text, field.length);
    text[field.length] = '\0';
    const char *rest;
    return column->kind == TABLE_DATE    ? read_date(text, ret_value)
           : column->kind == TABLE_CLOCK ? read_clock(text, ret_value, &rest) && !*rest
                                         : table_datetime(text, ret_value);
}

static const char *kind_name(enum table_kind kind)
{
    static const char *const names[] = {
        [TABLE_NUMBER] = "number", [TABLE_DATE] = "date", [TABLE_CLOCK] = "time of day", [TABLE_DATETIME] = "date and time"};

    return names[kind];
}

static enum road_status read_values(struct table *table, const struct csv_field *fields, size_t n, double *ret_values,
                                    char *ret_error)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        const int at = table->field[c];
        ret_values[c] = (double)NAN;
        if (at < 0 || (size_t)at >= n || fields[at].length == 0)
            continue;
        if (!read_value(table, &table->columns[c], fields[at], &ret_values[c])) {
            char text[SHOWN_MAX + 4];
            return table_refuse(table, ret_error, "%.*s: '%s' is not a %s",
                                (int)strcspn(table->columns[c].names, "|"), table->columns[c].names,
                                shown(fields[at], text), kind_name(table->columns[c].kind));
        }
    }
    if (table->n_columns > 1 && table->columns[1].kind == TABLE_DATE)
        ret_values[0] += ret_values[1];
    return check_time(table, ret_values[0], ret_error);
}

enum road_status table_next(struct table *table, double *ret_values, char *ret_error)
{
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t n = 0;
    const enum road_status status = csv_next(table->csv, fields, &n);

    if (status == ROAD_END)
        return status;
    if (status == ROAD_IO)
        return fail(table, ret_error, ROAD_IO, "reading failed: %s", strerror(errno));
    table->rows++;
    if (status)
        return table_refuse(table, ret_error, "the line is longer than %d bytes or has more than %d fields",
                            CSV_LINE_MAX, CSV_FIELDS_MAX);
    return read_values(table, fields, n, ret_values, ret_error);
}
