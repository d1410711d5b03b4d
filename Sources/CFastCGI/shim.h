#pragma once
#include <fcgiapp.h>

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
