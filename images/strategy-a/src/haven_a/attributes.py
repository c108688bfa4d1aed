"""What duplicity does not keep is recorded beside the data, by the program that every recovery kit holds (attributes.py), into the same encrypted backup."""

from __future__ import annotations

import os
import shutil
import sys

from haven_a.children import run_tool
from haven_a.context import Context
from haven_a.problem import Problem, local_full
from haven_a.source import unreadable

SECONDS = 7 * 24 * 3600.0


def record_attributes(source_id: str, context: Context) -> None:
    """Afterwards state/attributes/ID holds the record of this source; throws source-unreadable when it could not be made."""
    folder = context.places.attributes(source_id)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    if not os.path.exists(context.places.attributes_program):
        raise Problem("failed", "record attributes", "attributes.py is missing in the image", "build the image again", source_id)
    argv = [sys.executable, "-s", context.places.attributes_program, "record", context.places.source(source_id), f"{folder}/record"]
    if context.settings.hash_contents:
        argv.append("--hash")
    finished = run_tool(argv, SECONDS, on_wait=lambda: context.events.progress("attributes", 0, None, "files"))
    if finished.code == 23:
        raise local_full("record attributes", source_id)
    if finished.code != 0:
        message = f"the attributes of source {source_id} could not be recorded (exit code {finished.code})"
        raise unreadable(source_id, message, "see 'zpool status' on the host")
