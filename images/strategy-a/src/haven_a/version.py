"""`version`: what this image is, without starting more than it must."""

from __future__ import annotations

import platform
import re
from typing import Any

from haven_a import CONTRACT, VERBS, VERSION


def version() -> dict[str, Any]:
    tools = {"python": platform.python_version()}
    # Read from dpkg's own file: starting duplicity loads all its modules, which takes a slow machine seconds.
    tools.update(installed_packages(("duplicity", "gnupg", "python3-swiftclient", "python3-keystoneclient")))
    return {"contract": CONTRACT, "supported": [CONTRACT], "image": VERSION, "strategy": "a", "verbs": list(VERBS), "tools": tools}


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
