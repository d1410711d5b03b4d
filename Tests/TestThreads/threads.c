#define _GNU_SOURCE
#include "TestThreads.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

// The linker prefers this program's functions to the C library's, so libdispatch asks these two for the number of processors
// (src/shims/hw_config.h) and makes as many threads. Everything else gets the true number, by _SC_NPROCESSORS_ONLN. Child processes are not
// affected.

int vitrine_tests_at_once(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN) * 2;
    return processors > CPU_SETSIZE ? CPU_SETSIZE : (int)processors;
}

long sysconf(int name) {
    static long (*real)(int);
    if (!real) real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return name == _SC_NPROCESSORS_CONF ? vitrine_tests_at_once() : real(name);
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set) {
    (void)thread;
    CPU_ZERO_S(size, set);
    for (int number = 0; number < vitrine_tests_at_once(); number++) CPU_SET_S(number, size, set);
    return 0;
}
