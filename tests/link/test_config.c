#include "link/config.h"
#include "tests/check.h"

#include <unistd.h>

struct sample {
    char name[16], note[32], place[24];
    int64_t bytes, items;
    double metres;
    bool is_live;
    int level;
    double floors[3];
};

static const struct config_key keys[] = {
    {"name", CONFIG_STRING, offsetof(struct sample, name), 16, 0, 0, NULL, "", NULL, "who this is"},
    {"note", CONFIG_STRING, offsetof(struct sample, note), 32, 0, 0, "", "", NULL, "anything"},
    {"place", CONFIG_STRING, offsetof(struct sample, place), 24, 0, 0, "here # there", "", NULL, "where"},
    {"bytes", CONFIG_INT, offsetof(struct sample, bytes), 0, 1024, 1e12, "16 MiB", "bytes", NULL, "room"},
    {"items", CONFIG_INT, offsetof(struct sample, items), 0, -5, 100, "7", "", NULL, "how many"},
    {"metres", CONFIG_DOUBLE, offsetof(struct sample, metres), 0, 0.5, 2000, "200 m", "m", NULL, "how far"},
    {"live", CONFIG_BOOL, offsetof(struct sample, is_live), 0, 0, 0, "no", "", NULL, "whether"},
    {"level", CONFIG_CHOICE, offsetof(struct sample, level), 0, 0, 0, "info", "", "error|warn|info|debug",
     "how much"},
    {"floors", CONFIG_NUMBERS, offsetof(struct sample, floors), sizeof(double[3]), 0, 100, "90 75.5 1e1", "", NULL, "grades"},
};
#define N_KEYS (sizeof keys / sizeof *keys)

/* Loads a text as a file and gives the status; the error text is kept for the fact. */
static char error[CONFIG_ERROR_SIZE];
static char path[64];
static enum road_status load_bytes(const char *text, size_t length, struct sample *ret_sample)
{
    strcpy(path, "/tmp/road-config-XXXXXX");
    const int fd = mkstemp(path);
    const bool is_written = write(fd, text, length) == (ssize_t)length;

    close(fd);
    CHECK(is_written);
    *error = '\0';
    const enum road_status status = config_load(keys, N_KEYS, ret_sample, path, error);
    unlink(path);
    return status;
}

static enum road_status load(const char *text, struct sample *ret_sample)
{
    return load_bytes(text, strlen(text), ret_sample);
}

FACT(a_file_sets_what_it_names_and_leaves_the_rest_at_its_default)
{
    struct sample sample;

    CHECK_STATUS(load("# a comment\n\n  name =  gw-1 \nmetres = 12.5 m\nlive = true\nlevel=debug\n", &sample),
                 ROAD_OK);
    CHECK_STR(sample.name, "gw-1");
    CHECK_STR(sample.note, "");
    CHECK_STR(sample.place, "here # there"); /* values run to the end of the line */
    CHECK_INT(sample.bytes, 16 * 1024 * 1024);
    CHECK_INT(sample.items, 7);
    CHECK_NEAR(sample.metres, 12.5, 0);
    CHECK(sample.is_live);
    CHECK_INT(sample.level, 3);
}

FACT(crlf_a_bom_tabs_and_a_missing_last_line_end_are_fine)
{
    struct sample sample;

    CHECK_STATUS(load("\xEF\xBB\xBFname\t=\tgw-2\r\nnote = a b\r\n\r\nitems = -3", &sample), ROAD_OK);
    CHECK_STR(sample.name, "gw-2");
    CHECK_STR(sample.note, "a b");
    CHECK_INT(sample.items, -3);
}

FACT(each_mistake_is_refused_with_its_line_and_in_words)
{
    static const struct {
        const char *text, *error; /* behind the path */
    } mistakes[] = {
        {"name = a\ncolour = red\n", ":2: there is no key 'colour'; --help lists them"},
        {"name = a\nname = b\n", ":2: name is given twice"},
        {"name = a\nmetres = 3 km\n", ":2: metres: 'km' is not its unit; it is given in m"},
        {"name = a\nmetres = 3m\n", ":2: metres: '3m' is not a number"},
        {"name = a\nitems = 3 m\n", ":2: items: 'm' is not its unit; it is given in plain numbers"},
        {"name = a\nmetres = 2000.5\n", ":2: metres: 2000.5 is out of range, 0.5 to 2000 m is allowed"},
        {"name = a\nmetres = nan\n", ":2: metres: 'nan' is not a number"},
        {"name = a\nmetres = inf\n", ":2: metres: 'inf' is not a number"},
        {"name = a\nmetres = 0x10\n", ":2: metres: '0x10' is not a number"},
        {"name = a\nmetres = 1e999\n", ":2: metres: 1e999 is out of range, 0.5 to 2000 m is allowed"},
        {"name = a\nmetres = 1.2.3\n", ":2: metres: '1.2.3' is not a number"},
        {"name = a\nitems = 1.5\n", ":2: items: '1.5' is not a whole number"},
        {"name = a\nitems = 101\n", ":2: items: 101 is out of range, -5 to 100 is allowed"},
        {"name = a\nitems = 99999999999999999999\n",
         ":2: items: 99999999999999999999 is out of range, -5 to 100 is allowed"},
        {"name = a\nbytes = 1 KB\n", ":2: bytes: 'KB' is not its unit; it is given in bytes"},
        {"name = a\nbytes = 1023 GiB\n",
         ":2: bytes: 1023 is out of range, 1024 to 1000000000000 bytes is allowed"},
        {"name = a\nlive = maybe\n", ":2: live: 'maybe' is not yes or no"},
        {"name = a\nlevel = loud\n", ":2: level: 'loud' is none of error|warn|info|debug"},
        {"name = a\nlevel = err\n", ":2: level: 'err' is none of error|warn|info|debug"},
        {"name = a\nitems =\n", ":2: items needs a value"},
        {"name =\n", ":1: name needs a value"},
        {"name = 0123456789abcdef\n", ":1: name: the value is longer than 15 bytes"},
        {"name = a\nwhat is this\n", ":2: this is not 'key = value': 'what is this'"},
        {"name = a\nnote = a\x01z\n", ":2: the line holds control characters"},
        {"note = x\n", ": name must be given: who this is"},
        {"", ": name must be given: who this is"},
    };

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct sample sample;
        char want[CONFIG_ERROR_SIZE];

        CHECK_STATUS(load(mistakes[i].text, &sample), ROAD_BAD_INPUT);
        snprintf(want, sizeof want, "%s%s", path, mistakes[i].error);
        CHECK_STR(error, want);
    }
}

