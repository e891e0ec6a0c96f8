#include "link/config.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define FILE_MAX_BYTES (1 << 20)
#define KEYS_MAX       64 /* bits of the mask of keys seen */

/* A slice of a line. */
struct text {
    const char *at;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static enum road_status refuse(char *ret_error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(ret_error, CONFIG_ERROR_SIZE, format, args);
    va_end(args);
    return ROAD_BAD_INPUT;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trim(struct text text)
{
    while (text.length > 0 && is_blank(text.at[0]))
        text = (struct text){text.at + 1, text.length - 1};
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    return text;
}

static bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

/* ---- values ---- */

/* Bytes may be said in binary multiples; any other unit is 1. 0 = not this key's unit. */
static int64_t unit_factor(const struct config_key *key, struct text unit)
{
    if (unit.length == 0 || (key->unit && *key->unit && text_is(unit, key->unit)))
        return 1;
    if (key->unit && strcmp(key->unit, "bytes") == 0)
        return text_is(unit, "KiB")   ? 1024
               : text_is(unit, "MiB") ? 1048576
               : text_is(unit, "GiB") ? 1073741824
                                      : 0;
    return 0;
}

/* Splits "200 m" at its blank; what lies before must look like a plain decimal number. */
static bool split_number(struct text value, struct text *ret_number, struct text *ret_unit)
{
    size_t n = 0;

    while (n < value.length && !is_blank(value.at[n]))
        n++;
    *ret_number = (struct text){value.at, n};
    *ret_unit = trim((struct text){value.at + n, value.length - n});
    for (size_t i = 0; i < n; i++)
        if (!strchr("+-.0123456789eE", value.at[i]))
            return false;
    return n > 0 && n < 64;
}

static enum road_status put_number(const struct config_key *key, void *member, struct text value,
                                   char *ret_error)
{
    struct text number, unit;
    char digits[64], *end;

    if (!split_number(value, &number, &unit))
        return refuse(ret_error, "%s: '%.*s' is not a number", key->name, (int)value.length, value.at);
    const int64_t factor = unit_factor(key, unit);
    if (factor == 0)
        return refuse(ret_error, "%s: '%.*s' is not its unit; it is given in %s", key->name, (int)unit.length,
                      unit.at, key->unit && *key->unit ? key->unit : "plain numbers");
    memcpy(digits, number.at, number.length);
    digits[number.length] = '\0';
    errno = 0;
    const int64_t whole = key->type == CONFIG_INT ? strtoll(digits, &end, 10) : 0;
    const double real = key->type == CONFIG_INT ? (double)whole * (double)factor : strtod(digits, &end);
    if (*end != '\0')
        return refuse(ret_error, "%s: '%s' is not a %s", key->name, digits,
                      key->type == CONFIG_INT ? "whole number" : "number");
    if (errno == ERANGE || !isfinite(real) || !(real >= key->min && real <= key->max))
        return refuse(ret_error, "%s: %s is out of range, %.15g to %.15g%s%s is allowed", key->name, digits,
                      key->min, key->max, key->unit && *key->unit ? " " : "", key->unit ? key->unit : "");
    if (key->type == CONFIG_INT)
        *(int64_t *)member = whole * factor; /* within min..max, and those within an int64 */
    else
        *(double *)member = real;
    return ROAD_OK;
}

static enum road_status put_numbers(const struct config_key *key, double *members, struct text value, char *ret_error)
{
    const struct config_key one = {.name = key->name, .type = CONFIG_DOUBLE, .min = key->min, .max = key->max};
    const size_t wanted = key->size / sizeof *members;
    size_t n = 0;

    while (value.length > 0) {
        size_t length = 0;
        while (length < value.length && !is_blank(value.at[length]))
            length++;
        if (n == wanted)
            return refuse(ret_error, "%s: more than %zu numbers", key->name, wanted);
        const enum road_status status = put_number(&one, &members[n++], (struct text){value.at, length}, ret_error);
        if (status != ROAD_OK)
            return status;
        value = trim((struct text){value.at + length, value.length - length});
    }
    return n == wanted ? ROAD_OK : refuse(ret_error, "%s: %zu numbers are needed, blanks between", key->name, wanted);
}

static enum road_status put_bool(const struct config_key *key, void *member, struct text value,
                                 char *ret_error)
{
    const bool is_yes = text_is(value, "yes") || text_is(value, "true");

    if (!is_yes && !text_is(value, "no") && !text_is(value, "false"))
        return refuse(ret_error, "%s: '%.*s' is not yes or no", key->name, (int)value.length, value.at);
    *(bool *)member = is_yes;
    return ROAD_OK;
}

/* The n-th of "a|b|c"; length 0 beyond the last. */
static struct text choice_at(const char *choices, int n)
{
    while (n-- > 0) {
        choices = strchr(choices, '|');
        if (!choices)
            return (struct text){"", 0};
        choices++;
    }
    return (struct text){choices, strcspn(choices, "|")};
}

static enum road_status put_choice(const struct config_key *key, void *member, struct text value,
                                   char *ret_error)
{
    for (int n = 0;; n++) {
        const struct text choice = choice_at(key->choices, n);

        if (choice.length == 0)
            return refuse(ret_error, "%s: '%.*s' is none of %s", key->name, (int)value.length, value.at,
                          key->choices);
        if (choice.length == value.length && memcmp(choice.at, value.at, value.length) == 0) {
            *(int *)member = n;
            return ROAD_OK;
        }
    }
}

static enum road_status put_string(const struct config_key *key, void *member, struct text value,
                                   char *ret_error)
{
    if (value.length >= key->size)
        return refuse(ret_error, "%s: the value is longer than %zu bytes", key->name, key->size - 1);
    memset(member, 0, key->size);
    memcpy(member, value.at, value.length);
    return ROAD_OK;
}

static enum road_status put_value(const struct config_key *key, void *config, struct text value,
                                  char *ret_error)
{
    void *member = (char *)config + key->offset;

    switch (key->type) {
    case CONFIG_STRING:
        return put_string(key, member, value, ret_error);
    case CONFIG_INT:
    case CONFIG_DOUBLE:
        return put_number(key, member, value, ret_error);
    case CONFIG_BOOL:
        return put_bool(key, member, value, ret_error);
    case CONFIG_CHOICE:
        return put_choice(key, member, value, ret_error);
    case CONFIG_NUMBERS:
        return put_numbers(key, member, value, ret_error);
    }
    return ROAD_BAD_INPUT;
}

/* ---- lines and files ---- */

enum road_status config_defaults(const struct config_key *keys, size_t n, void *config)
{
    char error[CONFIG_ERROR_SIZE];

    assert(n <= KEYS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *text = keys[i].default_text;

        if (!text) {
            if (keys[i].type == CONFIG_STRING)
                memset((char *)config + keys[i].offset, 0, keys[i].size);
            continue;
        }
        if (put_value(&keys[i], config, (struct text){text, strlen(text)}, error) != ROAD_OK)
            return ROAD_BAD_INPUT;
    }
    return ROAD_OK;
}

/* Control characters and NULs would end up in topics, paths and log lines. */
static bool is_clean(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 0x7f)
            return false;
    return true;
}

enum road_status config_line(const struct config_key *keys, size_t n, void *config, uint64_t *seen_mask,
                             const char *line, size_t length, char *ret_error)
{
    const struct text text = trim((struct text){line, length});
    size_t i = 0;

    assert(n <= KEYS_MAX);
    if (length > LINE_MAX_BYTES)
        return refuse(ret_error, "the line is longer than %d bytes", LINE_MAX_BYTES);
    if (text.length == 0 || text.at[0] == '#')
        return ROAD_OK;
    if (!is_clean(text))
        return refuse(ret_error, "the line holds control characters");
    const char *equals = memchr(text.at, '=', text.length);
    if (!equals)
        return refuse(ret_error, "this is not 'key = value': '%.*s'",
                      (int)(text.length < 80 ? text.length : 80), text.at);
    const struct text name = trim((struct text){text.at, (size_t)(equals - text.at)});
    const struct text value = trim((struct text){equals + 1, (size_t)(text.at + text.length - equals - 1)});
    while (i < n && !text_is(name, keys[i].name))
        i++;
    if (i == n)
        return refuse(ret_error, "there is no key '%.*s'; --help lists them",
                      (int)(name.length < 80 ? name.length : 80), name.at);
    if (*seen_mask >> i & 1)
        return refuse(ret_error, "%s is given twice", keys[i].name);
    if (value.length == 0 && (keys[i].type != CONFIG_STRING || !keys[i].default_text))
        return refuse(ret_error, "%s needs a value", keys[i].name);
    const enum road_status status = put_value(&keys[i], config, value, ret_error);
    if (status == ROAD_OK)
        *seen_mask |= (uint64_t)1 << i;
    return status;
}

static enum road_status config_text(const struct config_key *keys, size_t n, void *config, const char *path,
                                    struct text text, char *ret_error)
{
    char error[CONFIG_ERROR_SIZE] = "";
    uint64_t seen = 0;

