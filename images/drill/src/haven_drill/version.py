"""`version`: what this image is, without starting more than it must."""

from __future__ import annotations

import platform
import re
from typing import Any

from haven_drill import CONTRACT, VERBS, VERSION


PACKAGES = ("zfsutils-linux", "gosop", "curl", "jq", "xz-utils", "zstd", "duplicity", "gnupg", "python3-swiftclient", "python3-keystoneclient")


def version() -> dict[str, Any]:
    tools = {"python": platform.python_version()}
    # Read from dpkg's own file: starting zfs without its module waits ten seconds.
    for package, installed in installed_packages(PACKAGES).items():
        tools[package] = installed
    return {"contract": CONTRACT, "supported": [CONTRACT], "image": VERSION, "strategy": None, "verbs": list(VERBS), "tools": tools}


def installed_packages(names: tuple[str, ...], status: str = "/var/lib/dpkg/status") -> dict[str, str]:
    try:
        with open(status, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return {}
    found = {}
    for name in names:
        paragraph = re.search(rf"^Package: {re.escape(name)}\n(?:.+\n)*?Version: (\S+)", text, re.MULTILINE)
        if paragraph:
            found[name] = paragraph[1]
    return found
