#include "sensor-node/motion/bank.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/biquad.h"
#include "sensor-node/motion/dot.h"

#define SPEED_FIRST_MPS  2.6
#define SPEED_STEP       1.1
#define ROLL_REACH       4 /* ticks: the roll comes with the vertical */
#define ROLL_PAIRS       65
#define REACH_TICKS      46 /* the peak comes at most so long before or after an axle stands over the middle */
#define SHORT_M          1.0 /* shapes up to here shake the body at once: so many ticks ... */
#define SHORT_BEFORE     18  /* ... before the peak, at the most, the axle stood over the middle ... */
#define SHORT_AFTER      6   /* ... or after it */
#define BEFORE_PAIRS     45  /* what has to be explained begins so long before the peak ... */
#define EVENT_LONG_PAIRS 110 /* ... and is so long, less the axles */

/* Lengths and heights follow the cases of the domain figures, section 3. */
static const struct {
    struct shape shape;
    unsigned families;
} shapes[BANK_SHAPES] = {
    {{SHAPE_BOX, 0.30, -0.040, 0}, BANK_HOLE},
    {{SHAPE_BOX, 0.40, -0.025, 0}, BANK_HOLE},
    {{SHAPE_BOX, 0.45, -0.060, 0}, BANK_HOLE},
    {{SHAPE_BOX, 0.60, -0.050, 0}, BANK_HOLE | BANK_COVER},
    {{SHAPE_BOX, 0.60, -0.090, 0}, BANK_HOLE},
    {{SHAPE_BOX, 0.85, -0.060, 0}, BANK_HOLE | BANK_COVER},
    {{SHAPE_BOX, 0.70, -0.025, 0}, BANK_HOLE | BANK_COVER},
    {{SHAPE_BOX, 0.70, 0.025, 0}, BANK_COVER},
    {{SHAPE_BOX, 2.0, 0.018, 0}, BANK_PATCH},
    {{SHAPE_BOX, 2.0, -0.020, 0}, BANK_PATCH},
    {{SHAPE_STEP, 0, 0.015, 0}, BANK_STEP},
    {{SHAPE_STEP, 0, -0.015, 0}, BANK_STEP},
    {{SHAPE_DIP, 2.5, -0.030, 0}, BANK_SAG},
    {{SHAPE_DIP, 4.0, -0.035, 0}, BANK_SAG},
    {{SHAPE_DIP, 6.0, -0.055, 0}, BANK_SAG},
    {{SHAPE_DIP, 9.0, -0.070, 0}, BANK_SAG},
    {{SHAPE_WAVES, 4.5, 0.03, 0.50}, BANK_WAVES},
    {{SHAPE_WAVES, 4.5, 0.03, 0.75}, BANK_WAVES},
    {{SHAPE_WAVES, 4.5, 0.03, 1.00}, BANK_WAVES},
    {{SHAPE_BUMP, 0.35, 0.050, 0}, BANK_BUMP},
    {{SHAPE_BUMP, 0.70, 0.050, 0}, BANK_BUMP | BANK_HUMP},
    {{SHAPE_TABLE, 3.7, 0.075, 0}, BANK_HUMP},
    {{SHAPE_TABLE, 6.0, 0.075, 0}, BANK_HUMP},
    {{SHAPE_DIP, 3.5, 0.070, 0}, BANK_BUMP | BANK_HUMP},
    {{SHAPE_RAILS, 1.6, 0.012, 0}, BANK_RAIL},
    {{SHAPE_BOX, 0.20, 0.006, 0}, BANK_JOINT | BANK_STRIPS},
};

static void filter(float *x, int n)
{
    struct biquad high, low;

    biquad_high_pass(&high, BANK_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&low, BANK_LOW_PASS_HZ, TICK_HZ);
    for (int i = 0; i < n; i++)
        x[i] = (float)biquad_step(&low, biquad_step(&high, x[i]));
}

static void fill(struct response *response, const float whole[2 * BANK_PAIRS])
{
    for (int k = 0; k < BANK_PAIRS; k++) {
        response->at[0][k] = 0.5f * (whole[2 * k] + whole[2 * k + 1]);
        response->at[1][k] = 0.5f * ((k > 0 ? whole[2 * k - 1] : 0) + whole[2 * k]);
    }
    while (response->still < BANK_PAIRS && response->at[0][response->still] == 0 &&
           response->at[1][response->still] == 0)
        response->still++;
}

void bank_init(struct bank *bank, double imu_x_m, double wheelbase_m)
{
    memset(bank, 0, sizeof *bank);
    bank->rear_share = fmin(1, fmax(0, -imu_x_m / wheelbase_m));
    bank->front_share = 1 - bank->rear_share;
    for (int s = 0; s < BANK_SHAPES; s++)
        bank->shapes[s] = shapes[s].shape;
}

static void make_response(const struct shape *shape, double speed_mps, struct response *response)
{
    struct shape_path path;
    float whole[2 * BANK_PAIRS];

    shape_path_make(shape, &path);
    quarter_car_response(&path, speed_mps, 2 * BANK_ZERO, whole, 2 * BANK_PAIRS);
    filter(whole, 2 * BANK_PAIRS);
    fill(response, whole);
}

