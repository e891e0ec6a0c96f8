#include "sensor-node/position/track.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/position/matrix.h"

#define ACCEL_PSD        2.0 /* m2/s3: a car in town changes its velocity by 1.4 m/s in a second */
#define JITTER_MIN_M     0.02
#define SPEED_SIGMA_MPS  0.3   /* a receiver's Doppler speed, and what its lag makes of braking */
#define COURSE_SIGMA_RAD 0.035 /* 2 degrees */
#define COURSE_MIN_MPS   2.0
#define STANDING_MPS     0.5
#define HEADING_MIN_MPS  1.0 /* slower, the direction of motion says nothing: the heading is kept */
#define SPEED_MAX_MPS    70.0
#define FIX_STEP_MIN_S   0.08 /* more than 12 fixes a second add nothing */
#define JUMPS_TO_BELIEVE 3
#define JUMP_SIGMAS      5.0 /* off the predicted place by more than this: multipath, or another receiver's place */
#define JUMP_LEAST_M     1.0
#define NS_PER_S         1e9

static double seconds(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / NS_PER_S;
}

static struct track_node *node_at(struct track *track, uint64_t index)
{
    return &track->nodes[index % TRACK_NODES];
}

void track_init(struct track *track, double antenna_x_m, double antenna_y_m, double hold_s)
{
    memset(track, 0, sizeof *track);
    track->antenna_x_m = antenna_x_m;
    track->antenna_y_m = antenna_y_m;
    track->hold_s = hold_s;
}

/* x = F x, P = F P F' + Q for white acceleration over t seconds (Bar-Shalom, discretised). */
static void predict(double x[4], double p[4][4], double t)
{
    double f[4][4] = {{1, 0, t, 0}, {0, 1, 0, t}, {0, 0, 1, 0}, {0, 0, 0, 1}}, ft[4][4], fp[4][4];

    x[0] += t * x[2];
    x[1] += t * x[3];
    matrix_transpose(f, ft);
    matrix_multiply(f, p, fp);
    matrix_multiply(fp, ft, p);
    for (int k = 0; k < 2; k++) {
        p[k][k] += ACCEL_PSD * t * t * t / 3;
        p[k][k + 2] += ACCEL_PSD * t * t / 2;
        p[k + 2][k] += ACCEL_PSD * t * t / 2;
        p[k + 2][k + 2] += ACCEL_PSD * t;
    }
}

static void update_speed(double x[4], double p[4][4], double measured_mps)
{
    const double r = SPEED_SIGMA_MPS * SPEED_SIGMA_MPS, speed = exact_hypot(x[2], x[3]);

    if (measured_mps < STANDING_MPS) {
        matrix_update(x, p, (const double[4]){0, 0, 1, 0}, 0, r);
        matrix_update(x, p, (const double[4]){0, 0, 0, 1}, 0, r);
    } else if (speed > HEADING_MIN_MPS) {
        matrix_update(x, p, (const double[4]){0, 0, x[2] / speed, x[3] / speed}, measured_mps, r);
    }
}

/* The velocity has no part across the course. */
static void update_course(double x[4], double p[4][4], double heading_rad, double speed_mps)
{
    const double sigma = COURSE_SIGMA_RAD * speed_mps + 0.2;

    matrix_update(x, p, (const double[4]){0, 0, exact_cos(heading_rad), -exact_sin(heading_rad)}, 0, sigma * sigma);
}

static void update(struct track_node *node)
{
    const struct track_fix *fix = &node->fix;
    const double jitter = fmax(JITTER_MIN_M, TRACK_JITTER * fix->sigma_m);

    memcpy(node->x, node->x_before, sizeof node->x);
    memcpy(node->p, node->p_before, sizeof node->p);
    matrix_update(node->x, node->p, (const double[4]){1, 0, 0, 0}, fix->e_m, jitter * jitter);
    matrix_update(node->x, node->p, (const double[4]){0, 1, 0, 0}, fix->n_m, jitter * jitter);
    if (!isnan(fix->speed_mps))
        update_speed(node->x, node->p, fix->speed_mps);
    if (!isnan(fix->heading_rad) && fix->speed_mps > COURSE_MIN_MPS)
        update_course(node->x, node->p, fix->heading_rad, fix->speed_mps);
}

