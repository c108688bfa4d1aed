"""A whole single-replica OpenStack Swift in one process: object, container and account server on loopback, the proxy on port 8080."""

from __future__ import annotations

import os
import signal
import sys

import eventlet
from eventlet import wsgi
from swift.common import wsgi as swift_wsgi
from swift.common.utils import get_logger, monkey_patch, readconf, validate_configuration


def serve(name: str, host: str, port: int) -> None:
    path = f"/etc/swift/{name}-server.conf"
    # Swift's own logger must exist before its app is made; only the proxy's warnings go to the container's log.
    get_logger(readconf(path, f"app:{name}-server"), f"{name}-server", log_to_console=name == "proxy", log_route=f"{name}-wsgi")
    app = swift_wsgi.loadapp(path, global_conf={"log_name": f"{name}-server"})
    eventlet.spawn(
        wsgi.server,
        eventlet.listen((host, port), backlog=4096),
        app,
        swift_wsgi.NullLogger(),
        custom_pool=eventlet.GreenPool(1024),
        protocol=swift_wsgi.SwiftHttpProtocol,
        capitalize_response_headers=False,
    )


def main() -> None:
    monkey_patch()
    validate_configuration()
    os.makedirs("/srv/node/d1", exist_ok=True)
    serve("object", "127.0.0.1", 6200)
    serve("container", "127.0.0.1", 6201)
    serve("account", "127.0.0.1", 6202)
    serve("proxy", "0.0.0.0", 8080)
    match sys.argv[1:]:
        case []:
            pass
        case ["--load", folder]:
            # Here, so that it imports a patched socket.
            from load import load

            load(folder, "127.0.0.1", 8080)
        case _:
            sys.exit("swift: the only option is --load DIR")
    print("swift: ready on 8080", flush=True)
    # Swift's data is whole after a kill at any instant, so there is nothing to wait for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        eventlet.sleep(3600)


if __name__ == "__main__":
    main()