    if (text.length >= 3 && memcmp(text.at, "\xEF\xBB\xBF", 3) == 0)
        text = (struct text){text.at + 3, text.length - 3};
    for (unsigned number = 1; text.length > 0; number++) {
        const char *end = memchr(text.at, '\n', text.length);
        const size_t length = end ? (size_t)(end - text.at) : text.length;

        if (config_line(keys, n, config, &seen, text.at, length, error) != ROAD_OK)
            return refuse(ret_error, "%.200s:%u: %.290s", path, number, error);
        const size_t used = end ? length + 1 : length;
        text = (struct text){text.at + used, text.length - used};
    }
    for (size_t i = 0; i < n; i++)
        if (!keys[i].default_text && !(seen >> i & 1))
            return refuse(ret_error, "%.200s: %s must be given: %.200s", path, keys[i].name, keys[i].help);
    return ROAD_OK;
}

enum road_status config_load(const struct config_key *keys, size_t n, void *config, const char *path,
                             char *ret_error)
{
    FILE *file = fopen(path, "re");
    char *bytes = file ? malloc(FILE_MAX_BYTES + 1) : NULL;
    enum road_status status;

    if (!file) {
        refuse(ret_error, "%.200s: %s", path, strerror(errno));
        return errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
    }
    if (!bytes) {
        fclose(file);
        return ROAD_NO_MEMORY;
    }
    const size_t length = fread(bytes, 1, FILE_MAX_BYTES + 1, file);
    if (ferror(file)) {
        refuse(ret_error, "%.200s: %s", path, strerror(errno));
        status = ROAD_IO;
    } else if (length > FILE_MAX_BYTES) {
        refuse(ret_error, "%.200s: the file is larger than %d bytes", path, FILE_MAX_BYTES);
        status = ROAD_TOO_LARGE;
    } else {
        status = config_defaults(keys, n, config);
        if (status == ROAD_OK)
            status = config_text(keys, n, config, path, (struct text){bytes, length}, ret_error);
        else
            refuse(ret_error, "%.200s: a default of the program is bad", path);
    }
    free(bytes);
    fclose(file);
    return status;
}

/* ---- printing ---- */

/* The shortest decimal that reads back as the same double; without an exponent where a person writes none. */
static void print_double(double value, FILE *out)
{
    const bool is_plain = fabs(value) >= 1e-4 && fabs(value) < 1e9;
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value && !(is_plain && strchr(text, 'e')))
            break;
    }
    fputs(text, out);
}

