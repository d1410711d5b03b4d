#pragma once
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

/// amqp_login is variadic. Without a heartbeat, because librabbitmq answers one only while it is called.
static inline amqp_rpc_reply_t vitrine_amqp_login(amqp_connection_state_t state, const char *vhost, const char *user,
                                                  const char *password) {
    return amqp_login(state, vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN, user, password);
}

/// The result of a call: 0 for success, a positive code of the broker, a negative one of librabbitmq. The reply contains a union, whose
/// kind is told by constants that are casts, which Swift does not import.
static inline int vitrine_amqp_code(amqp_rpc_reply_t reply) {
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return 0;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return reply.library_error;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) return ((amqp_channel_close_t *)reply.reply.decoded)->reply_code;
        if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) return ((amqp_connection_close_t *)reply.reply.decoded)->reply_code;
    default:
        return AMQP_STATUS_UNEXPECTED_STATE;
    }
}

/// The broker's text for an error; NULL if there is none. Valid until the next call.
static inline amqp_bytes_t vitrine_amqp_text(amqp_rpc_reply_t reply) {
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) return ((amqp_channel_close_t *)reply.reply.decoded)->reply_text;
        if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) return ((amqp_connection_close_t *)reply.reply.decoded)->reply_text;
    }
    amqp_bytes_t none = {0, 0};
    return none;
}

/// Confirms that the broker has closed a channel.
static inline int vitrine_amqp_channel_closed(amqp_connection_state_t state, amqp_channel_t channel) {
    amqp_channel_close_ok_t ok = {0};
    return amqp_send_method(state, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
}

typedef enum {
    VITRINE_AMQP_OTHER,
    VITRINE_AMQP_ACK,
    VITRINE_AMQP_REFUSAL,
    VITRINE_AMQP_CLOSED,
} vitrine_amqp_kind;

/// What a frame tells about published messages. A returned message reached no queue.
static inline vitrine_amqp_kind vitrine_amqp_frame_kind(const amqp_frame_t *frame) {
    if (frame->frame_type != AMQP_FRAME_METHOD) return VITRINE_AMQP_OTHER;
    switch (frame->payload.method.id) {
    case AMQP_BASIC_ACK_METHOD:
        return VITRINE_AMQP_ACK;
    case AMQP_BASIC_NACK_METHOD:
    case AMQP_BASIC_RETURN_METHOD:
        return VITRINE_AMQP_REFUSAL;
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
        return VITRINE_AMQP_CLOSED;
    default:
        return VITRINE_AMQP_OTHER;
    }
}

static inline const amqp_basic_ack_t *vitrine_amqp_ack(const amqp_frame_t *frame) {
    return (const amqp_basic_ack_t *)frame->payload.method.decoded;
}

/// The properties that kombu gives to a message. The flags are macros of several casts.
static inline amqp_basic_properties_t vitrine_amqp_json_properties(void) {
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                        AMQP_BASIC_PRIORITY_FLAG;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.content_encoding = amqp_cstring_bytes("utf-8");
    properties.delivery_mode = 2;
    properties.priority = 0;
    return properties;
}

/// The type of an exchange, as a constant text: librabbitmq keeps its address, and Swift would lend a text only for one call.
static inline amqp_bytes_t vitrine_amqp_topic(void) {
    return amqp_cstring_bytes("topic");
}

/// The argument of a queue, `x-queue-type: quorum`. The table points at a static entry.
static inline amqp_table_t vitrine_amqp_quorum(void) {
    static amqp_table_entry_t entry;
    entry.key = amqp_cstring_bytes("x-queue-type");
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes("quorum");
    amqp_table_t table = {1, &entry};
    return table;
}
