/* roads_verb_import.c - `roadchief roads import` and `osm`: a file in, a network out, and what was in it. */
#include "gateway/roads_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- import --------------------------------------------------------------------------------------------- */

static char *read_all(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;
    char *text = NULL;

    if (!file || fstat(fileno(file), &facts)) {
        fprintf(stderr, "roadchief roads: %s: %s\n", path, strerror(errno));
    } else if (!S_ISREG(facts.st_mode) || facts.st_size > ROADS_INPUT_MAX) {
        fprintf(stderr, "roadchief roads: %s: no file, or larger than 1 GiB\n", path);
    } else {
        *ret_length = (size_t)facts.st_size;
        text = malloc(*ret_length + 1);
        if (!text || fread(text, 1, *ret_length, file) != *ret_length) {
            fprintf(stderr, "roadchief roads: %s: cannot be read whole\n", path);
            free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file);
    return text;
}

/* What the network holds, by class. */
struct sums {
    uint32_t ways[4];
    double km[4], lane_km[4];
    uint64_t squares[4];
};

static struct sums sum_up(const struct road_network *n)
{
    struct sums sums = {.ways = {0}};

    for (uint32_t w = 0; w < n->n_ways; w++) {
        const enum road_class class = n->ways[w].class;
        const double km = (double)road_length_mm(n, w) / 1e6;
        sums.ways[class]++;
        sums.km[class] += km;
        sums.lane_km[class] += km * n->ways[w].lanes;
        sums.squares[class] += road_squares(n, w, NULL, NULL);
    }
    return sums;
}

static void print_json(const struct road_file *file, const struct roads_summary *s, const struct sums *sums)
{
    printf("{\"ways\":%" PRIu32 ",\"vertices\":%" PRIu32 ",\"meridian_deg\":%d,\"features\":%" PRIu64
           ",\"lines\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"values_not_read\":%" PRIu64 ",\"without_id\":%" PRIu64
           ",\"digest\":\"",
           file->network.n_ways, file->network.n_vertices, file->network.zone.meridian_deg, s->n_features, s->n_lines,
           s->n_skipped, s->n_unread, s->n_unnamed_ids);
    for (int i = 0; i < SHA256_SIZE; i++)
        printf("%02x", file->digest[i]);
    printf("\",\"classes\":[");
    for (int c = 0; c < 4; c++)
        printf("%s{\"class\":\"%s\",\"ways\":%" PRIu32 ",\"km\":%.3f,\"lane_km\":%.3f,\"cells\":%" PRIu64 "}", c ? "," : "",
               roads_class_words[c], sums->ways[c], sums->km[c], sums->lane_km[c], sums->squares[c]);
    printf("],\"reasons\":[");
    for (size_t i = 0; i < s->n_reasons; i++) {
        printf("%s{\"n\":%" PRIu64 ",\"reason\":", i ? "," : "", s->reasons[i].n);
        roads_print_text(s->reasons[i].text);
        putchar('}');
    }
    puts("]}");
}

static void print_text(const struct road_file *file, const struct roads_summary *s, const struct sums *sums)
{
    double km = 0, lane_km = 0;
    uint64_t squares = 0;

    printf("%-12s %8s %10s %10s %12s\n", "class", "ways", "km", "lane km", "cells");
    for (int c = 0; c < 4; c++) {
        printf("%-12s %8" PRIu32 " %10.3f %10.3f %12" PRIu64 "\n", roads_class_words[c], sums->ways[c], sums->km[c],
               sums->lane_km[c], sums->squares[c]);
        km += sums->km[c], lane_km += sums->lane_km[c], squares += sums->squares[c];
    }
    printf("%-12s %8" PRIu32 " %10.3f %10.3f %12" PRIu64 "\n", "all", file->network.n_ways, km, lane_km, squares);
    printf("meridian_deg: %d\nfeatures: %" PRIu64 "\nlines: %" PRIu64 " (joined to %" PRIu32 " ways)\n",
           file->network.zone.meridian_deg, s->n_features, s->n_lines, file->network.n_ways);
    printf("skipped: %" PRIu64 "\n", s->n_skipped);
    for (size_t i = 0; i < s->n_reasons; i++)
        printf("  %8" PRIu64 "  %s\n", s->reasons[i].n, s->reasons[i].text);
    if (s->n_unread)
        printf("values not read, taken as not given: %" PRIu64 " (the first: %s)\n", s->n_unread, s->unread_example);
    if (s->n_unnamed_ids)
        printf("without an id of their own, numbered as they come: %" PRIu64 "\n", s->n_unnamed_ids);
    printf("digest: ");
    for (int i = 0; i < SHA256_SIZE; i++)
        printf("%02x", file->digest[i]);
    putchar('\n');
}

/* Writes, and reads again what was written: the summary speaks of the file. */
static int write_network(const struct roads_arguments *a, const struct road_network *network,
                         const struct roads_summary *summary)
{
    char error[ROAD_FILE_ERROR_SIZE];
    struct road_file file;

    if (road_file_write(a->out, network, error) != ROAD_OK || road_file_read(a->out, &file, error) != ROAD_OK) {
        fprintf(stderr, "roadchief roads: %s\n", error);
        return 1;
    }
    const struct sums sums = sum_up(&file.network);
    if (a->is_json)
        print_json(&file, summary, &sums);
    else
        print_text(&file, summary, &sums);
    road_file_done(&file);
    return 0;
}

static int import_file(const struct roads_arguments *a, const char *path)
{
    char error[ROADS_ERROR_SIZE];
    struct road_network network;
    struct roads_summary summary;
    void *block;
    size_t length;
    char *text = read_all(path, &length);

    if (!text)
        return 1;
    const enum road_status status = roads_import(text, length, &a->import, &network, &block, &summary, error);
    free(text);
    if (status != ROAD_OK) {
        fprintf(stderr, "roadchief roads: %s: %s\n", a->words[0], error);
        return 1;
    }
    const int leave = write_network(a, &network, &summary);
    free(block);
    return leave;
}

int roads_verb_import(const struct roads_arguments *arguments)
{
    return import_file(arguments, arguments->words[0]);
}

/* ---- OpenStreetMap --------------------------------------------------------------------------------------- */

struct conversion {
    const char *path; /* what to convert */
    char folder[40];
    char lines[64], settings[64], said[64]; /* files in it */
};

/* Runs a program to its end, with what it says kept in a file; -1 if it is not installed. */
static int run(const struct conversion *c, char *const argv[], char *const environment[])
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, c->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    const int problem = posix_spawnp(&child, argv[0], &actions, NULL, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (problem)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return WIFEXITED(status) ? (WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status)) : 1;
}