static void print_value(const struct config_key *key, const void *config, FILE *out)
{
    const void *member = (const char *)config + key->offset;

    switch (key->type) {
    case CONFIG_STRING:
        fputs(member, out);
        break;
    case CONFIG_INT:
        fprintf(out, "%lld", (long long)*(const int64_t *)member);
        break;
    case CONFIG_DOUBLE:
        print_double(*(const double *)member, out);
        break;
    case CONFIG_BOOL:
        fputs(*(const bool *)member ? "yes" : "no", out);
        break;
    case CONFIG_CHOICE: {
        const struct text choice = choice_at(key->choices, *(const int *)member);

        fprintf(out, "%.*s", (int)choice.length, choice.at);
        break;
    }
    case CONFIG_NUMBERS:
        for (size_t i = 0; i < key->size / sizeof(double); i++) {
            fputs(i ? " " : "", out);
            print_double(((const double *)member)[i], out);
        }
        break;
    }
    if ((key->type == CONFIG_INT || key->type == CONFIG_DOUBLE) && key->unit && *key->unit)
        fprintf(out, " %s", key->unit);
}

static void print_range(const struct config_key *key, FILE *out)
{
    if (key->type == CONFIG_INT || key->type == CONFIG_DOUBLE)
        fprintf(out, "%.15g to %.15g%s%s", key->min, key->max, key->unit && *key->unit ? " " : "",
                key->unit ? key->unit : "");
    else if (key->type == CONFIG_NUMBERS)
        fprintf(out, "%zu numbers, %.15g to %.15g", key->size / sizeof(double), key->min, key->max);
    else if (key->type == CONFIG_BOOL)
        fputs("yes or no", out);
    else if (key->type == CONFIG_CHOICE)
        fputs(key->choices, out);
    else
        fprintf(out, "text, at most %zu bytes", key->size - 1);
}

void config_print(const struct config_key *keys, size_t n, const void *config, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "# %s (", keys[i].help);
        print_range(&keys[i], out);
        fprintf(out, ")\n%s = ", keys[i].name);
        print_value(&keys[i], config, out);
        fputc('\n', out);
    }
}

void config_help(const struct config_key *keys, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "  %-20s %s (", keys[i].name, keys[i].help);
        print_range(&keys[i], out);
        if (keys[i].default_text)
            fprintf(out, "; default %s)\n", *keys[i].default_text ? keys[i].default_text : "empty");
        else
            fputs("; must be given)\n", out);
    }
}
