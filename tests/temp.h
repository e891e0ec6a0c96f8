/* temp.h - a folder for one test: made fresh, removed with all that is in it. */
#ifndef TESTS_TEMP_H
#define TESTS_TEMP_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_PATH_SIZE 256

static inline int temp_remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Mode 0711: a daemon that drops its rights can reach what is made for it inside. */
static inline const char *temp_make(char ret_path[TEMP_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    snprintf(ret_path, TEMP_PATH_SIZE, "%.200s/roadchief-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(ret_path) || chmod(ret_path, 0711) != 0) {
        perror(ret_path);
        exit(1);
    }
    return ret_path;
}

static inline void temp_remove(const char *path)
{
    nftw(path, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
