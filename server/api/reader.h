/* reader.h - read-only connections to the server's database, one a thread, with their statements prepared.
 *
 * A request takes a reader, works inside one read transaction (so that everything it says is of one moment) and gives
 * it back. reader_take waits while all are out; there are as many as threads. */
#ifndef SERVER_API_READER_H
#define SERVER_API_READER_H

#include <sqlite3.h>

#include "grid/status.h"

enum query {
    QUERY_CELL,         /* id */
    QUERY_CELL_RANGE,   /* first, last, after */
    QUERY_CELL_CODES,   /* first, last */
    QUERY_CELL_COARSE,  /* first, last; level 5 and above */
    QUERY_CELL_COUNTS,
    QUERY_LEAF,         /* key: server/store/leaf.h */
    QUERY_LEAF_RANGE,   /* first, last key */
    QUERY_PLAIN_COUNTS,
    QUERY_SQUARE,       /* key */
    QUERY_SQUARE_RANGE, /* first, last key */
    QUERY_DEFECT,       /* id */
    QUERY_DEFECTS,      /* after */
    QUERY_DEFECTS_NEAR, /* first, last cell */
    QUERY_DEFECT_COUNTS,
    QUERY_REPAIR,       /* defect */
    QUERY_VERDICTS,     /* defect, limit */
    QUERY_SPEAKER,      /* kid */
    QUERY_FEATURES,     /* after */
    QUERY_FEATURE_COUNTS,
    QUERY_FACTS,
    QUERY_LAST_CHANGE,
    QUERY_CHANGES,      /* after, limit */
    QUERY_LAST_ENTRY,
    QUERY_ENTRY,        /* index */
    QUERY_ENTRIES_ABOUT, /* subject, limit */
    QUERY_SEGMENT,        /* way, backward, number */
    QUERY_SEGMENTS_OF,    /* road */
    QUERY_SEGMENTS_WORST, /* road, limit: what is yellow or red */
    QUERY_SEGMENTS_NEAR,  /* first, last cell, last class */
    QUERY_SEGMENT_COUNTS,
    QUERY_COUNT
};

struct reader {
    sqlite3 *db;
    sqlite3_stmt *statements[QUERY_COUNT];
    struct reader *next;
};

struct readers; /* opaque */

/* ret_error: 256 bytes. */
enum road_status readers_open(const char *path, int n, struct readers **ret_readers, char *ret_error);
void readers_close(struct readers *readers); /* all given back; NULL is fine */
enum road_status reader_take(struct readers *readers, struct reader **ret_reader);
void reader_give(struct readers *readers, struct reader *reader);

/* A statement ready to be bound and stepped; it is the reader's. */
sqlite3_stmt *reader_query(struct reader *reader, enum query query);
/* True while there are rows; at the end or on an error false, with *status set accordingly. */
int reader_step(sqlite3_stmt *statement, enum road_status *status);

#endif
