#include "sensor-node/position/calibrate.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/exact.h"

#define LAG             0
#define ANTENNA_X       1
#define ANTENNA_Y       2
#define BIAS            3 /* and 4 */
#define VELOCITY        5
#define WIDE            6
#define WIDE_SIGMA_M    0.15 /* a bump's foot is felt before its middle, by so much at most */
#define LANE_SIGMA_M    0.6  /* lanes lie 3 m and more apart */
#define OTHER_WAY_COS   0.7  /* more than 45 degrees between two headings */
#define VELOCITY_SIGMA  0.08  /* s: a u-blox LEA-5H is 128 ms late in position, 205 ms in velocity */
#define DRIFT_LAG_S     0.002 /* from drive to drive */
#define DRIFT_LEVER_M   0.01
#define GATE_SAME       9.21 /* chi square, two degrees: 99 % */
#define GATE_OTHER      25.0 /* nearer than this to a known thing it is not surely another one */
#define GATE_CLEAR      6.0  /* the second candidate must be worse by this much */
#define DOUBTED         4.0  /* beyond this, the fit counts less (Huber) */
#define OTHER_PER_M2    0.0025 /* things nobody has seen yet: one in 100 m of a lane ... */
#define OTHER_WIDE_PER_M2 0.0005
#define FAR_M           100.0
#define AGAIN_NS        (INT64_C(20) * 1000000000) /* sooner nobody has turned round: what lies that near is another thing */
#define TERMS           8 /* states that one crossing of one thing depends on */

/* A row of the measurement matrix: only few states matter. */
struct row {
    int index[TERMS];
    double h[TERMS];
    double sigma; /* of the crossing itself */
};

static int size_of(const struct calibrate *c)
{
    return CALIBRATE_FIXED + 2 * c->n;
}

void calibrate_init(struct calibrate *calibrate, const struct mount *prior, const struct mount *sigma)
{
    struct calibrate *c = calibrate;

    memset(c, 0, sizeof *c);
    c->x[LAG] = prior->lag_s;
    c->x[ANTENNA_X] = prior->antenna_x_m;
    c->x[ANTENNA_Y] = prior->antenna_y_m;
    c->p[LAG][LAG] = sigma->lag_s * sigma->lag_s;
    c->p[ANTENNA_X][ANTENNA_X] = sigma->antenna_x_m * sigma->antenna_x_m;
    c->p[ANTENNA_Y][ANTENNA_Y] = sigma->antenna_y_m * sigma->antenna_y_m;
    c->p[VELOCITY][VELOCITY] = VELOCITY_SIGMA * VELOCITY_SIGMA;
    c->p[WIDE][WIDE] = WIDE_SIGMA_M * WIDE_SIGMA_M;
}

/* x[i] becomes share * x[i], independent noise of the given variance is added. */
static void fade(struct calibrate *c, int i, double share, double variance)
{
    c->x[i] *= share;
    for (int j = 0; j < size_of(c); j++) {
        c->p[i][j] *= share;
        c->p[j][i] *= share;
    }
    c->p[i][i] += variance;
}

void calibrate_drive(struct calibrate *calibrate)
{
    struct calibrate *c = calibrate;
    const double drift[3] = {DRIFT_LAG_S, DRIFT_LEVER_M, DRIFT_LEVER_M};

    c->bias_ns = 0;
    for (int i = 0; i < 3; i++)
        if (c->p[i][i] > 0) /* measured ones stay */
            c->p[i][i] += drift[i] * drift[i];
}

/* The receiver's error at this moment: what is left of the last one known, and what has come since. */
static void age_bias(struct calibrate *c, int64_t time_ns, double sigma_m)
{
    const double seconds = (double)(time_ns - c->bias_ns) / 1e9;
    const double share = c->bias_ns == 0 || seconds < 0 ? 0 : exact_exp(-seconds / CALIBRATE_BIAS_S);

    for (int i = BIAS; i < BIAS + 2; i++)
        fade(c, i, share, (1 - share * share) * sigma_m * sigma_m);
    c->bias_ns = time_ns;
}

/* How the place of thing `k`, seen along and left of the way, depends on the states. */
static void make_rows(const struct sighting *s, int k, struct row *ret_along, struct row *ret_left)
{
    const double e = exact_sin(s->heading_rad), n = exact_cos(s->heading_rad);
    const int object = CALIBRATE_FIXED + 2 * k;

    *ret_along = (struct row){{LAG, ANTENNA_X, ANTENNA_Y, BIAS, BIAS + 1, object, object + 1, WIDE},
                              {-s->speed_mps, 1, 0, e, n, e, n, s->is_wide ? 1 : 0},
                              s->along_sigma_m};
    *ret_left = (struct row){{LAG, ANTENNA_X, ANTENNA_Y, BIAS, BIAS + 1, object, object + 1, WIDE},
                             {0, 0, 1, -n, e, -n, e, 0},
                             s->across_sigma_m};
}

