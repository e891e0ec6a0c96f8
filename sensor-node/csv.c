#include "sensor-node/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 65536
#define NUMBER_MAX 64 /* bytes; the longest exact double in common exports has 24 */

struct csv {
    FILE *file;
    uint64_t line;
    char separator; /* 0 until the first line was seen */
    bool is_eof;
    size_t begin, end; /* unread bytes of the buffer */
    char buffer[BUFFER_SIZE];
};

enum road_status csv_from_file(FILE *file, struct csv **ret_csv)
{
    struct csv *csv = calloc(1, sizeof *csv);

    if (!csv) {
        fclose(file);
        return ROAD_NO_MEMORY;
    }
    setvbuf(file, NULL, _IONBF, 0); /* our buffer is the buffer */
    csv->file = file;
    *ret_csv = csv;
    return ROAD_OK;
}

enum road_status csv_open(const char *path, struct csv **ret_csv)
{
    FILE *file = fopen(path, "rbe");

    return file ? csv_from_file(file, ret_csv) : ROAD_IO;
}

void csv_close(struct csv *csv)
{
    if (!csv)
        return;
    fclose(csv->file);
    free(csv);
}

uint64_t csv_line(const struct csv *csv)
{
    return csv->line;
}

static enum road_status refill(struct csv *csv)
{
    memmove(csv->buffer, csv->buffer + csv->begin, csv->end - csv->begin);
    csv->end -= csv->begin;
    csv->begin = 0;
    errno = 0;
    const size_t got = fread(csv->buffer + csv->end, 1, BUFFER_SIZE - csv->end, csv->file);
    csv->end += got;
    csv->is_eof = got == 0;
    return got == 0 && ferror(csv->file) ? ROAD_IO : ROAD_OK;
}

/* The next line without its line break; a line that the buffer cannot hold comes in pieces, is_whole = false. */
static enum road_status next_piece(struct csv *csv, struct csv_field *ret_piece, bool *ret_is_whole)
{
    for (;;) {
        char *start = csv->buffer + csv->begin;
        const size_t held = csv->end - csv->begin;
        const char *feed = held > 0 ? memchr(start, '\n', held) : NULL;
        const size_t length = feed ? (size_t)(feed - start) : held;
        if (feed || held > CSV_LINE_MAX || (csv->is_eof && held > 0)) {
            csv->begin += feed ? length + 1 : length;
            *ret_piece = (struct csv_field){start, length};
            *ret_is_whole = feed || csv->is_eof;
            return ROAD_OK;
        }
        if (csv->is_eof)
            return ROAD_END;
        const enum road_status status = refill(csv);
        if (status)
            return status;
    }
}

static enum road_status next_line(struct csv *csv, struct csv_field *ret_line)
{
    struct csv_field piece;
    bool is_whole, is_cut = false;

    for (;;) {
        enum road_status status = next_piece(csv, &piece, &is_whole);
        if (status == ROAD_END && is_cut)
            return ROAD_TOO_LARGE;
        if (status)
            return status;
        if (!is_cut)
            csv->line++;
        if (!is_whole) {
            is_cut = true;
            continue;
        }
        if (is_cut || piece.length > CSV_LINE_MAX)
            return ROAD_TOO_LARGE;
        *ret_line = piece;
        return ROAD_OK;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
}

static struct csv_field trimmed(const char *from, const char *to)
{
    while (from < to && is_space(*from))
        from++;
    while (from < to && is_space(to[-1]))
        to--;
    return (struct csv_field){from, (size_t)(to - from)};
}

/* The candidate that stands most often outside quotes. */
static char find_separator(struct csv_field line)
{
    size_t commas = 0, semicolons = 0, tabs = 0;
    bool is_quoted = false;

    for (size_t i = 0; i < line.length; i++) {
        is_quoted ^= line.text[i] == '"';
        commas += !is_quoted && line.text[i] == ',';
        semicolons += !is_quoted && line.text[i] == ';';
        tabs += !is_quoted && line.text[i] == '\t';
    }
    if (semicolons > commas && semicolons >= tabs)
        return ';';
    return tabs > commas ? '\t' : ',';
}

static enum road_status split(struct csv_field line, char separator, struct csv_field *ret_fields, size_t *ret_count)
{
    const char *at = line.text, *const end = line.text + line.length;
    size_t n = 0;

