"""`--load DIR`: puts the objects of a folder into the container `haven`, as the verb `copy` of Haven's strategies leaves them (objects.json and a file for each).

By Swift's own interface, so that its checksums are of the bytes as they come: what was damaged on the way is a whole object to Swift.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

USER, KEY, CONTAINER = "haven:backup", "havenpass", "haven"


def load(folder: str, host: str, port: int) -> int:
    """Returns how many there are."""
    with open(os.path.join(folder, "objects.json"), encoding="utf-8") as file:
        objects = json.load(file)["objects"]
    signed_in = ask(HTTPConnection(host, port), "GET", "/auth/v1.0", {"X-Auth-User": USER, "X-Auth-Key": KEY})
    account, token = urlsplit(signed_in["X-Storage-Url"]).path, {"X-Auth-Token": signed_in["X-Auth-Token"]}
    connection = HTTPConnection(host, port)
    ask(connection, "PUT", f"{account}/{CONTAINER}", {**token, "Content-Length": "0"})
    for each in objects:
        path = os.path.join(folder, each["file"])
        with open(path, "rb") as body:
            length = {"Content-Length": str(os.path.getsize(path))}
            ask(connection, "PUT", f"{account}/{CONTAINER}/{quote(each['name'])}", {**token, **length}, body)
    return len(objects)


def ask(connection: HTTPConnection, method: str, path: str, headers: dict[str, str], body: object = None) -> dict[str, str]:
    connection.request(method, path, body=body, headers=headers)  # type: ignore[arg-type]
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 300:
        raise SystemExit(f"swift: can not load: {method} {path} is answered {answer.status}")
    return dict(answer.getheaders())
