/* frame.h - is a camera frame good enough to say "watched"? The camera side's first piece: a frame that is too dark or
 * blurred proves nothing about the road, so a camera pass must not count it.
 *
 * OpenCV stands behind it (frame.cpp); without it (-DROAD_VISION=OFF) frame_none.c answers ROAD_UNSUPPORTED, and nothing
 * else of the node changes. No exception leaves this module. Any thread. */
#ifndef SENSOR_NODE_VISION_FRAME_H
#define SENSOR_NODE_VISION_FRAME_H

#include <stdbool.h>

#include "grid/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FRAME_BYTES_MAX (32 << 20) /* of the file */
#define FRAME_SIDE_MAX 16384       /* pixels */
#define FRAME_BRIGHTNESS_MIN 40.0  /* of 255: below, asphalt has no texture left */
#define FRAME_SHARPNESS_MIN 20.0   /* variance of the Laplacian at 640 pixels width: below, cracks are smeared */

struct frame_facts {
    int width, height;  /* pixels */
    double brightness;  /* mean of the lower half, where the road is, 0..255 */
    double sharpness;   /* variance of the Laplacian of the lower half, scaled to 640 pixels width */
    bool is_usable;     /* both above their limits; the limits are our proposal, to be measured with the detector */
};

/* ROAD_NOT_FOUND, ROAD_TOO_LARGE, ROAD_BAD_INPUT (no image), ROAD_NO_MEMORY, ROAD_UNSUPPORTED (built without OpenCV). */
enum road_status frame_examine(const char *path, struct frame_facts *ret_facts);

#ifdef __cplusplus
}
#endif

#endif
