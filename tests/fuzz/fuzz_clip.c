/* A clip from hostile bytes: refused with a reason, or judged with probabilities that are some. */
#include <math.h>
#include <stdlib.h>

#include "tests/evaluate/clips.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct clips_samples samples;
    struct clip_verdict verdict;
    const char *reason = NULL;
    double sum = 0;

    if (clips_parse((const char *)data, size, &samples, &reason) != ROAD_OK) {
        if (!reason)
            abort();
        return 0;
    }
    if (clip_classify(samples.accel_mps2, samples.count, &verdict) != ROAD_OK)
        return 0;
    for (int c = 0; c < CLIP_CLASSES; c++)
        sum += (double)verdict.probability[c];
    if (!(fabs(sum - 1) < 1e-5) || verdict.start < 0 || verdict.start + CLIP_WINDOW > samples.count)
        abort();
    return 0;
}
