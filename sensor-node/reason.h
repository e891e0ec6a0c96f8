/* reason.h - why road that was driven over was not watched, or not placed on the map. What cannot be believed is
 * counted under one of these and never shown as "nothing found". */
#ifndef SENSOR_NODE_REASON_H
#define SENSOR_NODE_REASON_H

enum unwatched_reason {
    UNWATCHED_NOT = 0, /* it was watched */
    UNWATCHED_GAP,     /* no samples */
    UNWATCHED_RATE,    /* too few of them */
    UNWATCHED_LEVEL,   /* which way is up is not known yet, or the sensor removes gravity */
    UNWATCHED_STUCK,   /* the same value over and over */
    UNWATCHED_CLIPPED, /* beyond the sensor's range */
    UNWATCHED_MOVED,   /* the sensor was turned in its mount, or its axes changed places */
    UNWATCHED_CLOCK,   /* its clock went back or leapt */
    UNWATCHED_COUNT
};

enum unplaced_reason {
    UNPLACED_NOT = 0,
    UNPLACED_NO_FIX, /* none near enough in time */
    UNPLACED_FROZEN, /* the receiver repeats one position while the vehicle moves */
    UNPLACED_JUMP,   /* the position leapt and was not believed */
    UNPLACED_COARSE, /* 1 sigma beyond 15 m */
    UNPLACED_NO_UTC,
    UNPLACED_COUNT
};

/* "gap"; static strings; "none" for 0, NULL beyond the table. */
const char *unwatched_name(enum unwatched_reason reason);
const char *unplaced_name(enum unplaced_reason reason);

#endif
