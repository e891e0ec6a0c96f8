/* detect.h - the verb `detect`: detections and passes of a recording as JSON lines or GeoJSON, no network. */
#ifndef SENSOR_NODE_DETECT_H
#define SENSOR_NODE_DETECT_H

int detect_run(int argc, char **argv); /* exit status */

#endif
