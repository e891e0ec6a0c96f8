#include "sensor-node/motion/traits.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/dot.h"

#define TINY        1e-6f
#define RAIL_M      1.435
#define PERIOD_LOW  0.25 /* metres: studs and waves repeat from here ... */
#define PERIOD_HIGH 1.30 /* ... to here */
#define LOUD_SHARE  0.25 /* of the peak: still the event */

/* Borders in cycles a second and in metres a cycle. */
static const float time_hz[TRAIT_TIME_BANDS + 1] = {0.6f, 1.2f, 1.9f, 2.8f, 4, 6, 9, 12, 16, 22, 50};
static const float road_m[TRAIT_ROAD_BANDS + 1] = {15,   8,    5,     3.4f,  2.3f, 1.6f,
                                                   1.1f, 0.8f, 0.55f, 0.38f, 0.2f};
static const float roll_hz[TRAIT_ROLL_BANDS + 1] = {0.6f, 2, 5, 10, 20};

struct part {
    int first, end; /* of the event's arrays: from just before the front axle to well behind the rear one */
    int front;      /* front axle over the middle */
    float speed;
};

static float absolute_at(const float *x, int i)
{
    return i < 0 || i >= EVENT_TICKS ? 0 : fabsf(x[i]);
}

static float rms(const float *x, int first, int end)
{
    float sum = 0;

    first = first < 0 ? 0 : first;
    end = end > EVENT_TICKS ? EVENT_TICKS : end;
    for (int i = first; i < end; i++)
        sum += x[i] * x[i];
    return end > first ? sqrtf(sum / (float)(end - first)) : 0;
}

static float speed_at(const struct event *e, int64_t index, float otherwise)
{
    const struct look *look = window_at(e->window, index);

    return look ? (float)look->place.speed_mps : otherwise;
}

static void tell_way(const struct event *e, float *f)
{
    const struct look *look = window_at(e->window, e->centre);
    const float speed = (float)e->speed_mps;

    f[T_SPEED] = speed;
    f[T_ACCEL] = (float)look->place.accel_mps2;
    f[T_TURN] = fabsf((float)look->place.turn_radps);
    f[T_SLOWED] = speed_at(e, e->centre - 250, speed) / speed;
    f[T_SPED_UP] = speed_at(e, e->centre + 200, speed) / speed;
}

static void tell_peaks(const struct event *e, const struct part *p, float *f)
{
    float high = 0, low = 0, first = 0;
    int high_at = p->first, low_at = p->first;

    for (int i = p->first; i < p->end; i++) {
        if (e->felt[i] > high) {
            high = e->felt[i];
            high_at = i;
        }
        if (e->felt[i] < low) {
            low = e->felt[i];
            low_at = i;
        }
    }
    const float both = high - low + TINY, peak = fabsf(e->felt[EVENT_BEFORE]);
    for (int i = p->first + 1; i < p->end - 1 && first == 0; i++)
        if (fabsf(e->felt[i]) > 0.2f * both &&
            fabsf(e->felt[i]) >= fmaxf(fabsf(e->felt[i - 1]), fabsf(e->felt[i + 1])))
            first = e->felt[i] / both;
    f[T_PEAK_TO_PEAK] = both;
    f[T_UP_SHARE] = high / both;
    f[T_FIRST_SIGN] = first;
    f[T_SWING_TICKS] = (float)(low_at - high_at);
    f[T_SWING_M] = f[T_SWING_TICKS] * (float)TICK_S * p->speed;
    f[T_RMS] = rms(e->felt, p->first, p->end);
    f[T_CREST] = peak / (f[T_RMS] + TINY);
    f[T_PEAK_USUAL] = peak / ((float)e->usual_mps2 + TINY);
}

