#include "tests/link/fault_vfs.h"

#include <sqlite3.h>
#include <string.h>

/* Our file: the header that SQLite sees, then the real file. */
struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
    const char *path;
};

static sqlite3_vfs fault_vfs, *real_vfs;
static bool is_armed, is_sticky_fault, has_struck;
static int countdown, fault_code;
static void (*watch)(void *context, enum vfs_event event, const char *path, int64_t offset, const void *bytes, int length);
static void *watch_context;

void fault_vfs_arm(int n, bool is_sticky, int sqlite_code)
{
    is_armed = true;
    has_struck = false;
    is_sticky_fault = is_sticky;
    countdown = n;
    fault_code = sqlite_code;
}

bool fault_vfs_disarm(void)
{
    is_armed = false;
    return has_struck;
}

static bool strikes(void)
{
    if (!is_armed)
        return false;
    if (countdown > 0)
        countdown--;
    const bool now = countdown == 0 && (is_sticky_fault || !has_struck);
    has_struck |= now;
    return now;
}

void fault_vfs_watch(void (*watcher)(void *context, enum vfs_event event, const char *path, int64_t offset,
                                     const void *bytes, int length),
                     void *context)
{
    watch = watcher;
    watch_context = context;
}

#define REAL(file) (((struct fault_file *)(file))->real)

static int told(sqlite3_file *file, int code, enum vfs_event event, int64_t offset, const void *bytes, int length)
{
    const char *path = ((struct fault_file *)file)->path;

    if (watch && code == SQLITE_OK && path)
        watch(watch_context, event, path, offset, bytes, length);
    return code;
}

static int fault_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}
static int fault_read(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset)
{
    return REAL(file)->pMethods->xRead(REAL(file), buffer, amount, offset);
}
static int fault_write(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset)
{
    if (strikes()) { /* as a full disk does: a part of it arrives */
        REAL(file)->pMethods->xWrite(REAL(file), buffer, amount / 2, offset);
        return fault_code;
    }
    return told(file, REAL(file)->pMethods->xWrite(REAL(file), buffer, amount, offset), VFS_WRITE, offset, buffer, amount);
}
static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return strikes() ? SQLITE_IOERR_TRUNCATE
                     : told(file, REAL(file)->pMethods->xTruncate(REAL(file), size), VFS_TRUNCATE, size, NULL, 0);
}
static int fault_sync(sqlite3_file *file, int flags)
{
    return strikes() ? SQLITE_IOERR_FSYNC
                     : told(file, REAL(file)->pMethods->xSync(REAL(file), flags), VFS_SYNC, 0, NULL, 0);
}
static int fault_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), ret_size);
}
static int fault_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}
static int fault_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}
static int fault_check_lock(sqlite3_file *file, int *ret_locked)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), ret_locked);
}
static int fault_control(sqlite3_file *file, int op, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}
static int fault_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}
static int fault_traits(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, ret_map);
}
static int fault_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}
static void fault_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}
static int fault_shm_unmap(sqlite3_file *file, int is_deleted)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), is_deleted);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_check_lock,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_traits,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct fault_file *ours = (struct fault_file *)file;

    (void)vfs;
    ours->real = (sqlite3_file *)(ours + 1);
    ours->path = name;
    const int code = real_vfs->xOpen(real_vfs, name, ours->real, flags, ret_flags);
    ours->base.pMethods = ours->real->pMethods ? &methods : NULL;
    return code;
}

static int fault_delete(sqlite3_vfs *vfs, const char *path, int is_dir_synced)
{
    (void)vfs;
    const int code = real_vfs->xDelete(real_vfs, path, is_dir_synced);
    if (watch && code == SQLITE_OK)
        watch(watch_context, VFS_DELETE, path, 0, NULL, 0);
    return code;
}

void fault_vfs_install(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = fault_open;
    fault_vfs.xDelete = fault_delete;
    sqlite3_vfs_register(&fault_vfs, 1);
}
