/* fixture.h - a small district in a temporary database, the api on it, and a client that speaks HTTP.
 *
 * A road of 5,000 by 10 cells of 1 m lies from east to west: green, yellow where (column % 100) is 50 … 59, red where
 * (column % 500) < 3, grey where (column % 1000) is 700 … 709. North of it stands a row of 20 squares of 16 m, pale
 * green; the first holds one red 1 m cell. Two defects are confirmed and one is suspected; a bump stands, a cover has
 * become the second defect, a rail is gone and another is an alias; the ledger holds 300 entries. Along the first
 * kilometre run ten segments: again and again red (3 hazards, PCI 50), yellow (PCI 73), green, green (PCI 95), grey. */
#ifndef TESTS_SERVER_API_FIXTURE_H
#define TESTS_SERVER_API_FIXTURE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "grid/catalogue.h"
#include "grid/cell.h"
#include "server/api/api.h"

#define FIRST_COLUMN INT64_C(513000)
#define FIRST_ROW INT64_C(3350510)
#define COLUMNS 5000
#define ROWS 10
#define SQUARES 20
#define SQUARE_ROW 3350544 /* a multiple of 16 */
#define ENTRIES 300
#define DEFECT_RED "1795419000000000000.0102030405060708.7.1"
#define DEFECT_YELLOW "1795419000000000001.0102030405060708.7.2"
#define DEFECT_SUSPECT "1795419000000000002.0102030405060708.7.3"

#define FEATURE_BUMP_ID "1795419000000000003.0102030405060708.7.513"

struct fixture {
    char dir[64], database[96];
    sqlite3 *db; /* the writer's */
    struct api_config config;
    struct api *api;
    char error[API_ERROR_SIZE];
};

extern const struct grid_zone fixture_zone;
struct cell fixture_cell(int64_t column, int64_t row, int level);
int fixture_code(int64_t column); /* of the road's cells */

/* Fills the database and the config; start it with api_start. */
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
void fixture_done(struct fixture *fixture); /* stops, closes, removes */
void fixture_file(const struct fixture *fixture, const char *name, const char *text);
/* A change row as the main loop writes it; its event is {"change":ID}. */
void fixture_change(struct fixture *fixture, int64_t id);

struct reply {
    long status;
    char *head; /* all header lines */
    char *body; /* NUL behind */
    size_t length;
};

/* `headers`: NULL-ended list of "Name: value"; may be NULL. `method`: NULL = GET. The path is sent as it is. */
struct reply http(const struct fixture *fixture, const char *method, const char *path, const char *const *headers);
struct reply get(const struct fixture *fixture, const char *path);
void reply_done(struct reply *reply);
void http_done(void); /* closes this thread's connection; before a thread that asked ends */
/* The value of a header of the reply, up to its line's end; NULL if it is not there. Valid until the next call. */
const char *reply_header(const struct reply *reply, const char *name);

#endif
