#include "sensor-node/motion/clip.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "sensor-node/motion/clip_features.h"
#include "sensor-node/motion/clip_table.h"
#include "sensor-node/motion/exact.h"

static const char *const names[CLIP_CLASSES] = {"asphalt_bumps", "metal_bumps", "potholes", "regular_road",
                                                "worn_out_road"};

const char *clip_class_name(enum clip_class class)
{
    assert((int)class >= 0 && (int)class < CLIP_CLASSES);
    return names[class];
}

bool clip_class_is_event(enum clip_class class)
{
    return class == CLIP_ASPHALT_BUMP || class == CLIP_METAL_BUMP || class == CLIP_POTHOLE;
}

/* The value with as many below as above (the lower of two); Hoare's selection. */
static float median(const float *values, int count)
{
    float v[CLIP_SAMPLES_MAX];
    int from = 0, to = count - 1;
    const int middle = to / 2;

    memcpy(v, values, (size_t)count * sizeof *v);
    while (from < to) {
        const float pivot = v[middle];
        int i = from, k = to;
        while (i <= k) {
            while (v[i] < pivot)
                i++;
            while (v[k] > pivot)
                k--;
            if (i <= k) {
                const float swap = v[i];
                v[i++] = v[k];
                v[k--] = swap;
            }
        }
        if (k < middle)
            from = i;
        if (i > middle)
            to = k;
    }
    return v[middle];
}

int clip_window(const float *accel_mps2, int count)
{
    const float level = median(accel_mps2, count);
    int peak = 0;

    for (int i = 1; i < count; i++)
        if (fabsf(accel_mps2[i] - level) > fabsf(accel_mps2[peak] - level))
            peak = i;
    const int start = peak - CLIP_WINDOW / 2, last = count - CLIP_WINDOW;
    return start < 0 ? 0 : start > last ? last : start;
}

static enum road_status check(const float *accel_mps2, int count)
{
    bool moves = false;

    if (count < CLIP_WINDOW)
        return ROAD_BAD_RANGE;
    if (count > CLIP_SAMPLES_MAX)
        return ROAD_TOO_LARGE;
    for (int i = 0; i < count; i++) {
        if (!(fabs((double)accel_mps2[i]) <= CLIP_ACCEL_MAX))
            return ROAD_BAD_INPUT;
        moves |= accel_mps2[i] != accel_mps2[0];
    }
    return moves ? ROAD_OK : ROAD_BAD_RANGE;
}

static void to_probabilities(const double *score, float *ret_probability)
{
    double top = score[0], sum = 0, part[CLIP_CLASSES];

    for (int c = 1; c < CLIP_CLASSES; c++)
        top = fmax(top, score[c]);
    for (int c = 0; c < CLIP_CLASSES; c++)
        sum += part[c] = exact_exp(score[c] - top);
    for (int c = 0; c < CLIP_CLASSES; c++)
        ret_probability[c] = (float)(part[c] / sum);
}

/* Multinomial logistic regression on standardised numbers. */
static void judge(const float *features, float *ret_probability)
{
    double score[CLIP_CLASSES];

    for (int c = 0; c < CLIP_CLASSES; c++) {
        score[c] = (double)clip_bias[c];
        for (int f = 0; f < CLIP_FEATURES; f++)
            score[c] += (double)clip_weight[c][f] * ((double)features[f] - (double)clip_mean[f]) /
                        (double)clip_deviation[f];
    }
    to_probabilities(score, ret_probability);
}

enum road_status clip_classify(const float *accel_mps2, int count, struct clip_verdict *ret_verdict)
{
    struct clip_verdict v = {0};
    float features[CLIP_FEATURES];
    enum road_status status = check(accel_mps2, count);

    if (status != ROAD_OK)
        return status;
    v.start = clip_window(accel_mps2, count);
    clip_features(accel_mps2 + v.start, features);
    judge(features, v.probability);
    for (int c = 0; c < CLIP_CLASSES; c++) {
        if (v.probability[c] > v.probability[v.class])
            v.class = (enum clip_class)c;
        if (clip_class_is_event((enum clip_class)c))
            v.event += v.probability[c];
    }
    *ret_verdict = v;
    return ROAD_OK;
}
