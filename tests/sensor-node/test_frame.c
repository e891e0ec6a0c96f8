#include "tests/check.h"

#include <dirent.h>
#include <unistd.h>

#include "sensor-node/vision/frame.h"

#define WIDTH 640
#define HEIGHT 480

/* A PGM whose lower half is `base` plus a checkerboard of `contrast`, 4 pixels wide. */
static const char *make_frame(int base, int contrast)
{
    static char path[64];

    snprintf(path, sizeof path, "/tmp/roadchief-frame-%d-%d-%d.pgm", (int)getpid(), base, contrast);
    FILE *out = fopen(path, "w");
    if (!out)
        return "";
    fprintf(out, "P5 %d %d 255\n", WIDTH, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            fputc(base + ((x / 4 + y / 4) % 2 ? contrast : 0), out);
    fclose(out);
    return path;
}

static bool is_built_without(const char *path)
{
    struct frame_facts f;

    return frame_examine(path, &f) == ROAD_UNSUPPORTED;
}

FACT(a_bright_sharp_frame_is_usable_and_its_brightness_is_the_mean)
{
    const char *path = make_frame(100, 60);
    struct frame_facts f;

    if (is_built_without(path))
        SKIP("built without OpenCV");
    CHECK_STATUS(frame_examine(path, &f), ROAD_OK);
    CHECK_INT(f.width, WIDTH);
    CHECK_INT(f.height, HEIGHT);
    CHECK_NEAR(f.brightness, 130, 0.5); /* half of the squares are 60 brighter */
    CHECK(f.is_usable);
    unlink(path);
}

FACT(a_dark_frame_and_a_featureless_one_are_not_usable)
{
    struct frame_facts f;
    const char *dark = make_frame(5, 20);

    if (is_built_without(dark))
        SKIP("built without OpenCV");
    CHECK_STATUS(frame_examine(dark, &f), ROAD_OK);
    CHECK(!f.is_usable);
    unlink(dark);
    const char *flat = make_frame(120, 0);
    CHECK_STATUS(frame_examine(flat, &f), ROAD_OK);
    CHECK_NEAR(f.sharpness, 0, 1e-9);
    CHECK(!f.is_usable);
    unlink(flat);
}

FACT(what_is_no_image_is_refused)
{
    struct frame_facts f;

    if (is_built_without("/dev/null"))
        SKIP("built without OpenCV");
    CHECK_STATUS(frame_examine("/nonexistent.png", &f), ROAD_NOT_FOUND);
    CHECK_STATUS(frame_examine(ROAD_SOURCE_DIR "/README.md", &f), ROAD_BAD_INPUT);
}

FACT(real_survey_frames_are_usable)
{
    const char *folder = ROAD_SOURCE_DIR "/../shared/data/dnit-cracks-potholes";
    DIR *frames = opendir(folder);
    int n = 0, usable = 0;

    if (!frames)
        SKIP("no ../shared/data/dnit-cracks-potholes");
    for (struct dirent *entry; n < 12 && (entry = readdir(frames));) {
        char path[1024];
        struct frame_facts f;
        snprintf(path, sizeof path, "%s/%s/RAW.jpg", folder, entry->d_name);
        if (access(path, R_OK) != 0) {
            snprintf(path, sizeof path, "%s/%s/%s_RAW.jpg", folder, entry->d_name, entry->d_name);
            if (access(path, R_OK) != 0)
                continue;
        }
        const enum road_status status = frame_examine(path, &f);
        if (status == ROAD_UNSUPPORTED) {
            closedir(frames);
            SKIP("built without OpenCV");
        }
        CHECK_STATUS(status, ROAD_OK);
        n++;
        usable += f.is_usable;
    }
    closedir(frames);
    CHECK(n > 0);
    CHECK(usable >= n - 1);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
