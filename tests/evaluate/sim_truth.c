/* sim_truth.c - crossings.csv, and which claim belongs to which crossing. */
#include <math.h>
#include <string.h>

#include "sensor-node/csv.h"
#include "tests/evaluate/sim_set.h"

#define ROWS_MAX 4000000
#define OVERLAP_CROSSES 0.5
#define OVERLAP_TOUCHES 0.02
#define SLACK_S 0.4       /* on both sides of the time in which an axle is on the thing */
#define EVENT_AFTER_S 1.0 /* a car goes on rocking after a happening that is not the road's */
#define STEP_REACH_M 1.0  /* of a step's long way back to the plane nothing is felt after this */
#define WRONG_TYPE_S 0.3  /* of two crossings within reach, a claim takes the one of its type unless the other is so much nearer */

enum { DRIVE, EVENT, TIME, SECONDS, SPEED, LEFT, RIGHT, TYPE, FEATURE, NAME, SIZE, LENGTH, E_M, N_M, CAR_E_M, CAR_N_M, IRI, COLUMNS };
static const char *const names[COLUMNS] = {"drive", "event",   "time_s", "seconds", "speed_mps", "left", "right",   "type",
                                           "feature", "name", "size",   "length_m", "e_m",      "n_m",  "car_e_m", "car_n_m",
                                           "iri"};

struct reading {
    struct csv *csv;
    int at[COLUMNS]; /* which field a column is */
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t n_fields;
};

double sim_floor(int type)
{
    switch (type) {
    case DEFECT_POTHOLE:
    case DEFECT_SUBSIDENCE:
        return 40;
    case DEFECT_MANHOLE_LEVEL:
    case DEFECT_SHOVING:
        return 20;
    case DEFECT_JOINT_FAULT:
    case DEFECT_PATCH_FAILURE: /* the issue names no floor for patches: the steps' */
        return 15;
    default:
        return 0;
    }
}

static bool is_text(struct csv_field field, const char *text)
{
    return field.length == strlen(text) && memcmp(field.text, text, field.length) == 0;
}

static struct csv_field field_of(const struct reading *r, int column)
{
    return (size_t)r->at[column] < r->n_fields ? r->fields[r->at[column]] : (struct csv_field){"", 0};
}

static double number_of(const struct reading *r, int column)
{
    double value = 0;

    return csv_number(r->csv, field_of(r, column), &value) ? value : 0;
}

static bool read_header(struct reading *r)
{
    if (csv_next(r->csv, r->fields, &r->n_fields) != ROAD_OK)
        return false;
    for (int c = 0; c < COLUMNS; c++) {
        r->at[c] = -1;
        for (size_t k = 0; k < r->n_fields; k++)
            if (is_text(r->fields[k], names[c]))
                r->at[c] = (int)k;
        if (r->at[c] < 0)
            return false;
    }
    return true;
}

static int trip_of(const struct sim_set *set, struct csv_field name)
{
    for (int i = 0; i < set->n_trips; i++)
        if (is_text(name, set->trips[i].name))
            return i;
    return -1;
}

static struct sim_row *new_row(struct sim_set *set)
{
    if (set->n_rows == ROWS_MAX)
        return NULL;
    if (set->n_rows == set->rows_capacity) {
        const int capacity = set->rows_capacity ? 2 * set->rows_capacity : 4096;
        void *grown = realloc(set->rows, (size_t)capacity * sizeof *set->rows);
        if (!grown)
            return NULL;
        set->rows = grown;
        set->rows_capacity = capacity;
    }
    return &set->rows[set->n_rows++];
}

/* The time in which the front or the rear axle is on the thing, and some slack. */
static void set_times(struct sim_row *row, double wheelbase_m)
{
    const double speed = fmax(1, row->speed_mps);
    const double half_m = row->type == DEFECT_JOINT_FAULT ? STEP_REACH_M : row->length_m / 2;

    row->from_s = row->time_s - half_m / speed - SLACK_S;
    row->to_s = row->time_s + (half_m + wheelbase_m) / speed + SLACK_S;
}

static void set_standing(struct sim_row *row, double overlap)
{
    if (overlap < OVERLAP_CROSSES)
        row->standing = ROW_GRAZED;
    else if (row->type == DEFECT_NONE)
        row->standing = ROW_LOOK_ALIKE;
    else
        row->standing = row->size < sim_floor(row->type) ? ROW_BELOW : ROW_COUNTS;
}

static void read_row(const struct reading *r, const struct sim_set *set, struct sim_row *row)
{
    const struct csv_field name = field_of(r, NAME);
    const bool is_passing = is_text(field_of(r, EVENT), "passing");

    *row = (struct sim_row){.time_s = number_of(r, TIME), .seconds = number_of(r, SECONDS), .speed_mps = number_of(r, SPEED),
                            .length_m = number_of(r, LENGTH), .type = (int)number_of(r, TYPE),
                            .feature = (enum feature_kind)number_of(r, FEATURE), .size = number_of(r, SIZE),
                            .e_m = number_of(r, E_M), .n_m = number_of(r, N_M), .claim = -1, .sighting = -1};
    row->side = number_of(r, LEFT) < OVERLAP_CROSSES ? WHEEL_RIGHT : number_of(r, RIGHT) < OVERLAP_CROSSES ? WHEEL_LEFT : WHEEL_BOTH;
    row->drive = trip_of(set, field_of(r, DRIVE));
    snprintf(row->name, sizeof row->name, "%.*s", (int)name.length, name.text);
    if (is_text(field_of(r, EVENT), "lane")) {
        row->standing = ROW_LANE;
        row->is_good = strncmp(row->name, "good", 4) == 0;
        row->iri = number_of(r, IRI);
    } else if (is_passing) {
        set_standing(row, fmax(number_of(r, LEFT), number_of(r, RIGHT)));
        if (row->drive >= 0)
            set_times(row, set->units[set->trips[row->drive].unit].wheelbase_m);
    } else {
        row->standing = ROW_LOOK_ALIKE;
        row->from_s = row->time_s - SLACK_S;
        row->to_s = row->time_s + row->seconds + EVENT_AFTER_S;
    }
}

