"""OpenStack Swift with its S3 API, whole in one process, as one node on loopback.

    swift_server.py DIRECTORY PROXY_PORT ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT

Serves S3 at PROXY_PORT for the access key test:tester with the secret testing, in the region
us-east-1. Ends with the process that started it.
"""
import os
import sys
import time

import eventlet
from swift.common import storage_policy, utils

utils.eventlet_monkey_patch()

DIRECTORY = sys.argv[1]
PROXY, ACCOUNT, CONTAINER, OBJECT = map(int, sys.argv[2:6])

# By default, an answer that takes half a second to three seconds counts as lost: a container's
# listing then lacks the object until an updater runs, and no updater runs here.
PATIENCE = "conn_timeout = 60\nnode_timeout = 60"

BACKEND = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {directory}
devices = {directory}/devices
mount_check = false
disable_fallocate = true
log_level = WARNING
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
container_update_timeout = 60
{patience}
"""

PROXY_SERVER = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {directory}
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
{patience}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
paste.filter_factory = swift_in_one_process:memory_cache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


class MemoryCache:
    """In the place of memcached, which Swift's authentication insists on."""

    def __init__(self):
        self.values = {}

    def get(self, key, raise_on_error=False):
        value, end = self.values.get(key, (None, 0))
        return value if not end or time.time() < end else None

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        self.values[key] = (value, time and now() + time)

    def incr(self, key, delta=1, time=0):
        value = int(self.get(key) or 0) + delta
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -delta, time)

    def delete(self, key, server_key=None):
        self.values.pop(key, None)


def now():
    return time.time()


CACHE = MemoryCache()


def memory_cache(_global_conf, **_conf):
    def wrap(app):
        def serve(environment, start_response):
            environment["swift.cache"] = CACHE
            return app(environment, start_response)
        return serve
    return wrap


def path(name):
    return os.path.join(DIRECTORY, name)


def write(name, text):
    with open(path(name), "w", encoding="ascii") as file:
        file.write(text)


def make_ring(name, port):
    from swift.common.ring import RingBuilder
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "weight": 1.0,
                     "device": "one", "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(path(name + ".ring.gz"))


def serve(name, port, sockets):
    from swift.common import wsgi
    file = path(name + "-server.conf")
    text = PROXY_SERVER if name == "proxy" else BACKEND
    write(name + "-server.conf",
          text.format(name=name, port=port, directory=DIRECTORY, patience=PATIENCE))
    conf, logger, _ = wsgi._initrp(file, name + "-server", verbose=True)  # pylint: disable=protected-access
    eventlet.spawn(wsgi.run_server, conf, logger, sockets[name])


def keep_event_loop():
    """Otherwise each server chooses the thread's event loop again, and the earlier ones stand still."""
    choose = eventlet.hubs.use_hub

    def choose_once(mod=None):
        if not hasattr(eventlet.hubs._threadlocal, "hub"):  # pylint: disable=protected-access
            choose(mod)
    eventlet.hubs.use_hub = choose_once


def main():
    keep_event_loop()
    sys.modules["swift_in_one_process"] = sys.modules["__main__"]
    ports = {"account": ACCOUNT, "container": CONTAINER, "object": OBJECT, "proxy": PROXY}
    # Before the rest, which takes a second: another process could take the ports meanwhile.
    sockets = {name: eventlet.listen(("127.0.0.1", port), backlog=128)
               for name, port in ports.items()}
    os.makedirs(path("devices/one"), exist_ok=True)
    write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n"
                        "[storage-policy:0]\nname = one\ndefault = yes\n")
    utils.set_swift_dir(DIRECTORY)
    storage_policy.reload_storage_policies()
    for name in ("account", "container", "object"):
        make_ring(name, ports[name])
    for name, port in ports.items():
        serve(name, port, sockets)
    while True:
        eventlet.sleep(3600)


if __name__ == "__main__":
    main()