    for (;; at++) {
        const char *from = at, *to;
        if (n == CSV_FIELDS_MAX)
            return ROAD_TOO_LARGE;
        if (at < end && *at == '"') {
            from = ++at;
            while (at < end && *at != '"')
                at++;
            to = at;
            while (at < end && *at != separator)
                at++;
        } else {
            while (at < end && *at != separator)
                at++;
            to = at;
        }
        ret_fields[n++] = trimmed(from, to);
        if (at >= end)
            break;
    }
    *ret_count = n;
    return ROAD_OK;
}

enum road_status csv_next(struct csv *csv, struct csv_field *ret_fields, size_t *ret_count)
{
    struct csv_field line;
    enum road_status status;

    do {
        status = next_line(csv, &line);
        if (status)
            return status;
        if (csv->line == 1 && line.length >= 3 && memcmp(line.text, "\xEF\xBB\xBF", 3) == 0)
            line = (struct csv_field){line.text + 3, line.length - 3};
    } while (trimmed(line.text, line.text + line.length).length == 0);
    if (!csv->separator)
        csv->separator = find_separator(line);
    return split(line, csv->separator, ret_fields, ret_count);
}

/* What a decimal number is made of: value = digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool is_negative, is_exact; /* is_exact: no digit was left out */
};

static const char *read_digits(const char *at, const char *end, struct decimal *d, int step)
{
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (d->digits > (UINT64_MAX - 9) / 10) {
            d->is_exact = false;
            continue;
        }
        d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        d->exponent -= step;
    }
    return at;
}

static const char *read_exponent(const char *at, const char *end, struct decimal *d)
{
    int value = 0, sign = 1;

    if (at < end && (*at == '+' || *at == '-'))
        sign = *at++ == '-' ? -1 : 1;
    if (at >= end)
        return NULL;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        value = value < 10000 ? value * 10 + (*at - '0') : value;
    d->exponent += sign * value;
    return at;
}

static bool read_decimal(struct csv_field field, char point, struct decimal *ret)
{
    const char *at = field.text, *const end = at + field.length;
    struct decimal d = {.is_exact = true};

    if (at < end && (*at == '+' || *at == '-'))
        d.is_negative = *at++ == '-';
    const char *whole = at;
    at = read_digits(at, end, &d, 0);
    ptrdiff_t count = at - whole;
    if (at < end && (*at == '.' || *at == point)) {
        const char *fraction = ++at;
        at = read_digits(at, end, &d, 1);
        count += at - fraction;
    }
    if (count == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at + 1, end, &d);
    *ret = d;
    return at == end;
}

/* Digits below 2^53 and powers of ten to 10^22 are exact doubles, so one operation rounds once and equals strtod
 * (Clinger 1990, "How to read floating point numbers accurately", fast path). The rest goes to strtod itself. */
bool csv_number(const struct csv *csv, struct csv_field field, double *ret_value)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char point = csv->separator == ',' ? '.' : ',';
    struct decimal d;

    if (field.length >= NUMBER_MAX || !read_decimal(field, point, &d))
        return false;
    if (d.is_exact && d.digits <= (UINT64_C(1) << 53) && d.exponent >= -22 && d.exponent <= 22) {
        double value = (double)d.digits;
        value = d.exponent < 0 ? value / power[-d.exponent] : value * power[d.exponent];
        *ret_value = d.is_negative ? -value : value;
        return true;
    }
    char text[NUMBER_MAX];
    memcpy(text, field.text, field.length);
    text[field.length] = '\0';
    char *comma = memchr(text, ',', field.length);
    if (comma)
        *comma = '.';
    const double value = strtod(text, NULL);
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}