/* A first node knows its place, and its velocity if the receiver told both speed and course. */
static void start_node(struct track_node *node)
{
    const struct track_fix *fix = &node->fix;
    const bool has_velocity = !isnan(fix->speed_mps) && !isnan(fix->heading_rad);
    const double speed_var = has_velocity ? 4 : 400;

    node->is_start = true;
    node->x_before[0] = fix->e_m;
    node->x_before[1] = fix->n_m;
    node->x_before[2] = has_velocity ? fix->speed_mps * exact_sin(fix->heading_rad) : 0;
    node->x_before[3] = has_velocity ? fix->speed_mps * exact_cos(fix->heading_rad) : 0;
    for (int k = 0; k < 4; k++)
        node->p_before[k][k] = k < 2 ? fix->sigma_m * fix->sigma_m + 1 : speed_var;
    update(node);
}

/* What the smoother steps back with, C = Pf F' Pb^-1: made once, used for every place before `after`. */
static void make_way_back(struct track_node *before, struct track_node *after)
{
    const double t = seconds(before->fix.time_ns, after->fix.time_ns);
    double ft[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {t, 0, 1, 0}, {0, t, 0, 1}}, inverse[4][4];

    matrix_invert(after->p_before, inverse);
    matrix_multiply(before->p, ft, after->back);
    matrix_multiply(after->back, inverse, after->back);
}

static void append(struct track *track, const struct track_fix *fix, bool is_start)
{
    struct track_node *before = is_start ? NULL : node_at(track, track->end - 1);

    if (track->end - track->first == TRACK_NODES)
        track->first++;
    struct track_node *node = node_at(track, track->end++);
    memset(node, 0, sizeof *node);
    node->fix = *fix;
    if (is_start) {
        start_node(node);
        return;
    }
    memcpy(node->x_before, before->x, sizeof node->x_before);
    memcpy(node->p_before, before->p, sizeof node->p_before);
    predict(node->x_before, node->p_before, seconds(before->fix.time_ns, fix->time_ns));
    make_way_back(before, node);
    update(node);
}

/* Could a car get from one to the other? The slack is four sigma of both. */
static bool is_reachable(const struct track_fix *from, const struct track_fix *to)
{
    const double t = seconds(from->time_ns, to->time_ns);
    const double slack = 4 * (from->sigma_m + to->sigma_m) + 2;

    return exact_hypot(to->e_m - from->e_m, to->n_m - from->n_m) <= SPEED_MAX_MPS * t + slack;
}

/* Is it where the car should be by now? The receiver's own error counts once: it moves slowly. */
static bool is_expected(const struct track_node *last, const struct track_fix *fix)
{
    const double t = seconds(last->fix.time_ns, fix->time_ns);
    double x[4], p[4][4];

    memcpy(x, last->x, sizeof x);
    memcpy(p, last->p, sizeof p);
    predict(x, p, t);
    const double sigma = sqrt(fmax(p[0][0], p[1][1]) + fix->sigma_m * fix->sigma_m);
    return exact_hypot(fix->e_m - x[0], fix->n_m - x[1]) <= JUMP_SIGMAS * sigma + JUMP_LEAST_M;
}

enum road_status track_fix(struct track *track, const struct track_fix *fix)
{
    if (track->first == track->end) {
        append(track, fix, true);
        return ROAD_OK;
    }
    const struct track_fix *last = &node_at(track, track->end - 1)->fix;
    const double step = seconds(last->time_ns, fix->time_ns);
    if (step < FIX_STEP_MIN_S)
        return step > 0 ? ROAD_OK : ROAD_BAD_TIME;
    if (!is_reachable(last, fix) || !is_expected(node_at(track, track->end - 1), fix)) {
        track->jump_count = track->jump_count && is_reachable(&track->jump, fix) ? track->jump_count + 1 : 1;
        track->jump = *fix;
        if (track->jump_count < JUMPS_TO_BELIEVE)
            return ROAD_BAD_RANGE;
        append(track, fix, true);
    } else {
        append(track, fix, step > track->hold_s);
    }
    track->jump_count = 0;
    return ROAD_OK;
}