static void tell_length(const struct event *e, const struct part *p, float *f)
{
    const float limit = (float)LOUD_SHARE * fabsf(e->felt[EVENT_BEFORE]);
    int first = EVENT_BEFORE, last = EVENT_BEFORE;

    for (int i = p->first; i < p->end; i++)
        if (absolute_at(e->felt, i) > limit) {
            first = i < first ? i : first;
            last = i > last ? i : last;
        }
    f[T_LENGTH_TICKS] = (float)(last - first);
    f[T_LENGTH_M] = (f[T_LENGTH_TICKS] - (float)e->axle_ticks) * (float)TICK_S * p->speed;
    f[T_BEFORE] = rms(e->felt, p->first - 60, p->first) / ((float)e->usual_mps2 + TINY);
    f[T_AFTER] = rms(e->felt, p->end, p->end + 60) / ((float)e->usual_mps2 + TINY);
}

/* Autocorrelation of the event at a lag, ticks; between ticks a straight line. */
static float like_at(const float *like, int lags, double lag)
{
    const int i = (int)lag;

    return i + 1 < lags ? like[i] + (float)(lag - i) * (like[i + 1] - like[i]) : NAN;
}

static void tell_repeats(const struct event *e, const struct part *p, float *f)
{
    enum { LAGS = 100 };
    float like[LAGS], sum = TINY;

    sum += dot(e->felt + p->first, e->felt + p->first, p->end - p->first);
    for (int lag = 0; lag < LAGS; lag++)
        like[lag] = dot(e->felt + p->first, e->felt + p->first + lag, p->end - lag - p->first) / sum;
    f[T_AXLE_LIKE] = like_at(like, LAGS, e->axle_ticks);
    f[T_RAIL_LIKE] = like_at(like, LAGS, RAIL_M / (double)p->speed / TICK_S);
    f[T_PERIOD_LIKE] = -1;
    f[T_PERIOD_M] = 0;
    const float a_tick_m = p->speed * (float)TICK_S;
    for (int lag = 2; lag + 1 < LAGS && (float)lag * a_tick_m < (float)PERIOD_HIGH; lag++) {
        if ((float)lag * a_tick_m < (float)PERIOD_LOW || like[lag] < like[lag - 1] ||
            like[lag] < like[lag + 1] || like[lag] <= f[T_PERIOD_LIKE])
            continue;
        f[T_PERIOD_LIKE] = like[lag];
        f[T_PERIOD_M] = (float)lag * a_tick_m;
    }
}

static void share_bands(const float *power, const float *borders, int bands, float scale, bool is_falling,
                        float *ret_shares)
{
    float total = TINY;

    for (int b = 0; b < bands; b++)
        ret_shares[b] = 0;
    for (int k = 1; k < FOURIER_POINTS / 2; k++) {
        const float at = is_falling ? scale / (float)k : scale * (float)k;
        for (int b = 0; b < bands; b++)
            if (is_falling ? at <= borders[b] && at > borders[b + 1]
                           : at >= borders[b] && at < borders[b + 1]) {
                ret_shares[b] += power[k];
                total += power[k];
                break;
            }
    }
    for (int b = 0; b < bands; b++)
        ret_shares[b] /= total;
}

static void tell_spectrum(const struct fourier_table *table, const struct event *e, const struct part *p,
                          float *f)
{
    struct fourier_pair pair;
    const float hz = (float)TICK_HZ / FOURIER_POINTS;
    const int wanted = p->front - 90 < 0 ? 0 : p->front - 90;
    const int first = wanted + FOURIER_POINTS > EVENT_TICKS ? EVENT_TICKS - FOURIER_POINTS : wanted;
    float roll[FOURIER_POINTS], sum = TINY, mean = 0;

    for (int i = 0; i < FOURIER_POINTS; i++)
        roll[i] = e->roll_pairs[(first + i) / 2];
    fourier_powers(table, e->whole + first, roll, &pair);
    share_bands(pair.power[0], time_hz, TRAIT_TIME_BANDS, hz, false, f + T_TIME_BAND);
    share_bands(pair.power[0], road_m, TRAIT_ROAD_BANDS, p->speed / hz, true, f + T_ROAD_BAND);
    share_bands(pair.power[1], roll_hz, TRAIT_ROLL_BANDS, hz, false, f + T_ROLL_BAND);
    for (int k = 2; k < FOURIER_POINTS / 2; k++) {
        sum += pair.power[0][k];
        mean += pair.power[0][k] * (float)k;
    }
    f[T_MEAN_HZ] = mean / sum * hz;
    f[T_MEAN_PER_M] = f[T_MEAN_HZ] / p->speed;
    if (!e->has_turn)
        for (int b = 0; b < TRAIT_ROLL_BANDS; b++)
            f[T_ROLL_BAND + b] = NAN;
}

