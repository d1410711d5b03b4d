#pragma once
#include <fcgiapp.h>

/// The beginning of what libfcgi keeps of a stream behind `FCGX_Stream.data`; it is the same in every release since 1996, and
/// `vitrine_fcgx_must_wait` looks whether it still is.
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

/// Whether libfcgi has to read from the connection before it can hand out the next byte of the body, or tell its end.
///
/// FCGX_GetStr waits until it has all that it is asked for, and nothing public tells what libfcgi holds: bytes of the body
/// (`rdNext` to `stop`), and behind them what it read of the records that follow. Padding and a part of a header do not suffice.
/// Where its insides do not look as expected the answer is no, and a read waits as long as libfcgi does.
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

/// Hands libfcgi a connection that we accepted ourselves. FCGX_Accept_r reads a request from an open `ipcFd` before it
/// would accept one; by taking the connection ourselves we can be woken to end, and skip libfcgi's wait of up to 2 s for
/// the first byte of a UNIX connection. Before it reads, FCGX_Accept_r ends the request before, and would close the
/// connection with it but for `keepConnection`.
static inline void vitrine_fcgx_attach(FCGX_Request *request, int connection) {
    request->ipcFd = connection;
    request->keepConnection = 1;
}

/// The connection of a request, -1 when it has none.
static inline int vitrine_fcgx_connection(const FCGX_Request *request) {
    return request->ipcFd;
}

/// Lets go of the connection without closing it: FCGX_Finish_r would wait 2 s after each piece that still comes in.
static inline int vitrine_fcgx_detach(FCGX_Request *request) {
    int connection = request->ipcFd;
    request->ipcFd = -1;
    return connection;
}
