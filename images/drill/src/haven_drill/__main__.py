"""`python3 -m haven_drill VERB`: one verb, one result as the last line, one exit status (images/CONTRACT.md sections 1 and 3)."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from haven_drill import CONTRACT, VERBS
from haven_drill.events import Events, private_stdout
from haven_drill.places import Places
from haven_drill.problem import Interrupted, Problem
from haven_drill.stopping import Stopping


def run(arguments: list[str], events: Events, stopping: Stopping, places: Places) -> int:
    verb = arguments[0] if len(arguments) == 1 and arguments[0] in VERBS else ""
    about: dict[str, Any] = {"contract": CONTRACT, "verb": verb or "unknown"}
    try:
        try:
            fields = perform(verb, about, events, stopping, places)
        finally:
            stopping.enough()
        problem: Problem | None = None
    except Interrupted:
        problem = Problem("interrupted", about["verb"], "stopped by SIGTERM", "run it again when wanted")
    except Problem as reason:
        problem = reason
    except BaseException as crash:
        problem = crashed(about["verb"], crash)
    if problem is None:
        events.emit("result", **about, outcome="ok", **fields)
        return 0
    print(f"{problem.operation}: {problem.message}\n{problem.hint}".rstrip(), file=sys.stderr, flush=True)
    outcome = "interrupted" if problem.code == "interrupted" else "failed"
    events.emit("result", **about, outcome=outcome, **problem.fields, error=problem.as_error())
    return problem.exit_code


def perform(verb: str, about: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    if not verb:
        raise Problem("bad-request", "read verb", f"give exactly one verb of: {', '.join(VERBS)}", "see images/CONTRACT.md")
    if verb == "version":
        from haven_drill.version import version

        return {"version": version()}
    from haven_drill.request import read_request

    request = read_request(places.request, verb)
    about["run"] = request["run"]
    events.emit("started", verb=verb, run=request["run"], contract=CONTRACT)
    name = verb.replace("-", "_")
    result: dict[str, Any] = getattr(import_module(f"haven_drill.{name}"), name)(request, events, stopping, places)
    return result


def crashed(verb: str, crash: BaseException) -> Problem:
    """Where it happened and what kind, but not the exception's own words: they may hold a file's name."""
    import traceback

    print("".join(traceback.format_tb(crash.__traceback__)), file=sys.stderr, flush=True)
    reason = type(crash).__name__
    if isinstance(crash, OSError) and crash.errno is not None:
        reason += f": {os.strerror(crash.errno)}"
    return Problem("failed", verb, f"the drill itself went wrong ({reason})", "report this with the lines of the log before it")


def main() -> None:
    stopping = Stopping()
    stopping.listen()
    code = run(sys.argv[1:], Events(private_stdout()), stopping, Places())
    # Not sys.exit: a child that cannot be ended (a hung kernel call) must not keep the result's exit status back.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
