"""Pages of a product, each with one client, from a server of their own: ingest is another origin for them."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

HERE: Final = Path(__file__).parent
PACKAGES: Final = HERE / "node" / "node_modules"
_PAGE: Final = '<!doctype html><script src="{0}/client.js"></script><script src="{0}/page.js"></script>'
# What Segment's CDN would say of a source without other destinations. The client sends all that it measures of itself.
_SEGMENT_SETTINGS: Final = {"integrations": {"Segment.io": {"apiKey": "segments-own"}}, "metrics": {"sampleRate": 1}}


class BrowserClient(Struct, frozen=True):
    """`bundle` is the client as its package has it, `script` what the page does with it."""

    bundle: str
    script: str
    options: dict[str, Any] = {}


@contextmanager
def served_pages(clients: Mapping[str, BrowserClient]) -> Iterator[str]:
    """The origin of the pages: the page of a client is at `/NAME`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content_type, body = _content(self.path.partition("?")[0], clients)
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def _content(path: str, clients: Mapping[str, BrowserClient]) -> tuple[str, bytes]:
    if path.startswith("/v1/projects/"):
        return "application/json", json.dumps(_SEGMENT_SETTINGS).encode()
    name, _, file = path.removeprefix("/").partition("/")
    if name not in clients:
        return "text/plain", b""
    match file:
        case "client.js":
            return "text/javascript", (PACKAGES / clients[name].bundle).read_bytes()
        case "page.js":
            return "text/javascript", (HERE / "browser" / f"{clients[name].script}.js").read_bytes()
        case _:
            return "text/html", _PAGE.format(f"/{name}").encode()
