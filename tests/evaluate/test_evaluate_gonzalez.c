#include "tests/check.h"
#include "tests/temp.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/evaluate/clip_score.h"
#include "tests/evaluate/clips.h"
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/gonzalez_known.h"

#define SAID_MAX 16384

static char folder[TEMP_PATH_SIZE], said[SAID_MAX], complained[SAID_MAX], predicted[SAID_MAX];
static struct clips_samples samples;

static void path_of(char *ret_path, size_t size, const char *name)
{
    snprintf(ret_path, size, "%s/%s", folder, name);
}

static void write_text(const char *name, const char *text)
{
    char path[600];
    path_of(path, sizeof path, name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void make_folder(const char *name)
{
    char path[600];
    path_of(path, sizeof path, name);
    mkdir(path, 0700);
}

/* Quiet noise of the road, and a jolt of `size` m/s^2 at sample 40. */
static void write_clip(const char *name, int count, double size)
{
    static char text[200000];
    size_t length = (size_t)snprintf(text, sizeof text, "acc_z\n");

    for (int i = 0; i < count && length < sizeof text - 32; i++) {
        const double noise = (i * i * 37 % 97 - 48) / 400., jolt = i >= 40 && i < 44 ? size * (i % 2 ? -1 : 1) : 0;
        length += (size_t)snprintf(text + length, 32, "%.3f\n", 9.8 + noise + jolt);
    }
    write_text(name, text);
}

static void read_all(const char *name, char *ret_text)
{
    char path[600];
    path_of(path, sizeof path, name);
    FILE *file = fopen(path, "r");
    const size_t size = file ? fread(ret_text, 1, SAID_MAX - 1, file) : 0;
    ret_text[size] = '\0';
    if (file)
        fclose(file);
}

static int redirect(int fd, const char *name)
{
    char path[600];
    path_of(path, sizeof path, name);
    const int kept = dup(fd), file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(file, fd);
    close(file);
    return kept;
}

static void restore(int fd, int kept)
{
    dup2(kept, fd);
    close(kept);
}

/* What the verb says of `folder`/`name`: in said, complained and predicted. */
static int evaluate(const char *name, bool is_json)
{
    char data[600], out[600];

    path_of(data, sizeof data, name);
    path_of(out, sizeof out, "predictions.txt");
    const struct evaluate_options options = {data, fopen(out, "w"), is_json};
    fflush(stdout);
    const int kept_out = redirect(1, "said.txt"), kept_err = redirect(2, "complained.txt");
    const int status = evaluate_gonzalez(&options);
    fflush(stdout);
    restore(1, kept_out);
    restore(2, kept_err);
    fclose(options.predictions);
    read_all("said.txt", said);
    read_all("complained.txt", complained);
    read_all("predictions.txt", predicted);
    return status;
}

static enum road_status parse(const char *text, const char **ret_reason)
{
    return clips_parse(text, strlen(text), &samples, ret_reason);
}

/* Three holes: two told, one called worn road; one worn road called a hole; two regular roads told.
 * Holes: P 2/3, R 2/3, F1 2/3. Worn: 0. Regular: 1. Macro over the three that occur: 5/9. Events: 2 hits, 1 miss, 1 alarm. */
FACT(scores_are_those_of_a_table_worked_by_hand)
{
    static const struct clip_pair pairs[] = {{CLIP_POTHOLE, CLIP_POTHOLE},
                                             {CLIP_POTHOLE, CLIP_POTHOLE},
                                             {CLIP_POTHOLE, CLIP_WORN_ROAD},
                                             {CLIP_WORN_ROAD, CLIP_POTHOLE},
                                             {CLIP_REGULAR_ROAD, CLIP_REGULAR_ROAD},
                                             {CLIP_REGULAR_ROAD, CLIP_REGULAR_ROAD}};
    struct clip_scores s;

    clip_score(pairs, 6, &s);
    CHECK_NEAR(s.precision[CLIP_POTHOLE], 2 / 3., 1e-12);
    CHECK_NEAR(s.recall[CLIP_POTHOLE], 2 / 3., 1e-12);
    CHECK_NEAR(s.f1[CLIP_POTHOLE], 2 / 3., 1e-12);
    CHECK_NEAR(s.f1[CLIP_WORN_ROAD], 0, 0);
    CHECK_NEAR(s.macro_f1, 5 / 9., 1e-12);
    CHECK_NEAR(s.event_f1, 2 / 3., 1e-12);
    CHECK_INT(s.confusion[CLIP_POTHOLE][CLIP_WORN_ROAD], 1);
}

FACT(a_refused_clip_is_a_miss_and_no_alarm)
{
    static const struct clip_pair pairs[] = {{CLIP_POTHOLE, CLIP_POTHOLE}, {CLIP_POTHOLE, CLIP_REFUSED},
                                             {CLIP_WORN_ROAD, CLIP_REFUSED}};
    struct clip_scores s;

    clip_score(pairs, 3, &s);
    CHECK_NEAR(s.recall[CLIP_POTHOLE], 0.5, 0);
    CHECK_NEAR(s.precision[CLIP_POTHOLE], 1, 0);
    CHECK_NEAR(s.event_f1, 2 / 3., 1e-12);
    CHECK_NEAR(s.event_precision, 1, 0);
}

/* Half of 200 told: recall 0.5, F1 = 2/3 of either class told throughout; the interval of F1 holds it and is about
 * 4 sigma wide. F1 = 2R / (1 + R), sigma of R = sqrt(0.25 / 200) = 0.035, dF1/dR = 0.889. */
FACT(the_interval_is_as_wide_as_the_binomial_says)
{
    static struct clip_pair pairs[200];
    struct clip_intervals i;

    for (int k = 0; k < 200; k++)
        pairs[k] = (struct clip_pair){CLIP_POTHOLE, k % 2 ? CLIP_POTHOLE : CLIP_REGULAR_ROAD};
    clip_score_intervals(pairs, 200, &i);
    CHECK_NEAR(i.f1[CLIP_POTHOLE].low, 2 / 3. - 1.96 * 0.0314, 0.012);
    CHECK_NEAR(i.f1[CLIP_POTHOLE].high, 2 / 3. + 1.96 * 0.0314, 0.012);
}

FACT(one_number_a_line_is_a_clip_with_or_without_a_heading)
{
    const char *reason = "";

    CHECK_STATUS(parse("acc_z\n9.5\r\n-1e1\n10", &reason), ROAD_OK);
    CHECK_INT(samples.count, 3);
    CHECK_NEAR(samples.accel_mps2[1], -10, 0);
    CHECK_STATUS(parse("9.5\n10\n\n", &reason), ROAD_OK);
    CHECK_INT(samples.count, 2);
}

FACT(anything_else_is_refused_with_a_reason)
{
    static const char *const bad[] = {"", "acc_z\n", "acc_z\n9,8\n", "acc_z\n1\n\n2\n", "acc_z\nnan\n", "acc_z\ninf\n",
                                      "acc_z\n1 2\n", "acc_z\n1\nacc_z\n", "acc_z\n1e999\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *reason = NULL;
        CHECK_STATUS(parse(bad[i], &reason), ROAD_BAD_INPUT);
        CHECK(reason != NULL);
    }
}

/* FNV-1a of the four bytes 00 00 80 3F (1.0f), worked with Python's integers. */
FACT(the_digest_is_fnv_1a_of_little_endian_floats)
{
    samples.count = 1;
    samples.accel_mps2[0] = 1;
    CHECK(clips_digest(&samples) == UINT64_C(0x4B72477F9C5C2F98));
}

FACT(the_digests_of_what_was_learnt_from_ascend)
{
    CHECK_INT(gonzalez_known_count, 255);
    for (size_t i = 1; i < gonzalez_known_count; i++)
        CHECK(gonzalez_known[i - 1] < gonzalez_known[i]);
}

FACT(good_clips_are_predicted_and_bad_ones_refused_by_name)
{
    temp_make(folder);
    make_folder("set");
    make_folder("set/potholes");
    make_folder("set/regular_road");
    write_clip("set/potholes/a.csv", 90, 4);
    write_clip("set/potholes/short.csv", 50, 4);
    write_clip("set/potholes/long.csv", 3001, 4);
    write_clip("set/regular_road/b.csv", 200, 0);
    write_text("set/regular_road/empty.csv", "");
    write_text("set/regular_road/words.csv", "acc_z\none\ntwo\n");
    write_text("set/regular_road/notes.txt", "not a clip");
    CHECK_INT(evaluate("set", false), 0);
    CHECK(strstr(complained, "short.csv refused: shorter than 1.12 s"));
    CHECK(strstr(complained, "long.csv refused: longer than a minute"));
    CHECK(strstr(complained, "empty.csv refused: no samples"));
    CHECK(strstr(complained, "words.csv refused: a line is not one finite number"));
    CHECK(strstr(said, "6 clips, 4 refused, 0 of those that the model was learnt from"));
    CHECK(strstr(said, "scores of 6 clips"));
    CHECK(strncmp(predicted, "file,class\na,", 13) == 0);
    CHECK(strstr(predicted, "\nb,") != NULL && strstr(predicted, "short") == NULL);
    temp_remove(folder);
}

FACT(the_folders_name_changes_no_prediction)
{
    static char first[SAID_MAX];

    temp_make(folder);
    make_folder("set");
    make_folder("set/potholes");
    make_folder("other");
    make_folder("other/worn_out_road");
    write_clip("set/potholes/a.csv", 90, 4);
    write_clip("other/worn_out_road/a.csv", 90, 4);
    evaluate("set", false);
    memcpy(first, predicted, sizeof first);
    evaluate("other", false);
    CHECK_STR(predicted, first);
    temp_remove(folder);
}

FACT(a_flat_folder_is_predicted_and_not_scored)
{
    temp_make(folder);
    make_folder("set");
    write_clip("set/x.csv", 90, 4);
    write_clip("set/y.csv", 90, 0);
    CHECK_INT(evaluate("set", false), 0);
    CHECK(strstr(said, "predicted, not scored"));
    CHECK(strstr(said, "macro-F1") > strstr(said, "cross-validation")); /* recorded figures only */
    CHECK(strncmp(predicted, "file,class\nx,", 13) == 0 && strstr(predicted, "\ny,"));
    CHECK_INT(evaluate("set", true), 0);
    CHECK(strstr(said, "\"scored\":0,\"scores_are_of_clips_learnt_from\":false,\"cross_validated\":"));
    temp_remove(folder);
}

FACT(a_folder_without_clips_or_none_at_all_is_said_and_fails)
{
    temp_make(folder);
    make_folder("set");
    CHECK_INT(evaluate("set", false), 1);
    CHECK(strstr(complained, "evaluate: clips in"));
    CHECK_INT(evaluate("nowhere", false), 1);
    temp_remove(folder);
}

FACT(clips_that_were_learnt_from_are_warned_of)
{
    const char *root = getenv("ROAD_DATA");
    char data[600];

    snprintf(data, sizeof data, "%s/gonzalez2017-events-50hz", root ? root : ROAD_SOURCE_DIR "/../shared/data");
    if (access(data, R_OK) != 0)
        SKIP("no ../shared/data");
    temp_make(folder);
    path_of(said, sizeof said, "set");
    CHECK_INT(symlink(data, said), 0);
    CHECK_INT(evaluate("set", false), 0);
    CHECK(strstr(said, "255 clips, 0 refused, 255 of those that the model was learnt from"));
    CHECK(strstr(said, "WARNING: these are the clips that the model was learnt from"));
    CHECK(strstr(said, "10-fold cross-validation of the 255"));
    temp_remove(folder);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
