"""deploy/Caddyfile in a real Caddy, before a real server: what clients do to connections does not reach a service."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.health_endpoints import Readiness
from common.runtime import Application, ShutdownSignal, serve
from http_guard.limits import ConnectionLimits
from ingest.settings import IngestSettings
from local.stack.processes import free_port
from support import deployment, reverse_proxy

pytestmark = [pytest.mark.servers, pytest.mark.skipif(not reverse_proxy.available(), reason=reverse_proxy.MISSING)]

SECONDS = {"read_header": 1.0, "read_body": 2.0, "write": 3.0, "idle": 0.3}
PATIENCE = 60.0
TEXT = reverse_proxy.CADDYFILE.read_text()
HEAD = b"POST /%b HTTP/1.1\r\nHost: h\r\n"
GOOD = HEAD % b"x" + b"Content-Length: 4\r\n\r\ngood"
CHUNKED = HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Upstream:
    """Says back what it was sent; `/large` says more than sockets hold.

    `/early` does not wait for the body, and `/early-close` ends the connection too, as a 408 and a full service do.
    """

    def __init__(self) -> None:
        self.port = 0
        self.proxy = 0
        self.asked: Counter[str] = Counter()
        self.under_way = 0
        self.cut_short = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        self.asked[scope["path"]] += 1
        self.headers = scope["headers"]
        self.under_way += 1
        try:
            await self._answer(Request(scope, receive, send))(scope, receive, send)
        except ClientDisconnect:
            self.cut_short += 1
        finally:
            self.under_way -= 1

    def _answer(self, request: Request):  # type: ignore[no-untyped-def]
        async def answer(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            if request.url.path == "/early":
                response = Response("too large", 413)
            elif request.url.path == "/early-close":
                response = Response("come again", 503, {"connection": "close"})
            elif request.url.path == "/large":
                response = Response(b"a" * 16_000_000)
            else:
                response = Response(b"got " + await request.body())
            await response(scope, receive, send)

        return answer

    async def said(self, *pieces: bytes, endless: bytes = b"") -> bytes:
        """All that a client hears until the connection ends; `endless` is sent again and again."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy)
        sending = asyncio.create_task(_send(writer, pieces, endless))
        heard = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):  # what is still on its way was refused
                    while piece := await reader.read(65_536):
                        heard += piece
        finally:
            sending.cancel()
            writer.transport.abort()
        return bytes(heard)

    async def is_well(self) -> bool:
        """A good request is answered."""
        last = GOOD.replace(b"Host: h\r\n", b"Host: h\r\nConnection: close\r\n")
        return (await self.said(last)).endswith(b"got good")

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - the other side tells nobody
                await asyncio.sleep(0.05)


async def _send(writer: asyncio.StreamWriter, pieces: tuple[bytes, ...], endless: bytes) -> None:
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while endless:
            writer.write(endless)
            await writer.drain()
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(upstream: Upstream) -> AsyncIterator[None]:
    stop = ShutdownSignal()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    application = Application(
        name="test", http=upstream, host="127.0.0.1", port=0, readiness=Readiness({}), tasks={}, grace=1.0
    )
    running = asyncio.create_task(serve(application, stop, listening=port.set_result))
    upstream.port = await port
    try:
        yield
    finally:
        stop.signal()
        await running


@asynccontextmanager
async def proxied(directory: Path, upstreams: Mapping[str, int], **options: Any) -> AsyncIterator[dict[str, int]]:
    """As `reverse_proxy.before`, which blocks."""
    manager = reverse_proxy.before(upstreams, directory=directory, **options)
    ports = await asyncio.to_thread(manager.__enter__)
    try:
        yield ports
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[Upstream]:
    made = Upstream()
    async with serving(made), proxied(tmp_path, {"INGEST": made.port}, seconds=SECONDS) as ports:
        made.proxy = ports["INGEST"]
        yield made


def test_the_file_is_formatted_and_valid(tmp_path: Path) -> None:
    asked = ["caddy", "fmt", str(reverse_proxy.CADDYFILE)]
    assert subprocess.run(asked, capture_output=True, text=True, check=False).stdout == TEXT
    for sites in ({}, {"INGEST_SITE": "https://events.example.com"}):
        command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(reverse_proxy.CADDYFILE)]
        told = {**os.environ, **reverse_proxy.environment(tmp_path), **sites}
        done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


