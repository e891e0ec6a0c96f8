/* cmu.c - `evaluate cmu`: jolts of 5 Hz drives against the presses of a passenger's button.
 *
 * Everything is predicted by the node (sensor-node/core.h), from the sensor files alone; then, where a drive
 * has its NAME_potholes.csv, it is scored. See docs/evaluation.md. */
#include <math.h>
#include <stdlib.h>

#include "gateway/room.h"
#include "tests/evaluate/bootstrap.h"
#include "tests/evaluate/cmu_drives.h"
#include "tests/evaluate/cmu_known.h"
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/loop.h"

#define TOLERANCE_S 2.0
#define BLOCK_S     60.0
#define NS_PER_S    1e9
/* Log-odds from which a fused defect counts as told: drives at 5 Hz claim no road as watched, so the gateway
 * cannot weigh the passes that felt nothing, and chance jolts pile up with every pass. See
 * docs/evaluation.md. */
#define FUSED_CUT_OF_3    (-2.3)
#define FUSED_CUT_BY_PASS 0.85

/* ---- one pass ------------------------------------------------------------------------------------------ */

struct single {
    size_t n_drives;
    struct tally sum;
    struct tally *blocks;
    size_t n_blocks;
    struct interval interval;
};

static void add_to_block(struct single *single, size_t first, double start_s, double time_s,
                         struct tally what)
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
    const double span_s =
        r->n_fixes ? (double)(r->fixes[r->n_fixes - 1].time_ns - r->fixes[0].time_ns) / NS_PER_S : 0;

    return 1 + (size_t)(span_s / BLOCK_S);
}

/* A pair counts in the minute of its press. */
static struct tally score_drive(const struct cmu_drive *d, struct single *single)
{
    size_t *press = room_zeroed(d->n_predicted, sizeof *press);
    const double start_s = d->recording.n_fixes ? (double)d->recording.fixes[0].time_ns / NS_PER_S : 0;
    const size_t first = single->n_blocks;
    const size_t pairs =
        match_times(d->predicted_s, d->n_predicted, d->presses_s, d->n_presses, TOLERANCE_S, press);

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

static struct single score_singles(const struct cmu_drives *drives, bool is_known_too)
{
    struct single single = {0};
    size_t minutes = 0;