FACT(a_list_takes_as_many_numbers_as_it_has_each_in_range)
{
    struct sample sample;

    CHECK_STATUS(load("name = n\n", &sample), ROAD_OK);
    CHECK_NEAR(sample.floors[0], 90, 0);
    CHECK_NEAR(sample.floors[1], 75.5, 0);
    CHECK_NEAR(sample.floors[2], 10, 0);
    CHECK_STATUS(load("name = n\nfloors =  1\t2  3.5 \n", &sample), ROAD_OK);
    CHECK_NEAR(sample.floors[1], 2, 0);
    CHECK_NEAR(sample.floors[2], 3.5, 0);
    CHECK_STATUS(load("name = n\nfloors = 1 2\n", &sample), ROAD_BAD_INPUT);
    CHECK(strstr(error, ":2: floors: 3 numbers are needed") != NULL);
    CHECK_STATUS(load("name = n\nfloors = 1 2 3 4\n", &sample), ROAD_BAD_INPUT);
    CHECK(strstr(error, "more than 3 numbers") != NULL);
    CHECK_STATUS(load("name = n\nfloors = 1 101 3\n", &sample), ROAD_BAD_INPUT);
    CHECK(strstr(error, "101 is out of range") != NULL);
    CHECK_STATUS(load("name = n\nfloors = 1, 2, 3\n", &sample), ROAD_BAD_INPUT);
}

FACT(nul_bytes_long_lines_and_large_files_are_refused)
{
    struct sample sample;
    const size_t large = (1 << 20) + 1;
    char *text = malloc(large);

    CHECK_STATUS(load_bytes("name = a\0b\n", 11, &sample), ROAD_BAD_INPUT);
    memset(text, ' ', large);
    memcpy(text, "name=a\n", 7);
    CHECK_STATUS(load_bytes(text, 4200, &sample), ROAD_BAD_INPUT);
    CHECK(strstr(error, ":2: the line is longer than 4096 bytes") != NULL);
    memset(text + 7, '\n', large - 7);
    CHECK_STATUS(load_bytes(text, large - 1, &sample), ROAD_OK);
    CHECK_STATUS(load_bytes(text, large, &sample), ROAD_TOO_LARGE);
    free(text);
}

FACT(a_file_that_is_not_there_or_is_a_folder_is_refused)
{
    struct sample sample;

    CHECK_STATUS(config_load(keys, N_KEYS, &sample, "/nonexistent/gw.conf", error), ROAD_NOT_FOUND);
    CHECK_STR(error, "/nonexistent/gw.conf: No such file or directory");
    CHECK_STATUS(config_load(keys, N_KEYS, &sample, "/tmp", error), ROAD_IO);
}

FACT(what_is_printed_is_read_back_as_the_same)
{
    static const double metres[] = {0.5, 0.1 + 0.7, 1.0 / 3 + 1, 2000, 123.456789012345678};

    for (size_t i = 0; i < sizeof metres / sizeof *metres; i++) {
        struct sample sample, again;
        char *text = NULL;
        size_t length = 0;

        CHECK_STATUS(
            load("name = gw-1\nnote = a = b # c\nbytes = 3 GiB\nlevel = warn\nlive = yes\nitems=-5", &sample),
            ROAD_OK);
        sample.metres = metres[i];
        FILE *out = open_memstream(&text, &length);
        config_print(keys, N_KEYS, &sample, out);
        fclose(out);
        CHECK_STATUS(load_bytes(text, length, &again), ROAD_OK);
        CHECK_STR(again.name, sample.name);
        CHECK_STR(again.note, "a = b # c");
        CHECK_STR(again.place, sample.place);
        CHECK_INT(again.bytes, (int64_t)3 << 30);
        CHECK_INT(again.items, -5);
        CHECK(again.metres == metres[i]);
        CHECK(again.is_live);
        CHECK_INT(again.level, 1);
        CHECK(strstr(text, "# how far (0.5 to 2000 m)\nmetres = ") != NULL);
        free(text);
    }
}

FACT(help_names_each_key_with_range_and_default)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    config_help(keys, N_KEYS, out);
    fclose(out);
    for (size_t i = 0; i < N_KEYS; i++)
        CHECK(strstr(text, keys[i].name) && strstr(text, keys[i].help));
    CHECK(strstr(text, "must be given") != NULL);
    CHECK(strstr(text, "default 16 MiB") != NULL);
    free(text);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