/* A thing whose edge no tyre touched is no row. */
static bool is_untouched(const struct reading *r)
{
    return is_text(field_of(r, EVENT), "passing") && fmax(number_of(r, LEFT), number_of(r, RIGHT)) < OVERLAP_TOUCHES;
}

static bool read_rows(struct sim_set *set, struct reading *r)
{
    enum road_status status;

    while ((status = csv_next(r->csv, r->fields, &r->n_fields)) == ROAD_OK) {
        if (is_untouched(r))
            continue;
        struct sim_row *row = new_row(set);
        if (!row)
            return false;
        read_row(r, set, row);
        if (row->drive < 0)
            set->n_rows--;
    }
    return status == ROAD_END && set->n_rows > 0;
}

bool sim_set_read_truth(struct sim_set *set)
{
    struct reading r = {.csv = NULL};
    char path[4200];

    snprintf(path, sizeof path, "%s/crossings.csv", set->folder);
    if (csv_open(path, &r.csv) != ROAD_OK) {
        fprintf(stderr, "evaluate: %s cannot be read: predicted, not scored\n", path);
        return false;
    }
    const bool is_good = read_header(&r) && read_rows(set, &r);
    if (!is_good)
        fprintf(stderr, "evaluate: %s:%llu: not the crossings of this manifest's drives\n", path,
                (unsigned long long)csv_line(r.csv));
    csv_close(r.csv);
    return is_good;
}

struct pair {
    double cost_s;
    int claim, row;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *p = a, *q = b;

    if (p->cost_s != q->cost_s)
        return p->cost_s < q->cost_s ? -1 : 1;
    return p->claim != q->claim ? p->claim - q->claim : p->row - q->row;
}

static bool is_within(const struct sim_claim *c, const struct sim_row *row)
{
    return row->standing != ROW_LANE && c->drive == row->drive && c->time_s >= row->from_s && c->time_s <= row->to_s;
}

static bool is_same_kind(const struct sim_claim *c, const struct sim_row *row)
{
    return c->type ? c->type == row->type : row->type == DEFECT_NONE && c->feature == row->feature;
}

/* All pairs that may belong together, nearest first. NULL without memory. */
static struct pair *list_pairs(const struct sim_set *set, int *ret_n)
{
    struct pair *pairs = malloc(((size_t)set->n_claims * 16 + 1) * sizeof *pairs);
    int n = 0, first = 0;

    for (int c = 0; pairs && c < set->n_claims; c++) {
        const struct sim_claim *claim = &set->claims[c];
        if (c == 0 || set->claims[c - 1].drive != claim->drive)
            for (first = 0; first < set->n_rows && set->rows[first].drive != claim->drive;)
                first++;
        int found = 0;
        for (int r = first; r < set->n_rows && set->rows[r].drive == claim->drive && found < 16; r++) {
            if (!is_within(claim, &set->rows[r]))
                continue;
            const double away = fabs(claim->time_s - set->rows[r].time_s);
            pairs[n++] = (struct pair){away + (is_same_kind(claim, &set->rows[r]) ? 0 : WRONG_TYPE_S), c, r};
            found++;
        }
    }
    *ret_n = n;
    if (pairs)
        qsort(pairs, (size_t)n, sizeof *pairs, compare_pairs);
    return pairs;
}

static int verdict_of(const struct sim_claim *c, const struct sim_row *row)
{
    switch (row->standing) {
    case ROW_COUNTS:
        return c->type == row->type ? CLAIM_RIGHT : CLAIM_WRONG_TYPE;
    case ROW_LOOK_ALIKE:
        return CLAIM_LOOK_ALIKE;
    default:
        return CLAIM_IGNORED;
    }
}

static void join(struct sim_set *set, const struct pair *pairs, int n)
{
    for (int i = 0; i < n; i++) {
        struct sim_claim *c = &set->claims[pairs[i].claim];
        struct sim_row *row = &set->rows[pairs[i].row];
        int *taken = c->type ? &row->claim : &row->sighting;
        if (c->row >= 0 || *taken >= 0)
            continue;
        *taken = pairs[i].claim;
        c->row = pairs[i].row;
        c->verdict = verdict_of(c, row);
    }
}

/* What is left over near a crossing that another claim has: a second claim of it; near what is ignored: ignored. */
static void judge_rest(struct sim_set *set, const struct pair *pairs, int n)
{
    for (int i = 0; i < n; i++) {
        struct sim_claim *c = &set->claims[pairs[i].claim];
        const enum sim_standing standing = set->rows[pairs[i].row].standing;
        if (c->row >= 0)
            continue;
        if (standing == ROW_BELOW || standing == ROW_GRAZED)
            c->verdict = CLAIM_IGNORED;
        else if (c->verdict == CLAIM_NOTHING)
            c->verdict = standing == ROW_COUNTS ? CLAIM_TWICE : CLAIM_LOOK_ALIKE;
    }
}

void sim_set_match(struct sim_set *set)
{
    int n = 0;
    struct pair *pairs = list_pairs(set, &n);

    for (int i = 0; i < set->n_claims; i++)
        set->claims[i].verdict = CLAIM_NOTHING;
    if (pairs) {
        join(set, pairs, n);
        judge_rest(set, pairs, n);
    }
    free(pairs);
}
