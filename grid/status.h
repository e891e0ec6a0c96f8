/* status.h - the one status enum of the project; it lives in the lowest room so that every room can use it.
 *
 * Code, name and sentence come from one table, so they cannot drift. 0 is success. A function that fails
 * leaves its `ret_` parameters untouched. Bad input, a lost link, a full disk are statuses; a broken
 * invariant of our own is an assert. */
#ifndef GRID_STATUS_H
#define GRID_STATUS_H

#define ROAD_STATUS_TABLE(X)                                                                                 \
    X(OK, 0, "ok")                                                                                           \
    X(BAD_INPUT, 1, "the input is malformed")                                                                \
    X(BAD_RANGE, 2, "a value is out of range")                                                               \
    X(TOO_LARGE, 3, "the input is larger than allowed")                                                      \
    X(TOO_DEEP, 4, "the input is nested deeper than allowed")                                                \
    X(BAD_VERSION, 5, "the version is newer than this program understands")                                  \
    X(BAD_SIGNATURE, 6, "the signature does not verify")                                                     \
    X(UNKNOWN_KEY, 7, "the signer's key is not registered")                                                  \
    X(BAD_SEQUENCE, 8, "the sequence number was used before with other content")                             \
    X(GAP, 9, "an earlier message is missing")                                                               \
    X(DUPLICATE, 10, "the message was applied before")                                                       \
    X(BAD_TIME, 11, "the time is outside what is accepted")                                                  \
    X(FULL, 12, "the store is full")                                                                         \
    X(NOT_FOUND, 13, "there is no such thing")                                                               \
    X(EXISTS, 14, "it exists already")                                                                       \
    X(IO, 15, "reading or writing failed")                                                                   \
    X(NO_MEMORY, 16, "out of memory")                                                                        \
    X(LINK_LOST, 17, "the connection is lost")                                                               \
    X(TIMEOUT, 18, "it took too long")                                                                       \
    X(CORRUPT, 19, "stored data is damaged")                                                                 \
    X(END, 20, "the end of the data is reached")                                                             \
    X(UNSUPPORTED, 21, "this is not supported")                                                              \
    X(DENIED, 22, "this is not allowed")

enum road_status {
#define ROAD_STATUS_ROW(name, code, sentence) ROAD_##name = code,
    ROAD_STATUS_TABLE(ROAD_STATUS_ROW)
#undef ROAD_STATUS_ROW
};

/* "FULL", "the store is full"; static strings, never NULL (an unknown code gives "UNKNOWN"). */
const char *road_status_name(enum road_status status);
const char *road_status_sentence(enum road_status status);

#endif