/* One step of the smoother: x, p of `after` become those of `node`. x = xf + C (xs - xb), P = Pf + C (Ps - Pb) C'. */
static void smooth_step(struct track_node *node, struct track_node *after, double x[4], double p[4][4])
{
    double(*c)[4] = after->back;
    double d[4][4], dx[4];

    for (int k = 0; k < 4; k++) {
        dx[k] = x[k] - after->x_before[k];
        for (int j = 0; j < 4; j++)
            d[k][j] = p[k][j] - after->p_before[k][j];
    }
    for (int k = 0; k < 4; k++)
        x[k] = node->x[k] + c[k][0] * dx[0] + c[k][1] * dx[1] + c[k][2] * dx[2] + c[k][3] * dx[3];
    matrix_congruence(c, d, p);
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < 4; j++)
            p[k][j] += node->p[k][j];
}

/* The state at `index` from all fixes up to `last`. */
static void smooth(struct track *track, uint64_t index, uint64_t last, double ret_x[4], double ret_p[4][4])
{
    const struct track_node *newest = node_at(track, last);

    memcpy(ret_x, newest->x, sizeof newest->x);
    memcpy(ret_p, newest->p, sizeof newest->p);
    for (uint64_t i = last; i > index; i--)
        smooth_step(node_at(track, i - 1), node_at(track, i), ret_x, ret_p);
}

/* The first fix at least the lookahead behind `index`, of the same run; no more, so that places do not depend
 * on how far the fixes have run ahead of the samples. */
static uint64_t lookahead(struct track *track, uint64_t index)
{
    const int64_t from_ns = node_at(track, index)->fix.time_ns;
    uint64_t last = index;

    while (last + 1 < track->end && !node_at(track, last + 1)->is_start &&
           seconds(from_ns, node_at(track, last)->fix.time_ns) < TRACK_LOOKAHEAD_S)
        last++;
    return last;
}

/* The cubic through both ends' positions and velocities (Hermite), in powers of the share of t seconds. */
static void fit_curve(double a, double va, double b, double vb, double t, double ret_curve[4])
{
    ret_curve[0] = a;
    ret_curve[1] = va * t;
    ret_curve[2] = 3 * (b - a) - (2 * va + vb) * t;
    ret_curve[3] = 2 * (a - b) + (va + vb) * t;
}

/* The curve, its slope and its second derivative. */
static void follow_curve(const double c[4], double rate, double u, double ret[3])
{
    ret[0] = c[0] + u * (c[1] + u * (c[2] + u * c[3]));
    ret[1] = (c[1] + u * (2 * c[2] + 3 * u * c[3])) * rate;
    ret[2] = (2 * c[2] + 6 * u * c[3]) * (rate * rate);
}

/* Makes [index, index + 1] the interval that places are taken from; it goes on where the last one ended. */
static void enter_interval(struct track *track, uint64_t index)
{
    const uint64_t last = lookahead(track, index + 1);

    if (track->has_interval && track->smoothed + 1 == index) {
        memcpy(track->from, track->to, sizeof track->from);
        memcpy(track->from_p, track->to_p, sizeof track->from_p);
    } else {
        smooth(track, index, last, track->from, track->from_p);
    }
    smooth(track, index + 1, last, track->to, track->to_p);
    track->smoothed = index;
    track->has_interval = true;
    const double t = seconds(node_at(track, index)->fix.time_ns, node_at(track, index + 1)->fix.time_ns);
    track->rate = 1 / t;
    track->bridge_m2 = ACCEL_PSD * t * t * t / 3;
    for (int k = 0; k < 2; k++)
        fit_curve(track->from[k], track->from[k + 2], track->to[k], track->to[k + 2], t, track->curve[k]);
}

static void set_motion(struct track *track, double ve, double vn, double ae, double an,
                       struct place *ret_place)
{
    const double speed = sqrt(ve * ve + vn * vn);

