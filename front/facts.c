#include "front/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "front/http.h"

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static uint64_t count(const json_t *object, const char *key)
{
    const double value = number(object, key);

    return value > 0 ? (uint64_t)value : 0;
}

static void add_node(const json_t *node, struct facts *f)
{
    f->samples += count(node, "samples");
    f->detections += count(node, "detections");
    f->batches_sent += count(node, "batches_sent");
    f->batches_acked += count(node, "batches_acked");
    f->batches_refused += count(node, "batches_refused");
    f->distance_m += number(node, "distance_m");
    f->unplaced_m += number(node, "unplaced_m");
    const double speed = number(node, "replay_speed");
    if (f->replay_speed == 0 || speed < f->replay_speed)
        f->replay_speed = speed;
}

bool facts_of_nodes(const struct stack *stack, struct facts *facts)
{
    for (int i = 0; i < stack->n_nodes; i++) {
        char path[STACK_PATH_SIZE + 64];
        snprintf(path, sizeof path, "%s/node-%s/facts.json", stack->dir, stack->nodes[i].name);
        json_t *node = json_load_file(path, 0, NULL);
        if (!node)
            return false;
        add_node(node, facts);
        json_decref(node);
    }
    return true;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The oldest sample of each batch: no other sample of it waited longer. */
static size_t node_delays(const struct stack *stack, const struct stack_node *node, struct events *events,
                          double *delays_ms, size_t used, size_t capacity)
{
    char path[STACK_PATH_SIZE + 64], line[256];
    unsigned long long seq;
    long long first_ns, last_ns;

    snprintf(path, sizeof path, "%s/node-%s/handed.csv", stack->dir, node->name);
    FILE *handed = fopen(path, "r");
    while (handed && fgets(line, sizeof line, handed)) {
        if (sscanf(line, "%llu,%lld,%lld", &seq, &first_ns, &last_ns) != 3)
            continue;
        const int64_t seen_ns = events_seen_ns(events, node->kid, seq, last_ns);
        if (seen_ns > 0 && used < capacity)
            delays_ms[used++] = (double)(seen_ns - first_ns) / 1e6;
    }
    if (handed)
        fclose(handed);
    return used;
}

void facts_of_events(const struct stack *stack, struct events *events, struct facts *facts)
{
    enum { CAPACITY = 65536 };
    double *delays_ms = malloc(CAPACITY * sizeof *delays_ms);
    size_t used = 0;

    if (!delays_ms)
        return;
    for (int i = 0; i < stack->n_nodes; i++)
        used = node_delays(stack, &stack->nodes[i], events, delays_ms, used, CAPACITY);
    qsort(delays_ms, used, sizeof *delays_ms, compare_doubles);
    facts->batches_seen = used;
    facts->sample_to_map_ms_p50 = used ? delays_ms[used / 2] : NAN;
    facts->sample_to_map_ms_p99 = used ? delays_ms[(used * 99) / 100] : NAN;
    free(delays_ms);
}

bool facts_of_server(const struct stack *stack, struct facts *facts)
{
    json_t *summary = http_get_json(stack->http, "/v1/summary");
    const json_t *road = json_object_get(summary, "road_m"), *cells = json_object_get(summary, "cells");
    const json_t *defects = json_object_get(summary, "defects"), *features = json_object_get(summary, "features");

    if (!summary)
        return false;
    facts->road_m_covered = number(road, "covered");
    facts->road_m_red = number(road, "red");
    facts->road_m_yellow = number(road, "yellow");
    facts->road_m_green = number(road, "green");
    facts->road_m_unplaced = number(road, "unplaced");
    facts->cells_coded = count(cells, "red") + count(cells, "yellow") + count(cells, "green");
    facts->cells_1m_coded = count(cells, "level0");
    facts->cells_16m_coded = count(cells, "level4");
    facts->defects_suspected = count(defects, "suspected");
    facts->defects_confirmed = count(defects, "confirmed");
    facts->features = count(features, "registered");
    facts->features_called_damage = count(features, "called_damage");
    facts->entries = count(summary, "entries");
    json_decref(summary);
    return true;
}

bool facts_verify(const struct stack *stack, struct facts *facts)
{
    char program[STACK_PATH_SIZE + 16], url[96], log[STACK_PATH_SIZE + 16];
    struct child child;

    snprintf(program, sizeof program, "%s/roadchief", stack->options.bin_dir);
    snprintf(url, sizeof url, "%s/log", stack->http);
    snprintf(log, sizeof log, "%s/verify.log", stack->dir);
    char *const argv[] = {program, "verify", url, NULL};
    char line[512];
    if (child_start(&child, argv, log) != ROAD_OK)
        return false;
    while (child_wait_line(&child, "", 60000, line, sizeof line) == ROAD_OK)
        ;
    child_stop(&child, 5000);
    facts->is_verified = WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0;
    return true;
}

static void print_truth_json(const struct truth_score *s, FILE *out)
{
    fprintf(out,
            ",\"truth_placed\":%d,\"truth_confirmed\":%d,\"truth_potholes\":%d,\"truth_potholes_confirmed\":%d,"
            "\"truth_potholes_typed\":%d,\"truth_potholes_inside_95\":%d,\"truth_error_squared_mean\":%.2f,"
            "\"truth_false_confirmed\":%d,\"truth_false_look_alike\":%d",
            s->placed, s->placed_confirmed, s->potholes, s->potholes_confirmed, s->potholes_typed, s->potholes_inside,
            isfinite(s->nees_mean) ? s->nees_mean : -1, s->false_confirmed, s->false_look_alike);
}

static void print_truth(const struct truth_score *s, double km, FILE *out)
{
    fprintf(out, "truth_placed: %d\ntruth_confirmed: %d\n", s->placed, s->placed_confirmed);
    fprintf(out, "truth_potholes: %d (50 mm or deeper, at least %d wheel crossings by two vehicles)\n", s->potholes,
            TRUTH_CROSSINGS_MIN);
    fprintf(out, "truth_potholes_confirmed: %d\ntruth_potholes_typed: %d\ntruth_potholes_inside_95: %d\n",
            s->potholes_confirmed, s->potholes_typed, s->potholes_inside);
    fprintf(out, "truth_error_squared_mean: %.2f (2 is honest)\n", s->nees_mean);
    fprintf(out, "truth_false_confirmed: %d (%.2f per 10 km; %d at a look-alike)\n", s->false_confirmed,
            km > 0 ? s->false_confirmed * 10 / km : 0, s->false_look_alike);
}

void facts_print(const struct facts *f, const struct truth_score *truth, bool is_json, FILE *out)
{
    const struct {
        const char *key;
        double value;
        int decimals;
    } rows[] = {
        {"samples", (double)f->samples, 0},
        {"distance_m", f->distance_m, 0},
        {"detections", (double)f->detections, 0},
        {"defects_suspected", (double)f->defects_suspected, 0},
        {"defects_confirmed", (double)f->defects_confirmed, 0},
        {"features", (double)f->features, 0},
        {"features_called_damage", (double)f->features_called_damage, 0},
        {"road_m_covered", f->road_m_covered, 0},
        {"road_m_red", f->road_m_red, 0},
        {"road_m_yellow", f->road_m_yellow, 0},
        {"road_m_green", f->road_m_green, 0},
        {"road_m_unplaced", f->road_m_unplaced, 0},
        {"cells_coded", (double)f->cells_coded, 0},
        {"cells_1m_coded", (double)f->cells_1m_coded, 0},
        {"cells_16m_coded", (double)f->cells_16m_coded, 0},
        {"batches_sent", (double)f->batches_sent, 0},
        {"batches_durable", (double)f->batches_acked, 0},
        {"batches_refused", (double)f->batches_refused, 0},
        {"entries", (double)f->entries, 0},
        {"lost", (double)f->batches_sent - (double)f->batches_seen, 0},
        {"sample_to_map_ms_p50", f->sample_to_map_ms_p50, 1},
        {"sample_to_map_ms_p99", f->sample_to_map_ms_p99, 1},
        {"replay_speed", f->replay_speed, 1},
    };

    fputs(is_json ? "{" : "", out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_json)
            fprintf(out, "\"%s\":%.*f,", rows[i].key, rows[i].decimals, isfinite(rows[i].value) ? rows[i].value : -1);
        else
            fprintf(out, "%s: %.*f\n", rows[i].key, rows[i].decimals, rows[i].value);
    const char *ledger = f->is_verified ? "verified" : "NOT VERIFIED";
    fprintf(out, is_json ? "\"ledger\":\"%s\"" : "ledger: %s\n", ledger);
    if (truth && is_json)
        print_truth_json(truth, out);
    else if (truth)
        print_truth(truth, f->distance_m / 1000, out);
    fputs(is_json ? "}\n" : "", out);
}
