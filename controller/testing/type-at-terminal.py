"""Types at a program in a terminal of its own, as a person does: waits for each question, and answers it.

    type-at-terminal.py '[["question", "answer"], …]' PROGRAM ARG…

An answer of "^C" is that key. What the terminal showed comes on stdout, the program's exit status is this one's. Exit status 99: a question never came.
"""

import json
import os
import pty
import select
import sys
import time

PATIENCE = 60


def main() -> int:
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown, read_to = b"", 0
    for question, answer in steps:
        deadline = time.monotonic() + PATIENCE
        while (at := shown.find(question.encode(), read_to)) < 0:
            more = read(terminal, deadline)
            if not more:
                sys.stdout.write(shown.decode(errors="replace") + f"\n[the question never came: {question}]\n")
                return 99
            shown += more
        read_to = at + len(question)
        os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\r")
    deadline = time.monotonic() + PATIENCE
    while more := read(terminal, deadline):
        shown += more
    sys.stdout.write(shown.decode(errors="replace"))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read(terminal: int, deadline: float) -> bytes:
    """What comes next; nothing when the program has ended, or nothing came in time."""
    ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
    try:
        return os.read(terminal, 65536) if ready else b""
    except OSError:
        # Linux says so when the other end of a terminal is closed.
        return b""


sys.exit(main())
