#pragma once
#include <sys/socket.h>
#include <sys/types.h>

// glibc declares most of these only with _GNU_SOURCE, which Swift's Glibc module is built without.
/// malloc.h, which Swift's Glibc module leaves out: gives memory that is free back to the kernel.
extern int malloc_trim(size_t pad);
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
/// The actions are a posix_spawn_file_actions_t.
extern int posix_spawn_file_actions_addclosefrom_np(void *actions, int from);
extern int pipe2(int ends[2], int flags);
extern int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags);
extern ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count, unsigned int flags);

/// FICLONE (linux/fs.h): the file shares another one's blocks until either is written. A variadic call, and a macro.
extern int ioctl(int fd, unsigned long request, ...);
static inline int vitrine_clone(int to, int from) { return ioctl(to, 0x40049409UL, from); }

/// Where a file's next data, and its next hole, begin (lseek).
static const int vitrine_seek_data = 3;
static const int vitrine_seek_hole = 4;

/// SYNC_FILE_RANGE_WRITE: begin to write the range's dirty pages, without waiting for them.
static const unsigned int vitrine_sync_file_range_write = 2;

/// O_DIRECT: writes go past the page cache. The number is that of the kernel for x86-64 and for ARM64.
#if defined(__aarch64__) || defined(__arm__)
static const int vitrine_o_direct = 0200000;
#else
static const int vitrine_o_direct = 040000;
#endif
