#pragma once
#include <sys/socket.h>
#include <sys/types.h>

// glibc declares these only with _GNU_SOURCE, which Swift's Glibc module is built without.
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
extern int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags);

/// SYNC_FILE_RANGE_WRITE: begin to write the range's dirty pages, without waiting for them.
static const unsigned int vitrine_sync_file_range_write = 2;
