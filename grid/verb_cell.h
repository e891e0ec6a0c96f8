/* verb_cell.h - `roadchief cell` and `roadchief cells`, and what they share. */
#ifndef GRID_VERB_CELL_H
#define GRID_VERB_CELL_H

#include <stdbool.h>

#include "grid/cell.h"

int verb_cell(int argc, char **argv);
int verb_cells(int argc, char **argv);

/* A decimal number that is all of the text but for blanks around it. */
bool number_parse(const char *text, double *ret_number);
/* A meridian as a user types it, -180..360 and a multiple of 3; prints why not to stderr as `verb`. */
bool meridian_parse(const char *verb, const char *text, int *ret_meridian_deg);
/* Why a position has no cell, as a sentence. */
const char *position_problem(struct grid_zone zone, double lat_deg, double lon_deg);

#endif
