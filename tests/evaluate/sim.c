/* sim.c - `evaluate sim`: the node on simulated drives, against what was really on the road. */
#include "tests/evaluate/evaluate.h"
#include "tests/evaluate/sim_score.h"

static bool report(const struct evaluate_options *options, const struct sim_set *set)
{
    struct sim_score score;

    if (!sim_score_make(set, &score))
        return false;
    if (options->is_json) {
        json_t *json = sim_score_json(set, &score);
        json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(json);
    } else {
        sim_score_print(set, &score);
    }
    sim_score_done(&score);
    return true;
}

int evaluate_sim(const struct evaluate_options *options)
{
    struct sim_set set;

    if (!sim_set_open(&set, options->data))
        return 1;
    bool is_good = sim_set_predict(&set);
    if (is_good && options->predictions)
        sim_set_write(&set, options->predictions);
    if (is_good && sim_set_read_truth(&set)) { /* the labels, only now */
        sim_set_match(&set);
        is_good = report(options, &set);
    }
    sim_set_done(&set);
    return is_good ? 0 : 1;
}
