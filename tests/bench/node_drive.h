/* node_drive.h - the drive on which the node's cost is measured, as a tape: every lane of a course of 12 streets of 250 m
 * (class A or B) with five defects and five look-alikes a km of lane, one car of the simulator's fleet. The receiver
 * gives `fix_hz` fixes a second: 1 is what gpsd and phones give, 10 an RTK receiver. */
#ifndef TESTS_BENCH_NODE_DRIVE_H
#define TESTS_BENCH_NODE_DRIVE_H

#include <stdbool.h>

#include "tests/tape/tape.h"

bool node_drive_make(const char *path, double rate_hz, bool has_gyro, double fix_hz);

#endif
