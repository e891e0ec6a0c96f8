#include "sensor-node/motion/clip.h"

#include <assert.h>
#include <math.h>

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

/* Steps of 1 / CLIP_STEPS deviations from the mean of the clips learnt from, cut at CLIP_REACH deviations. */
static void to_steps(const float *features, int *ret_steps)
{
    for (int f = 0; f < CLIP_FEATURES; f++) {
        const double off = ((double)features[f] - (double)clip_mean[f]) / (double)clip_deviation[f];
        ret_steps[f] = (int)floor(fmax(-CLIP_REACH, fmin(CLIP_REACH, off)) * CLIP_STEPS + 0.5);
    }
}

static double likeness(const int *steps, const int8_t *example)
{
    int square = 0; /* at most CLIP_FEATURES * (2 * CLIP_REACH * CLIP_STEPS)^2, below 2^24 */

    for (int f = 0; f < CLIP_FEATURES; f++)
        square += (steps[f] - example[f]) * (steps[f] - example[f]);
    return exact_exp(-clip_narrowness * square / (CLIP_STEPS * CLIP_STEPS));
}

static void to_probabilities(const double *score, float *ret_probability)
{
    double top = score[0], sum = 0, part[CLIP_CLASSES];

    for (int c = 1; c < CLIP_CLASSES; c++)
        top = fmax(top, score[c]);
    for (int c = 0; c < CLIP_CLASSES; c++)
        sum += part[c] = exact_exp(clip_sharpness * (score[c] - top));
    for (int c = 0; c < CLIP_CLASSES; c++)
        ret_probability[c] = (float)(part[c] / sum);
}

/* Kernel ridge regression: a class's score is the sum over all examples of their likeness times their weight. */
static void judge(const float *features, float *ret_probability)
{
    double score[CLIP_CLASSES];
    int steps[CLIP_FEATURES];

    to_steps(features, steps);
    for (int c = 0; c < CLIP_CLASSES; c++)
        score[c] = clip_base[c];
    for (int e = 0; e < clip_examples; e++) {
        const double like = likeness(steps, clip_example[e]);
        for (int c = 0; c < CLIP_CLASSES; c++)
            score[c] += like * (double)clip_weight[e][c];
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
