/* calibrate.h - the verb `calibrate`: a recorded drive over road of known IRI gives the ride_gain of that vehicle. */
#ifndef SENSOR_NODE_CALIBRATE_H
#define SENSOR_NODE_CALIBRATE_H

int calibrate_run(int argc, char **argv); /* exit status */

#endif
