/* `roadchief calibrate` as people run it, on a drive whose RMS is known by hand. */
#include <jansson.h>
#include <sys/wait.h>

#include "tests/sensor-node/reading.h"

static char out[4096], words[4096];

static void read_back(const char *name, char *ret_text, size_t size)
{
    FILE *file = fopen(in_folder(name), "rb");

    ret_text[file ? fread(ret_text, 1, size - 1, file) : 0] = '\0';
    if (file)
        fclose(file);
    unlink(in_folder(name));
}

static int calibrate(const char *path, const char *options)
{
    char command[1024];

    snprintf(command, sizeof command, "'%s' calibrate '%s' %s >'%s/out' 2>'%s/words'", ROAD_PROGRAM, path, options, folder, folder);
    const int status = system(command);
    read_back("out", out, sizeof out);
    read_back("words", words, sizeof words);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static double number(const char *key)
{
    json_error_t why;
    json_t *object = json_loads(out, 0, &why), *value = json_object_get(object, key);
    const double number = json_is_number(value) ? json_number_value(value) : NAN;

    json_decref(object);
    return number;
}

/* Due north near 102 degrees east at `speed_mps`; the body swings with 0.4 m/s2 at 3 Hz, and with thrice that in the last 30 s. */
static const char *drive_file(int seconds, double speed_mps)
{
    static char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s", in_folder("way.csv"));
    file = fopen(path, "wb");

    fputs("time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg,speed_mps\n", file);
    for (int i = 0; i < 100 * seconds; i++) {
        const double amplitude = i > 100 * (seconds - 30) ? 1.2 : 0.4;
        fprintf(file, "%.2f,0.01,0.02,%.4f", i / 100., 9.80665 + amplitude * sin(2 * M_PI * 3 * i / 100));
        if (i % 100 == 0)
            fprintf(file, ",%.8f,102.1,%.3f\n", 30.2 + i / 100. * speed_mps / 110850, speed_mps);
        else
            fputs(",,,\n", file);
    }
    fclose(file);
    return path;
}

/* 40 km/h: 0.0094 g are 0.09218 m/s2 for each m/km; 0.4 / sqrt(2) = 0.28284 m/s2 are 3.068 m/km at a gain of 1, which on a
 * stretch of 2 m/km makes 1.534. */
FACT(the_gain_follows_from_the_shaking_and_the_iri_of_the_stretch)
{
    const char *path = drive_file(150, 40 / 3.6);

    CHECK_INT(calibrate(path, "--iri 2 --to 118 --json"), 0);
    CHECK_NEAR(number("ride_gain"), 1.534, 0.05);
    CHECK_NEAR(number("spread"), 1, 0.03);
    CHECK(number("metres") > 1000 && number("metres") < 1320);
    CHECK(strstr(out, "\"few_pieces\":false") && strstr(out, "\"narrow_speeds\":true"));
    CHECK(strstr(words, "nearly one speed") != NULL);
    CHECK_INT(calibrate(path, "--iri 2 --from 125 --json"), 0); /* only the last 25 s: thrice as much */
    CHECK_NEAR(number("ride_gain"), 4.602, 0.15);
    CHECK(strstr(words, "fewer than 500 m") != NULL);
    CHECK_INT(calibrate(path, "--iri 2 --speed 35-45"), 0);
    CHECK(strncmp(out, "ride_gain = 1.5", 15) == 0);
    unlink(path);
}

FACT(where_nothing_was_watched_there_is_no_gain_and_the_reason_is_told)
{
    const char *path = drive_file(60, 40 / 3.6);

    CHECK_INT(calibrate(path, "--iri 2 --speed 50-60"), 1);
    CHECK(out[0] == '\0' && strstr(words, "not 20 m of it were watched") != NULL);
    unlink(path);
    char still[256];
    snprintf(still, sizeof still, "%s", write_file("still.csv",
                                                    "time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg\n0,0,0,9.8,,\n0.01,0,0,9.8,30,120\n0.02,0,0,9.8,,\n"));
    CHECK_INT(calibrate(still, "--iri 2"), 1);
    CHECK(strstr(words, "not 20 m of it were watched") != NULL);
    unlink(still);
    CHECK_INT(calibrate("/nowhere.csv", "--iri 2"), 1);
    CHECK(strstr(words, "/nowhere.csv") != NULL);
}

FACT(options_that_make_no_sense_are_refused)
{
    CHECK_INT(calibrate("x.csv", ""), 2);
    CHECK_INT(calibrate("x.csv", "--iri 0"), 2);
    CHECK_INT(calibrate("x.csv", "--iri nan"), 2);
    CHECK_INT(calibrate("x.csv", "--iri 2 --speed 50"), 2);
    CHECK_INT(calibrate("x.csv", "--iri 2 --speed 50-30"), 2);
    CHECK_INT(calibrate("x.csv", "y.csv --iri 2"), 2);
    CHECK_INT(calibrate("x.csv", "--help"), 0);
}

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/road-calibrate-XXXXXX");
    if (!mkdtemp(folder))
        return 2;
    const int result = check_main(argc, argv);
    rmdir(folder);
    return result;
}
