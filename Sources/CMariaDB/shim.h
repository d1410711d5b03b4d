#pragma once
#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>
#include <ma_pvio.h>

/// mysql_options is not variadic, but its option is an enum that Swift sees as a struct without the plain numbers of C.
static inline int vitrine_mysql_option_uint(MYSQL *connection, enum mysql_option option, unsigned int value) {
    return mysql_options(connection, option, &value);
}

static inline int vitrine_mysql_option_flag(MYSQL *connection, enum mysql_option option, my_bool value) {
    return mysql_options(connection, option, &value);
}

/// mysql_options has an effect on the next connection alone (libmariadb 3.3); this one has on the one that is open. Seconds.
static inline void vitrine_mysql_set_answer_limit(MYSQL *connection, int seconds) {
    if (connection->net.pvio && connection->net.pvio->methods->set_timeout)
        connection->net.pvio->methods->set_timeout(connection->net.pvio, PVIO_READ_TIMEOUT, seconds);
}
