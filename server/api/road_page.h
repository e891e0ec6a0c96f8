/* road_page.h - how one road is: metres by the worst code of the 16 m squares along its line. */
#ifndef SERVER_API_ROAD_PAGE_H
#define SERVER_API_ROAD_PAGE_H

#include "grid/catalogue.h"
#include "server/api/inside.h"

struct road_state {
    double metres[4]; /* by enum road_code; grey = nothing known */
    enum road_code worst;
    int64_t confirmed; /* confirmed defects in the squares along the line */
};

enum road_status road_state_read(struct call *call, const struct road *road, struct road_state *ret_state);
/* Escapes & < > " ' for HTML. */
void html_text(struct bytes *html, const char *text);
/* A page made here, without scripts: head up to <main>, and the end. */
void html_begin(struct bytes *html, const char *title);
void html_end(struct bytes *html);

#endif
