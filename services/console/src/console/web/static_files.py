"""The console's own files: styles and pictures. They are read once; nothing is fetched from elsewhere."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFile(Struct, frozen=True):
    content: bytes
    media_type: str
    version: str


class StaticFiles:
    """Each file has its version in its address, so that browsers may keep it for ever."""

    def __init__(self) -> None:
        self._files: Mapping[str, StaticFile] = {
            file.name: _read(file.name, file.read_bytes())
            for file in files("console").joinpath("static").iterdir()
            if file.name.rpartition(".")[2] in _MEDIA_TYPES
        }

    def address(self, name: str) -> str:
        return f"/static/{name}?v={self._files[name].version}"

    def routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/static/{name}")
        async def static_file(name: str, request: Request) -> Response:
            found = self._files.get(name)
            if found is None:
                raise HTTPException(404)
            # Only the address with this version names this content for ever.
            kept = request.query_params.get("v") == found.version
            control = "public, max-age=31536000, immutable" if kept else "no-cache"
            return Response(found.content, headers={"cache-control": control}, media_type=found.media_type)

        return router


@cache
def static_files() -> StaticFiles:
    """Those of this process."""
    return StaticFiles()


def _read(name: str, content: bytes) -> StaticFile:
    return StaticFile(content, _MEDIA_TYPES[name.rpartition(".")[2]], sha256(content).hexdigest()[:16])
