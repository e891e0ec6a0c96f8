/* cmu.c - `evaluate cmu`: jolts of 5 Hz drives against the presses of a passenger's button.
 *
 * Everything is predicted by the node (sensor-node/core.h), from the sensor files alone; then, where a drive has its
 * NAME_potholes.csv, it is scored. See docs/evaluation.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "sensor-node/motion/coarse_table.h"
#include "sensor-node/table.h"
#include "tests/evaluate/bootstrap.h"
#include "tests/evaluate/cmu_known.h"
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/loop.h"

#define SENSORS "_sensors.csv"
#define PRESSES "_potholes.csv"
#define TOLERANCE_S 2.0
#define PRESS_LAG_S 0.4 /* a press follows its peak by so much: the set's own notes */
#define BLOCK_S 60.0
#define NS_PER_S 1e9
#define NAME_MAX_LENGTH 64
/* Log-odds from which a fused defect counts as told: drives at 5 Hz claim no road as watched, so the gateway cannot
 * weigh the passes that felt nothing, and chance jolts pile up with every pass. See docs/evaluation.md. */
#define FUSED_CUT_OF_3    (-2.3)
#define FUSED_CUT_BY_PASS 0.85

struct drive {
    char name[NAME_MAX_LENGTH];
    const char *path;
    struct recording recording;
    double *predicted_s; /* of the detections it stands by, ascending */
    size_t n_predicted;
    bool is_labelled, is_known; /* known: the detector was trained on it */
    double *presses_s; /* ascending */
    size_t n_presses, press_capacity;
    uint64_t presses_refused;
    struct place_m *press_places;
};

struct run {
    struct paths paths;
    struct grid_zone zone;
    struct drive *drives;
    size_t n_drives, unreadable;
};

/* ---- predictions --------------------------------------------------------------------------------------- */

static bool stands_by(const struct detection *detection)
{
    return detection->confidence_permille >= CMU_STAND_CONFIDENCE * 1000;
}

static void name_drive(struct drive *drive, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    drive->path = path;
    snprintf(drive->name, sizeof drive->name, "%.*s", (int)(strlen(name) - strlen(SENSORS)), name);
}

static bool is_known(const struct recording *r)
{
    for (size_t i = 0; i < cmu_known_count && r->n_fixes > 0; i++)
        if (fabs((double)r->fixes[0].time_ns / NS_PER_S - cmu_known_first_fix_s[i]) < 0.01)
            return true;
    return false;
}

static void predict(struct run *run, const char *path)
{
    struct drive *drive = &run->drives[run->n_drives];
    struct node_core_config config;

    node_core_config_default(&config);
    config.zone = run->zone;
    if (recording_drive(path, &config, &drive->recording) != ROAD_OK) {
        run->unreadable++;
        return;
    }
    name_drive(drive, path);
    const struct recording *r = &drive->recording;
    drive->is_known = is_known(r);
    drive->predicted_s = room_zeroed(r->n_detections, sizeof *drive->predicted_s);
    for (size_t i = 0; i < r->n_detections; i++)
        if (stands_by(&r->detections[i]))
            drive->predicted_s[drive->n_predicted++] = (double)r->detections[i].time_ns / NS_PER_S;
    run->n_drives++;
}

static void write_predictions(const struct run *run, FILE *out)
{
    double lat_deg, lon_deg;

    fputs("drive,time_s,lat_deg,lon_deg,confidence\n", out);
    for (size_t i = 0; i < run->n_drives; i++)
        for (size_t k = 0; k < run->drives[i].recording.n_detections; k++) {
            const struct detection *d = &run->drives[i].recording.detections[k];
            if (stands_by(d) && grid_unproject(run->zone, d->at, &lat_deg, &lon_deg) == ROAD_OK)
                fprintf(out, "%s,%.3f,%.7f,%.7f,%.3f\n", run->drives[i].name, (double)d->time_ns / NS_PER_S, lat_deg,
                        lon_deg, d->confidence_permille / 1000.0);
        }
}

