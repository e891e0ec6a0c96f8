#include "sensor-node/detect_image.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sensor-node/vision/frame.h"

bool is_image_path(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

int detect_image(const char *path)
{
    struct frame_facts f;
    const enum road_status status = frame_examine(path, &f);

    if (status == ROAD_UNSUPPORTED) {
        fputs("roadchief detect: built without the camera side; build with -DROAD_VISION=ON\n", stderr);
        return 1;
    }
    if (status != ROAD_OK) {
        fprintf(stderr, "roadchief detect: %s: %s\n", path, road_status_sentence(status));
        return 1;
    }
    printf("{\"kind\":\"frame\",\"width\":%d,\"height\":%d,\"brightness\":%.1f,\"sharpness\":%.1f,\"usable\":%s,"
           "\"detections\":null,\"note\":\"no camera detector yet: only whether the frame could be watched\"}\n",
           f.width, f.height, f.brightness, f.sharpness, f.is_usable ? "true" : "false");
    return 0;
}
