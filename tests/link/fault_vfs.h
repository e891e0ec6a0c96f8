/* fault_vfs.h - SQLite's file layer with a fault at the n-th write or sync, once or for good.
 * Becomes the default VFS of the process; counts only while armed. */
#ifndef TESTS_LINK_FAULT_VFS_H
#define TESTS_LINK_FAULT_VFS_H

#include <stdbool.h>

void fault_vfs_install(void);
/* The `n`-th write, sync or truncate from now (1 = the next) gives `sqlite_code`; all later ones too if
 * sticky. */
void fault_vfs_arm(int n, bool is_sticky, int sqlite_code);
/* Whether the fault struck since it was armed. */
bool fault_vfs_disarm(void);

#endif
