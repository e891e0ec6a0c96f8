#include "sensor-node/vehicle.h"

#include <math.h>
#include <string.h>

#define MAGIC      "RCVEHIC"
#define MAGIC_SIZE 8
#define HEAD_SIZE  16
#define CRC_SIZE   4

static uint32_t crc32_of(const uint8_t *bytes, size_t length) /* IEEE 802.3, reflected */
{
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

/* Writing. The buffer is large enough for the largest state. */

struct pen {
    uint8_t *at;
};

static void put_whole(struct pen *pen, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        *pen->at++ = (uint8_t)(value >> (8 * i));
}

static void put_number(struct pen *pen, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    put_whole(pen, bits, 8);
}

static void put_numbers(struct pen *pen, const double *values, int n)
{
    for (int i = 0; i < n; i++)
        put_number(pen, values[i]);
}

static void put_mount(struct pen *pen, const struct mount *m)
{
    put_numbers(pen, (const double[]){m->lag_s, m->antenna_x_m, m->antenna_y_m}, 3);
}

size_t vehicle_save(const struct learn *learn, const struct background *background, uint8_t *ret_bytes)
{
    const struct calibrate *c = &learn->calibrate;
    const int states = CALIBRATE_FIXED + 2 * c->n;
    struct pen pen = {ret_bytes + HEAD_SIZE};

    put_mount(&pen, &learn->prior);
    put_mount(&pen, &learn->sigma);
    put_whole(&pen, BACKGROUND_BINS, 4);
    put_numbers(&pen, background->log_median, BACKGROUND_BINS);
    put_numbers(&pen, background->log_mad, BACKGROUND_BINS);
    put_numbers(&pen, background->count, BACKGROUND_BINS);
    put_whole(&pen, BACKGROUND_BANDS, 4);
    put_numbers(&pen, background->band, BACKGROUND_BANDS);
    put_numbers(&pen, background->band_count, BACKGROUND_BANDS);
    put_whole(&pen, (uint64_t)c->n, 4);
    put_whole(&pen, c->recrossed, 4);
    for (int k = 0; k < c->n; k++) {
        put_whole(&pen, c->objects[k].is_wide, 4);
        put_whole(&pen, (uint64_t)c->objects[k].seen, 4);
        put_number(&pen, c->objects[k].heading_rad);
        put_whole(&pen, (uint64_t)c->objects[k].last_ns, 8);
    }
    put_numbers(&pen, c->x, states);
    for (int i = 0; i < states; i++)
        put_numbers(&pen, c->p[i], i + 1);
    const size_t length = (size_t)(pen.at - ret_bytes) + CRC_SIZE;
    struct pen head = {ret_bytes};
    memcpy(head.at, MAGIC, MAGIC_SIZE);
    head.at += MAGIC_SIZE;
    put_whole(&head, VEHICLE_VERSION, 4);
    put_whole(&head, length, 4);
    put_whole(&pen, crc32_of(ret_bytes, length - CRC_SIZE), CRC_SIZE);
    return length;
}

/* Reading. */

struct eye {
    const uint8_t *at, *end;
    bool is_bad;
};

static uint64_t get_whole(struct eye *eye, int size)
{
    uint64_t value = 0;

    if (eye->is_bad || eye->end - eye->at < size) {
        eye->is_bad = true;
        return 0;
    }
    for (int i = 0; i < size; i++)
        value |= (uint64_t)*eye->at++ << (8 * i);
    return value;
}

static double get_number(struct eye *eye)
{
    const uint64_t bits = get_whole(eye, 8);
    double value;

    memcpy(&value, &bits, sizeof value);
    eye->is_bad |= !isfinite(value);
    return eye->is_bad ? 0 : value;
}

static void get_numbers(struct eye *eye, double *ret_values, int n)
{
    for (int i = 0; i < n; i++)
        ret_values[i] = get_number(eye);
}

static struct mount get_mount(struct eye *eye)
{
    double v[3];

    get_numbers(eye, v, 3);
    return (struct mount){v[0], v[1], v[2]};
}

static bool is_same(const struct mount *a, const struct mount *b)
{
    return a->lag_s == b->lag_s && a->antenna_x_m == b->antenna_x_m && a->antenna_y_m == b->antenna_y_m;
}

static void get_background(struct eye *eye, struct background *ret_background)
{
    eye->is_bad |= get_whole(eye, 4) != BACKGROUND_BINS;
    get_numbers(eye, ret_background->log_median, BACKGROUND_BINS);
    get_numbers(eye, ret_background->log_mad, BACKGROUND_BINS);
    get_numbers(eye, ret_background->count, BACKGROUND_BINS);
    eye->is_bad |= get_whole(eye, 4) != BACKGROUND_BANDS;
    get_numbers(eye, ret_background->band, BACKGROUND_BANDS);
    get_numbers(eye, ret_background->band_count, BACKGROUND_BANDS);
    for (int i = 0; i < BACKGROUND_BANDS; i++)
        eye->is_bad |= ret_background->band_count[i] < 0 || fabs(ret_background->band[i]) > 1e3;
    for (int i = 0; i < BACKGROUND_BINS; i++)
        eye->is_bad |= ret_background->count[i] < 0 || fabs(ret_background->log_median[i]) > 20 ||
                       fabs(ret_background->log_mad[i]) > 20;
}

/* No variance below 0, no correlation beyond 1, nothing that no vehicle has. */
static bool is_plausible(const struct calibrate *c)
{
    const int states = CALIBRATE_FIXED + 2 * c->n;

    if (fabs(c->x[0]) > 10 || fabs(c->x[1]) > 50 || fabs(c->x[2]) > 20)
        return false;
    for (int i = 0; i < states; i++)
        for (int j = 0; j <= i; j++)
            if (c->p[i][i] < 0 || c->p[i][j] * c->p[i][j] > c->p[i][i] * c->p[j][j] * (1 + 1e-6) + 1e-12)
                return false;
    return true;
}

static void get_calibrate(struct eye *eye, struct calibrate *ret_calibrate)
{
    struct calibrate *c = ret_calibrate;
    const uint64_t n = get_whole(eye, 4);

    c->recrossed = (uint32_t)get_whole(eye, 4);
    eye->is_bad |= n > CALIBRATE_OBJECTS;
    c->n = eye->is_bad ? 0 : (int)n;
    for (int k = 0; k < c->n; k++) {
        c->objects[k].is_wide = get_whole(eye, 4) != 0;
        c->objects[k].seen = (int)(get_whole(eye, 4) & 0x7FFFFFFF);
        c->objects[k].heading_rad = get_number(eye);
        c->objects[k].last_ns = (int64_t)get_whole(eye, 8);
        eye->is_bad |= fabs(c->objects[k].heading_rad) > 10;
    }
    const int states = CALIBRATE_FIXED + 2 * c->n;
    get_numbers(eye, c->x, states);
    for (int i = 0; i < states; i++) {
        get_numbers(eye, c->p[i], i + 1);
        for (int j = 0; j < i; j++)
            c->p[j][i] = c->p[i][j];
    }
    eye->is_bad |= !is_plausible(c);
}

static enum road_status check_head(const uint8_t *bytes, size_t length)
{
    struct eye head = {bytes + MAGIC_SIZE, bytes + length, false};

    if (length < HEAD_SIZE + CRC_SIZE || length > VEHICLE_BYTES_MAX || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
        return ROAD_CORRUPT;
    const uint64_t version = get_whole(&head, 4);
    if (get_whole(&head, 4) != length)
        return ROAD_CORRUPT;
    struct eye tail = {bytes + length - CRC_SIZE, bytes + length, false};
    if (get_whole(&tail, CRC_SIZE) != crc32_of(bytes, length - CRC_SIZE))
        return ROAD_CORRUPT;
    return version == VEHICLE_VERSION ? ROAD_OK : version > VEHICLE_VERSION ? ROAD_BAD_VERSION : ROAD_CORRUPT;
}

enum road_status vehicle_load(const uint8_t *bytes, size_t length, struct learn *learn, struct background *background)
{
    struct background usual = {0};
    enum road_status status = check_head(bytes, length);

    if (status != ROAD_OK)
        return status;
    struct eye eye = {bytes + HEAD_SIZE, bytes + length - CRC_SIZE, false};
    const struct mount prior = get_mount(&eye), sigma = get_mount(&eye);
    get_background(&eye, &usual);
    calibrate_init(&learn->calibrate, &learn->prior, &learn->sigma);
    get_calibrate(&eye, &learn->calibrate);
    if (eye.is_bad || eye.at != eye.end)
        status = ROAD_CORRUPT;
    else
        *background = usual;
    if (status != ROAD_OK || !is_same(&prior, &learn->prior) || !is_same(&sigma, &learn->sigma))
        calibrate_init(&learn->calibrate, &learn->prior, &learn->sigma);
    learn_resume(learn);
    return status;
}
