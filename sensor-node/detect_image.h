/* detect_image.h - what `roadchief detect` says of an image: today whether the frame is good enough to count as watched.
 * No camera detector exists yet, and the answer says so. */
#ifndef SENSOR_NODE_DETECT_IMAGE_H
#define SENSOR_NODE_DETECT_IMAGE_H

#include <stdbool.h>

bool is_image_path(const char *path); /* by its ending: jpg, jpeg, png */
int detect_image(const char *path);   /* one JSON line; exit status */

#endif
