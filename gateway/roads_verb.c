#include "gateway/roads_verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: roadchief roads import FILE --out NETWORK [--meridian DEG] [OPTION]...\n"
    "       roadchief roads osm FILE    --out NETWORK [--meridian DEG] [OPTION]...\n"
    "       roadchief roads show NETWORK [WAY | NAME] [--json | --geojson]\n"
    "       roadchief roads cells NETWORK WAY [--json]\n"
    "       roadchief roads locate NETWORK LAT LON [--json]\n"
    "\n"
    "A road network says which class a road has (how bad is red, how often it must be seen), where its lanes run, and\n"
    "who keeps it. Gateway and server read it: `roads = NETWORK` and `roads_file = NETWORK` in their configs.\n"
    "\n"
    "  import   GeoJSON lines (a FeatureCollection, or one feature a line) to a network. Properties:\n"
    "             class or highway   expressway, arterial, secondary, branch, or an OpenStreetMap highway tag\n"
    "             id, name, name_zh, lanes (both directions), width (m), oneway, owner, cadence_d (days between passes)\n"
    "           What is no road for vehicles is skipped and counted; a broken file is refused with feature and reason.\n"
    "  osm      an OpenStreetMap extract (.osm, .osm.gz, .osm.pbf): osmium or ogr2ogr reads it, then as import\n"
    "  show     the network in numbers, one way, all ways of a name; --geojson gives them for a map\n"
    "  cells    the square metres of a way, as CSV: cell,chainage_m,lateral_m (to the right of the way)\n"
    "  locate   the way at a position: chainage, lateral, class\n"
    "\n"
    "  --meridian DEG  the central meridian of the deployment (default: the nearest to the first place)\n"
    "  --left-hand     traffic keeps to the left\n"
    "  --line-sigma M  how well the lines' places are known, metres across (1 sigma), where the map does not say so in\n"
    "                  line_sigma_m. Passes of ordinary GPS are moved to the lanes of known lines only; OpenStreetMap's are not\n"
    "  --keep-ways     do not join the pieces of a road that carry one name and equal properties\n"
    "\n"
    "Try it:\n"
    "  roadchief roads osm xihu.osm.pbf --out xihu.roads\n"
    "  roadchief roads show xihu.roads\n"
    "  roadchief roads show xihu.roads 'Beishan Street' --geojson > street.geojson\n";

const char *const roads_class_words[4] = {"expressway", "arterial", "secondary", "branch"};

static const struct command {
    const char *name;
    int (*run)(const struct roads_arguments *arguments);
    int n_words_min, n_words_max;
    bool has_out;
} commands[] = {
    {"import", roads_verb_import, 1, 1, true}, {"osm", roads_verb_osm, 1, 1, true},
    {"show", roads_verb_show, 1, 2, false},    {"cells", roads_verb_cells, 2, 2, false},
    {"locate", roads_verb_locate, 3, 3, false},
};

static bool read_meridian(const char *text, struct roads_options *options)
{
    char *end;
    const long number = text ? strtol(text, &end, 10) : 0;

    if (!text || end == text || *end || number < -180 || number > 357 || number % 3) {
        fprintf(stderr, "roadchief roads: --meridian must be a multiple of 3 within -180..357, not '%s'\n", text ? text : "");
        return false;
    }
    options->has_meridian = true;
    options->meridian_deg = (int)(number + 360) % 360;
    return true;
}

static bool read_sigma(const char *text, struct roads_options *options)
{
    char *end;
    const double metres = text ? strtod(text, &end) : 0;

    if (!text || end == text || *end || !(metres >= 0.01 && metres <= 60)) {
        fprintf(stderr, "roadchief roads: --line-sigma must be 0.01..60 metres, not '%s'\n", text ? text : "");
        return false;
    }
    options->line_sigma_mm = (uint16_t)(metres * 1000 + 0.5);
    return true;
}

/* False: said why. */
static bool read_option(int argc, char **argv, int *i, struct roads_arguments *a)
{
    if (strcmp(argv[*i], "--json") == 0)
        return a->is_json = true;
    if (strcmp(argv[*i], "--geojson") == 0)
        return a->is_geojson = true;
    if (strcmp(argv[*i], "--left-hand") == 0)
        return a->import.is_left_hand = true;
    if (strcmp(argv[*i], "--keep-ways") == 0)
        return a->import.keep_ways = true;
    if (strcmp(argv[*i], "--line-sigma") == 0)
        return read_sigma(++*i < argc ? argv[*i] : NULL, &a->import);
    if (strcmp(argv[*i], "--meridian") == 0)
        return read_meridian(++*i < argc ? argv[*i] : NULL, &a->import);
    if (strcmp(argv[*i], "--out") == 0 && *i + 1 < argc) {
        a->out = argv[++*i];
        return true;
    }
    fprintf(stderr, "roadchief roads: '%s' is not understood; `roadchief roads --help` tells more\n", argv[*i]);
    return false;
}

static bool read_arguments(int argc, char **argv, struct roads_arguments *a)
{
    for (int i = 2; i < argc; i++) {
        const bool is_word = argv[i][0] != '-' || (argv[i][1] >= '0' && argv[i][1] <= '9');
        if (is_word && a->n_words < 3)
            a->words[a->n_words++] = argv[i];
        else if (!read_option(argc, argv, &i, a))
            return false;
    }
    return true;
}

int roads_verb(int argc, char **argv)
{
    struct roads_arguments arguments = {.n_words = 0};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
    for (size_t c = 0; argc > 1 && c < sizeof commands / sizeof commands[0]; c++) {
        const struct command *command = &commands[c];
        if (strcmp(argv[1], command->name) != 0)
            continue;
        if (!read_arguments(argc, argv, &arguments))
            return 2;
        if (arguments.n_words >= command->n_words_min && arguments.n_words <= command->n_words_max &&
            command->has_out == (arguments.out != NULL))
            return command->run(&arguments);
        fprintf(stderr, "roadchief roads %s: %s; `roadchief roads --help` tells more\n", command->name,
                command->has_out && !arguments.out ? "--out NETWORK is missing" : "it takes other arguments");
        return 2;
    }
    if (argc > 1)
        fprintf(stderr, "roadchief roads: there is no '%s'\n", argv[1]);
    fputs(help, stderr);
    return 2;
}
