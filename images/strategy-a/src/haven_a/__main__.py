"""`python3 -m haven_a VERB`: one verb, one result as the last line, one exit status (images/CONTRACT.md sections 1 and 3)."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import Any

from haven_a import CONTRACT, VERBS
from haven_a.events import Events, private_stdout
from haven_a.places import Places
from haven_a.problem import Interrupted, Problem, foreseen
from haven_a.stopping import Stopping


def run(arguments: list[str], events: Events, stopping: Stopping, places: Places) -> int:
    verb = arguments[0] if len(arguments) == 1 and arguments[0] in VERBS else ""
    about: dict[str, Any] = {"contract": CONTRACT, "verb": verb or "unknown"}
    try:
        try:
            fields = perform(verb, about, events, stopping, places)
        finally:
            stopping.enough()
    except BaseException as crash:
        problem = foreseen(crash, about["verb"])
        if not isinstance(crash, (Problem, Interrupted)):
            # Where it happened, not the exception's own words: they may hold a file's name.
            print("".join(traceback.format_tb(crash.__traceback__)), file=sys.stderr, flush=True)
        print(f"{problem.operation}: {problem.message}\n{problem.hint}".rstrip(), file=sys.stderr, flush=True)
        events.emit("result", **about, outcome=outcome_of(problem), **problem.fields, error=problem.as_error())
        return problem.exit_code
    events.emit("result", **about, outcome="ok", **fields)
    return 0


def outcome_of(problem: Problem) -> str:
    return problem.code if problem.code in ("partial", "interrupted") else "failed"


def perform(verb: str, about: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    if not verb:
        raise Problem("bad-request", "read verb", f"give exactly one verb of: {', '.join(VERBS)}", "see images/CONTRACT.md")
    if verb == "version":
        from haven_a.version import version

        return {"version": version()}
    from haven_a.request import read_request

    request = read_request(places.request, verb)
    about["run"] = request["run"]
    from haven_a.context import Context

    # Settings and secrets before `started`: what is wrong with them is a bad request, whatever the verb.
    context = Context.of(request, events, stopping, places)
    events.emit("started", verb=verb, run=request["run"], contract=CONTRACT)
    result: dict[str, Any] = getattr(import_module(f"haven_a.verbs.{verb}"), verb)(request, context)
    return result


def main() -> None:
    stopping = Stopping()
    stopping.listen()
    code = run(sys.argv[1:], Events(private_stdout()), stopping, Places())
    # Not sys.exit: a thread that still waits for the network must not keep the result's exit status back.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
