/* node_memory - what the core keeps in memory on a drive:
 *     node_memory TAPE -> resident KiB of the core, allocations after node_core_new, samples
 *
 * Resident: what anonymous memory (heap, stack, data) grew by from before node_core_new to the end of the drive, as the
 * kernel counts it, and all pages of this program's own file that are in memory then: its code and the detector's
 * tables, and the little that measures. The C library is shared by every program and not counted; nor is the tape,
 * which is mapped. Allocations: every call of malloc and its kin, also from inside the C library. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tape/tape.h"

/* glibc's own names behind the ones that are replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static bool is_counting;
static uint64_t allocations;

void *malloc(size_t size)
{
    allocations += is_counting;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations += is_counting;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations += is_counting;
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations += is_counting;
    return __libc_memalign(alignment, size);
}

/* A line "NAME: 123 kB" of a file of /proc/self. */
static long anonymous_kib(void)
{
    static char text[8192];
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t length = read(fd, text, sizeof text - 1);

    close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *at = strstr(text, "RssAnon:");
    return at ? strtol(at + 8, NULL, 10) : -1;
}

/* Resident pages of this program's file, by /proc/self/smaps. */
static long program_kib(void)
{
    char line[4096], program[2048] = "";
    long sum = 0;
    bool is_ours = false;
    FILE *maps = fopen("/proc/self/smaps", "re");

    if (!maps || readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return -1;
    while (fgets(line, sizeof line, maps)) {
        if (strchr("0123456789abcdef", line[0]) && strchr(line, '-'))
            is_ours = strstr(line, program) != NULL;
        else if (is_ours && strncmp(line, "Rss:", 4) == 0)
            sum += strtol(line + 4, NULL, 10);
        else if (is_ours && strncmp(line, "Anonymous:", 10) == 0)
            sum -= strtol(line + 10, NULL, 10); /* of .data: counted with the rest of anonymous memory */
    }
    fclose(maps);
    return sum;
}

static void play(struct node_core *core, const struct tape_block *block)
{
    const struct motion_sample *samples = block->items;

    if (block->kind == TAPE_FIX)
        node_core_fix(core, block->items);
    for (uint32_t i = 0; block->kind == TAPE_MOTION && i < block->count; i++)
        node_core_motion(core, &samples[i]);
    while (node_core_take(core))
        ;
}

static const uint8_t *map_file(const char *path, size_t *ret_size)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &info))
        return NULL;
    *ret_size = (size_t)info.st_size;
    const void *bytes = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return bytes == MAP_FAILED ? NULL : bytes;
}

int main(int argc, char **argv)
{
    size_t size = 0;
    const uint8_t *at = argc == 2 ? map_file(argv[1], &size) : NULL, *end = at ? at + size : NULL;
    struct node_core_config config;
    struct node_core *core;
    struct tape_block block;

    if (!at)
        return 2;
    node_core_config_default(&config);
    const long before_kib = anonymous_kib();
    if (node_core_new(&config, 1, &core) != ROAD_OK)
        return 1;
    node_core_prepare(core);
    is_counting = true;
    while (tape_next(&at, end, &block))
        play(core, &block);
    node_core_finish(core);
    is_counting = false;
    const long grown_kib = anonymous_kib() - before_kib;
    printf("%ld %" PRIu64 " %" PRIu64 "\n", grown_kib + program_kib(), allocations, node_core_stats(core).samples);
    node_core_free(core);
    return 0;
}
