#include "sensor-node/motion/clip_features.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "sensor-node/motion/exact.h"

#define N        CLIP_WINDOW
#define FLOOR    0.01  /* m/s^2, added before a logarithm: the noise of a phone */
#define TINY     1e-6  /* keeps a quotient finite on a window without any movement */
#define ENVELOPE 7     /* parts of a window whose sizes are ranked */
#define LAGS     29    /* of the autocorrelation: 0.58 s, axles 2.7 m apart from 17 km/h on */
#define RATE     50.   /* Hz */
#define REACH    12    /* samples around the peak whose shape is kept */

/* Numbers are written one after the other. */
struct row {
    float *next, *end;
};

static void put(struct row *row, double value)
{
    assert(row->next < row->end);
    *row->next++ = (float)value;
}

static double size_log(double size)
{
    return exact_log(fmax(size, 0) + FLOOR);
}

static double sum_of_squares(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sum;
}

static double mean_of(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

static double deviation_of(const double *v, int n)
{
    const double mean = mean_of(v, n);
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return sqrt(sum / n);
}

static int place_of_max(const double *v, int n)
{
    int place = 0;
    for (int i = 1; i < n; i++)
        if (v[i] > v[place])
            place = i;
    return place;
}

static int place_of_min(const double *v, int n)
{
    int place = 0;
    for (int i = 1; i < n; i++)
        if (v[i] < v[place])
            place = i;
    return place;
}

static void sort(double *v, int n)
{
    for (int i = 1; i < n; i++) {
        const double value = v[i];
        int k = i;
        for (; k > 0 && v[k - 1] > value; k--)
            v[k] = v[k - 1];
        v[k] = value;
    }
}

/* Straight line between the ranks beside it; `sorted` ascends. */
static double quantile(const double *sorted, int n, double share)
{
    const double rank = share * (n - 1);
    const int below = (int)rank, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
}

static double clamp(double value, double limit)
{
    return fmax(-limit, fmin(limit, value));
}

static void take_trend_off(const float *accel_mps2, double *ret_z)
{
    double mean = 0, slope = 0, square = 0;

    for (int i = 0; i < N; i++)
        mean += (double)accel_mps2[i];
    mean /= N;
    for (int i = 0; i < N; i++) {
        const double t = i - (N - 1) / 2.;
        slope += t * ((double)accel_mps2[i] - mean);
        square += t * t;
    }
    slope /= square;
    for (int i = 0; i < N; i++)
        ret_z[i] = (double)accel_mps2[i] - mean - slope * (i - (N - 1) / 2.);
}

static void put_sizes(struct row *row, const double *v, int n)
{
    static const double shares[] = {0.1, 0.25, 0.5, 0.75, 0.9, 1};
    double size[N];

    for (int i = 0; i < n; i++)
        size[i] = fabs(v[i]);
    sort(size, n);
    for (int i = 0; i < 6; i++)
        put(row, size_log(quantile(size, n, shares[i])));
    put(row, size_log(deviation_of(v, n)));
}

/* Sizes of the window's parts, ranked: one loud part among quiet ones, or loud throughout. */
static void put_envelope(struct row *row, const double *v, int n)
{
    double part[ENVELOPE];

    for (int k = 0; k < ENVELOPE; k++) {
        const int from = k * n / ENVELOPE, to = (k + 1) * n / ENVELOPE;
        part[k] = sqrt(sum_of_squares(v + from, to - from) / (to - from));
    }
    sort(part, ENVELOPE);
    for (int k = 0; k < ENVELOPE; k++)
        put(row, size_log(part[k]));
}

static double moment(const double *v, int n, int power)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += power == 3 ? v[i] * v[i] * v[i] : v[i] * v[i] * v[i] * v[i];
    return sum / n;
}

/* Greatest and least against the deviation, and against each other: a bump throws up, a hole drops. */
static void put_extremes(struct row *row, const double *v, int n, double deviation)
{
    const double high = v[place_of_max(v, n)], low = v[place_of_min(v, n)];
    put(row, high / deviation);
    put(row, low / deviation);
    put(row, size_log(high) - size_log(-low));
}

