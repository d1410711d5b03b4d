#pragma once
#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>

/// mysql_options is not variadic, but its option is an enum that Swift sees as a struct without the plain numbers of C.
static inline int vitrine_mysql_option_uint(MYSQL *connection, enum mysql_option option, unsigned int value) {
    return mysql_options(connection, option, &value);
}
