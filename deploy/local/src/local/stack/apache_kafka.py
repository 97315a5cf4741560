"""Apache Kafka 4.3 from Maven's jars: KRaft, one node or more, on 127.0.0.1 only.

A node keeps its log in its directory: stop or kill it, start it again, and it goes on where it was.
"""

import fcntl
import hashlib
import re
import shutil
import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from local.stack.processes import Process, ServerError, free_port, known_brokers

JAVA_AT_LEAST = 17
START_TIMEOUT = 120.0
POM = Path(__file__).with_name("pom.xml")


def available() -> str | None:
    """Why Apache Kafka cannot run here, or None."""
    if shutil.which("java") is None:
        return "no java"
    version = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    major = re.search(r'version "(\d+)', version)
    if major is None or int(major[1]) < JAVA_AT_LEAST:
        return f"Java {JAVA_AT_LEAST} is needed, this is {version.splitlines()[0] if version else 'none'}"
    return None if shutil.which("mvn") else "no mvn"


def jars(directory: Path) -> Path:
    """The folder of jars, fetched by Maven once: pom.xml names the version. Another process waits for the first one."""
    folder = directory / f"kafka-jars-{_digest(POM)}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "kafka-jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch_jars(folder)
    return folder


def _fetch_jars(folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run([*command, f"-DoutputDirectory={partial}"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"Maven could not fetch Apache Kafka: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    partial.rename(folder)


class ApacheKafka:
    """`nodes` brokers that are controllers too; their own topics have a replica on up to 3 of them."""

    def __init__(self, directory: Path, *, libraries: Path, nodes: int = 1, ports: Sequence[int] = ()) -> None:
        self._directory = directory
        self._libraries = libraries
        self._controllers = [free_port() for _ in range(nodes)]
        self._processes: dict[int, Process] = {}
        self.ports = list(ports) or [free_port() for _ in range(nodes)]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def start(self) -> None:
        """All nodes; returns when each of them knows them all."""
        for node in range(len(self.ports)):
            self._format(node)
            self._launch(node)
        for node in range(len(self.ports)):
            self._wait(node, brokers=len(self.ports))

    def start_node(self, node: int = 0) -> None:
        """Again, after its process was stopped or killed."""
        self._launch(node)
        self._wait(node, brokers=1)

    def node(self, node: int = 0) -> Process:
        return self._processes[node]

    def stop(self) -> None:
        for process in self._processes.values():
            process.signal(signal.SIGTERM)
        for process in self._processes.values():
            process.stop()

    def _format(self, node: int) -> None:
        (self._home(node) / "log").mkdir(parents=True, exist_ok=True)
        properties = self._write_properties(node)
        tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", self._cluster_id())
        formatted = subprocess.run(
            self._java(*tool, "-c", str(properties)), capture_output=True, text=True, check=False
        )
        if formatted.returncode:
            raise ServerError(f"cannot format {self._home(node)}: {formatted.stdout}{formatted.stderr}")

    def _launch(self, node: int) -> None:
        properties = self._write_properties(node)
        command = self._java("-Xmx512m", "kafka.Kafka", str(properties))
        self._processes[node] = Process(command, log=self._home(node) / "kafka.log")

    def _wait(self, node: int, *, brokers: int) -> None:
        port = self.ports[node]
        self._processes[node].wait_until(lambda: known_brokers(port) >= brokers, timeout=START_TIMEOUT)

    def _home(self, node: int) -> Path:
        return self._directory / f"node-{node}"

    def _java(self, *arguments: str) -> list[str]:
        return ["java", "-cp", f"{self._libraries}/*", *arguments]

    def _cluster_id(self) -> str:
        """Once for all nodes and starts: 22 characters, as Kafka writes a UUID."""
        file = self._directory / "cluster.id"
        if not file.exists():
            # Never with a hyphen in front, which would be read as an option.
            file.write_text(urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("="))
        return file.read_text()

    def _write_properties(self, node: int) -> Path:
        nodes = len(self.ports)
        replicas, in_sync = min(3, nodes), 1 if nodes == 1 else 2
        voters = [f"{index + 1}@127.0.0.1:{port}" for index, port in enumerate(self._controllers)]
        listener = f"PLAINTEXT://127.0.0.1:{self.ports[node]}"
        properties: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": node + 1,
            "controller.quorum.voters": ",".join(voters),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{listener},CONTROLLER://127.0.0.1:{self._controllers[node]}",
            "advertised.listeners": listener,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self._home(node) / "log",
            "auto.create.topics.enable": "false",
            "min.insync.replicas": in_sync,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A broker that was killed is noticed in seconds.
            "broker.session.timeout.ms": 3000,
        }
        file = self._home(node) / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        return file


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