static void put_view(struct row *row, const double *v, int n)
{
    const double deviation = deviation_of(v, n) + TINY, square = deviation * deviation;

    put_sizes(row, v, n);
    put_envelope(row, v, n);
    put(row, moment(v, n, 3) / (square * deviation));
    put(row, exact_log(moment(v, n, 4) / (square * square) + FLOOR));
    put_extremes(row, v, n, deviation);
    put(row, clamp(place_of_max(v, n) - place_of_min(v, n), 12));
}

static void put_views(struct row *row, const double *z)
{
    double jerk[N], bend[N], smooth[N], rough[N];

    for (int i = 0; i + 1 < N; i++)
        jerk[i] = z[i + 1] - z[i];
    for (int i = 0; i + 2 < N; i++)
        bend[i] = jerk[i + 1] - jerk[i];
    for (int i = 0; i + 4 < N; i++) {
        smooth[i] = (z[i] + z[i + 1] + z[i + 2] + z[i + 3] + z[i + 4]) / 5;
        rough[i] = z[i + 2] - smooth[i];
    }
    put_view(row, z, N);
    put_view(row, jerk, N - 1);
    put_view(row, bend, N - 2);
    put_view(row, smooth, N - 4);
    put_view(row, rough, N - 4);
}

/* Power of the N / 2 + 1 frequencies 0, 50 / N, ... Hz under a Hann window. */
static void power_of(const double *z, double *ret_power)
{
    double cosine[N], sine[N];

    for (int i = 0; i < N; i++) {
        cosine[i] = exact_cos(2 * M_PI * i / N);
        sine[i] = exact_sin(2 * M_PI * i / N);
    }
    for (int k = 0; k <= N / 2; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < N; i++) {
            const double tapered = z[i] * (0.5 - 0.5 * exact_cos(2 * M_PI * i / (N - 1)));
            re += tapered * cosine[k * i % N];
            im += tapered * sine[k * i % N];
        }
        ret_power[k] = re * re + im * im + 1e-4;
    }
}

static void put_spectrum(struct row *row, const double *z)
{
    /* First bins of the bands: 0.9, 1.8, 2.7, 3.6, 5.4, 7.1, 9, 11.6, 14.3, 17, 21 Hz to the end. */
    static const int first[] = {1, 2, 3, 4, 6, 8, 10, 13, 16, 19, 24, N / 2 + 1};
    double power[N / 2 + 1], total = 0, centre = 0, entropy = 0;

    power_of(z, power);
    for (int b = 0; b < 11; b++) {
        double sum = 0;
        for (int k = first[b]; k < first[b + 1]; k++)
            sum += power[k];
        put(row, exact_log(sum / (first[b + 1] - first[b])) / 2);
    }
    for (int k = 0; k <= N / 2; k++) {
        total += power[k];
        centre += power[k] * k * RATE / N;
    }
    for (int k = 0; k <= N / 2; k++)
        entropy -= power[k] / total * exact_log(power[k] / total);
    put(row, centre / total);
    put(row, entropy);
}

static void put_autocorrelation(struct row *row, const double *z)
{
    const double square = sum_of_squares(z, N) + TINY;

    for (int lag = 1; lag <= LAGS; lag++) {
        double sum = 0;
        for (int i = 0; i + lag < N; i++)
            sum += z[i] * z[i + lag];
        put(row, sum / square);
    }
}

static double share_of_turns(const double *z, int n, int apart)
{
    int turns = 0;
    for (int i = 0; i + 1 < n; i++) {
        const double a = apart ? z[i + 1] - z[i] : z[i], b = apart ? z[i + 2] - z[i + 1] : z[i + 1];
        turns += a * b < 0;
    }
    return (double)turns / n;
}

static void put_wavelet(struct row *row, const double *v, int n, bool has_order)
{
    const double deviation = deviation_of(v, n) + TINY;

    put(row, size_log(deviation));
    put_extremes(row, v, n, deviation);
    if (has_order)
        put(row, clamp(place_of_max(v, n) - place_of_min(v, n), 16) / 4);
    put(row, moment(v, n, 3) / (deviation * deviation * deviation));
}

