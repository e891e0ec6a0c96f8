#include "sensor-node/detect_clip.h"

#include <stdio.h>
#include <sys/stat.h>

#include "sensor-node/motion/clip.h"
#include "sensor-node/source_clip.h"

struct count {
    size_t told, refused;
};

static void put_text(const char *text)
{
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            putchar('\\');
        if (*c >= ' ')
            putchar(*c);
        else
            printf("\\u%04x", *c);
    }
    putchar('"');
}

static void put_verdict(const char *path, const struct clip_verdict *v, size_t samples)
{
    fputs("{\"kind\":\"clip\",\"file\":", stdout);
    put_text(path);
    printf(",\"class\":\"%s\",\"probabilities\":{", clip_class_name(v->class));
    for (int i = 0; i < CLIP_CLASSES; i++)
        printf("%s\"%s\":%.4f", i ? "," : "", clip_class_name((enum clip_class)i), (double)v->probability[i]);
    printf("},\"event\":%.4f,\"samples\":%zu,\"window_start_s\":%.2f}\n", (double)v->event, samples,
           (double)v->start / CLIP_RATE_HZ);
}

static bool tell_one(const char *path, void *context)
{
    static float accel_mps2[CLIP_SAMPLES_MAX];
    struct count *count = context;
    struct clip_verdict verdict;
    char error[SOURCE_ERROR_SIZE];
    size_t n = 0;
    enum road_status status = clip_read(path, accel_mps2, CLIP_SAMPLES_MAX, &n, error);

    if (!status) {
        status = clip_classify(accel_mps2, (int)n, &verdict);
        if (status == ROAD_BAD_RANGE)
            snprintf(error, sizeof error, "%.200s: fewer than %d samples, or all the same: nothing to be told", path,
                     CLIP_WINDOW);
        else if (status)
            snprintf(error, sizeof error, "%.200s: %s", path, road_status_sentence(status));
    }
    if (status) {
        fprintf(stderr, "clip refused: %s\n", error);
        count->refused++;
        return true;
    }
    put_verdict(path, &verdict, n);
    count->told++;
    return true;
}

int clip_tell(const char *path)
{
    struct count count = {0};
    struct stat info;

    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        clip_walk(path, tell_one, &count);
    else
        tell_one(path, &count);
    fflush(stdout);
    fprintf(stderr, "read: %zu clip%s of one event at %d Hz, %zu refused\n", count.told, count.told == 1 ? "" : "s",
            CLIP_RATE_HZ, count.refused);
    fputs("watched: nothing: a clip has neither time nor place: its class is told, nothing goes on the map\n", stderr);
    return count.told == 0;
}
