/* rsq.c - `evaluate rsq`: 10 s windows of whole drives that somebody rated good, medium or bad.
 *
 * Every window is given its roughness (sensor-node/motion/roughness.h) from the folder's sensor files; the
 * rating stands in the folder's name (q1, q2, q3) and is looked at afterwards. See docs/evaluation.md. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "sensor-node/motion/orient.h"
#include "sensor-node/motion/resample.h"
#include "sensor-node/motion/roughness.h"
#include "tests/evaluate/bootstrap.h"
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/recording.h"

#define SENSOR_FILE     "Accelerometer.csv"
#define NS_PER_S        1e9
#define SPEED_HOLE_S    5.0 /* between fixes; longer, the speed is not known */
#define CLASSES         3
#define BLOCK_WINDOWS   6 /* a minute */
#define NAME_MAX_LENGTH 64

/* Chosen on q1_00a, q2_01 and q3_02: docs/evidence/2026-11-23-loop.md. */
static const double cuts[CLASSES - 1] = {2.57, 5.91};

struct drive {
    char name[NAME_MAX_LENGTH];
    struct roughness_window *windows;
    size_t n_windows, window_capacity;
    struct source_stats source;
    int rating; /* 1..3, 0 = not rated */
};

struct run {
    struct paths paths;
    struct drive *drives;
    size_t n_drives, unreadable;
};

/* ---- predictions --------------------------------------------------------------------------------------- */

struct speeds {
    struct fix *fixes; /* with a speed */
    size_t n, capacity, at;
};

/* On the straight line between two fixes; asked with times that do not go back. NAN outside and in holes. */
static double speed_at(struct speeds *s, int64_t time_ns)
{
    while (s->at + 1 < s->n && s->fixes[s->at + 1].time_ns < time_ns)
        s->at++;
    if (s->at + 1 >= s->n || s->fixes[s->at].time_ns > time_ns)
        return NAN;
    const struct fix *a = &s->fixes[s->at], *b = a + 1;
    const double span_s = (double)(b->time_ns - a->time_ns) / NS_PER_S;
    const double part = span_s > 0 ? (double)(time_ns - a->time_ns) / NS_PER_S / span_s : 0;
    return span_s > SPEED_HOLE_S ? (double)NAN : a->speed_mps + part * (b->speed_mps - a->speed_mps);
}

struct listener {
    struct drive *drive;
    struct speeds speeds;
    struct orient orient;
    struct roughness roughness;
};

static void take_tick(void *context, const struct tick *tick)
{
    struct listener *l = context;
    struct roughness_window window;

    if (tick->is_first || !orient_step(&l->orient, tick->value))
        roughness_break(&l->roughness);
    if (!orient_is_ready(&l->orient))
        return;
    if (!roughness_step(&l->roughness, tick->time_ns, orient_vertical(&l->orient, tick->value),
                        speed_at(&l->speeds, tick->time_ns), &window))
        return;
    ROOM(l->drive->windows, l->drive->window_capacity, l->drive->n_windows + 1);
    l->drive->windows[l->drive->n_windows++] = window;
}

/* Calls back for every event; counts bad rows. */
static enum road_status for_each_event(const char *path,
                                       void (*take)(void *context, const struct source_event *event),
                                       void *context, struct source_stats *ret_stats)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    struct source *source;
    char error[SOURCE_ERROR_SIZE] = "";

    enum road_status status = source_open_recording(path, RECORDING_START_NS, -1, 0, &source, error);
    if (status != ROAD_OK) {
        fprintf(stderr, "evaluate: %s\n", error);
        return status;
    }
    while (event.kind != SOURCE_END && (status == ROAD_OK || status == ROAD_BAD_INPUT)) {
        status = source_next(source, &event, error);
        if (status == ROAD_OK)
            take(context, &event);
    }
    if (status != ROAD_OK)
        fprintf(stderr, "evaluate: %s\n", error);
    *ret_stats = source_stats(source);
    source_close(source);
    return status;
}

static void take_speed(void *context, const struct source_event *event)
{
    struct speeds *s = context;

    if (event->kind != SOURCE_FIX || isnan(event->fix.speed_mps))
        return;
    ROOM(s->fixes, s->capacity, s->n + 1);
    s->fixes[s->n++] = event->fix;
}

struct hearing {
    struct listener listener;
    struct resample resample;
    int64_t last_ns;
};

