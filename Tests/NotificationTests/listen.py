"""Takes notifications from a broker, by the queue as it lies there or by oslo.messaging's own listener, and prints them as JSON."""
import json
import sys
import time

how, url, exchange, topic, count = *sys.argv[1:5], int(sys.argv[5])
deadline = time.monotonic() + 50
found = []


def by_queue():
    import kombu

    url_of_kombu = url.replace('rabbit://', 'amqp://')
    with kombu.Connection(url_of_kombu, connect_timeout=10) as connection:
        channel = connection.default_channel
        while len(found) < count and time.monotonic() < deadline:
            try:
                message = channel.basic_get(topic, no_ack=True)
            except Exception as error:
                if getattr(error, 'code', None) != 404:
                    raise
                # Nobody has made the queue yet.
                channel = connection.channel()
                message = None
            if message is None:
                if count > 100000:
                    break
                time.sleep(0.05)
                continue
            found.append({'properties': {k: v for k, v in message.properties.items()},
                          'exchange': message.delivery_info['exchange'],
                          'key': message.delivery_info['routing_key'],
                          'body': json.loads(message.body)})


def by_listener():
    import oslo_messaging
    from oslo_config import cfg

    conf = cfg.ConfigOpts()
    conf([])
    transport = oslo_messaging.get_notification_transport(conf, url=url)

    class Endpoint:
        def note(priority):
            def taken(self, ctxt, publisher_id, event_type, payload, metadata):
                found.append({'context': ctxt, 'publisher': publisher_id, 'event': event_type, 'priority': priority,
                              'payload': payload, 'metadata': metadata})
            return taken
        info, error, warn = note('info'), note('error'), note('warn')

    target = oslo_messaging.Target(exchange=exchange, topic=topic)
    listener = oslo_messaging.get_notification_listener(transport, [target], [Endpoint()], executor='threading')
    listener.start()
    while len(found) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    listener.stop()
    listener.wait()


by_queue() if how == 'queue' else by_listener()
print(json.dumps(found))
