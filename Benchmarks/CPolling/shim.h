// epoll, which Swift's Glibc module does not have.
#include <sys/epoll.h>
