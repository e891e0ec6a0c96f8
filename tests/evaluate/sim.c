/* sim.c - `evaluate sim`: the node on simulated drives, against what was really on the road. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/sim_score.h"

#define FOLDERS_MAX 64

struct folders {
    char paths[FOLDERS_MAX][4096];
    struct sim_set sets[FOLDERS_MAX];
    int n, n_open;
};

static bool has_manifest(const char *folder)
{
    char path[4200];

    snprintf(path, sizeof path, "%s/manifest.json", folder);
    return access(path, R_OK) == 0;
}

/* DIR itself, or the folders in it that simulate wrote, by name. */
static bool find_folders(struct folders *f, const char *data)
{
    struct dirent **entries = NULL;

    if (has_manifest(data)) {
        snprintf(f->paths[f->n++], sizeof f->paths[0], "%s", data);
        return true;
    }
    const int n = scandir(data, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.' && f->n < FOLDERS_MAX) {
            snprintf(f->paths[f->n], sizeof f->paths[0], "%.3000s/%s", data, entries[i]->d_name);
            f->n += has_manifest(f->paths[f->n]);
        }
        free(entries[i]);
    }
    free(entries);
    if (f->n == 0)
        fprintf(stderr, "evaluate: no manifest.json in %s or in a folder of it\n", data);
    return f->n > 0;
}

static bool predict(struct folders *f)
{
    for (; f->n_open < f->n; f->n_open++) {
        if (!sim_set_open(&f->sets[f->n_open], f->paths[f->n_open]))
            return false;
        if (!sim_set_predict(&f->sets[f->n_open])) {
            f->n_open++;
            return false;
        }
    }
    return true;
}

static void report(const struct evaluate_options *options, const struct sim_score *score)
{
    if (!options->is_json) {
        sim_score_print(score);
        return;
    }
    json_t *json = sim_score_json(score);
    json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(json);
}

/* The labels, only now. */
static void score(struct folders *f, const struct evaluate_options *options)
{
    static struct sim_score sum;
    int scored = 0;

    for (int i = 0; i < f->n; i++) {
        if (!sim_set_read_truth(&f->sets[i]))
            continue;
        sim_set_match(&f->sets[i]);
        sim_score_add(&f->sets[i], &sum);
        scored++;
    }
    if (scored > 0)
        report(options, &sum);
}

int evaluate_sim(const struct evaluate_options *options)
{
    struct folders *f = calloc(1, sizeof *f);
    bool is_good = f && find_folders(f, options->data) && predict(f);

    if (is_good && options->predictions) {
        sim_set_write_header(options->predictions);
        for (int i = 0; i < f->n; i++)
            sim_set_write(&f->sets[i], f->n > 1, options->predictions);
    }
    if (is_good)
        score(f, options);
    for (int i = 0; f && i < f->n_open; i++)
        sim_set_done(&f->sets[i]);
    free(f);
    return is_good ? 0 : 1;
}
