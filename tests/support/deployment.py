"""docker-compose.yml as Compose reads it: merged, and with an environment filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IMAGE_FOLDER = "/app"
# ${NAME}, ${NAME:-used if it is unset or empty}, ${NAME:?said if it is unset or empty}
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<word>[^}]*))?\}")


@dataclass(frozen=True)
class Variable:
    """What a file asks of the environment; `default` is None where there is none."""

    name: str
    required: bool
    default: str | None


def compose() -> dict[str, Any]:
    """Variables as they are written."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(COMPOSE)
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The containers of our own images, by their name in the file."""
    return {name: service for name, service in services().items() if "build" in service}


def program(service: Mapping[str, Any]) -> str:
    """Which of our services is in its image."""
    name: str = service["build"]["args"]["SERVICE"]
    return name


def variables(text: str) -> Iterator[Variable]:
    for found in _VARIABLE.finditer(text):
        required = found["operator"] != ":-"
        yield Variable(found["name"], required, None if required else found["word"])


def environment(service: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """What the container is told if whoever runs Compose has set what is `given`."""

    def value(found: re.Match[str]) -> str:
        if text := given.get(found["name"]):
            return text
        if found["operator"] != ":-":
            raise KeyError(found["name"])
        return found["word"] or ""

    return {name: _VARIABLE.sub(value, str(text)) for name, text in service.get("environment", {}).items()}


def image_environment() -> dict[str, str]:
    """What the image itself says, where it is spelled out."""
    text = DOCKERFILE.read_text()
    return dict(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=\"?([^\s\"$]+)\"?(?: \\)?$", text, re.MULTILINE))