static void take_sample(void *context, const struct source_event *event)
{
    struct hearing *h = context;
    const struct motion_sample *s = &event->motion;
    double value[TICK_AXES];

    if (event->kind != SOURCE_MOTION || (h->last_ns && s->time_ns <= h->last_ns))
        return;
    for (int k = 0; k < 3; k++) {
        value[k] = (double)s->accel_mps2[k];
        value[k + 3] = (double)s->gyro_radps[k];
    }
    struct node_core_config config;
    node_core_config_default(&config);
    if (h->last_ns && (double)(s->time_ns - h->last_ns) / NS_PER_S > config.watch_step_s)
        resample_break(&h->resample, (double)(s->time_ns - h->last_ns) / NS_PER_S, UNWATCHED_GAP);
    h->last_ns = s->time_ns;
    resample_push(&h->resample, s->time_ns, value, take_tick, &h->listener);
}

static void predict(struct run *run, const char *path)
{
    struct drive *drive = &run->drives[run->n_drives];
    struct hearing hearing = {.listener = {.drive = drive}};
    const char *slash = strrchr(path, '/');

    snprintf(drive->name, sizeof drive->name, "%s", slash ? slash + 1 : path);
    roughness_init(&hearing.listener.roughness);
    if (for_each_event(path, take_speed, &hearing.listener.speeds, &drive->source) == ROAD_OK &&
        for_each_event(path, take_sample, &hearing, &drive->source) == ROAD_OK)
        run->n_drives++;
    else
        run->unreadable++;
    free(hearing.listener.speeds.fixes);
}

/* Seconds of the recording's own clock. */
static double start_s(const struct roughness_window *window)
{
    const bool is_own = window->start_ns < RECORDING_START_NS + INT64_C(86400000000000) * 1000;

    return (double)(window->start_ns - (is_own ? RECORDING_START_NS : 0)) / NS_PER_S;
}

static void write_predictions(const struct run *run, FILE *out)
{
    fputs("drive,start_s,index\n", out);
    for (size_t i = 0; i < run->n_drives; i++)
        for (size_t k = 0; k < run->drives[i].n_windows; k++)
            fprintf(out, "%s,%.3f,%.4f\n", run->drives[i].name, start_s(&run->drives[i].windows[k]),
                    run->drives[i].windows[k].iri);
}

/* ---- labels: read after everything has been predicted -------------------------------------------------- */

static void read_ratings(struct run *run)
{
    for (size_t i = 0; i < run->n_drives; i++) {
        struct drive *d = &run->drives[i];
        if (d->name[0] == 'q' && d->name[1] >= '1' && d->name[1] <= '0' + CLASSES)
            d->rating = d->name[1] - '0';
    }
}

/* ---- scores -------------------------------------------------------------------------------------------- */

struct rated {
    double iri;
    int rating;
    size_t block;
};

struct rated_list {
    struct rated *items;
    size_t n, n_blocks;
};

static struct rated_list rated_windows(const struct run *run)
{
    struct rated_list list = {0};
    size_t n = 0;

    for (size_t i = 0; i < run->n_drives; i++)
        n += run->drives[i].n_windows;
    list.items = room_zeroed(n, sizeof *list.items);
    for (size_t i = 0; i < run->n_drives; i++) {
        const struct drive *d = &run->drives[i];
        for (size_t k = 0; k < d->n_windows && d->rating > 0; k++)
            list.items[list.n++] =
                (struct rated){d->windows[k].iri, d->rating, list.n_blocks + k / BLOCK_WINDOWS};
        list.n_blocks += d->rating > 0 ? (d->n_windows + BLOCK_WINDOWS - 1) / BLOCK_WINDOWS : 0;
    }
    return list;
}

static int class_of(double iri)
{
    int class = 1;

    while (class < CLASSES && iri >= cuts[class - 1])
        class ++;
    return class;
}

static double accuracy(const void *context, const unsigned *times_drawn)
{
    const struct rated_list *list = context;
    double right = 0, all = 0;

    for (size_t i = 0; i < list->n; i++) {
        const unsigned times = times_drawn[list->items[i].block];
        right += class_of(list->items[i].iri) == list->items[i].rating ? times : 0;
        all += times;
    }
    return all > 0 ? right / all : NAN;
}

/* The share of pairs, one of each rating, of which the worse rated one is the rougher; a tie counts half. */
static double pair_auc(const struct rated_list *list, const unsigned *times_drawn, int low, int high)
{
    double right = 0, all = 0;

    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->n && list->items[i].rating == low; k++) {
            if (list->items[k].rating != high)
                continue;
            const double times =
                (double)times_drawn[list->items[i].block] * times_drawn[list->items[k].block];
            const double a = list->items[i].iri, b = list->items[k].iri;
            right += times * (b > a ? 1 : b < a ? 0 : 0.5);
            all += times;
        }
    return all > 0 ? right / all : NAN;
}

static double mean_auc(const void *context, const unsigned *times_drawn)
{
    double sum = 0;
    int pairs = 0;

    for (int low = 1; low <= CLASSES; low++)
        for (int high = low + 1; high <= CLASSES; high++) {
            const double auc = pair_auc(context, times_drawn, low, high);
            sum += isnan(auc) ? 0 : auc;
            pairs += !isnan(auc);
        }
    return pairs ? sum / pairs : NAN;
}

