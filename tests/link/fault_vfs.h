/* fault_vfs.h - SQLite's file layer with a fault at the n-th write or sync, once or for good.
 * Becomes the default VFS of the process; counts only while armed. */
#ifndef TESTS_LINK_FAULT_VFS_H
#define TESTS_LINK_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

void fault_vfs_install(void);
/* The `n`-th write, sync or truncate from now (1 = the next) gives `sqlite_code`; all later ones too if
 * sticky. */
void fault_vfs_arm(int n, bool is_sticky, int sqlite_code);
/* Whether the fault struck since it was armed. */
bool fault_vfs_disarm(void);

/* Told of every write, truncate (`offset` = the new size), sync and delete that succeeded, in order. */
enum vfs_event { VFS_WRITE, VFS_TRUNCATE, VFS_SYNC, VFS_DELETE };
void fault_vfs_watch(void (*watcher)(void *context, enum vfs_event event, const char *path, int64_t offset,
                                     const void *bytes, int length),
                     void *context); /* NULL ends it */

#endif
