"""A Slack message as lines of text, as its reader sees it. Pure: blocks in, lines out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def as_text(blocks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Bold as *bold*, a link as its text and its address, small print in brackets; an empty line between blocks."""
    lines: list[str] = []
    for block in blocks:
        lines += ["", *_block(block)] if lines else _block(block)
    return lines


def _block(block: Mapping[str, Any]) -> list[str]:
    match block["type"]:
        case "header" | "section":
            return str(block["text"]["text"]).splitlines()
        case "rich_text":
            return [line for section in block["elements"] for line in _section(section["elements"])]
        case "context":
            return [f"({element['text']})" for element in block["elements"]]
        case other:
            raise ValueError(f"blocks of type {other} are not part of our messages")


def _section(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return "".join(_parts(parts)).split("\n")


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        text = str(part["text"])
        if part["type"] == "link":
            yield f"{text}: {part['url']}"
        elif part.get("style", {}).get("bold"):
            yield f"*{text.strip()}*{text[len(text.rstrip()) :]}"
        else:
            yield text