async def test_each_site_leads_to_its_service(tmp_path: Path) -> None:
    names = ("INGEST", "SCORING", "ALERTS")
    behind = {name: Upstream() for name in names}
    async with serving(behind["INGEST"]), serving(behind["SCORING"]), serving(behind["ALERTS"]):
        upstreams = {name: one.port for name, one in behind.items()}
        async with proxied(tmp_path, upstreams) as ports, httpx.AsyncClient() as http:
            for name, port in ports.items():
                answer = await http.post(f"http://127.0.0.1:{port}/{name}?a=b", content=b"abc")
                assert (answer.status_code, answer.text) == (200, "got abc")
    assert {name: dict(one.asked) for name, one in behind.items()} == {name: {f"/{name}": 1} for name in names}


async def test_a_site_with_a_domain_is_served_by_tls(tmp_path: Path) -> None:
    made = Upstream()
    async with serving(made), proxied(tmp_path, {"INGEST": made.port}, scheme="https") as ports:
        trust = ssl.create_default_context(cafile=authority(tmp_path))
        async with httpx.AsyncClient(verify=trust) as http:
            answer = await _once_there_is_a_certificate(http, f"https://localhost:{ports['INGEST']}/x")
    assert answer.text == "got abc"


def authority(home: Path) -> Path:
    return next(home.glob("**/pki/authorities/local/root.crt"))


async def _once_there_is_a_certificate(http: httpx.AsyncClient, url: str) -> httpx.Response:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.ConnectError):
                return await http.post(url, content=b"abc")
            await asyncio.sleep(0.1)


# What is sent, and what is sent again and again behind it.
NEVER_A_REQUEST = {
    "silence": (b"", b""),
    "one byte": (b"P", b""),
    "a head without its end": (HEAD % b"x", b""),
    "headers without end": (HEAD % b"x", b"x: %b\r\n" % (b"y" * 1_000)),
    "a header without end": (HEAD % b"x" + b"x: ", b"y" * 10_000),
    "a large head": (HEAD % b"x" + b"x: %b\r\n\r\n" % (b"y" * 200_000), b""),
    "a large target": (HEAD % (b"x" * 200_000) + b"\r\n", b""),
    "line ends without end": (b"", b"\r\n" * 1_000),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200, b""),
    "a bad target": (b"GET http://[/ HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    "two lengths": (HEAD % b"x" + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b""),
    "a length beyond all numbers": (HEAD % b"x" + b"Content-Length: 99999999999999999999\r\n\r\n", b""),
    "CONNECT": (b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b""),
}


@pytest.mark.parametrize("name", NEVER_A_REQUEST)
async def test_what_never_becomes_a_request_ends_and_does_not_reach_the_service(upstream: Upstream, name: str) -> None:
    sent, endless = NEVER_A_REQUEST[name]
    heard = await upstream.said(sent, endless=endless)
    assert all(status.startswith(b"4") for status in STATUS.findall(heard)), heard
    assert upstream.asked.total() == 0
    assert await upstream.is_well()


UNFINISHED = {
    "a body that never comes": (HEAD % b"x" + b"Content-Length: 5000\r\n\r\nabc", b""),
    "an extension without end": (CHUNKED + b"1;", b"e" * 1_000),
    "trailers without end": (CHUNKED + b"1\r\na\r\n0\r\n", b"t: %b\r\n" % (b"t" * 1_000)),
    "a bad chunk": (CHUNKED + b"1\r\na\r\nzz\r\n", b""),
    "a body behind an early answer": (HEAD % b"early" + b"Content-Length: 5000\r\n\r\nabc", b""),
    "a body without end behind an early answer": (
        HEAD % b"early" + b"Transfer-Encoding: chunked\r\n\r\n",
        b"2710\r\n%b\r\n" % (b" " * 10_000),
    ),
}


@pytest.mark.parametrize("name", UNFINISHED)
async def test_a_body_that_does_not_end_is_given_up_and_the_service_told(upstream: Upstream, name: str) -> None:
    sent, endless = UNFINISHED[name]
    await upstream.said(sent, endless=endless)
    await upstream.until(lambda: upstream.under_way == 0)
    assert await upstream.is_well()