static void make_row(struct bank *bank, int v)
{
    double speed = SPEED_FIRST_MPS;

    bank->is_made[v] = true;
    for (int i = 0; i < v; i++)
        speed *= SPEED_STEP;
    for (int s = 0; s < BANK_SHAPES; s++) {
        if (shapes[s].shape.length_m / 2 > speed * (2 * BANK_ZERO - 3) * TICK_S)
            continue;
        struct response *response = &bank->response[v][s];
        make_response(&shapes[s].shape, speed, response);
        bank->energy[v][s] = dot(response->at[0], response->at[0], BANK_PAIRS);
    }
}

void bank_prepare(struct bank *bank, double speed_mps)
{
    const int v = bank_speed(speed_mps);

    if (!bank->is_made[v])
        make_row(bank, v);
}

void bank_prepare_all(struct bank *bank)
{
    for (int v = 0; v < BANK_SPEEDS; v++)
        if (!bank->is_made[v])
            make_row(bank, v);
}

int bank_speed(double speed_mps)
{
    double border = SPEED_FIRST_MPS * 1.05;
    int v = 0;

    for (; v < BANK_SPEEDS - 1 && speed_mps > border; v++)
        border *= SPEED_STEP;
    return v;
}

/* Zeros add nothing to a sum of products; only whole steps of it are left out, so that the others keep their lanes. */
static int still_steps(int pairs)
{
    return pairs > 0 ? pairs / DOT_STEP * DOT_STEP : 0;
}

/* A response laid on a signal so that its zero comes at the tick `at`; what sticks out is left off. */
static float lay(const struct response *response, const float *signal, int at)
{
    const int first = (at - (at & 1)) / 2 - BANK_ZERO, inside = first < 0 ? -first : 0;
    const int high = first + BANK_PAIRS > EVENT_PAIRS ? EVENT_PAIRS - first : BANK_PAIRS;
    const int low = inside + still_steps(response->still - inside);

    return high > low ? dot(response->at[at & 1] + low, signal + first + low, high - low) : 0;
}

/* ... at n even ticks in a row, by twos where nothing sticks out. */
static void lay_row(const struct response *response, const float *signal, int from, int n, float *ret_laid)
{
    const int first = from / 2 - BANK_ZERO, low = still_steps(response->still);
    int i = 0;

    for (; i + 2 <= n && first + i >= 0 && first + i + 1 + BANK_PAIRS <= EVENT_PAIRS; i += 2)
        dot_two(response->at[0] + low, signal + first + i + low, BANK_PAIRS - low, ret_laid + i);
    for (; i < n; i++)
        ret_laid[i] = lay(response, signal, from + 2 * i);
}

/* ... between ticks. */
static float lay_between(const struct response *response, const float *signal, int at, float part)
{
    const float first = lay(response, signal, at);

    return first + part * (lay(response, signal, at + 1) - first);
}

/* The response against itself, so many ticks later. */
static float echo(const struct response *response, int late)
{
    const int low = still_steps(response->still), pairs = (late + 1) / 2 + low;

    return pairs < BANK_PAIRS ? dot(response->at[late & 1] + pairs, response->at[0] + low, BANK_PAIRS - pairs) : 0;
}

float bank_share(const struct bank *bank, int speed, int shape, const float signal[EVENT_PAIRS], float shift)
{
    const float energy = bank->energy[speed][shape];

    return energy > 0 ? lay(&bank->response[speed][shape], signal, (int)(shift + 0.5f)) / energy : NAN;
}

int bank_best(const struct match *matches, unsigned families)
{
    int best = -1, any = 0;

    for (int s = 0; s < BANK_SHAPES; s++) {
        if (matches[s].explained > matches[any].explained)
            any = s;
        if ((shapes[s].families & families) && matches[s].explained > 0 &&
            (best < 0 || matches[s].explained > matches[best].explained))
            best = s;
    }
    return best < 0 ? any : best;
}

struct span {
    int axle;          /* ticks between the axles ... */
    float part;        /* ... and this much of one more */
    float front, rear; /* shares */
    float event_energy;
};

/* Both axles' response against the signal: front * c(t) + rear * c(t + axle), c the response laid on at t. */
static float lay_both(const struct response *response, const struct event *e, const struct span *s,
                      int at)
{
    return s->front * lay(response, e->felt_pairs, at) +
           s->rear * lay_between(response, e->felt_pairs, at + s->axle, s->part);
}

struct top {
    float value;
    int at;
};

/* The best of the even ticks first .. last for the front axle; the rear one comes `axle` ticks later. An even
 * distance is cheap where the rear axle's are the front's of later on. */
