#pragma once
#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

// The functions of librados.so.2 and librbd.so.1 that the RBD store calls. They are declared here and found at run time, so that neither the
// build nor the package needs Ceph. Source: the C API of Ceph 16; the later releases keep it.

typedef void (*vitrine_rbd_callback)(void *completion, void *argument);
typedef int (*vitrine_rbd_progress)(uint64_t offset, uint64_t total, void *argument);
typedef int (*vitrine_rbd_extent)(uint64_t offset, size_t length, int exists, void *argument);

struct vitrine_rbd_watcher {
    char *address;
    int64_t id;
    uint64_t cookie;
};

struct vitrine_ceph {
    // librados
    int (*_Nonnull rados_create)(void **cluster, const char *user);
    int (*_Nonnull rados_conf_read_file)(void *cluster, const char *path);
    int (*_Nonnull rados_conf_set)(void *cluster, const char *option, const char *value);
    int (*_Nonnull rados_conf_get)(void *cluster, const char *option, char *value, size_t length);
    int (*_Nonnull rados_connect)(void *cluster);
    void (*_Nonnull rados_shutdown)(void *cluster);
    int (*_Nonnull rados_cluster_fsid)(void *cluster, char *text, size_t length);
    int (*_Nonnull rados_pool_list)(void *cluster, char *names, size_t length);
    int (*_Nonnull rados_mon_command)(
        void *cluster, const char **command, size_t count, const char *input, size_t input_length, char **output, size_t *output_length,
        char **status, size_t *status_length);
    void (*_Nonnull rados_buffer_free)(char *buffer);
    int (*_Nonnull rados_ioctx_create)(void *cluster, const char *pool, void **io);
    void (*_Nonnull rados_ioctx_destroy)(void *io);
    int64_t (*_Nonnull rados_ioctx_get_id)(void *io);
    int (*_Nonnull rados_stat)(void *io, const char *object, uint64_t *size, time_t *modified);
    int (*_Nonnull rados_read)(void *io, const char *object, char *buffer, size_t length, uint64_t offset);
    int (*_Nonnull rados_remove)(void *io, const char *object);
    int (*_Nonnull rados_exec)(
        void *io, const char *object, const char *class_name, const char *method, const char *input, size_t input_length, char *output,
        size_t output_length);
    // librbd
    void (*_Nonnull rbd_image_options_create)(void **options);
    void (*_Nonnull rbd_image_options_destroy)(void *options);
    int (*_Nonnull rbd_image_options_set_uint64)(void *options, int name, uint64_t value);
    int (*_Nonnull rbd_create4)(void *io, const char *name, uint64_t size, void *options);
    int (*_Nonnull rbd_open)(void *io, const char *name, void **image, const char *snapshot);
    int (*_Nonnull rbd_open_by_id)(void *io, const char *id, void **image, const char *snapshot);
    int (*_Nonnull rbd_open_by_id_read_only)(void *io, const char *id, void **image, const char *snapshot);
    int (*_Nonnull rbd_close)(void *image);
    int (*_Nonnull rbd_get_id)(void *image, char *id, size_t length);
    int (*_Nonnull rbd_get_size)(void *image, uint64_t *size);
    int (*_Nonnull rbd_resize)(void *image, uint64_t size);
    int (*_Nonnull rbd_flush)(void *image);
    int (*_Nonnull rbd_snap_create)(void *image, const char *name);
    int (*_Nonnull rbd_snap_remove)(void *image, const char *name);
    int (*_Nonnull rbd_snap_protect)(void *image, const char *name);
    int (*_Nonnull rbd_snap_unprotect)(void *image, const char *name);
    int (*_Nonnull rbd_snap_get_id)(void *image, const char *name, uint64_t *id);
    int (*_Nonnull rbd_metadata_get)(void *image, const char *key, char *value, size_t *length);
    int (*_Nonnull rbd_metadata_set)(void *image, const char *key, const char *value);
    int (*_Nonnull rbd_watchers_list)(void *image, struct vitrine_rbd_watcher *watchers, size_t *count);
    void (*_Nonnull rbd_watchers_list_cleanup)(struct vitrine_rbd_watcher *watchers, size_t count);
    int (*_Nonnull rbd_rename)(void *io, const char *from, const char *to);
    int (*_Nonnull rbd_remove_with_progress)(void *io, const char *name, vitrine_rbd_progress progress, void *argument);
    int (*_Nonnull rbd_trash_move)(void *io, const char *name, uint64_t delay);
    int (*_Nonnull rbd_aio_create_completion)(void *argument, vitrine_rbd_callback callback, void **completion);
    ssize_t (*_Nonnull rbd_aio_get_return_value)(void *completion);
    void (*_Nonnull rbd_aio_release)(void *completion);
    int (*_Nonnull rbd_aio_read)(void *image, uint64_t offset, size_t length, char *buffer, void *completion);
    int (*_Nonnull rbd_aio_write)(void *image, uint64_t offset, size_t length, const char *buffer, void *completion);
    int (*_Nonnull rbd_diff_iterate2)(
        void *image, const char *from_snapshot, uint64_t offset, uint64_t length, uint8_t include_parent, uint8_t whole_object,
        vitrine_rbd_extent extent, void *argument);
    // librados' locks
    int (*_Nonnull rados_lock_exclusive)(
        void *io, const char *object, const char *name, const char *cookie, const char *description, struct timeval *duration,
        uint8_t flags);
    int (*_Nonnull rados_unlock)(void *io, const char *object, const char *name, const char *cookie);
};

