"""Apache Kafka takes what docker-compose.yml tells it, through the code by which its image sets itself up."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from common import topics
from common.bus.kafka import KafkaAdmin
from common.topics import TimeMode, Topics
from local.stack.processes import Process, free_port, known_brokers
from support import deployment

pytestmark = pytest.mark.kafka


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def told(port: int, tmp_path: Path) -> dict[str, str]:
    """As in the file, but on this machine."""
    controller = free_port()
    changed = {
        "kafka:9092": f"127.0.0.1:{port}",
        ":9092": f":{port}",
        "kafka:9093": f"127.0.0.1:{controller}",
        ":9093": f":{controller}",
        "/var/lib/kafka/data": str(tmp_path / "data"),
    }
    environment = deployment.environment(deployment.services()["kafka"], {})
    for there, here in changed.items():
        environment = {name: value.replace(there, here) for name, value in environment.items()}
    return environment


@pytest.fixture
def kafka(kafka_jars: Path, told: Mapping[str, str], port: int, tmp_path: Path) -> Iterator[Process]:
    java = ["java", "-Xmx512m", "-cp", f"{kafka_jars}/*"]
    folders = {f"--{name}-configs-dir": tmp_path / name for name in ("default", "mounted", "final")}
    for folder in folders.values():
        folder.mkdir()
    for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
        (tmp_path / "default" / name).touch()
    words = [str(word) for pair in folders.items() for word in pair]
    done = subprocess.run(
        [*java, "kafka.docker.KafkaDockerWrapper", "setup", *words],
        env={"PATH": "/usr/bin:/bin", **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    process = Process([*java, "kafka.Kafka", str(tmp_path / "final" / "server.properties")], log=tmp_path / "kafka.log")
    try:
        process.wait_until(lambda: known_brokers(port) == 1, timeout=60)
        yield process
    finally:
        process.stop()


@pytest.mark.usefixtures("kafka")
async def test_kafka_starts_as_the_file_says_and_takes_our_topics(told: Mapping[str, str], port: int) -> None:
    admin = KafkaAdmin(f"127.0.0.1:{port}")
    assert await admin.cluster_id() == told["CLUSTER_ID"]
    await topics.ensure(admin, Topics(), mode=TimeMode.WALL, partitions=2, replication=1, retention_days=1)
    assert await admin.partitions(Topics().signals) == 2
