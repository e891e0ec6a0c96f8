#include "server/store/schema.h"

#include <stddef.h>

#include "server/store/segment.h"

/* The triggers are a guard rail against our own mistakes; what convinces others is the tree. */
#define APPEND_ONLY(table)                                                                                   \
    "CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table                                             \
    " BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;"                                              \
    "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table                                             \
    " BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;"

static const char version_1[] =
    "CREATE TABLE cell(id INTEGER PRIMARY KEY, code INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " pale INTEGER NOT NULL, type INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " posterior_permille INTEGER NOT NULL, size_milli INTEGER NOT NULL, size_sigma_milli INTEGER NOT NULL,"
    " hits INTEGER NOT NULL, passes INTEGER NOT NULL, motion_hits INTEGER NOT NULL,"
    " camera_hits INTEGER NOT NULL, csi INTEGER NOT NULL, iri_centi INTEGER NOT NULL,"
    " coverage_centi INTEGER NOT NULL, seen_ns INTEGER NOT NULL, defect TEXT) WITHOUT ROWID;"
    "CREATE TABLE square(id INTEGER PRIMARY KEY, red_m2 INTEGER NOT NULL, yellow_m2 INTEGER NOT NULL,"
    " green_m2 INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE defect(id TEXT PRIMARY KEY, state INTEGER NOT NULL, alias_of TEXT, type INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, may_be_red INTEGER NOT NULL, posterior_permille INTEGER NOT NULL,"
    " e_mm INTEGER NOT NULL, n_mm INTEGER NOT NULL, cell INTEGER NOT NULL, cov_ee_cm2 INTEGER NOT NULL,"
    " cov_en_cm2 INTEGER NOT NULL, cov_nn_cm2 INTEGER NOT NULL, size_milli INTEGER NOT NULL,"
    " size_sigma_milli INTEGER NOT NULL, hits INTEGER NOT NULL, passes INTEGER NOT NULL,"
    " motion_hits INTEGER NOT NULL, camera_hits INTEGER NOT NULL, units INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX defect_cell ON defect(cell);"
    "CREATE TABLE change(id INTEGER PRIMARY KEY, gateway TEXT NOT NULL, seq INTEGER NOT NULL,"
    " cause_kid TEXT NOT NULL, cause_seq INTEGER NOT NULL, as_of_ns INTEGER NOT NULL, event TEXT NOT NULL);"
    "CREATE TABLE fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
    "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, kind TEXT NOT NULL, subject TEXT NOT "
    "NULL,"
    " body BLOB NOT NULL);"
    "CREATE INDEX entry_subject ON entry(subject, idx);"
    "CREATE TABLE node_hash(level INTEGER, n INTEGER, hashes BLOB, PRIMARY KEY(level, n)) WITHOUT ROWID;"
    "CREATE TABLE head(size INTEGER PRIMARY KEY, root BLOB NOT NULL, checkpoint TEXT NOT NULL);" APPEND_ONLY(
        "entry") APPEND_ONLY("node_hash") APPEND_ONLY("head");

static const char version_2[] =
    "CREATE TABLE feature(id TEXT PRIMARY KEY, state INTEGER NOT NULL, alias_of TEXT, kind INTEGER NOT NULL,"
    " posterior_permille INTEGER NOT NULL, e_mm INTEGER NOT NULL, n_mm INTEGER NOT NULL, cell INTEGER NOT NULL,"
    " cov_ee_cm2 INTEGER NOT NULL, cov_en_cm2 INTEGER NOT NULL, cov_nn_cm2 INTEGER NOT NULL,"
    " strength_milli INTEGER NOT NULL, strength_mad_milli INTEGER NOT NULL, heading_cdeg INTEGER NOT NULL,"
    " hits INTEGER NOT NULL, passes INTEGER NOT NULL, called_damage INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL) WITHOUT ROWID;";

/* Squares move to a key that keeps a level together (server/store/leaf.h: level << 53 | id, the level from the lowest
 * bit of the id); those of 4 m are drawn from the leaves themselves. Cells stay as they are until passes tell them anew. */
static const char version_4[] =
    "CREATE TABLE leaf(key INTEGER PRIMARY KEY, covers BLOB NOT NULL);"
    "CREATE INDEX cell_coarse ON cell(id) WHERE id & 1023 = 0;"
    "CREATE TABLE plain(level INTEGER, code INTEGER, squares INTEGER NOT NULL, PRIMARY KEY(level, code)) WITHOUT ROWID;"
    "CREATE TABLE far_square(key INTEGER PRIMARY KEY, red_m2 INTEGER NOT NULL, yellow_m2 INTEGER NOT NULL,"
    " green_m2 INTEGER NOT NULL);"
    "INSERT INTO far_square SELECT CASE id & -id WHEN 1 << 8 THEN 4 WHEN 1 << 12 THEN 6 WHEN 1 << 16 THEN 8"
    " WHEN 1 << 20 THEN 10 WHEN 1 << 24 THEN 12 WHEN 1 << 28 THEN 14 ELSE 16 END << 53 | id,"
    " red_m2, yellow_m2, green_m2 FROM square WHERE id & -id > 1 << 4;"
    "DROP TABLE square;"
    "ALTER TABLE far_square RENAME TO square;";

const char *const store_migrations[] = {version_1, version_2, SEGMENT_TABLE, version_4, NULL};
