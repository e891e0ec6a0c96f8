/* Lines, fields and numbers of delimited text; numbers against strtod, which is the C library's own. */
#include "sensor-node/csv.h"
#include "tests/check.h"

static struct csv *open_text(const char *text, size_t length)
{
    struct csv *csv = NULL;
    FILE *file = fmemopen((void *)(uintptr_t)text, length, "rb");

    if (!file || csv_from_file(file, &csv))
        abort();
    return csv;
}

static struct csv_field field_of(const char *text)
{
    return (struct csv_field){text, strlen(text)};
}

static void check_field(struct csv_field got, const char *want)
{
    char text[128];

    snprintf(text, sizeof text, "%.*s", (int)got.length, got.text);
    CHECK_STR(text, want);
}

FACT(bom_crlf_quotes_blanks_and_blank_lines_are_taken_in_stride)
{
    static const char text[] = "\xEF\xBB\xBF\"Time (s)\", b ,c\r\n\r\n  \r\n1,,\"x,y\"\r\n2,3";
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;
    struct csv *csv = open_text(text, sizeof text - 1);

    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_INT(n, 3);
    check_field(f[0], "Time (s)");
    check_field(f[1], "b");
    check_field(f[2], "c");
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_INT(csv_line(csv), 4);
    CHECK_INT(n, 3);
    CHECK_INT(f[1].length, 0);
    check_field(f[2], "x,y");
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    check_field(f[1], "3");
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_END);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_END);
    csv_close(csv);
}

FACT(a_line_too_long_is_skipped_whole_and_the_next_one_is_kept)
{
    enum { LONG = 200000 };
    char *text = malloc(LONG + 32);
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;

    memcpy(text, "a,b\n", 4);
    memset(text + 4, '7', LONG);
    memcpy(text + 4 + LONG, "\n5,6\n", 5);
    struct csv *csv = open_text(text, LONG + 9);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_TOO_LARGE);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_INT(csv_line(csv), 3);
    check_field(f[0], "5");
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_END);
    csv_close(csv);
    free(text);
}

FACT(the_longest_line_allowed_is_kept_and_one_byte_more_is_not)
{
    char text[2 * CSV_LINE_MAX + 8];
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;

    memset(text, '1', sizeof text);
    text[CSV_LINE_MAX] = '\n';
    text[2 * CSV_LINE_MAX + 2] = '\n';
    struct csv *csv = open_text(text, 2 * CSV_LINE_MAX + 3);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_INT(f[0].length, CSV_LINE_MAX);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_TOO_LARGE);
    csv_close(csv);
}

FACT(semicolon_with_decimal_comma_is_read)
{
    static const char text[] = "a;b\n1,5;-2,25E1\n";
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;
    double a = 0, b = 0;
    struct csv *csv = open_text(text, sizeof text - 1);

    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    CHECK_INT(n, 2);
    CHECK(csv_number(csv, f[0], &a) && csv_number(csv, f[1], &b));
    CHECK_NEAR(a, 1.5, 0);
    CHECK_NEAR(b, -22.5, 0);
    csv_close(csv);
}

FACT(numbers_equal_strtod_bit_for_bit)
{
    static const char *const forms[] = {"%.17g", "%.9E", "%.3f", "%.6f", "%g", "%.25f", "%+.12e"};
    struct csv *csv = open_text("a,b\n", 4);
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;
    uint64_t state = 88172645463325252u;
    int differing = 0, refused = 0;

    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    for (int i = 0; i < 200000; i++) {
        char text[400];
        double got = 0;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        const double scale = pow(10, (double)(state % 24) - 12);
        snprintf(text, sizeof text, forms[i % 7], ((double)(int64_t)state / 9e18) * scale);
        if (!csv_number(csv, field_of(text), &got))
            refused++;
        differing += got != strtod(text, NULL);
    }
    CHECK_INT(differing, 0);
    CHECK_INT(refused, 0);
    csv_close(csv);
}

FACT(what_is_not_a_finite_decimal_number_is_refused)
{
    static const char *const bad[] = {"nan", "NaN", "inf", "-inf", "0x10", "1e999", "1e", "1e+", ".", "-", "+", "e5",
                                      "1.2.3", "1 2", "12abc", "0/0/0", "--1", "1,5"};
    static const char *const good[] = {"0", "-0", "1.", ".5", "+1e-5", "00012", "1E5", "1e-999"};
    struct csv *csv = open_text("a,b\n", 4);
    struct csv_field f[CSV_FIELDS_MAX];
    size_t n = 0;
    double value = 0;

    CHECK_STATUS(csv_next(csv, f, &n), ROAD_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (csv_number(csv, field_of(bad[i]), &value))
            CHECK_FAILED("'%s' was taken for a number", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!csv_number(csv, field_of(good[i]), &value) || value != strtod(good[i], NULL))
            CHECK_FAILED("'%s' was not read as strtod reads it", good[i]);
    csv_close(csv);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