/* ---- labels: read after everything has been predicted -------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void read_presses(struct drive *drive)
{
    static const struct table_column columns[] = {{.names = "timestamp", .is_required = true}};
    char path[1024], error[SOURCE_ERROR_SIZE] = "";
    struct table table = {0};
    double time_s;

    snprintf(path, sizeof path, "%.*s" PRESSES, (int)(strlen(drive->path) - strlen(SENSORS)), drive->path);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return;
    if (table_from_file(file, path, columns, 1, &table, error) != ROAD_OK) {
        fprintf(stderr, "evaluate: %s\n", error);
        table_close(&table);
        return;
    }
    drive->is_labelled = true;
    for (enum road_status status; (status = table_next(&table, &time_s, error)) != ROAD_END && status != ROAD_IO;) {
        if (status != ROAD_OK)
            continue;
        ROOM(drive->presses_s, drive->press_capacity, drive->n_presses + 1);
        drive->presses_s[drive->n_presses++] = time_s;
    }
    drive->presses_refused = table.rows_refused;
    table_close(&table);
    if (drive->n_presses)
        qsort(drive->presses_s, drive->n_presses, sizeof *drive->presses_s, ascending);
}

/* On the straight line between the fixes around it. */
static struct place_m place_at(const struct run *run, const struct recording *r, double time_s)
{
    struct place_m a = {0, 0}, b = {0, 0};
    size_t i = 0;

    while (i < r->n_fixes && (double)r->fixes[i].time_ns / NS_PER_S < time_s)
        i++;
    const struct fix *after = &r->fixes[i < r->n_fixes ? i : r->n_fixes - 1], *before = i > 0 ? after - (i < r->n_fixes) : after;
    const double span_s = (double)(after->time_ns - before->time_ns) / NS_PER_S;
    const double s = span_s > 0 ? (time_s - (double)before->time_ns / NS_PER_S) / span_s : 0;
    (void)grid_project_m(run->zone, before->lat_deg, before->lon_deg, &a.e, &a.n); /* they were valid fixes */
    (void)grid_project_m(run->zone, after->lat_deg, after->lon_deg, &b.e, &b.n);
    return (struct place_m){a.e + s * (b.e - a.e), a.n + s * (b.n - a.n)};
}

static void read_labels(struct run *run)
{
    for (size_t i = 0; i < run->n_drives; i++) {
        struct drive *drive = &run->drives[i];
        read_presses(drive);
        drive->press_places = room_zeroed(drive->n_presses, sizeof *drive->press_places);
        for (size_t k = 0; k < drive->n_presses && drive->recording.n_fixes > 0; k++)
            drive->press_places[k] = place_at(run, &drive->recording, drive->presses_s[k] - PRESS_LAG_S);
    }
}

/* ---- one pass ------------------------------------------------------------------------------------------ */

struct single {
    size_t n_drives;
    struct tally sum;
    struct tally *blocks;
    size_t n_blocks;
    struct interval interval;
};

static void add_to_block(struct single *single, size_t first, double start_s, double time_s, struct tally what)
{
    const double minutes = fmax(0, floor((time_s - start_s) / BLOCK_S));
    const size_t i = first + (size_t)fmin(minutes, (double)(single->n_blocks - first - 1));

    single->blocks[i].hits += what.hits;
    single->blocks[i].predicted += what.predicted;
    single->blocks[i].truth += what.truth;
    single->sum.hits += what.hits;
    single->sum.predicted += what.predicted;
    single->sum.truth += what.truth;
}

static size_t minutes_of(const struct recording *r)
{
    const double span_s = r->n_fixes ? (double)(r->fixes[r->n_fixes - 1].time_ns - r->fixes[0].time_ns) / NS_PER_S : 0;

    return 1 + (size_t)(span_s / BLOCK_S);
}

/* A pair counts in the minute of its press. */
static struct tally score_drive(const struct drive *d, struct single *single)
{
    size_t *press = room_zeroed(d->n_predicted, sizeof *press);
    const double start_s = d->recording.n_fixes ? (double)d->recording.fixes[0].time_ns / NS_PER_S : 0;
    const size_t first = single->n_blocks;
    const size_t pairs = match_times(d->predicted_s, d->n_predicted, d->presses_s, d->n_presses, TOLERANCE_S, press);

    single->n_blocks += minutes_of(&d->recording);
    for (size_t i = 0; i < d->n_predicted; i++) {
        const bool is_hit = press[i] != MATCH_NONE;
        add_to_block(single, first, start_s, is_hit ? d->presses_s[press[i]] : d->predicted_s[i],
                     (struct tally){is_hit, 1, 0});
    }
    for (size_t i = 0; i < d->n_presses; i++)
        add_to_block(single, first, start_s, d->presses_s[i], (struct tally){0, 0, 1});
    single->n_drives++;
    free(press);
    return (struct tally){(double)pairs, (double)d->n_predicted, (double)d->n_presses};
}