/// Options of a new image.
enum { vitrine_rbd_option_order = 2, vitrine_rbd_option_features_set = 8 };
/// The feature that clones need.
static const uint64_t vitrine_rbd_feature_layering = 1;

/// Loads both libraries. One thread calls it, once.
///
/// Returns NULL with the library or function that is missing in `missing`.
static inline const struct vitrine_ceph *vitrine_ceph_load(const char **missing) {
    static struct vitrine_ceph ceph;
    void *rados = dlopen(*missing = "librados.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!rados) return NULL;
    void *rbd = dlopen(*missing = "librbd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!rbd) return NULL;
#define VITRINE_FIND(library, name) \
    if (!(*(void **)&ceph.name = dlsym(library, *missing = #name))) return NULL
    VITRINE_FIND(rados, rados_create);
    VITRINE_FIND(rados, rados_conf_read_file);
    VITRINE_FIND(rados, rados_conf_set);
    VITRINE_FIND(rados, rados_conf_get);
    VITRINE_FIND(rados, rados_connect);
    VITRINE_FIND(rados, rados_shutdown);
    VITRINE_FIND(rados, rados_cluster_fsid);
    VITRINE_FIND(rados, rados_pool_list);
    VITRINE_FIND(rados, rados_mon_command);
    VITRINE_FIND(rados, rados_buffer_free);
    VITRINE_FIND(rados, rados_ioctx_create);
    VITRINE_FIND(rados, rados_ioctx_destroy);
    VITRINE_FIND(rados, rados_ioctx_get_id);
    VITRINE_FIND(rados, rados_stat);
    VITRINE_FIND(rados, rados_read);
    VITRINE_FIND(rados, rados_remove);
    VITRINE_FIND(rados, rados_exec);
    VITRINE_FIND(rados, rados_lock_exclusive);
    VITRINE_FIND(rados, rados_unlock);
    VITRINE_FIND(rbd, rbd_image_options_create);
    VITRINE_FIND(rbd, rbd_image_options_destroy);
    VITRINE_FIND(rbd, rbd_image_options_set_uint64);
    VITRINE_FIND(rbd, rbd_create4);
    VITRINE_FIND(rbd, rbd_open);
    VITRINE_FIND(rbd, rbd_open_by_id);
    VITRINE_FIND(rbd, rbd_open_by_id_read_only);
    VITRINE_FIND(rbd, rbd_close);
    VITRINE_FIND(rbd, rbd_get_id);
    VITRINE_FIND(rbd, rbd_get_size);
    VITRINE_FIND(rbd, rbd_resize);
    VITRINE_FIND(rbd, rbd_flush);
    VITRINE_FIND(rbd, rbd_snap_create);
    VITRINE_FIND(rbd, rbd_snap_remove);
    VITRINE_FIND(rbd, rbd_snap_protect);
    VITRINE_FIND(rbd, rbd_snap_unprotect);
    VITRINE_FIND(rbd, rbd_snap_get_id);
    VITRINE_FIND(rbd, rbd_metadata_get);
    VITRINE_FIND(rbd, rbd_metadata_set);
    VITRINE_FIND(rbd, rbd_watchers_list);
    VITRINE_FIND(rbd, rbd_watchers_list_cleanup);
    VITRINE_FIND(rbd, rbd_rename);
    VITRINE_FIND(rbd, rbd_remove_with_progress);
    VITRINE_FIND(rbd, rbd_trash_move);
    VITRINE_FIND(rbd, rbd_aio_create_completion);
    VITRINE_FIND(rbd, rbd_aio_get_return_value);
    VITRINE_FIND(rbd, rbd_aio_release);
    VITRINE_FIND(rbd, rbd_aio_read);
    VITRINE_FIND(rbd, rbd_aio_write);
    VITRINE_FIND(rbd, rbd_diff_iterate2);
#undef VITRINE_FIND
    *missing = NULL;
    return &ceph;
}

/// Gives blocks of memory of so many bytes and more back to the kernel as soon as they are free, and never takes them from a heap. Without this
/// glibc raises the limit to 32 MiB when the first large block is free, and the heaps then keep what other threads' blocks lie behind.
static inline void vitrine_blocks_apart(int bytes) { mallopt(M_MMAP_THRESHOLD, bytes); }
