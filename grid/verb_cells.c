/* verb_cells.c - `roadchief cells`: positions in, cells out, as CSV; rows are converted in batches. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "grid/verb_cell.h"

#define BATCH           4096
#define LINE_MAX_BYTES  65536
#define FIELDS_MAX      256
#define FIELD_TEXT_SIZE 40 /* a coordinate is kept as it was written; a longer one is a bad row */
#define REPORTS_MAX     100

static const char help[] =
    "usage: roadchief cells [--meridian DEG] < points.csv > cells.csv\n"
    "\n"
    "Writes the metre cell of each position: lat_deg,lon_deg,id,human. A header names the columns\n"
    "(lat_deg or lat or latitude; lon_deg or lon or lng or longitude; others are skipped); without one the\n"
    "first two columns are latitude and longitude. Fields are parted by comma, semicolon or tab.\n"
    "\n"
    "  --meridian DEG  the central meridian of the frame, a multiple of 3, for all points\n"
    "                  (default: the one nearest the first point)\n"
    "\n"
    "A row without a cell is left out and reported with its line number on stderr (the first 100 in\n"
    "words, all in the count); then the exit status is 1.\n";

struct row {
    char lat[FIELD_TEXT_SIZE], lon[FIELD_TEXT_SIZE];
    uint64_t line;
};

struct reader {
    bool has_zone, has_meridian, has_columns;
    struct grid_zone zone;
    char separator;
    size_t lat_column, lon_column;
    uint64_t line, refused;
    size_t n; /* rows in the batch */
    struct row rows[BATCH];
    double lat_deg[BATCH], lon_deg[BATCH];
    struct cell cells[BATCH];
};

static void refuse(struct reader *r, uint64_t line, const char *why)
{
    if (r->refused < REPORTS_MAX)
        fprintf(stderr, "line %" PRIu64 ": %s\n", line, why);
    else if (r->refused == REPORTS_MAX)
        fputs("further bad lines are counted only\n", stderr);
    r->refused++;
}

/* --- rows ----------------------------------------------------------------------------------------------- */

/* Splits in place; quotes around a field and blanks beside it are taken off. */
static size_t split(char *line, char separator, char *fields[FIELDS_MAX])
{
    size_t n = 0;

    for (char *next = line; next && n < FIELDS_MAX;) {
        char *field = next, *end = strchr(field, separator);
        next = end ? end + 1 : NULL;
        end = end ? end : field + strlen(field);
        while (*field == ' ' || *field == '"')
            field++;
        while (end > field && (end[-1] == ' ' || end[-1] == '"' || end[-1] == '\r'))
            end--;
        *end = '\0';
        fields[n++] = field;
    }
    return n;
}

