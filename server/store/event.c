#include "server/store/event.h"

#include <jansson.h>
#include <stdlib.h>

#include "server/ledger/envelope.h"
#include "server/store/words.h"

/* [lon, lat], or null where the frame does not reach. */
static json_t *position(struct grid_zone zone, struct grid_point at)
{
    double lat_deg, lon_deg;

    if (grid_unproject(zone, at, &lat_deg, &lon_deg))
        return json_null();
    return json_pack("[f, f]", lon_deg, lat_deg);
}

static json_t *cell_object(const struct change *change, const struct cell_change *row, enum road_code was)
{
    char id[24];

    snprintf(id, sizeof id, "%llu", (unsigned long long)row->cell.id);
    return json_pack("{s:s, s:i, s:s, s:s, s:o}", "id", id, "level", cell_level(row->cell), "code",
                     code_text((int)row->reason.code), "was", code_text((int)was), "center",
                     position(change->zone, cell_centre(row->cell)));
}

static json_t *defect_object(const struct change *change, const struct defect_belief *belief)
{
    const struct defect_type *type = catalogue_type(belief->type);
    const enum road_code colour =
        defect_colour((int)belief->state, belief->type, (int)belief->severity, belief->may_be_red);
    char id[DEFECT_ID_TEXT_SIZE];

    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:o}", "id", defect_id_format(&belief->id, id), "state",
                     defect_state_text((int)belief->state), "type", type ? type->code : NULL, "severity",
                     severity_text((int)belief->severity), "code", code_text((int)colour), "position",
                     position(change->zone, belief->at));
}

/* Plain squares are counted, not listed: those told, those whose code moved, and where the first of these lies. */
static json_t *plain_object(const struct change *change, const struct plain_news *plain)
{
    return json_pack("{s:I, s:I, s:I, s:o}", "squares", (json_int_t)plain->squares, "green",
                     (json_int_t)plain->moved[CODE_GREEN], "grey", (json_int_t)plain->moved[CODE_GREY], "center",
                     plain->first_leaf.id ? position(change->zone, cell_centre(plain->first_leaf)) : json_null());
}

static json_t *road_object(const struct road_metres *road)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "covered", (double)road->covered_cm / 100, "red",
                     (double)road->red_cm / 100, "yellow", (double)road->yellow_cm / 100, "green",
                     (double)road->green_cm / 100, "grey", (double)road->grey_cm / 100, "unplaced",
                     (double)road->unplaced_cm / 100);
}

static json_t *change_object(const struct event_input *input)
{
    const struct change *change = input->change;
    const size_t listed = change->n_cells < EVENT_CELLS_MAX ? change->n_cells : EVENT_CELLS_MAX;
    json_t *cells = json_array(), *defects = json_array();
    char kid[KID_TEXT_SIZE], as_of[TIME_TEXT_SIZE];

    for (size_t i = 0; i < listed; i++)
        json_array_append_new(cells, cell_object(change, &change->cells[i], input->was[i]));
    for (size_t i = 0; i < change->n_defects; i++)
        json_array_append_new(defects, defect_object(change, &change->defects[i]));
    return json_pack("{s:I, s:s, s:{s:s, s:I}, s:b, s:s, s:o, s:o, s:o}", "change",
                     (json_int_t)input->change_id, "gateway", input->gateway, "cause", "kid",
                     kid_format(change->cause_kid, kid), "seq", (json_int_t)change->cause_seq, "is_last",
                     change->is_last, "as_of", time_text_format(change->as_of_ns / 1000000, as_of), "cells",
                     cells, "defects", defects, "road_m", road_object(&input->district));
}

enum road_status event_format(const struct event_input *input, char **ret_text)
{
    json_t *root = change_object(input);
    char *text = NULL;

    if (root && input->change->n_cells > EVENT_CELLS_MAX)
        json_object_set_new(root, "cells_more",
                            json_integer((json_int_t)(input->change->n_cells - EVENT_CELLS_MAX)));
    if (root && input->change->n_patches > 0)
        json_object_set_new(root, "plain", plain_object(input->change, input->plain));
    if (root)
        text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(root);
    if (!text)
        return ROAD_NO_MEMORY;
    *ret_text = text;
    return ROAD_OK;
}
