/* clip_rows - what training reads: the numbers of clips, made by the detector's own code.
 *
 *   clip_rows SHIFT... < CLIPS > ROWS
 *
 * CLIPS: one clip a line, samples in m/s^2 apart by spaces. For each clip and each SHIFT (samples by which the window is
 * moved, as far as the clip goes): one line, the window's first sample and its CLIP_FEATURES numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "sensor-node/motion/clip_features.h"

static int read_clip(char *line, float *ret_samples)
{
    int count = 0;
    char *end;

    for (char *at = line; count < CLIP_SAMPLES_MAX; at = end) {
        const float value = strtof(at, &end);
        if (end == at)
            break;
        ret_samples[count++] = value;
    }
    return count;
}

static void print_row(const float *samples, int count, int shift)
{
    float features[CLIP_FEATURES];
    int start = clip_window(samples, count) + shift;

    start = start < 0 ? 0 : start > count - CLIP_WINDOW ? count - CLIP_WINDOW : start;
    clip_features(samples + start, features);
    printf("%d", start);
    for (int f = 0; f < CLIP_FEATURES; f++)
        printf(" %.9g", (double)features[f]);
    putchar('\n');
}

int main(int argc, char **argv)
{
    static char line[CLIP_SAMPLES_MAX * 32];
    static float samples[CLIP_SAMPLES_MAX];

    while (fgets(line, sizeof line, stdin)) {
        const int count = read_clip(line, samples);
        if (count < CLIP_WINDOW) {
            fprintf(stderr, "clip_rows: a clip of %d samples is too short\n", count);
            return 1;
        }
        for (int i = 1; i < argc; i++)
            print_row(samples, count, atoi(argv[i]));
    }
    return 0;
}