static struct single score_singles(const struct run *run, bool is_known_too)
{
    struct single single = {0};
    size_t minutes = 0;

    for (size_t i = 0; i < run->n_drives; i++)
        minutes += minutes_of(&run->drives[i].recording);
    single.blocks = room_zeroed(minutes, sizeof *single.blocks);
    for (size_t i = 0; i < run->n_drives; i++)
        if (run->drives[i].is_labelled && (is_known_too || !run->drives[i].is_known))
            (void)score_drive(&run->drives[i], &single);
    single.interval = bootstrap_f1(single.blocks, single.n_blocks);
    return single;
}

/* ---- what is printed ----------------------------------------------------------------------------------- */

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void print_f1(const char *what, struct tally t, struct interval i)
{
    printf("%-34s F1 %.3f (95 %% %.2f to %.2f)  precision %.3f  recall %.3f  (%g of %g predicted, %g true)\n", what,
           tally_f1(t), i.low, i.high, share(t.hits, t.predicted), share(t.hits, t.truth), t.hits, t.predicted, t.truth);
}

static void print_json_f1(const char *name, struct tally t, struct interval i)
{
    printf("\"%s\":{\"f1\":%.4f,\"low\":%.4f,\"high\":%.4f,\"precision\":%.4f,\"recall\":%.4f,\"hits\":%g,"
           "\"predicted\":%g,\"truth\":%g}",
           name, tally_f1(t), i.low, i.high, share(t.hits, t.predicted), share(t.hits, t.truth), t.hits, t.predicted,
           t.truth);
}

static void print_read(const struct run *run)
{
    size_t rows = 0, refused = 0, labelled = 0, presses = 0, told = 0;

    for (size_t i = 0; i < run->n_drives; i++) {
        const struct drive *d = &run->drives[i];
        rows += d->recording.source.rows;
        refused += d->recording.source.rows_refused + d->presses_refused;
        labelled += d->is_labelled;
        presses += d->n_presses;
        told += d->n_predicted;
    }
    printf("%zu drives read, %zu could not be; %zu rows, %zu refused\n", run->n_drives, run->unreadable, rows, refused);
    printf("%zu detections it stands by (confidence >= %.3f) were predicted from the sensor files alone\n", told,
           CMU_STAND_CONFIDENCE);
    printf("%zu drives have labels: %zu presses\n\n", labelled, presses);
}

static void print_drives(const struct run *run)
{
    puts("drive            hits  predicted  presses  F1");
    for (size_t i = 0; i < run->n_drives; i++) {
        const struct drive *d = &run->drives[i];
        struct single alone = {.blocks = room_zeroed(minutes_of(&d->recording), sizeof(struct tally))};
        const struct tally t = d->is_labelled ? score_drive(d, &alone) : (struct tally){0, 0, 0};
        if (d->is_labelled)
            printf("  %-14s %4g  %9g  %7g  %.3f%s\n", d->name, t.hits, t.predicted, t.truth, tally_f1(t),
                   d->is_known ? "  trained on it" : "");
        free(alone.blocks);
    }
}

static void print_singles(const struct run *run, bool is_json)
{
    struct single all = score_singles(run, true), fresh = score_singles(run, false);

    if (is_json) {
        print_json_f1("single", all.sum, all.interval);
        if (fresh.n_drives > 0)
            putchar(','), print_json_f1("single_untrained", fresh.sum, fresh.interval);
    } else {
        print_f1("single pass, all labelled drives", all.sum, all.interval);
        if (fresh.n_drives > 0 && fresh.n_drives < all.n_drives)
            print_f1("single pass, not trained on", fresh.sum, fresh.interval);
        else if (fresh.n_drives == 0)
            printf("every one of these drives was trained on; left out in turn when the detector was trained: F1 %.3f "
                   "(by drive), %.3f (loop against the other roads)\n",
                   CMU_CHECKED_BY_DRIVE, CMU_CHECKED_BY_LOOP);
        puts("  a prediction and a press pair one to one within 2 s; interval: minutes of drives drawn with replacement\n");
    }
    free(all.blocks);
    free(fresh.blocks);
}

static double fused_cut(size_t passes)
{
    return 1 / (1 + exp(-FUSED_CUT_OF_3 - FUSED_CUT_BY_PASS * ((double)passes - 3)));
}

