#pragma once
#include <sys/socket.h>
#include <sys/types.h>

// glibc declares most of these only with _GNU_SOURCE, and Swift's Glibc module is built without it.
/// From malloc.h, which Swift's Glibc module does not contain: returns free memory to the kernel.
extern int malloc_trim(size_t pad);
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
/// `actions` is a posix_spawn_file_actions_t.
extern int posix_spawn_file_actions_addclosefrom_np(void *actions, int from);
extern int pipe2(int ends[2], int flags);
extern int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags);
extern ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count, unsigned int flags);

/// FICLONE (linux/fs.h): the file shares another file's blocks until either is written. ioctl is variadic, and FICLONE a macro.
extern int ioctl(int fd, unsigned long request, ...);
static inline int vitrine_clone(int to, int from) { return ioctl(to, 0x40049409UL, from); }

/// SEEK_DATA and SEEK_HOLE of lseek: where a file's next data and next hole begin.
static const int vitrine_seek_data = 3;
static const int vitrine_seek_hole = 4;

/// SYNC_FILE_RANGE_WRITE: starts writing the range's dirty pages, without waiting for them.
static const unsigned int vitrine_sync_file_range_write = 2;

/// O_DIRECT: writes bypass the page cache. The number is the kernel's for x86-64 and for ARM64.
#if defined(__aarch64__) || defined(__arm__)
static const int vitrine_o_direct = 0200000;
#else
static const int vitrine_o_direct = 040000;
#endif

/// Gives the calling thread the lowest priority for processors (nice 19) and the idle class for disks; threads that it starts inherit
/// both. ioprio_set has no function in glibc, and syscall is variadic. The numbers are the kernel's for x86-64 and for ARM64:
/// setpriority(PRIO_PROCESS, this thread, 19) and ioprio_set(IOPRIO_WHO_PROCESS, this thread, IOPRIO_CLASS_IDLE << 13).
extern long syscall(long number, ...);
#if defined(__aarch64__)
static inline void vitrine_give_way(void) { syscall(140, 0, 0, 19); syscall(30, 1, 0, 3 << 13); }
#elif defined(__x86_64__)
static inline void vitrine_give_way(void) { syscall(141, 0, 0, 19); syscall(251, 1, 0, 3 << 13); }
#else
static inline void vitrine_give_way(void) {}
#endif
