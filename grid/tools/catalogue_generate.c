/* catalogue_generate.c - turns grid/defects.csv into catalogue_table.h, one initialiser a row.
 *   catalogue_generate defects.csv > catalogue_table.h
 * Runs at build time only. The header row names the columns, so that their order is free and a missing or
 * unknown one stops the build. Fields may be quoted as in RFC 4180, but hold no line breaks. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX     40
#define LINE_MAX_BYTES 4096

enum kind { NUMBER, TEXT, NAME }; /* NAME: an enumerator, by prefix and upper case */

struct column {
    const char *name;   /* in the table */
    const char *member; /* of struct defect_type */
    enum kind kind;
    const char *prefix;
};

static const struct column columns[] = {
    {"id", "id", NUMBER, ""},
    {"code", "code", TEXT, ""},
    {"name_en", "name_en", TEXT, ""},
    {"name_zh", "name_zh", TEXT, ""},
    {"sense", "sense", NAME, "SENSE_"},
    {"unit", "unit", TEXT, ""},
    {"min_low", "min_size[0]", NUMBER, ""},
    {"min_medium", "min_size[1]", NUMBER, ""},
    {"min_high", "min_size[2]", NUMBER, ""},
    {"also_high", "also_high", TEXT, ""},
    {"colour_low", "colour[0]", NAME, "CODE_"},
    {"colour_medium", "colour[1]", NAME, "CODE_"},
    {"colour_high", "colour[2]", NAME, "CODE_"},
    {"response_h_medium", "response_h_medium", NUMBER, ""},
    {"response_h_high", "response_h_high", NUMBER, ""},
    {"tau_h", "tau_h", NUMBER, ""},
    {"dp_row", "dp_row", TEXT, ""},
    {"dp_class", "dp_class", TEXT, ""},
    {"owner", "owner", TEXT, ""},
    {"cjj36", "cjj36", TEXT, ""},
    {"jtg5210", "jtg5210", TEXT, ""},
    {"astm_d6433", "astm_d6433", TEXT, ""},
    {"rdd2022", "rdd2022", TEXT, ""},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static unsigned line_number;

static void stop(const char *why, const char *what)
{
    fprintf(stderr, "catalogue_generate: line %u: %s '%s'\n", line_number, why, what);
    exit(1);
}

/* Splits in place: quotes are removed, a doubled quote becomes one. */
static size_t split(char *line, char *fields[FIELDS_MAX])
{
    size_t n = 0;
    char *in = line, *out = line;
    bool quoted = false;

    line[strcspn(line, "\r\n")] = '\0';
    fields[n++] = out;
    for (; *in; in++) {
        if (quoted && in[0] == '"' && in[1] == '"')
            *out++ = *in++;
        else if (*in == '"')
            quoted = !quoted;
        else if (*in == ',' && !quoted) {
            *out++ = '\0';
            if (n == FIELDS_MAX)
                stop("too many fields near", in);
            fields[n++] = out;
        } else
            *out++ = *in;
    }
    *out = '\0';
    if (quoted)
        stop("a quote stays open in", fields[n - 1]);
    return n;
}

static const struct column *find_column(const char *name)
{
    for (size_t c = 0; c < COLUMNS; c++)
        if (strcmp(columns[c].name, name) == 0)
            return &columns[c];
    stop("unknown column", name);
    return NULL;
}

static void print_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_field(const struct column *column, const char *field)
{
    printf("     .%s = ", column->member);
    if (column->kind == TEXT) {
        print_text(field);
    } else if (column->kind == NUMBER) {
        char *end;
        (void)strtod(field, &end);
        if (end == field || *end)
            stop("not a number", field);
        printf("%s", field);
    } else {
        printf("%s", column->prefix);
        for (const char *p = field; *p; p++) {
            if (*p < 'a' || *p > 'z')
                stop("not a name", field);
            putchar(*p - 'a' + 'A');
        }
    }
    puts(",");
}

static size_t read_header(FILE *in, const struct column *order[FIELDS_MAX])
{
    char line[LINE_MAX_BYTES], *fields[FIELDS_MAX];

    line_number = 1;
    if (!fgets(line, sizeof line, in))
        stop("no header", "");
    const size_t n = split(line, fields);
    for (size_t f = 0; f < n; f++) {
        order[f] = find_column(fields[f]);
        for (size_t g = 0; g < f; g++)
            if (order[g] == order[f])
                stop("column named twice", fields[f]);
    }
    if (n != COLUMNS)
        stop("a column is missing after", fields[n - 1]);
    return n;
}

int main(int argc, char **argv)
{
    const struct column *order[FIELDS_MAX];
    char line[LINE_MAX_BYTES], *fields[FIELDS_MAX];
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

    if (!in) {
        fputs("usage: catalogue_generate defects.csv > catalogue_table.h\n", stderr);
        return 2;
    }
    const size_t n = read_header(in, order);
    puts("/* Made from grid/defects.csv by catalogue_generate; edit the table, not this. */");
    while (fgets(line, sizeof line, in)) {
        line_number++;
        if (split(line, fields) != n)
            stop("the number of fields differs from the header's in", line);
        puts("    {");
        for (size_t f = 0; f < n; f++)
            print_field(order[f], fields[f]);
        puts("    },");
    }
    fclose(in);
    return fflush(stdout) != 0;
}
