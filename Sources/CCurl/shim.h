#pragma once
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

// curl_easy_setopt and curl_easy_getinfo are variadic functions, and also macros that check types in C: Swift imports neither. Here
// is one function for each type of option.

/// For options that take a long. An int passed through `...` would be read as a long, with garbage in its upper half.
static inline CURLcode vitrine_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

/// For options that take a text, a list, a buffer or a callback's context. libcurl copies texts, and keeps pointers to the others.
static inline CURLcode vitrine_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_…_LARGE options, which take a 64-bit number.
static inline CURLcode vitrine_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION: Swift converts a closure to a C function only if the C type is declared.
static inline CURLcode vitrine_curl_set_writer(
    CURL *handle, CURLoption option, size_t (*value)(char *bytes, size_t size, size_t count, void *context)) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_PREREQFUNCTION, likewise.
static inline CURLcode vitrine_curl_set_before_request(
    CURL *handle, int (*value)(void *context, char *remote, char *local, int remotePort, int localPort)) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, value);
}

/// For infos that are longs.
static inline CURLcode vitrine_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For infos that are texts, which belong to the handle.
static inline CURLcode vitrine_curl_get_text(CURL *handle, CURLINFO info, const char **value) {
    return curl_easy_getinfo(handle, info, value);
}

/// CURL_GLOBAL_DEFAULT is a macro of another macro that shifts a long, which Swift does not import.
static const long vitrine_curl_global_default = CURL_GLOBAL_DEFAULT;

/// An enumerator of an unnamed enum, for an option that takes a long.
static const long vitrine_curl_http_1_1 = CURL_HTTP_VERSION_1_1;

/// For CURLOPT_OPENSOCKETFUNCTION; see vitrine_curl_set_writer.
static inline CURLcode vitrine_curl_set_socket_opener(
    CURL *handle, curl_socket_t (*value)(void *context, curlsocktype purpose, struct curl_sockaddr *address)) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

/// A macro of a hexadecimal number: Swift would import it as an Int32, but the callback returns a size_t.
static const size_t vitrine_curl_pause = CURL_WRITEFUNC_PAUSE;

/// The result of a finished transfer, which is in a union; -1, which is not a CURLcode, while the transfer runs.
static inline int vitrine_curl_multi_result(CURLM *multi) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != 0) {
        if (message->msg == CURLMSG_DONE) return (int)message->data.result;
    }
    return -1;
}

/// Copies the network address without its port, and returns its length: 4 bytes, 16 bytes, or 0 for another family. It is in C because
/// `addr` is declared with 16 bytes and an IPv6 address continues behind them: Swift would copy the struct without its end.
static inline int vitrine_curl_address_bytes(const struct curl_sockaddr *address, unsigned char bytes[16]) {
    switch (address->addr.sa_family) {
    case AF_INET:
        memcpy(bytes, &((const struct sockaddr_in *)&address->addr)->sin_addr, 4);
        return 4;
    case AF_INET6:
        memcpy(bytes, &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16);
        return 16;
    default:
        return 0;
    }
}
