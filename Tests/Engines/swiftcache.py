"""A cache for Swift's proxy in its own process, in place of memcached: tokens, and what it knows of accounts and containers.

`paste.filter_factory = swiftcache:make` in a proxy's configuration. It does what the proxy asks of `swift.common.memcached`.
"""
import json, time


class Cache:
    def __init__(self):
        self.entries = {}

    def get(self, key, raise_on_error=False):
        value, end = self.entries.get(key, (None, 0))
        if value is None or end and end <= time.time():
            self.entries.pop(key, None)
            return None
        return json.loads(value)

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        if isinstance(value, bytes):
            value = value.decode()
        self.entries[key] = json.dumps(value), deadline(time)

    def delete(self, key, server_key=None):
        self.entries.pop(key, None)

    def incr(self, key, delta=1, time=0):
        value = max(0, int(self.get(key) or 0) + int(delta))
        self.entries[key] = json.dumps(value), deadline(time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -int(delta), time)

    def get_multi(self, keys, server_key):
        return [self.get(key) for key in keys]

    def set_multi(self, mapping, server_key, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        for key, value in mapping.items():
            self.set(key, value, time=time)


def deadline(seconds):
    """The end of an entry that lives for some seconds, 0 for one that stays. More than a month is a date, as in memcached."""
    return 0 if not seconds else seconds if seconds > 30 * 86_400 else time.time() + seconds


def make(_, **__):
    cache = Cache()

    def filter(application):
        def serve(environment, start_response):
            environment["swift.cache"] = cache
            return application(environment, start_response)
        return serve
    return filter