    for (size_t i = 0; i < drives->n; i++)
        minutes += minutes_of(&drives->items[i].recording);
    single.blocks = room_zeroed(minutes, sizeof *single.blocks);
    for (size_t i = 0; i < drives->n; i++)
        if (drives->items[i].is_labelled && (is_known_too || !drives->items[i].is_known))
            (void)score_drive(&drives->items[i], &single);
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
    printf("%-34s F1 %.3f (95 %% %.2f to %.2f)  precision %.3f  recall %.3f  (%g of %g predicted, %g true)\n",
           what, tally_f1(t), i.low, i.high, share(t.hits, t.predicted), share(t.hits, t.truth), t.hits,
           t.predicted, t.truth);
}

static void print_json_f1(const char *name, struct tally t, struct interval i)
{
    printf("\"%s\":{\"f1\":%.4f,\"low\":%.4f,\"high\":%.4f,\"precision\":%.4f,\"recall\":%.4f,\"hits\":%g,"
           "\"predicted\":%g,\"truth\":%g}",
           name, tally_f1(t), i.low, i.high, share(t.hits, t.predicted), share(t.hits, t.truth), t.hits,
           t.predicted, t.truth);
}

static void print_read(const struct cmu_drives *drives)
{
    size_t rows = 0, refused = 0, labelled = 0, presses = 0, told = 0;

    for (size_t i = 0; i < drives->n; i++) {
        const struct cmu_drive *d = &drives->items[i];
        rows += d->recording.source.rows;
        refused += d->recording.source.rows_refused + d->presses_refused;
        labelled += d->is_labelled;
        presses += d->n_presses;
        told += d->n_predicted;
    }
    printf("%zu drives read, %zu could not be; %zu rows, %zu refused\n", drives->n, drives->unreadable, rows,
           refused);
    printf("%zu detections it stands by (confidence >= %.3f) were predicted from the sensor files alone\n",
           told, CMU_STAND_CONFIDENCE);
    printf("%zu drives have labels: %zu presses\n\n", labelled, presses);
}

static void print_drives(const struct cmu_drives *drives)
{
    puts("drive            hits  predicted  presses  F1");
    for (size_t i = 0; i < drives->n; i++) {
        const struct cmu_drive *d = &drives->items[i];
        struct single alone = {.blocks = room_zeroed(minutes_of(&d->recording), sizeof(struct tally))};
        const struct tally t = d->is_labelled ? score_drive(d, &alone) : (struct tally){0, 0, 0};
        if (d->is_labelled)
            printf("  %-14s %4g  %9g  %7g  %.3f%s\n", d->name, t.hits, t.predicted, t.truth, tally_f1(t),
                   d->is_known ? "  trained on it" : "");
        free(alone.blocks);
    }
}

static void print_singles(const struct cmu_drives *drives, bool is_json)
{
    struct single all = score_singles(drives, true), fresh = score_singles(drives, false);

    if (is_json) {
        print_json_f1("single", all.sum, all.interval);
        if (fresh.n_drives > 0)
            putchar(','), print_json_f1("single_untrained", fresh.sum, fresh.interval);
    } else {
        print_f1("single pass, all labelled drives", all.sum, all.interval);
        if (fresh.n_drives > 0 && fresh.n_drives < all.n_drives)
            print_f1("single pass, not trained on", fresh.sum, fresh.interval);
        else if (fresh.n_drives == 0)
            printf("every one of these drives was trained on; left out in turn when the detector was "
                   "trained: F1 %.3f "
                   "(by drive), %.3f (loop against the other roads)\n",
                   CMU_CHECKED_BY_DRIVE, CMU_CHECKED_BY_LOOP);
        puts("  a prediction and a press pair one to one within 2 s; interval: minutes of drives drawn with "
             "replacement\n");
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
        printf("  without pairing: %.3f of the defects have a press within 25 m, %.3f of the presses a "
               "defect, F1 %.3f\n",
               precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0);
    }
    loop_score_done(&score);
}

/* Loops of at least two labelled passes. */
static void print_loops(const struct cmu_drives *drives, bool is_json)
{
    const struct recording **recordings = room_zeroed(drives->n, sizeof *recordings);
    struct loop_drive *members = room_zeroed(drives->n, sizeof *members);
    size_t *group = room_zeroed(drives->n, sizeof *group), n = 0;
    size_t *index = room_zeroed(drives->n, sizeof *index);

    for (size_t i = 0; i < drives->n; i++)
        if (drives->items[i].is_labelled) {
            index[n] = i;
            recordings[n++] = &drives->items[i].recording;
        }
    loop_groups(drives->zone, recordings, n, group);
    for (size_t g = 0; g < n; g++) {
        size_t passes = 0;
        for (size_t i = g; i < n; i++)
            if (group[i] == g) {
                const struct cmu_drive *d = &drives->items[index[i]];
                members[passes++] = (struct loop_drive){&d->recording, d->press_places, d->n_presses};
            }
        if (passes < 2)
            continue;
        struct loop loop = {drives->zone, members, passes, 0};
        if (!is_json)
            printf("a loop of %zu passes, the first is %s; fused by the gateway's code, the presses of all "
                   "passes joined into "
                   "sites of 25 m,\na defect and a site pair one to one within 25 m; interval: squares of "
                   "250 m drawn with "
                   "replacement\n",
                   passes, drives->items[index[g]].name);
        for (size_t k = 1; k <= passes; k++)
            print_loop(&loop, k, is_json);
    }
    free(recordings);
    free(members);
    free(group);
    free(index);
}

static void print_scores(const struct cmu_drives *drives, bool is_json)
{
    if (is_json) {
        printf("{\"set\":\"cmu\",\"drives\":%zu,", drives->n);
        print_singles(drives, true);
        print_loops(drives, true);
        puts("}");
        return;
    }
    print_drives(drives);
    print_singles(drives, false);
    print_loops(drives, false);
}

int evaluate_cmu(const struct evaluate_options *options)
{
    struct cmu_drives drives;

    if (cmu_drives_predict(options->data, &drives) != ROAD_OK)
        return 1;
    if (options->predictions)
        cmu_drives_write(&drives, options->predictions);
    const size_t labelled = cmu_drives_read_labels(&drives);
    if (!options->is_json)
        print_read(&drives);
    if (labelled > 0)
        print_scores(&drives, options->is_json);
    else if (options->is_json)
        printf("{\"set\":\"cmu\",\"drives\":%zu,\"labels\":0}\n", drives.n);
    else
        puts("no NAME" CMU_PRESSES " beside any of them: predicted, not scored");
    cmu_drives_done(&drives);
    return 0;
}
