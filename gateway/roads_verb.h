/* roads_verb.h - `roadchief roads …`: make a road network, and look at one. Inner header of the verb's files. */
#ifndef GATEWAY_ROADS_VERB_H
#define GATEWAY_ROADS_VERB_H

#include <stdbool.h>

#include "gateway/roads_import.h"
#include "link/road_file.h"

struct roads_arguments {
    const char *words[3]; /* what is no option, in order */
    int n_words;
    const char *out;
    bool is_json, is_geojson;
    struct roads_options import;
};

/* Each returns the exit status and has said what went wrong. */
int roads_verb(int argc, char **argv);
int roads_verb_import(const struct roads_arguments *arguments);
int roads_verb_osm(const struct roads_arguments *arguments);
int roads_verb_show(const struct roads_arguments *arguments);
int roads_verb_cells(const struct roads_arguments *arguments);
int roads_verb_locate(const struct roads_arguments *arguments);

extern const char *const roads_class_words[4];
/* JSON text with its quotes, escaped, to stdout. */
void roads_print_text(const char *text);

#endif