/* ---- what is printed ----------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_drive(const struct drive *d)
{
    double *iri = room_zeroed(d->n_windows, sizeof *iri);
    int counts[CLASSES + 1] = {0};

    for (size_t i = 0; i < d->n_windows; i++) {
        iri[i] = d->windows[i].iri;
        counts[class_of(iri[i])]++;
    }
    qsort(iri, d->n_windows, sizeof *iri, ascending);
    printf("  %-24s %4zu", d->name, d->n_windows);
    for (int q = 5; q <= 95 && d->n_windows > 0; q += q == 5 || q == 75 ? 20 : 25)
        printf(" %6.2f", iri[(size_t)(q / 100.0 * (double)(d->n_windows - 1) + 0.5)]);
    printf("    %4d %4d %4d\n", counts[1], counts[2], counts[3]);
    free(iri);
}

static void print_read(const struct run *run)
{
    uint64_t rows = 0, refused = 0;

    for (size_t i = 0; i < run->n_drives; i++) {
        rows += run->drives[i].source.rows;
        refused += run->drives[i].source.rows_refused;
    }
    printf("%zu drives read, %zu could not be; %llu rows, %llu refused\n\n", run->n_drives, run->unreadable,
           (unsigned long long)rows, (unsigned long long)refused);
    printf("windows of %d s at %.1f m/s and faster; roughness in m/km; good below %.2f, bad from %.2f\n",
           ROUGHNESS_WINDOW_S, ROUGHNESS_MOVING_MPS, cuts[0], cuts[1]);
    puts("  drive                    windows  5 %   25 %   50 %   75 %   95 %    good medium bad");
    for (size_t i = 0; i < run->n_drives; i++)
        print_drive(&run->drives[i]);
}

static void print_score(const char *what, double (*score)(const void *, const unsigned *),
                        const struct rated_list *list, const unsigned *ones, bool is_json)
{
    const double value = score(list, ones);
    const struct interval i = bootstrap(list->n_blocks, score, list);

    if (isnan(value))
        printf(is_json ? ",\"%s\":null" : "%s: none\n", what);
    else if (is_json)
        printf(",\"%s\":%.4f,\"%s_low\":%.4f,\"%s_high\":%.4f", what, value, what, i.low, what, i.high);
    else
        printf("%s %.3f (95 %% %.3f to %.3f)\n", what, value, i.low, i.high);
}

static void print_scores(const struct rated_list *list, bool is_json)
{
    unsigned *ones = room_zeroed(list->n_blocks, sizeof *ones);

    for (size_t i = 0; i < list->n_blocks; i++)
        ones[i] = 1;
    if (!is_json)
        printf("\n%zu windows of rated drives; a window has its drive's rating; interval: minutes drawn with "
               "replacement\n",
               list->n);
    print_score("accuracy", accuracy, list, ones, is_json);
    print_score("mean_pairwise_auc", mean_auc, list, ones, is_json);
    for (int low = 1; low <= CLASSES && !is_json; low++)
        for (int high = low + 1; high <= CLASSES; high++)
            printf("  q%d against q%d: AUC %.4f\n", low, high, pair_auc(list, ones, low, high));
    free(ones);
}

static void run_done(struct run *run)
{
    for (size_t i = 0; i < run->n_drives; i++)
        free(run->drives[i].windows);
    free(run->drives);
    paths_done(&run->paths);
}

int evaluate_rsq(const struct evaluate_options *options)
{
    struct run run = {0};

    if (paths_find(options->data, SENSOR_FILE, true, &run.paths) != ROAD_OK)
        return 1;
    run.drives = room_zeroed(run.paths.n + 1, sizeof *run.drives);
    for (size_t i = 0; i < run.paths.n; i++)
        predict(&run, run.paths.items[i]);
    if (run.n_drives == 0) {
        fprintf(stderr, "evaluate: no recording below %s (wanted: folders with %s)\n", options->data,
                SENSOR_FILE);
        run_done(&run);
        return 1;
    }
    if (options->predictions)
        write_predictions(&run, options->predictions);
    read_ratings(&run);
    struct rated_list list = rated_windows(&run);
    if (options->is_json)
        printf("{\"set\":\"rsq\",\"drives\":%zu,\"windows_rated\":%zu", run.n_drives, list.n);
    else
        print_read(&run);
    if (list.n > 0)
        print_scores(&list, options->is_json);
    else if (!options->is_json)
        puts("\nno folder's name begins with q1, q2 or q3: predicted, not scored");
    if (options->is_json)
        puts("}");
    free(list.items);
    run_done(&run);
    return 0;
}
