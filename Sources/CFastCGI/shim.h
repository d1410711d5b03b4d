#pragma once
#include <fcgiapp.h>

/// The first fields of libfcgi's private struct behind `FCGX_Stream.data`. They are the same in every release since 1996, and
/// `vitrine_fcgx_must_wait` checks whether they look plausible.
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

/// Whether libfcgi must read from the connection before it can return the next byte of the body or report its end.
///
/// FCGX_GetStr waits for all bytes that it is asked for, and libfcgi has no public function that tells what it holds: bytes of the body
/// (`rdNext` to `stop`), and behind them what it has read of the following records. Padding and a part of a header are not enough. If
/// the fields are not plausible the answer is no, and a read waits as long as libfcgi does.
static inline int vitrine_fcgx_must_wait(const FCGX_Stream *stream) {
    const struct vitrine_fcgx_stream_data *data = (const struct vitrine_fcgx_stream_data *)stream->data;
    if (stream->isClosed || stream->rdNext != stream->stop) return 0;
    if (data->type != 5 /* FCGI_STDIN */ || data->paddingLen < 0 || data->paddingLen > 255 || data->contentLen < 0
        || data->contentLen > 65535 || stream->rdNext < data->buff || data->buffStop < stream->rdNext
        || data->buffStop > data->buff + data->bufflen)
        return 0;
    long held = data->buffStop - stream->rdNext;
    return data->contentLen > 0 ? held == 0 : held < data->paddingLen + 8 /* sizeof(FCGI_Header) */;
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
