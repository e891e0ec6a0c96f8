#include <stdlib.h>
#include <string.h>

#include "sensor-node/motion/clip.h"
#include "tests/evaluate/clip_score.h"
#include "tests/evaluate/clips.h"
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/gonzalez_known.h"

/* What is known of a clip before anybody looks at labels. */
struct prediction {
    struct clip_verdict verdict;
    bool is_told;  /* else refused */
    bool is_known; /* one of the clips that the model was learnt from */
};

struct run {
    struct clips_list list;
    struct prediction *predictions; /* one for each file */
    struct clip_pair *pairs;        /* the clips that are scored */
    size_t refused, known, labelled, scored;
    struct clip_scores scores;
    struct clip_intervals intervals;
};

static int compare_digests(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_known(const struct clips_samples *samples)
{
    const uint64_t digest = clips_digest(samples);
    return bsearch(&digest, gonzalez_known, gonzalez_known_count, sizeof digest, compare_digests) != NULL;
}

static const char *reason_of(enum road_status status, int count)
{
    if (status == ROAD_BAD_INPUT)
        return "a sample is beyond what a car feels";
    return status == ROAD_BAD_RANGE && count >= CLIP_WINDOW ? "all samples are equal: the sensor was stuck"
                                                            : "shorter than 1.12 s";
}

/* All that a prediction may rest on: the samples. */
static struct prediction predict(const struct clips_samples *samples, const char **ret_reason)
{
    struct prediction p = {0};
    const enum road_status status = clip_classify(samples->accel_mps2, samples->count, &p.verdict);

    if (status != ROAD_OK)
        *ret_reason = reason_of(status, samples->count);
    p.is_told = status == ROAD_OK;
    p.is_known = is_known(samples);
    return p;
}

static void predict_all(struct run *r)
{
    static struct clips_samples samples;

    for (size_t i = 0; i < r->list.count; i++) {
        const char *reason = "";
        if (clips_read(r->list.files[i].path, &samples, &reason) == ROAD_OK)
            r->predictions[i] = predict(&samples, &reason);
        if (!r->predictions[i].is_told)
            fprintf(stderr, "evaluate: %s refused: %s\n", r->list.files[i].path, reason);
        r->refused += !r->predictions[i].is_told;
        r->known += r->predictions[i].is_known;
    }
}

static void write_predictions(const struct run *r, FILE *out)
{
    fputs("file,class\n", out);
    for (size_t i = 0; i < r->list.count; i++)
        if (r->predictions[i].is_told)
            fprintf(out, "%s,%s\n", r->list.files[i].name, clip_class_name(r->predictions[i].verdict.class));
}

static int class_of_folder(const char *folder)
{
    for (int c = 0; c < CLIP_CLASSES; c++)
        if (strcmp(folder, clip_class_name((enum clip_class)c)) == 0)
            return c;
    return -1;
}

/* Labels are read here, after everything has been predicted. Clips that were learnt from are scored only where there
 * are no others. */
static void score_all(struct run *r)
{
    for (size_t i = 0; i < r->list.count; i++)
        r->labelled += class_of_folder(r->list.files[i].folder) >= 0;
    for (int take_known = 0; take_known < 2 && r->scored == 0; take_known++)
        for (size_t i = 0; i < r->list.count; i++) {
            const struct prediction *p = &r->predictions[i];
            const int truth = class_of_folder(r->list.files[i].folder);
            if (truth >= 0 && p->is_known == (take_known == 1))
                r->pairs[r->scored++] =
                    (struct clip_pair){truth, p->is_told ? (int)p->verdict.class : CLIP_REFUSED};
        }
    clip_score(r->pairs, r->scored, &r->scores);
    if (r->scored > 0)
        clip_score_intervals(r->pairs, r->scored, &r->intervals);
}

/* True where nothing else was there to be scored. */
static bool scores_are_of_known(const struct run *r)
{
    return r->scored > 0 && r->scored <= r->known && r->labelled == r->scored;
}

static void print_interval(const char *name, double value, struct interval interval)
{
    printf("  %-22s %.3f   %.3f to %.3f\n", name, value, interval.low, interval.high);
}

static void print_confusion(const struct clip_scores *s)
{
    puts("\nconfusion (row = truth, column = predicted)");
    printf("  %-14s", "");
    for (int c = 0; c < CLIP_CLASSES; c++)
        printf(" %13s", clip_class_name((enum clip_class)c));
    printf(" %8s\n", "refused");
    for (int t = 0; t < CLIP_CLASSES; t++) {
        printf("  %-14s", clip_class_name((enum clip_class)t));
        for (int p = 0; p < CLIP_CLASSES; p++)
            printf(" %13d", s->confusion[t][p]);
        printf(" %8d\n", s->confusion[t][CLIP_REFUSED]);
    }
}

static void print_classes(const struct run *r)
{
    puts("\nclass            precision  recall  F1      95 % of the bootstrap");
    for (int c = 0; c < CLIP_CLASSES; c++)
        printf("  %-14s %9.3f  %6.3f  %.3f   %.3f to %.3f\n", clip_class_name((enum clip_class)c),
               r->scores.precision[c], r->scores.recall[c], r->scores.f1[c], r->intervals.f1[c].low,
               r->intervals.f1[c].high);
}

static void print_checked(void)
{
    static const char *const figures[] = {"macro-F1", "pothole F1", "event-or-not F1"};

    printf("\nof clips not learnt from (%d-fold cross-validation of the %zu, mean of %d; recorded when the model was "
           "frozen)\n",
           gonzalez_checked.folds, gonzalez_known_count, gonzalez_checked.repeats);
    for (int i = 0; i < 3; i++) {
        const struct gonzalez_figure *f = &gonzalez_checked.figures[i];
        print_interval(figures[i], f->value, (struct interval){f->low, f->high});
    }
}

static void print_text(const struct run *r)
{
    printf("gonzalez: %zu clips, %zu refused, %zu of those that the model was learnt from\n", r->list.count, r->refused,
           r->known);
    if (scores_are_of_known(r))
        puts("WARNING: these are the clips that the model was learnt from. The scores below show that it remembers\n"
             "them and nothing else; what to expect of others is the cross-validation at the end.");
    else if (r->known)
        puts("Clips that the model was learnt from are predicted, and left out of the scores.");
    if (r->scored == 0) {
        puts("No clip lies in a folder named after a class: predicted, not scored.");
    } else {
        printf("\nscores of %zu clips      value   95 %% of the bootstrap (%d draws over clips)\n", r->scored,
               BOOTSTRAP_DRAWS);
        print_interval("macro-F1", r->scores.macro_f1, r->intervals.macro_f1);
        print_interval("pothole F1", r->scores.f1[CLIP_POTHOLE], r->intervals.f1[CLIP_POTHOLE]);
        print_interval("event-or-not F1", r->scores.event_f1, r->intervals.event_f1);
        printf("  event precision %.3f, recall %.3f\n", r->scores.event_precision, r->scores.event_recall);
        print_classes(r);
        print_confusion(&r->scores);
        puts("\nEach clip is judged by 1.12 s around its deepest drop, before its folder's name is looked at.\n"
             "F1 = 2 PR / (P + R); macro = mean over the classes; event = potholes and both bumps against both roads;\n"
             "a refused clip is a miss.");
    }
    print_checked();
}

static void print_json_figure(const char *name, double value, struct interval i, const char *tail)
{
    printf("\"%s\":{\"value\":%.4f,\"low\":%.4f,\"high\":%.4f}%s", name, value, i.low, i.high, tail);
}

static void print_json_scores(const struct run *r)
{
    const struct clip_scores *s = &r->scores;

    print_json_figure("macro_f1", s->macro_f1, r->intervals.macro_f1, ",");
    print_json_figure("pothole_f1", s->f1[CLIP_POTHOLE], r->intervals.f1[CLIP_POTHOLE], ",");
    print_json_figure("event_f1", s->event_f1, r->intervals.event_f1, ",");
    printf("\"event_precision\":%.4f,\"event_recall\":%.4f,\"classes\":{", s->event_precision, s->event_recall);
    for (int c = 0; c < CLIP_CLASSES; c++) {
        printf("%s\"%s\":{\"precision\":%.4f,\"recall\":%.4f,", c ? "," : "", clip_class_name((enum clip_class)c),
               s->precision[c], s->recall[c]);
        print_json_figure("f1", s->f1[c], r->intervals.f1[c], ",\"predicted\":[");
        for (int p = 0; p <= CLIP_CLASSES; p++)
            printf("%s%d", p ? "," : "", s->confusion[c][p]);
        printf("]}");
    }
    printf("},");
}

static void print_json(const struct run *r)
{
    static const char *const figures[] = {"macro_f1", "pothole_f1", "event_f1"};

    printf("{\"set\":\"gonzalez\",\"clips\":%zu,\"refused\":%zu,\"learnt_from\":%zu,\"scored\":%zu,"
           "\"scores_are_of_clips_learnt_from\":%s,",
           r->list.count, r->refused, r->known, r->scored, scores_are_of_known(r) ? "true" : "false");
    if (r->scored)
        print_json_scores(r);
    printf("\"cross_validated\":{\"folds\":%d,\"repeats\":%d", gonzalez_checked.folds, gonzalez_checked.repeats);
    for (int i = 0; i < 3; i++) {
        const struct gonzalez_figure *f = &gonzalez_checked.figures[i];
        printf(",");
        print_json_figure(figures[i], f->value, (struct interval){f->low, f->high}, "");
    }
    puts("}}");
}

static enum road_status prepare(struct run *r, const char *folder)
{
    const enum road_status status = clips_list_new(folder, &r->list);

    if (status != ROAD_OK)
        return status;
    if (r->list.count == 0)
        return ROAD_NOT_FOUND;
    r->predictions = calloc(r->list.count, sizeof *r->predictions);
    r->pairs = calloc(r->list.count, sizeof *r->pairs);
    return r->predictions && r->pairs ? ROAD_OK : ROAD_NO_MEMORY;
}

int evaluate_gonzalez(const struct evaluate_options *options)
{
    struct run r = {0};
    const enum road_status status = prepare(&r, options->data);

    if (status == ROAD_OK) {
        predict_all(&r);
        if (options->predictions)
            write_predictions(&r, options->predictions);
        score_all(&r);
        (options->is_json ? print_json : print_text)(&r);
    } else {
        fprintf(stderr, "evaluate: clips in %s: %s\n", options->data, road_status_sentence(status));
    }
    free(r.pairs);
    free(r.predictions);
    clips_list_free(&r.list);
    return status == ROAD_OK ? 0 : 1;
}
