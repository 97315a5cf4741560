"""`python fork_server.py FD`: starts `python -m WORDS` by a fork, so that nothing has to be imported anew.

A fresh process of a service imports for most of a second; a fork of this one has all of it. The test kit speaks to it
by the socket FD, see `support/starts.py`: a request is its length and JSON, and carries two file descriptors, of the
process's output and of a pipe for answers. Two of these come, 8 bytes each: the pid, and at last the exit code.
It ends when the other end of the socket is closed; what it has started goes on.
"""

import gc
import importlib
import json
import os
import runpy
import socket
import sys
import time
from contextlib import suppress
from typing import Any

# Where each service is wired, and what it loads by name: together they import what a fresh process does.
WIRED = ("ingest.serve", "scoring.app", "scoring.api.app", "alerts.app", "console.app", "common.logs", "common.runtime")
LOADED = (
    "alerts.channels.email.channel",
    "alerts.channels.slack.channel",
    "common.commands.command_line",
    "pydantic.v1",
    "uvicorn.lifespan.off",
)
PRELOADED = (*WIRED, *LOADED)
NUMBER = 8  # bytes


def serve(asked: socket.socket) -> dict[str, Any] | None:
    """Returns the request in the process that has to meet it, and None in the server when its client has gone."""
    while True:
        length, descriptors, *_ = socket.recv_fds(asked, NUMBER, 2)
        forget_the_ended()
        if not length:
            return None
        body = asked.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        if os.fork() == 0:
            asked.close()
            keep(*descriptors)
            return json.loads(body)  # type: ignore[no-any-return]
        for descriptor in descriptors:
            os.close(descriptor)


def forget_the_ended() -> None:
    """Waited for, not ignored: else `time make test` would not count what they have computed."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def keep(output: int, answers: int) -> None:
    """Returns in a child of its own; here it waits for that one's end, tells how it ended, and ends too."""
    if (pid := os.fork()) != 0:
        os.close(output)
        _, status = os.waitpid(pid, 0)
        os.write(answers, os.waitstatus_to_exitcode(status).to_bytes(NUMBER, "big", signed=True))
        os._exit(0)
    os.setsid()
    for number in (1, 2):
        os.dup2(output, number)
    os.write(answers, os.getpid().to_bytes(NUMBER, "big", signed=True))
    os.close(output)
    os.close(answers)


def become(request: dict[str, Any]) -> None:
    """What an interpreter does for `python -m WORDS` in this directory and environment."""
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["directory"])
    sys.path[0] = request["directory"]
    module, *words = request["words"]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(descriptor: int) -> None:
    # The folder of this file: its console.py is not the service.
    sys.path[0] = os.getcwd()
    for name in PRELOADED:
        importlib.import_module(name)
    # A thread would be missing in every fork, and a lock that it holds would stay locked.
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        sys.exit(f"{threads} threads run: no process can be forked safely")
    gc.collect()
    gc.freeze()
    if (request := serve(socket.socket(fileno=descriptor))) is not None:
        become(request)


if __name__ == "__main__":
    main(int(sys.argv[1]))