static void tell_level(const struct event *e, const struct part *p, float *f)
{
    float peak = 0, square = 0;

    for (int i = p->first; i < p->end; i++) {
        const struct look *look = window_at(e->window, e->from + i),
                          *before = window_at(e->window, e->from + i - 4);
        const float change = look && before ? (float)fabs(look->level_mps2 - before->level_mps2) : 0;
        peak = fmaxf(peak, change);
        square += change * change;
    }
    f[T_LEVEL_PEAK] = peak / (fabsf(e->felt[EVENT_BEFORE]) + TINY);
    f[T_LEVEL_RMS] = sqrtf(square / (float)(p->end - p->first)) / (f[T_RMS] + TINY);
}

/* Half the second difference: passes what is above 25 Hz, stops what the body does. */
static float quick_at(const float *x, int i)
{
    return x[i] - 0.5f * (x[i - 1] + x[i + 1]);
}

static void tell_rattle(const struct event *e, const struct part *p, float *f)
{
    float peak = 0, square = 0, before = TINY;

    for (int i = p->first; i < p->end; i++) {
        const float quick = quick_at(e->whole, i);
        peak = fmaxf(peak, fabsf(quick));
        square += quick * quick;
    }
    for (int i = 1; i < p->first; i++)
        before += quick_at(e->whole, i) * quick_at(e->whole, i);
    f[T_RATTLE] = peak / sqrtf(before / (float)p->first);
    f[T_RATTLE_SHARE] = sqrtf(square / (float)(p->end - p->first)) / (fabsf(e->felt[EVENT_BEFORE]) + TINY);
}

static void tell_rolls(const struct bank *bank, const struct event *e, const struct match *best, float *f)
{
    struct match roll;

    for (int s = 0; s < BANK_ROLLS; s++) {
        bank_match_roll(bank, e, s, best->shift, &roll);
        f[T_ROLL_EXPLAINED + s] = roll.explained;
        f[T_ROLL_GAIN + s] = fabsf(roll.gain) / f[T_VEHICLE];
    }
}

static void tell_turn(const struct bank *bank, const struct event *e, const struct part *p,
                      const struct match *best, int shape, float *f)
{
    const int speed = bank_speed(e->speed_mps);
    const float rear = best->shift + (float)e->axle_ticks, gain = best->gain + TINY;

    f[T_FELT_FRONT] = bank_share(bank, speed, shape, e->felt_pairs, best->shift) / gain;
    f[T_FELT_REAR] = bank_share(bank, speed, shape, e->felt_pairs, rear) / gain;
    if (!e->has_turn) {
        for (int k = T_ROLL_SHARE; k <= T_PITCH_REAR; k++)
            f[k] = NAN;
        return;
    }
    f[T_ROLL_SHARE] = rms(e->roll_pairs, p->first / 2, p->end / 2) / (f[T_RMS] + TINY);
    f[T_PITCH_SHARE] = rms(e->pitch_pairs, p->first / 2, p->end / 2) / (f[T_RMS] + TINY);
    f[T_ROLL_FRONT] = bank_share(bank, speed, shape, e->roll_pairs, best->shift) / gain;
    f[T_ROLL_REAR] = bank_share(bank, speed, shape, e->roll_pairs, rear) / gain;
    f[T_ROLL_SIZE] = fabsf(f[T_ROLL_FRONT] + f[T_ROLL_REAR]);
    f[T_PITCH_FRONT] = bank_share(bank, speed, shape, e->pitch_pairs, best->shift) / gain;
    f[T_PITCH_REAR] = bank_share(bank, speed, shape, e->pitch_pairs, rear) / gain;
}