/* What was measured along and to the left, as if lag and lever arm had been 0. */
static void measure(const struct sighting *s, double *ret_along_m, double *ret_left_m)
{
    const double e = exact_sin(s->heading_rad), n = exact_cos(s->heading_rad);

    *ret_along_m = s->e_m * e + s->n_m * n - s->speed_mps * s->applied.lag_s + s->applied.antenna_x_m;
    *ret_left_m = -s->e_m * n + s->n_m * e + s->applied.antenna_y_m;
}

static double expected(const struct calibrate *c, const struct row *row)
{
    double sum = 0;

    for (int i = 0; i < TERMS; i++)
        sum += row->h[i] * c->x[row->index[i]];
    return sum;
}

static double covariance(const struct calibrate *c, const struct row *a, const struct row *b)
{
    double sum = 0;

    for (int i = 0; i < TERMS; i++)
        for (int j = 0; j < TERMS; j++)
            sum += a->h[i] * b->h[j] * c->p[a->index[i]][b->index[j]];
    return sum;
}

/* Normalised distance squared between the crossing and thing `k`; the area of one sigma. */
static double distance(const struct calibrate *c, const struct sighting *s, int k, double *ret_area_m2)
{
    struct row along, left;
    double za, zl;

    if (s->time_ns >= c->objects[k].last_ns && s->time_ns - c->objects[k].last_ns < AGAIN_NS)
        return INFINITY;
    make_rows(s, k, &along, &left);
    measure(s, &za, &zl);
    const double a = za - expected(c, &along), l = zl - expected(c, &left);
    if (fabs(a) > FAR_M || fabs(l) > FAR_M)
        return INFINITY;
    const double saa = covariance(c, &along, &along) + along.sigma * along.sigma;
    const double sll = covariance(c, &left, &left) + left.sigma * left.sigma;
    const double sal = covariance(c, &along, &left);
    const bool is_other_way = exact_cos(s->heading_rad - c->objects[k].heading_rad) < OTHER_WAY_COS;
    if (!s->is_wide && is_other_way && sll > LANE_SIGMA_M * LANE_SIGMA_M)
        return INFINITY;
    const double determinant = fmax(saa * sll - sal * sal, 1e-12);
    *ret_area_m2 = sqrt(determinant);
    return (sll * a * a - 2 * sal * a * l + saa * l * l) / determinant;
}

/* One scalar measurement; `variance` is that of its noise. */
static void update(struct calibrate *c, const struct row *row, double innovation, double variance)
{
    const int n = size_of(c);
    double ph[CALIBRATE_STATES], s = variance;

    for (int i = 0; i < n; i++) {
        ph[i] = 0;
        for (int j = 0; j < TERMS; j++)
            ph[i] += c->p[i][row->index[j]] * row->h[j];
    }
    for (int j = 0; j < TERMS; j++)
        s += row->h[j] * ph[row->index[j]];
    for (int i = 0; i < n; i++) {
        const double gain = ph[i] / s;
        c->x[i] += gain * innovation;
        for (int j = 0; j <= i; j++) {
            c->p[i][j] -= gain * ph[j];
            c->p[j][i] = c->p[i][j];
        }
    }
}

/* Is it that thing, or another one that nobody has seen yet? (Probabilistic data association, Bar-Shalom and Fortmann:
 * the density of the thing being here against that of others; the update then counts by this share.) */
static double share_of(double distance_2, double area_m2, bool is_wide)
{
    const double here = exact_exp(-distance_2 / 2) / (2 * M_PI * area_m2);

    return here / (here + (is_wide ? OTHER_WIDE_PER_M2 : OTHER_PER_M2));
}

static void update_by_share(struct calibrate *c, const struct row *row, double measured, double share)
{
    const double own = row->sigma * row->sigma, sum = covariance(c, row, row) + own;

    update(c, row, measured - expected(c, row), sum / share - sum + own);
}

static void cross_again(struct calibrate *c, const struct sighting *s, int k, double share)
{
    struct row along, left;
    double za, zl;

    make_rows(s, k, &along, &left);
    measure(s, &za, &zl);
    update_by_share(c, &along, za, share);
    if (!s->is_wide) /* each lane's traffic feels a wide thing in its own lane: always to the same side */
        update_by_share(c, &left, zl, share);
    c->objects[k].seen++;
    c->objects[k].last_ns = s->time_ns;
    c->recrossed++;
}

/* Forgetting a thing takes its rows and columns out, which is exact: what it taught stays. */
static void forget(struct calibrate *c, int k)
{
    const int from = CALIBRATE_FIXED + 2 * k, n = size_of(c);

    memmove(&c->objects[k], &c->objects[k + 1], (size_t)(c->n - k - 1) * sizeof c->objects[0]);
    memmove(&c->x[from], &c->x[from + 2], (size_t)(n - from - 2) * sizeof c->x[0]);
    memmove(c->p[from], c->p[from + 2], (size_t)(n - from - 2) * sizeof c->p[0]);
    c->n--;
    for (int i = 0; i < n - 2; i++)
        memmove(&c->p[i][from], &c->p[i][from + 2], (size_t)(n - from - 2) * sizeof c->p[0][0]);
}