static bool is_one_of(const char *name, const char *const names[4])
{
    for (int i = 0; i < 4; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The first line decides. Returns false if it is a header (and so no row), and reports one that names no
 * position. */
static bool find_columns(struct reader *r, char *fields[], size_t n)
{
    static const char *const lat_names[4] = {"lat_deg", "lat", "latitude", "latitude_deg"};
    static const char *const lon_names[4] = {"lon_deg", "lon", "longitude", "lng"};
    bool has_lat = false, has_lon = false;
    double unused;

    r->has_columns = true;
    r->lat_column = 0;
    r->lon_column = 1;
    for (size_t f = n; f-- > 0;) { /* backwards, so that the first of two wins */
        if (is_one_of(fields[f], lat_names))
            has_lat = true, r->lat_column = f;
        if (is_one_of(fields[f], lon_names))
            has_lon = true, r->lon_column = f;
    }
    if (has_lat && has_lon)
        return false;
    r->lat_column = 0;
    r->lon_column = 1;
    if (n >= 2 && (number_parse(fields[0], &unused) || number_parse(fields[1], &unused)))
        return true;
    refuse(r, r->line, "neither column names (lat_deg, lon_deg) nor numbers; taking the first two columns");
    return false;
}

/* --- batches -------------------------------------------------------------------------------------------- */

/* Writes the decimal digits of n, returns behind them. */
static char *put_number(char *at, uint64_t n)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *put_text(char *at, const char *text)
{
    const size_t length = strlen(text);

    memcpy(at, text, length);
    return at + length;
}

/* printf would take most of the time of the whole verb. */
static void write_row(const struct row *row, struct cell cell)
{
    char line[2 * FIELD_TEXT_SIZE + 20 + CELL_TEXT_SIZE + 4], *at = line;
    const struct grid_point corner = cell_corner(cell);
    const struct grid_zone zone = cell_zone(cell);

    at = put_text(at, row->lat);
    *at++ = ',';
    at = put_text(at, row->lon);
    *at++ = ',';
    at = put_number(at, cell.id);
    *at++ = ',';
    at = put_number(at, (uint64_t)zone.meridian_deg / 3);
    at = put_text(at, zone.is_south ? "S-" : "-");
    at = put_number(at, (uint64_t)corner.e_mm / 1000);
    *at++ = '-';
    at = put_number(at, (uint64_t)corner.n_mm / 1000);
    *at++ = '\n';
    fwrite(line, 1, (size_t)(at - line), stdout);
}

static void flush_batch(struct reader *r)
{
    (void)cells_from_degrees(r->zone, r->lat_deg, r->lon_deg, r->n, r->cells);
    for (size_t k = 0; k < r->n; k++) {
        if (r->cells[k].id)
            write_row(&r->rows[k], r->cells[k]);
        else
            refuse(r, r->rows[k].line, position_problem(r->zone, r->lat_deg[k], r->lon_deg[k]));
    }
    r->n = 0;
}

/* The first position that is one on Earth gives the zone. */
static void choose_zone(struct reader *r, double lat_deg, double lon_deg)
{
    if (r->has_zone || lat_deg < -84 || lat_deg > 84 || lon_deg < -360 || lon_deg > 360)
        return;
    const struct grid_zone nearest = grid_zone_nearest(lat_deg, lon_deg);
    r->zone.is_south = nearest.is_south;
    if (!r->has_meridian)
        r->zone.meridian_deg = nearest.meridian_deg;
    r->has_zone = true;
}

/* A bad line; the rows before it are done first, so that lines are reported in order. */
static void refuse_line(struct reader *r, const char *why)
{
    flush_batch(r);
    refuse(r, r->line, why);
}

static void take_row(struct reader *r, char *fields[], size_t n)
{
    const size_t needed = r->lat_column > r->lon_column ? r->lat_column : r->lon_column;

    if (n <= needed) {
        refuse_line(r, "a column is missing");
        return;
    }
    const char *lat = fields[r->lat_column], *lon = fields[r->lon_column];
    struct row *row = &r->rows[r->n];
    if (!number_parse(lat, &r->lat_deg[r->n]) || strlen(lat) >= FIELD_TEXT_SIZE) {
        refuse_line(r, "the latitude is not a number");
        return;
    }
    if (!number_parse(lon, &r->lon_deg[r->n]) || strlen(lon) >= FIELD_TEXT_SIZE) {
        refuse_line(r, "the longitude is not a number");
        return;
    }
    choose_zone(r, r->lat_deg[r->n], r->lon_deg[r->n]);
    memcpy(row->lat, lat, strlen(lat) + 1);
    memcpy(row->lon, lon, strlen(lon) + 1);
    row->line = r->line;
    if (++r->n == BATCH)
        flush_batch(r);
}

/* One line of stdin without its end, cut at LINE_MAX_BYTES; *ret_length counts what was there. False at the
 * end. */
static bool read_line(char line[LINE_MAX_BYTES + 1], size_t *ret_length)
{
    size_t length = 0;
    int c;

    while ((c = getc_unlocked(stdin)) != EOF && c != '\n') {
        if (length < LINE_MAX_BYTES)
            line[length] = (char)c;
        length++;
    }
    line[length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES] = '\0';
    *ret_length = length;
    return c != EOF || length > 0;
}

static void take_line(struct reader *r, char *line, size_t length)
{
    char *fields[FIELDS_MAX];

    r->line++;
    if (length > LINE_MAX_BYTES) {
        refuse_line(r, "the line is too long");
        return;
    }
    if (r->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        line += 3, length -= 3;
    if (strspn(line, " \r") == length)
        return; /* an empty line is no row */
    if (strlen(line) != length) {
        refuse_line(r, "the line holds a zero byte");
        return;
    }
    if (!r->has_columns)
        r->separator = strchr(line, ',') ? ',' : strchr(line, ';') ? ';' : strchr(line, '\t') ? '\t' : ',';
    const size_t n = split(line, r->separator, fields);
    if (!r->has_columns && !find_columns(r, fields, n))
        return;
    take_row(r, fields, n);
}

static int convert(struct reader *r)
{
    static char line[LINE_MAX_BYTES + 1];
    size_t length;

    puts("lat_deg,lon_deg,id,human");
    while (read_line(line, &length))
        take_line(r, line, length);
    flush_batch(r);
    if (ferror(stdin) || fflush(stdout) != 0) {
        fprintf(stderr, "roadchief cells: %s\n", strerror(errno));
        return 1;
    }
    if (r->refused)
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " lines refused\n", r->refused, r->line);
    return r->refused > 0;
}

int verb_cells(int argc, char **argv)
{
    static struct reader reader; /* 700 kB would be much for a stack */

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--meridian") != 0) {
            fprintf(stderr, "roadchief cells: '%s' is not understood; `roadchief cells --help` tells more\n",
                    argv[i]);
            return 2;
        }
        if (!meridian_parse("cells", i + 1 < argc ? argv[++i] : NULL, &reader.zone.meridian_deg))
            return 2;
        reader.has_meridian = true;
    }
    return convert(&reader);
}
