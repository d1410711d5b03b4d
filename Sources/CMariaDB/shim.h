#pragma once
#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>
#include <ma_pvio.h>

/// mysql_options is not variadic, but takes numbers by address; these functions take them by value.
static inline int vitrine_mysql_option_uint(MYSQL *connection, enum mysql_option option, unsigned int value) {
    return mysql_options(connection, option, &value);
}

static inline int vitrine_mysql_option_flag(MYSQL *connection, enum mysql_option option, my_bool value) {
    return mysql_options(connection, option, &value);
}

/// Sets the limit for an answer, in seconds, on an open connection. mysql_options affects only the next connection (libmariadb 3.3).
static inline void vitrine_mysql_set_answer_limit(MYSQL *connection, int seconds) {
    if (connection->net.pvio && connection->net.pvio->methods->set_timeout)
        connection->net.pvio->methods->set_timeout(connection->net.pvio, PVIO_READ_TIMEOUT, seconds);
}