static void tell_shapes(const struct bank *bank, const struct match *matches, int best, float *f)
{
    float second = 0;

    for (int s = 0; s < BANK_SHAPES; s++) {
        f[T_EXPLAINED + s] = matches[s].explained;
        f[T_GAIN + s] = matches[s].gain / f[T_VEHICLE];
        if (bank->shapes[s].kind != bank->shapes[best].kind ||
            bank->shapes[s].height_m * bank->shapes[best].height_m < 0)
            second = fmaxf(second, matches[s].explained);
    }
    f[T_BEST] = matches[best].explained;
    f[T_BEST_GAIN] = matches[best].gain;
    f[T_SECOND] = second;
}

static void tell_background(const struct background *background, float *f)
{
    for (int b = 0; b < BACKGROUND_BANDS; b++)
        f[T_USUAL_BAND + b] = (float)background_band(background, b);
    for (int b = 0; b < TRAIT_TIME_BANDS; b++)
        f[T_OVER_BAND + b] = f[T_TIME_BAND + b] / (f[T_USUAL_BAND + b] + 1e-3f);
}

void traits_make(const struct fourier_table *table, const struct bank *bank, const struct event *event,
                 const struct background *background, const struct match *matches, int best,
                 double wheelbase_m, float ret_traits[TRAITS])
{
    const struct event *e = event;
    float *f = ret_traits;
    const int front = (int)(matches[best].shift + 0.5f), axle = (int)e->axle_ticks;
    struct part p = {.front = front, .speed = (float)e->speed_mps};

    p.first = front - 40 - (int)(1.0 / e->speed_mps / TICK_S);
    p.end = front + axle + 70 + (int)(1.5 / e->speed_mps / TICK_S);
    p.first = p.first < 10 ? 10 : p.first > EVENT_BEFORE - 10 ? EVENT_BEFORE - 10 : p.first;
    p.end = p.end > EVENT_TICKS - 10    ? EVENT_TICKS - 10
            : p.end < EVENT_BEFORE + 20 ? EVENT_BEFORE + 20
                                        : p.end;
    tell_way(e, f);
    f[T_USUAL] = (float)e->usual_mps2;
    f[T_BACKGROUND] = (float)e->background_mps2;
    f[T_VEHICLE] = (float)background_gain(background);
    f[T_LOUDER] = (float)(e->usual_mps2 / e->background_mps2);
    tell_peaks(e, &p, f);
    tell_length(e, &p, f);
    tell_repeats(e, &p, f);
    tell_spectrum(table, e, &p, f);
    tell_level(e, &p, f);
    tell_shapes(bank, matches, best, f);
    tell_turn(bank, e, &p, &matches[best], best, f);
    tell_rattle(e, &p, f);
    tell_rolls(bank, e, &matches[best], f);
    tell_background(background, f);
    f[T_BEST_SHIFT] = matches[best].shift - EVENT_BEFORE;
    f[T_REAR_SHARE] = (float)bank->rear_share;
    f[T_WHEELBASE] = (float)wheelbase_m;
}

bool traits_of_road(const struct fourier_table *table, const struct window *window, int64_t centre,
                    double half_track_m, float ret_bands[BACKGROUND_BANDS])
{
    float vertical[FOURIER_POINTS], roll[FOURIER_POINTS], roll_square = 0, square = TINY;
    struct fourier_pair pair;

    for (int i = 0; i < FOURIER_POINTS; i++) {
        const int64_t at = centre - FOURIER_POINTS / 2 + i;
        const struct look *look = window_at(window, at), *before = window_at(window, at - 1);
        if (!look || !before || !look->is_watched)
            return false;
        vertical[i] = (float)look->vertical_mps2;
        roll[i] = (float)((look->roll_radps - before->roll_radps) / TICK_S * half_track_m);
        square += (float)(look->felt_mps2 * look->felt_mps2);
        roll_square += roll[i] * roll[i]; /* NAN where roll is not known */
    }
    fourier_powers(table, vertical, vertical, &pair);
    share_bands(pair.power[0], time_hz, TRAIT_TIME_BANDS, (float)TICK_HZ / FOURIER_POINTS, false, ret_bands);
    ret_bands[TRAIT_TIME_BANDS] = sqrtf(roll_square / square);
    return true;
}