static void print_loop(struct loop *loop, size_t passes, bool is_json)
{
    struct loop_score score;
    char name[48];

    loop->cut = fused_cut(passes);
    loop_score(loop, passes, &score);
    const struct interval interval = bootstrap_f1(score.blocks, score.n_blocks);
    const double precision = share(score.near.hits, score.near.predicted);
    const double recall = share(score.near_recalled, score.near.truth);
    if (is_json) {
        snprintf(name, sizeof name, "fused_%zu_passes", passes);
        putchar(',');
        print_json_f1(name, score.sum, interval);
    } else {
        snprintf(name, sizeof name, "%zu passes fused, %zu way%s to choose", passes, score.subsets,
                 score.subsets == 1 ? "" : "s");
        print_f1(name, score.sum, interval);
        printf("  without pairing: %.3f of the defects have a press within 25 m, %.3f of the presses a defect, F1 %.3f\n",
               precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0);
    }
    loop_score_done(&score);
}

/* Loops of at least two labelled passes. */
static void print_loops(const struct run *run, bool is_json)
{
    const struct recording **recordings = room_zeroed(run->n_drives, sizeof *recordings);
    struct loop_drive *members = room_zeroed(run->n_drives, sizeof *members);
    size_t *group = room_zeroed(run->n_drives, sizeof *group), n = 0;
    size_t *index = room_zeroed(run->n_drives, sizeof *index);

    for (size_t i = 0; i < run->n_drives; i++)
        if (run->drives[i].is_labelled) {
            index[n] = i;
            recordings[n++] = &run->drives[i].recording;
        }
    loop_groups(run->zone, recordings, n, group);
    for (size_t g = 0; g < n; g++) {
        size_t passes = 0;
        for (size_t i = g; i < n; i++)
            if (group[i] == g) {
                const struct drive *d = &run->drives[index[i]];
                members[passes++] = (struct loop_drive){&d->recording, d->press_places, d->n_presses};
            }
        if (passes < 2)
            continue;
        struct loop loop = {run->zone, members, passes, 0};
        if (!is_json)
            printf("a loop of %zu passes, the first is %s; fused by the gateway's code, the presses of all passes joined into "
                   "sites of 25 m,\na defect and a site pair one to one within 25 m; interval: squares of 250 m drawn with "
                   "replacement\n",
                   passes, run->drives[index[g]].name);
        for (size_t k = 1; k <= passes; k++)
            print_loop(&loop, k, is_json);
    }
    free(recordings);
    free(members);
    free(group);
    free(index);
}

static void print_scores(const struct run *run, bool is_json)
{
    if (is_json) {
        printf("{\"set\":\"cmu\",\"drives\":%zu,", run->n_drives);
        print_singles(run, true);
        print_loops(run, true);
        puts("}");
        return;
    }
    print_drives(run);
    print_singles(run, false);
    print_loops(run, false);
}

static bool has_labels(const struct run *run)
{
    for (size_t i = 0; i < run->n_drives; i++)
        if (run->drives[i].is_labelled)
            return true;
    return false;
}

static void run_done(struct run *run)
{
    for (size_t i = 0; i < run->n_drives; i++) {
        recording_done(&run->drives[i].recording);
        free(run->drives[i].predicted_s);
        free(run->drives[i].presses_s);
        free(run->drives[i].press_places);
    }
    free(run->drives);
    paths_done(&run->paths);
}

int evaluate_cmu(const struct evaluate_options *options)
{
    struct run run = {0};

    if (paths_find(options->data, SENSORS, false, &run.paths) != ROAD_OK)
        return 1;
    run.drives = room_zeroed(run.paths.n, sizeof *run.drives);
    if (!recording_zone(&run.paths, &run.zone)) {
        fprintf(stderr, "evaluate: no recording with a position below %s (wanted: NAME%s)\n", options->data, SENSORS);
        run_done(&run);
        return 1;
    }
    for (size_t i = 0; i < run.paths.n; i++)
        predict(&run, run.paths.items[i]);
    if (options->predictions)
        write_predictions(&run, options->predictions);
    read_labels(&run);
    if (!options->is_json)
        print_read(&run);
    if (has_labels(&run))
        print_scores(&run, options->is_json);
    else if (options->is_json)
        printf("{\"set\":\"cmu\",\"drives\":%zu,\"labels\":0}\n", run.n_drives);
    else
        puts("no NAME" PRESSES " beside any of them: predicted, not scored");
    run_done(&run);
    return 0;
}