/* The one that has been seen once only and is oldest; if there is none, the oldest. */
static int least_useful(const struct calibrate *c)
{
    int worst = 0;

    for (int k = 1; k < c->n; k++) {
        const bool is_single = c->objects[k].seen == 1, worst_is_single = c->objects[worst].seen == 1;
        if (is_single != worst_is_single ? is_single : c->objects[k].last_ns < c->objects[worst].last_ns)
            worst = k;
    }
    return worst;
}

/* A new thing lies where it was seen: east = along * sin - left * cos, north = along * cos + left * sin. */
static void add_object(struct calibrate *c, const struct sighting *s)
{
    struct row along, left;
    double za, zl, g[2][TERMS];

    if (c->n == CALIBRATE_OBJECTS)
        forget(c, least_useful(c));
    const double e = exact_sin(s->heading_rad), n = exact_cos(s->heading_rad);
    const int object = size_of(c), k = c->n++;
    make_rows(s, k, &along, &left);
    measure(s, &za, &zl);
    for (int j = 0; j < TERMS; j++) {
        const bool is_own = along.index[j] >= object;
        g[0][j] = is_own ? 0 : -(along.h[j] * e - left.h[j] * n);
        g[1][j] = is_own ? 0 : -(along.h[j] * n + left.h[j] * e);
    }
    c->x[object] = za * e - zl * n;
    c->x[object + 1] = za * n + zl * e;
    for (int r = 0; r < 2; r++) {
        memset(c->p[object + r], 0, sizeof c->p[0]);
        for (int j = 0; j < TERMS; j++) {
            c->x[object + r] += g[r][j] * (along.index[j] < object ? c->x[along.index[j]] : 0);
            for (int i = 0; i < object; i++)
                c->p[object + r][i] += g[r][j] * c->p[along.index[j]][i];
        }
        for (int i = 0; i < object; i++)
            c->p[i][object + r] = c->p[object + r][i];
    }
    for (int r = 0; r < 2; r++)
        for (int q = 0; q < 2; q++)
            for (int j = 0; j < TERMS; j++)
                c->p[object + r][object + q] += along.index[j] < object ? g[q][j] * c->p[object + r][along.index[j]] : 0;
    const double a = along.sigma * along.sigma, l = left.sigma * left.sigma;
    c->p[object][object] += a * e * e + l * n * n;
    c->p[object + 1][object + 1] += a * n * n + l * e * e;
    c->p[object][object + 1] += (a - l) * e * n;
    c->p[object + 1][object] = c->p[object][object + 1];
    c->objects[k] = (struct calibrate_object){.is_wide = s->is_wide, .seen = 1, .heading_rad = s->heading_rad, .last_ns = s->time_ns};
}

bool calibrate_sight(struct calibrate *calibrate, const struct sighting *sighting)
{
    struct calibrate *c = calibrate;
    double best = INFINITY, second = INFINITY, area_m2 = 0, best_area_m2 = 0;
    int nearest = -1;

    age_bias(c, sighting->time_ns, sighting->receiver_sigma_m);
    for (int k = 0; k < c->n; k++) {
        const double d = distance(c, sighting, k, &area_m2);
        const bool is_kind = c->objects[k].is_wide == sighting->is_wide;
        if (is_kind && d < best) {
            second = best;
            best = d;
            best_area_m2 = area_m2;
            nearest = k;
        } else {
            second = fmin(second, d);
        }
    }
    if (best <= GATE_SAME && second >= best + GATE_CLEAR) {
        cross_again(c, sighting, nearest, share_of(best, best_area_m2, sighting->is_wide));
        return true;
    }
    if (best > GATE_OTHER && second > GATE_OTHER)
        add_object(c, sighting);
    return false;
}

void calibrate_velocity_lag(struct calibrate *calibrate, double lag_s, double sigma_s)
{
    const struct row row = {.index = {LAG, VELOCITY}, .h = {1, 1}};

    const double off = lag_s - expected(calibrate, &row);
    const double sum = covariance(calibrate, &row, &row) + sigma_s * sigma_s;
    const double less = fmax(1, off * off / sum / DOUBTED);
    update(calibrate, &row, off, less * sum - sum + sigma_s * sigma_s);
}

struct mount calibrate_mount(const struct calibrate *calibrate)
{
    return (struct mount){calibrate->x[LAG], calibrate->x[ANTENNA_X], calibrate->x[ANTENNA_Y]};
}

struct mount calibrate_sigma(const struct calibrate *calibrate)
{
    const struct calibrate *c = calibrate;

    return (struct mount){sqrt(fmax(0, c->p[LAG][LAG])), sqrt(fmax(0, c->p[ANTENNA_X][ANTENNA_X])),
                          sqrt(fmax(0, c->p[ANTENNA_Y][ANTENNA_Y]))};
}
