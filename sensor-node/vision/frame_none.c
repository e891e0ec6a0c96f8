/* frame_none.c - the node without a camera: built with -DROAD_VISION=OFF. */
#include "sensor-node/vision/frame.h"

enum road_status frame_examine(const char *path, struct frame_facts *ret_facts)
{
    (void)path;
    (void)ret_facts;
    return ROAD_UNSUPPORTED;
}