async def test_an_answer_that_is_never_read_is_given_up(upstream: Upstream) -> None:
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", upstream.proxy))
        await loop.sock_sendall(silent, HEAD % b"large" + b"Content-Length: 0\r\n\r\n" + GOOD)
        await upstream.until(lambda: upstream.asked["/large"] == 1)
        await upstream.until(lambda: upstream.under_way == 0)
        assert upstream.asked["/x"] == 0, "what is behind it waits"
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while await loop.sock_recv(silent, 65_536):
                    pass


async def test_idle_connections_end_and_cost_the_service_nothing(upstream: Upstream) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", upstream.proxy) for _ in range(200)]
    assert await upstream.is_well()
    assert upstream.asked.total() == 1
    async with asyncio.timeout(PATIENCE):
        assert {await reader.read() for reader, _ in idle} == {b""}
    for _, writer in idle:
        writer.close()
    assert STATUS.findall(await upstream.said(GOOD)) == [b"200"], "and so does one that was used before"


async def test_good_requests_before_a_malformed_one_are_answered(upstream: Upstream) -> None:
    heard = await upstream.said(GOOD * 10 + b"\x00garbage\r\n\r\n")
    assert STATUS.findall(heard)[:10] == [b"200"] * 10
    assert heard.count(b"got good") == 10
    assert upstream.asked == {"/x": 10}


async def test_an_offer_of_another_protocol_is_not_passed_on_and_the_body_is(upstream: Upstream) -> None:
    heard = await upstream.said(HEAD % b"x" + OFFER + b"Content-Length: 3\r\n\r\n", b"abc")
    assert heard.endswith(b"got abc")
    assert {b"upgrade", b"http2-settings"}.isdisjoint(name for name, _ in upstream.headers)


async def test_a_body_that_reads_like_requests_is_never_executed(upstream: Upstream) -> None:
    """Caddy 2.11.9 executes what is left of it behind an early answer, so it is not the one in docker-compose.yml."""
    for path in (b"x", b"early", b"early-close"):
        for size in (100_000, 5_500_000):
            body = SMUGGLED * (size // len(SMUGGLED))
            chunk = SMUGGLED * 1_000
            chunks = b"%x\r\n%b\r\n" % (len(chunk), chunk) * (size // len(chunk)) + b"0\r\n\r\n"
            for _ in range(5):
                await upstream.said(HEAD % path + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await upstream.said(HEAD % path + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert upstream.asked.keys() == {"/x", "/early", "/early-close"}


async def test_a_client_that_is_still_sending_hears_the_service_and_no_error_of_the_proxy(upstream: Upstream) -> None:
    body = b" " * 6_000_000
    for _ in range(20):
        heard = await upstream.said(HEAD % b"early" + b"Content-Length: %d\r\n\r\n" % len(body), body)
        assert STATUS.findall(heard) == [b"413"]


async def test_a_service_that_is_away_is_a_502(tmp_path: Path) -> None:
    async with proxied(tmp_path, {"INGEST": free_port()}) as ports, httpx.AsyncClient() as http:
        assert (await http.get(f"http://127.0.0.1:{ports['INGEST']}/x")).status_code == 502


def timeout(name: str) -> float:
    """Seconds, as the file says."""
    (found,) = re.findall(rf"^\s*{name} (\d+)s$", TEXT, re.MULTILINE)
    return float(found)


def test_the_proxy_waits_longer_for_a_body_and_less_for_an_idle_connection_than_a_service() -> None:
    body_seconds = IngestSettings.model_fields["ingest_body_seconds"].default
    assert body_seconds < timeout("read_body") < timeout("write")
    assert timeout("keepalive") < ConnectionLimits().idle_seconds


def test_compose_runs_the_file_before_the_services_that_have_an_api() -> None:
    services = deployment.services()
    caddy = services["caddy"]
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in caddy["volumes"]
    told = deployment.environment(caddy, {})
    sites = dict(re.findall(r"\{\$([A-Z]+_SITE):(\S+)\}", TEXT))
    assert told == sites, "what nobody set is as the file has it"
    assert {f"127.0.0.1:{port}:{port}" for port in (site.rpartition(":")[2] for site in sites.values())} == set(
        caddy["ports"]
    )
    behind = re.findall(r"\{\$[A-Z]+_UPSTREAM:([\w-]+):8080\}", TEXT)
    assert set(behind) <= deployment.ours().keys()
    assert len(behind) == len(sites) == 4
    assert not [name for name in deployment.ours() if "ports" in services[name]]
