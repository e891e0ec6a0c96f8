#include "tests/evaluate/evaluate.h"

#include <getopt.h>
#include <string.h>

struct set {
    const char *name, *summary;
    int (*run)(const struct evaluate_options *options);
};

/* Every source file of a set adds its row. */
static const struct set sets[] = {
    {"gonzalez", "clips of one axis at 50 Hz: bumps, potholes, good and worn road", evaluate_gonzalez},
    {"sim", "drives of `roadchief simulate`: types, sizes, places, look-alikes", evaluate_sim},
    {"cmu", "5 Hz drives with button presses: single passes, and passes of a loop fused by the gateway", evaluate_cmu},
    {"rsq", "100 Hz drives rated as a whole: roughness of 10 s on the move", evaluate_rsq},
    {NULL, NULL, NULL},
};

static void print_help(void)
{
    puts("roadchief evaluate SET --data DIR [--predictions FILE.csv] [--json]\n\n"
         "Predicts everything in DIR, then reads its labels and prints the scores and how they were computed.\n\n"
         "  --data DIR              recordings, laid out like the set\n"
         "  --predictions FILE.csv  what was predicted, one row each, for others to score\n"
         "  --json                  the scores as one JSON object\n\n"
         "sets:");
    for (const struct set *s = sets; s->name; s++)
        printf("  %-10s %s\n", s->name, s->summary);
}

static const struct set *find_set(const char *name)
{
    for (const struct set *s = sets; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static int run_set(const struct set *set, struct evaluate_options *o, const char *predictions)
{
    if (predictions && !(o->predictions = fopen(predictions, "w"))) {
        fprintf(stderr, "evaluate: cannot write %s: %m\n", predictions);
        return 1;
    }
    int status = set->run(o);
    if (o->predictions && fclose(o->predictions) != 0) {
        fprintf(stderr, "evaluate: cannot write %s: %m\n", predictions);
        status = 1;
    }
    return status;
}

static int run_evaluate(int argc, char **argv)
{
    static const struct option options[] = {{"data", 1, NULL, 'd'}, {"predictions", 1, NULL, 'p'}, {"json", 0, NULL, 'j'},
                                            {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct evaluate_options o = {0};
    const char *predictions = NULL;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'd': o.data = optarg; break;
        case 'p': predictions = optarg; break;
        case 'j': o.is_json = true; break;
        case 'h': print_help(); return 0;
        default: return 2;
        }
    const struct set *set = optind + 1 == argc ? find_set(argv[optind]) : NULL;
    if (!set || !o.data) {
        fputs("evaluate: one SET and --data DIR are needed; `roadchief evaluate --help` lists the sets\n", stderr);
        return 2;
    }
    return run_set(set, &o, predictions);
}

const struct verb evaluate_verbs[] = {
    {"evaluate", "scores of the detectors on recordings whose truth is known", run_evaluate},
    {NULL, NULL, NULL},
};