/* Steps and pulses of 40 to 480 ms anywhere in the window: Haar's wavelet, and a flat pulse between flat dips. */
static void put_wavelets(struct row *row, const double *z)
{
    static const int lengths[] = {1, 2, 3, 4, 6, 8, 12};
    double before[N + 1] = {0}, v[N];

    for (int i = 0; i < N; i++)
        before[i + 1] = before[i] + z[i];
    for (int s = 0; s < 7; s++) {
        const int length = lengths[s], steps = N - 2 * length + 1, pulses = N - 4 * length + 1;
        for (int i = 0; i < steps; i++)
            v[i] = (before[i + 2 * length] - 2 * before[i + length] + before[i]) / length;
        put_wavelet(row, v, steps, true);
        if (length > 8)
            continue;
        for (int i = 0; i < pulses; i++)
            v[i] = (2 * (before[i + 3 * length] - before[i + length]) - (before[i + 4 * length] - before[i])) /
                   (2 * length);
        put_wavelet(row, v, pulses, false);
    }
}

/* What comes first: sign and distance of the first sample that reaches a share of the peak, and how long it lasts. */
static void put_onset(struct row *row, const double *z, int peak)
{
    static const double shares[] = {0.25, 0.4, 0.6};
    const double top = fabs(z[peak]);

    put(row, copysign(1, z[peak]));
    for (int s = 0; s < 3; s++) {
        int first = 0, last = N - 1, above = 0;
        while (first < peak && !(fabs(z[first]) > shares[s] * top))
            first++;
        while (last > peak && !(fabs(z[last]) > shares[s] * top))
            last--;
        for (int i = 0; i < N; i++)
            above += fabs(z[i]) > shares[s] * top;
        put(row, copysign(1, z[first]));
        put(row, fmin(peak - first, 20) / 5);
        put(row, (last - first) / 10.);
        put(row, (double)above / N);
    }
}

/* Shape around the peak, relative to the deviation; 0 beyond the window's ends. */
static void put_shape(struct row *row, const double *z, int peak)
{
    const double deviation = deviation_of(z, N) + TINY;
    for (int i = peak - REACH; i <= peak + REACH; i += 2)
        put(row, i >= 0 && i < N ? z[i] / deviation : 0);
}

static void put_concentration(struct row *row, const double *z)
{
    static const int counts[] = {3, 6, 12, 21, 31};
    const double total = sum_of_squares(z, N) + TINY;
    double square[N];

    for (int i = 0; i < N; i++)
        square[i] = z[i] * z[i];
    sort(square, N);
    for (int c = 0; c < 5; c++) {
        double sum = 0;
        for (int i = 0; i < counts[c]; i++)
            sum += square[N - 1 - i];
        put(row, sum / total);
    }
}

/* Centred on the deepest three samples: that is where a wheel falls, into a hole or off a bump. */
int clip_window(const float *accel_mps2, int count)
{
    int deepest = 1;
    double least = HUGE_VAL;

    for (int i = 1; i + 1 < count; i++) {
        const double sum = (double)accel_mps2[i - 1] + (double)accel_mps2[i] + (double)accel_mps2[i + 1];
        if (sum < least) {
            least = sum;
            deepest = i;
        }
    }
    const int start = deepest - CLIP_WINDOW / 2, last = count - CLIP_WINDOW;
    return start < 0 ? 0 : start > last ? last : start;
}

void clip_features(const float *accel_mps2, float *ret_features)
{
    struct row row = {ret_features, ret_features + CLIP_FEATURES};
    double z[N], size[N];

    take_trend_off(accel_mps2, z);
    for (int i = 0; i < N; i++)
        size[i] = fabs(z[i]);
    const int peak = place_of_max(size, N);
    put_views(&row, z);
    put_spectrum(&row, z);
    put_autocorrelation(&row, z);
    put(&row, share_of_turns(z, N - 1, 0));
    put(&row, share_of_turns(z, N - 2, 1));
    put_wavelets(&row, z);
    put_onset(&row, z, peak);
    put_shape(&row, z, peak);
    put_concentration(&row, z);
    assert(row.next == row.end);
}