    if (speed >= HEADING_MIN_MPS || !track->has_heading) {
        track->has_heading = track->has_heading || speed >= HEADING_MIN_MPS;
        track->along_e = speed > 0 ? ve / speed : 0;
        track->along_n = speed > 0 ? vn / speed : 1;
    }
    ret_place->along_e = track->along_e;
    ret_place->along_n = track->along_n;
    ret_place->speed_mps = speed;
    ret_place->accel_mps2 = speed > HEADING_MIN_MPS ? (ve * ae + vn * an) / speed : 0;
    ret_place->turn_radps = speed > HEADING_MIN_MPS ? (ae * vn - an * ve) / (speed * speed) : 0;
}

static void interpolate(struct track *track, int64_t time_ns, struct place *ret_place)
{
    const struct track_fix *a = &node_at(track, track->smoothed)->fix,
                           *b = &node_at(track, track->smoothed + 1)->fix;
    const double u = seconds(a->time_ns, time_ns) * track->rate, hang = u * (1 - u);
    const double bridge = track->bridge_m2 * hang * hang * hang;
    const double own = (1 - u) * a->sigma_m * a->sigma_m + u * b->sigma_m * b->sigma_m;
    double e[3], n[3];

    follow_curve(track->curve[0], track->rate, u, e);
    follow_curve(track->curve[1], track->rate, u, n);
    set_motion(track, e[1], n[1], e[2], n[2], ret_place);
    const double s = ret_place->along_e, c = ret_place->along_n;
    ret_place->e_m = e[0] - track->antenna_x_m * s + track->antenna_y_m * c;
    ret_place->n_m = n[0] - track->antenna_x_m * c - track->antenna_y_m * s;
    ret_place->var_ee = own + bridge + (1 - u) * track->from_p[0][0] + u * track->to_p[0][0];
    ret_place->var_nn = own + bridge + (1 - u) * track->from_p[1][1] + u * track->to_p[1][1];
    ret_place->var_en = (1 - u) * track->from_p[0][1] + u * track->to_p[0][1];
    ret_place->receiver_m2 = own;
    ret_place->filter_m2 = (ret_place->var_ee + ret_place->var_nn) / 2 - own;
    ret_place->lag_s = 0;
    ret_place->gnss = a->gnss > b->gnss ? a->gnss : b->gnss;
    ret_place->time_source = a->time_source < b->time_source ? a->time_source : b->time_source;
}

static bool is_due(const struct track *track, int64_t time_ns, int64_t newest_ns, bool is_final)
{
    return is_final || seconds(time_ns, newest_ns) >= track->hold_s;
}

enum track_answer track_place(struct track *track, int64_t time_ns, int64_t newest_ns, bool is_final,
                              struct place *ret_place)
{
    while (track->first + 1 < track->end && node_at(track, track->first + 1)->fix.time_ns <= time_ns)
        track->first++;
    if (track->first < track->end && time_ns < node_at(track, track->first)->fix.time_ns)
        return TRACK_NONE;
    if (track->first == track->end || track->first + 1 == track->end)
        return is_due(track, time_ns, newest_ns, is_final) ? TRACK_NONE : TRACK_WAIT;
    const struct track_node *to = node_at(track, track->first + 1);
    if (to->is_start)
        return TRACK_NONE;
    if (seconds(to->fix.time_ns, node_at(track, track->end - 1)->fix.time_ns) < TRACK_LOOKAHEAD_S &&
        !is_due(track, time_ns, newest_ns, is_final))
        return TRACK_WAIT;
    if (!track->has_interval || track->smoothed != track->first)
        enter_interval(track, track->first);
    interpolate(track, time_ns, ret_place);
    return TRACK_PLACED;
}

double place_sigma_m(const struct place *place)
{
    const double mean = (place->var_ee + place->var_nn) / 2, half = (place->var_ee - place->var_nn) / 2;

    return sqrt(mean + sqrt(half * half + place->var_en * place->var_en));
}

double place_heading_rad(const struct place *place)
{
    return exact_atan2(place->along_e, place->along_n);
}