/* Passes on the first lines of what it said. ogr2ogr leaves out what it cannot read, says ERROR and ends with 0: so its
 * word counts, and not its exit status. */
static bool said_error(const struct conversion *c)
{
    FILE *file = fopen(c->said, "r");
    char line[200];
    bool is_error = false;

    if (!file)
        return false;
    for (int n = 0; n < 6 && fgets(line, sizeof line, file); n++) {
        is_error |= strncmp(line, "ERROR", 5) == 0;
        fputs(line, stderr);
    }
    fclose(file);
    return is_error;
}

static int run_osmium(const struct conversion *c)
{
    char *const argv[] = {"osmium", "export", "--overwrite", "--no-progress", "-f", "geojsonseq",
                          "--geometry-types=linestring", "-a", "id", "-o", (char *)c->lines, (char *)c->path, NULL};

    return run(c, argv, environ);
}

/* ogr2ogr keeps only the tags that its settings name. */
static bool write_settings(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file)
        return false;
    fputs("attribute_name_laundering=no\n[lines]\nosm_id=yes\nother_tags=no\n"
          "attributes=name,name:zh,highway,service,junction,lanes,width,oneway,owner,area\n",
          file);
    return fclose(file) == 0;
}

#define ENVIRONMENT_MAX 200

static int run_ogr2ogr(const struct conversion *c)
{
    char settings[96], source[1200];
    const size_t length = strlen(c->path);
    char *environment[ENVIRONMENT_MAX + 3];
    size_t n = 0;

    if (!write_settings(c->settings))
        return 1;
    for (; environ[n] && n < ENVIRONMENT_MAX; n++)
        environment[n] = environ[n];
    snprintf(settings, sizeof settings, "OSM_CONFIG_FILE=%s", c->settings);
    environment[n++] = settings;
    environment[n++] = "OSM_USE_CUSTOM_INDEXING=NO"; /* the quick index loses nodes that do not ascend by id */
    environment[n] = NULL;
    snprintf(source, sizeof source, "%s%.1100s", length > 3 && strcmp(c->path + length - 3, ".gz") == 0 ? "/vsigzip/" : "",
             c->path);
    char *const argv[] = {"ogr2ogr", "-q", "-f", "GeoJSONSeq", "-lco", "COORDINATE_PRECISION=7", "-where",
                          "highway IS NOT NULL", (char *)c->lines, source, "lines", NULL};
    return run(c, argv, environment);
}

static int convert_and_import(const struct roads_arguments *arguments, const struct conversion *c)
{
    int status = run_osmium(c);

    if (status == -1)
        status = run_ogr2ogr(c);
    if (status == -1) {
        fputs("roadchief roads: OpenStreetMap data is read with osmium or ogr2ogr: apt-get install osmium-tool, or gdal-bin\n",
              stderr);
        return 1;
    }
    if (said_error(c) || status) {
        fprintf(stderr, "roadchief roads: %s: could not be converted\n", c->path);
        return 1;
    }
    return import_file(arguments, c->lines);
}

int roads_verb_osm(const struct roads_arguments *arguments)
{
    struct conversion c = {.path = arguments->words[0], .folder = "/tmp/roadchief-osm-XXXXXX"};

    if (access(c.path, R_OK)) {
        fprintf(stderr, "roadchief roads: %s: %s\n", c.path, strerror(errno));
        return 1;
    }
    if (!mkdtemp(c.folder)) {
        fprintf(stderr, "roadchief roads: no folder in /tmp: %s\n", strerror(errno));
        return 1;
    }
    snprintf(c.lines, sizeof c.lines, "%s/lines", c.folder);
    snprintf(c.settings, sizeof c.settings, "%s/settings", c.folder);
    snprintf(c.said, sizeof c.said, "%s/said", c.folder);
    const int leave = convert_and_import(arguments, &c);
    remove(c.lines);
    remove(c.settings);
    remove(c.said);
    rmdir(c.folder);
    return leave;
}