static void scan(const struct response *response, const struct event *e, const struct span *s, int axle,
                 int first, int last, struct top *top)
{
    const int n = (last - first) / 2 + 1, pairs = axle / 2;
    const bool is_apart = pairs >= n || (axle & 1);
    float laid[EVENT_PAIRS];

    lay_row(response, e->felt_pairs, first, is_apart ? n : n + pairs, laid);
    for (int i = 0; i < n; i++) {
        const float late = is_apart ? lay(response, e->felt_pairs, first + 2 * i + axle) : laid[i + pairs];
        const float both = s->front * laid[i] + s->rear * late;
        if (both > top->value)
            *top = (struct top){both, first + 2 * i};
    }
}

/* Where the front axle may have stood over the middle: of a short shape just before the peak, or an axle
 * earlier still; of a long one anywhere near. A tick more or less between the axles matters to waves alone.
 */
static struct top search(const struct response *response, const struct event *e, const struct span *s,
                         const struct shape *shape)
{
    const int nearest = s->axle + (s->part > 0.5f), even = (nearest + 1) & ~1;
    struct top top = {0, -1};

    if (shape->length_m > SHORT_M || s->axle <= SHORT_BEFORE + SHORT_AFTER) {
        scan(response, e, s, shape->kind == SHAPE_WAVES ? nearest : even,
             (EVENT_BEFORE - s->axle - REACH_TICKS) & ~1, EVENT_BEFORE + REACH_TICKS, &top);
        return top;
    }
    scan(response, e, s, even, (EVENT_BEFORE - s->axle - SHORT_BEFORE) & ~1,
         EVENT_BEFORE - s->axle + SHORT_AFTER, &top);
    scan(response, e, s, even, EVENT_BEFORE - SHORT_BEFORE, EVENT_BEFORE + SHORT_AFTER, &top);
    return top;
}

static void match_one(const struct bank *b, const struct event *e, const struct span *s, int speed, int shape,
                      struct match *ret_match)
{
    const struct response *response = &b->response[speed][shape];
    const float energy = b->energy[speed][shape];

    *ret_match = (struct match){0, NAN, (float)(EVENT_BEFORE - s->axle / 2)};
    const int best = energy > 0 ? search(response, e, s, &b->shapes[shape]).at : -1;
    if (best < 0)
        return;
    const float late = echo(response, s->axle), later = echo(response, s->axle + 1);
    const float own = (s->front * s->front + s->rear * s->rear) * energy +
                      2 * s->front * s->rear * (late + s->part * (later - late));
    /* The top between ticks, from a parabola through three. */
    const float before = lay_both(response, e, s, best - 1), at = lay_both(response, e, s, best),
                after = lay_both(response, e, s, best + 1), bend = before - 2 * at + after;
    const float part = bend < 0 ? fmaxf(-1.5f, fminf(1.5f, 0.5f * (before - after) / bend)) : 0;
    const float top = fmaxf(0, at - 0.25f * (before - after) * part);
    *ret_match = (struct match){fminf(1, top * top / (own * s->event_energy)), top / own, (float)best + part};
}

int bank_match(const struct bank *bank, const struct event *event, struct match *ret_matches)
{
    const int axle = (int)event->axle_ticks, speed = bank_speed(event->speed_mps);
    const float *from = event->felt_pairs + EVENT_BEFORE / 2 - axle / 2 - BEFORE_PAIRS;
    const struct span span = {.axle = axle,
                              .part = (float)(event->axle_ticks - axle),
                              .front = (float)bank->front_share,
                              .rear = (float)bank->rear_share,
                              .event_energy = dot(from, from, axle / 2 * 2 + EVENT_LONG_PAIRS) + 1e-6f};

    for (int s = 0; s < BANK_SHAPES; s++)
        match_one(bank, event, &span, speed, s, &ret_matches[s]);
    return bank_best(ret_matches, 0);
}

/* Roll is the body's as a whole: both axles turn it alike. */
void bank_match_roll(const struct bank *bank, const struct event *event, int shape, float shift,
                     struct match *ret_match)
{
    const int speed = bank_speed(event->speed_mps), axle = (int)(event->axle_ticks + 0.5),
              middle = (int)(shift + 0.5f);
    const int first = middle / 2 < BANK_ZERO ? 0 : middle / 2 - BANK_ZERO;
    const struct response *response = &bank->response[speed][shape];
    const float energy = bank->energy[speed][shape];
    const int n = first + axle / 2 + ROLL_PAIRS > EVENT_PAIRS ? EVENT_PAIRS - first : axle / 2 + ROLL_PAIRS;

    *ret_match = (struct match){NAN, NAN, shift};
    if (!(energy > 0) || !event->has_turn || n <= 0)
        return;
    const float own = 2 * (energy + echo(response, axle));
    const float whole = dot(event->roll_pairs + first, event->roll_pairs + first, n) + 1e-6f;
    float top = 0;
    for (int at = middle - ROLL_REACH; at <= middle + ROLL_REACH; at += 2) {
        const float both = lay(response, event->roll_pairs, at) + lay(response, event->roll_pairs, at + axle);
        if (fabsf(both) > fabsf(top)) {
            top = both;
            ret_match->shift = (float)at;
        }
    }
    ret_match->explained = top * top / (own * whole);
    ret_match->gain = top / own;
}
