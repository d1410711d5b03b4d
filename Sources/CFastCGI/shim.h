#pragma once
#include <errno.h>
#include <fcgiapp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/// The first fields of libfcgi's private struct behind `FCGX_Stream.data`. They are the same in every release since 1996, and
/// `vitrine_fcgx_body` checks whether they look plausible.
struct vitrine_fcgx_stream_data {
    unsigned char *buff;
    int bufflen;
    unsigned char *mBuff;
    unsigned char *buffStop;
    int type;
    int eorStop;
    int skip;
    int contentLen;
    int paddingLen;
};

/// The private data of a request's body; NULL if the fields are not plausible, or the body has ended.
static inline struct vitrine_fcgx_stream_data *vitrine_fcgx_body(const FCGX_Stream *stream) {
    struct vitrine_fcgx_stream_data *data = (struct vitrine_fcgx_stream_data *)stream->data;
    if (stream->isClosed || data->type != 5 /* FCGI_STDIN */ || data->paddingLen < 0 || data->paddingLen > 255 || data->contentLen < 0
        || data->contentLen > 65535 || stream->rdNext < data->buff || data->buffStop < stream->rdNext
        || data->buffStop > data->buff + data->bufflen)
        return NULL;
    return data;
}

/// Whether libfcgi must read from the connection before it can return the next byte of the body or report its end.
///
/// FCGX_GetStr waits for all bytes that it is asked for, and libfcgi has no public function that tells what it holds: bytes of the body
/// (`rdNext` to `stop`), and behind them what it has read of the following records. Padding and a part of a header are not enough. If
/// the fields are not plausible the answer is no, and a read waits as long as libfcgi does.
static inline int vitrine_fcgx_must_wait(const FCGX_Stream *stream) {
    const struct vitrine_fcgx_stream_data *data = vitrine_fcgx_body(stream);
    if (!data || stream->rdNext != stream->stop) return 0;
    long held = data->buffStop - stream->rdNext;
    return data->contentLen > 0 ? held == 0 : held < data->paddingLen + 8 /* sizeof(FCGI_Header) */;
}

/// Whether the next bytes of the connection are bytes of the body, none of which libfcgi holds.
static inline int vitrine_fcgx_can_take(const FCGX_Stream *stream) {
    const struct vitrine_fcgx_stream_data *data = vitrine_fcgx_body(stream);
    return data && stream->rdNext == stream->stop && stream->rdNext == data->buffStop && data->contentLen > 0 && !data->skip;
}

/// Takes the rest of a record of the body from the connection, without waiting, into memory of the caller. libfcgi itself reads 8 KiB at a
/// time and copies them. What follows the record goes to libfcgi's empty buffer, so that a record costs one read.
///
/// Only if `vitrine_fcgx_can_take`. Returns the number of bytes; 0 at the connection's end, -1 with `errno`.
static inline ssize_t vitrine_fcgx_take(FCGX_Stream *stream, int connection, void *start, size_t room) {
    struct vitrine_fcgx_stream_data *data = (struct vitrine_fcgx_stream_data *)stream->data;
    size_t left = (size_t)data->contentLen, wanted = room < left ? room : left;
    struct iovec parts[2] = {{start, wanted}, {data->buff, (size_t)data->bufflen}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = wanted == left ? 2 : 1};
    ssize_t count = recvmsg(connection, &message, MSG_DONTWAIT);
    if (count <= 0) return count;
    size_t taken = (size_t)count < wanted ? (size_t)count : wanted;
    data->contentLen -= (int)taken;
    if ((size_t)count > taken) {
        stream->rdNext = stream->stop = data->buff;
        data->buffStop = data->buff + (count - (ssize_t)taken);
    }
    return (ssize_t)taken;
}

/// Sends bytes of the answer as records of their own, straight from the caller's memory. What libfcgi holds was flushed before.
///
/// Returns 0, or `errno`; then nothing more can be sent.
static inline int vitrine_fcgx_send(const FCGX_Request *request, const void *start, size_t count) {
    enum { records = 16, most = 65528 /* a multiple of 8, so that no record is padded */ };
    unsigned char headers[records][8];
    struct iovec parts[2 * records];
    const unsigned char *next = (const unsigned char *)start;
    while (count > 0) {
        int used = 0;
        for (int record = 0; record < records && count > 0; record++) {
            size_t length = count < most ? count : most;
            unsigned char header[8] = {
                1, 6 /* FCGI_STDOUT */, (unsigned char)(request->requestId >> 8), (unsigned char)request->requestId,
                (unsigned char)(length >> 8), (unsigned char)length, 0, 0};
            memcpy(headers[record], header, sizeof header);
            parts[used++] = (struct iovec){headers[record], sizeof header};
            parts[used++] = (struct iovec){(void *)next, length};
            next += length;
            count -= length;
        }
        struct iovec *part = parts;
        while (used > 0) {
            struct msghdr message = {.msg_iov = part, .msg_iovlen = (size_t)used};
            ssize_t sent = sendmsg(request->ipcFd, &message, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno == EINTR) continue;
                return errno;
            }
            while (used > 0 && (size_t)sent >= part->iov_len) {
                sent -= (ssize_t)part->iov_len;
                part++;
                used--;
            }
            if (used > 0) {
                part->iov_base = (unsigned char *)part->iov_base + sent;
                part->iov_len -= (size_t)sent;
            }
        }
    }
    return 0;
}

/// Gives libfcgi a connection that the caller accepted. FCGX_Accept_r reads a request from an open `ipcFd` instead of accepting a
/// connection. So the caller can stop waiting when the process is to end, and avoids libfcgi's wait of up to 2 s for the first byte of a
/// UNIX connection. Before it reads, FCGX_Accept_r finishes the previous request, and would close the connection without
/// `keepConnection`.
static inline void vitrine_fcgx_attach(FCGX_Request *request, int connection) {
    request->ipcFd = connection;
    request->keepConnection = 1;
}

/// The connection of a request; -1 if it has none.
static inline int vitrine_fcgx_connection(const FCGX_Request *request) {
    return request->ipcFd;
}

/// Takes the connection away without closing it: FCGX_Finish_r would wait 2 s after each piece that still arrives.
static inline int vitrine_fcgx_detach(FCGX_Request *request) {
    int connection = request->ipcFd;
    request->ipcFd = -1;
    return connection;
}
