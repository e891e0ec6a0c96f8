/* `roadchief detect` as people run it: what stands on standard output parses, what stands on standard error says what was
 * read and watched, for each kind of recording. */
#include <jansson.h>
#include <sys/wait.h>

#include "tests/sensor-node/reading.h"

struct run {
    int exit_status;
    char out[1 << 20], words[8192];
};
static struct run run;

static void read_back(const char *name, char *ret_text, size_t size)
{
    FILE *file = fopen(in_folder(name), "rb");

    ret_text[file ? fread(ret_text, 1, size - 1, file) : 0] = '\0';
    if (file)
        fclose(file);
    unlink(in_folder(name));
}

static void detect(const char *path, const char *options)
{
    char command[1024];

    snprintf(command, sizeof command, "'%s' detect '%s' %s >'%s/out' 2>'%s/words'", ROAD_PROGRAM, path, options, folder, folder);
    const int status = system(command);
    run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_back("out", run.out, sizeof run.out);
    read_back("words", run.words, sizeof run.words);
}

/* Every line is an object; counts those of a kind. */
static size_t lines_of(const char *kind)
{
    char *save = NULL;
    size_t n = 0;

    char *text = strdup(run.out);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_error_t why;
        json_t *object = json_loads(line, 0, &why);
        const char *got = json_string_value(json_object_get(object, "kind"));
        if (!object)
            CHECK_FAILED("no JSON (%s): %.100s", why.text, line);
        n += got && strcmp(got, kind) == 0;
        json_decref(object);
    }
    free(text);
    return n;
}

static void drive_file(void)
{
    FILE *file = fopen(in_folder("drive.csv"), "wb");

    fputs("time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg,speed_mps\n", file);
    for (int i = 0; i < 3000; i++) { /* 30 s at 36 km/h, due north */
        fprintf(file, "%.2f,0.01,0.02,%.3f", i / 100., 9.8 + 0.3 * sin(i * 0.7));
        if (i % 100 == 0)
            fprintf(file, ",%.8f,120.1,10\n", 30.2 + i / 100. * 10 / 111000);
        else
            fputs(",,,\n", file);
    }
    fputs("30.00,x,0,9.8,,,\n", file);
    fclose(file);
}

FACT(a_drive_gives_passes_and_a_summary_and_says_what_was_watched)
{
    drive_file();
    detect(in_folder("drive.csv"), "--start 2026-11-23T07:00:00Z");
    CHECK_INT(run.exit_status, 0);
    CHECK(lines_of("pass") >= 1);
    CHECK_INT(lines_of("summary"), 1);
    CHECK_HOLDS(run.out, "\"format\":\"csv\",\"start\":\"2026-11-23T07:00:00.000Z\"");
    CHECK_HOLDS(run.out, "\"rows_refused\":1");
    CHECK_HOLDS(run.words, "drive.csv:3002: ax_mps2: 'x' is not a number");
    CHECK_HOLDS(run.words, "read: csv, 0 min 30.0 s, 3000 samples at 100.0 Hz, 30 fixes (0 stale left out), 1 of 3001 rows refused");
    CHECK_HOLDS(run.words, "watched: ");
    detect(in_folder("drive.csv"), "--geojson");
    json_t *all = json_loads(run.out, 0, NULL);
    CHECK(json_array_size(json_object_get(all, "features")) >= 1);
    CHECK_STR(json_string_value(json_object_get(json_object_get(all, "summary"), "format")), "csv");
    json_decref(all);
    unlink(in_folder("drive.csv"));
}

FACT(positions_alone_are_a_way_that_nobody_watched)
{
    write_file("way.csv", "latitude;longitude;elevation;time\n30.1;120.1;5;2026-11-23 07:00:00\n30.2;120.1;5;2026-11-23 07:00:01\n");
    detect(in_folder("way.csv"), "");
    CHECK_INT(run.exit_status, 0);
    CHECK_INT(lines_of("positions"), 1);
    CHECK_INT(lines_of("pass"), 0);
    CHECK_HOLDS(run.out, "\"watched\":false");
    CHECK_HOLDS(run.words, "watched: nothing: positions only, no motion was recorded");
    unlink(in_folder("way.csv"));
}

FACT(a_clip_is_told_by_class_and_probabilities_that_sum_to_one)
{
    FILE *file = fopen(in_folder("a \"clip\".csv"), "wb");
    double sum = 0;
    const char *name;
    json_t *value;

    fputs("acc_z\n", file);
    for (int i = 0; i < 80; i++)
        fprintf(file, "%.3f\n", 9.8 + (i > 35 && i < 42 ? (i % 2 ? 6 : -6) : 0.2 * sin(i)));
    fclose(file);
    detect(in_folder("a \"clip\".csv"), "");
    CHECK_INT(run.exit_status, 0);
    CHECK_INT(lines_of("clip"), 1);
    CHECK_INT(lines_of("pass") + lines_of("summary"), 0);
    json_t *clip = json_loads(run.out, 0, NULL);
    json_object_foreach(json_object_get(clip, "probabilities"), name, value)
        sum += json_number_value(value);
    CHECK_NEAR(sum, 1, 1e-3);
    json_decref(clip);
    CHECK_HOLDS(run.words, "a clip has neither time nor place");
    unlink(in_folder("a \"clip\".csv"));
}

FACT(what_is_no_recording_ends_with_1_and_its_reason)
{
    write_file("x.zip", "PK\x03\x04");
    detect(in_folder("x.zip"), "");
    CHECK_INT(run.exit_status, 1);
    CHECK_HOLDS(run.words, "x.zip: a zip archive: unpack it first and give the folder");
    CHECK_STR(run.out, "");
    unlink(in_folder("x.zip"));
}

FACT(the_help_shows_an_example_of_every_format)
{
    detect("x", "--help");
    CHECK_INT(run.exit_status, 0);
    CHECK_HOLDS(run.out, "$ roadchief detect phyphox-export/ --start");
    CHECK_HOLDS(run.out, "$ roadchief detect receiver.nmea");
    CHECK_HOLDS(run.out, "$ roadchief detect way.gpx");
}

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/road-detect-XXXXXX");
    if (!mkdtemp(folder))
        return 2;
    const int result = check_main(argc, argv);
    rmdir(folder);
    return result;
}
