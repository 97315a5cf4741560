"""The limits that Slack sets on blocks, for the sink to hold messages to.

Written from Slack's reference and apart from its SDK, so that the two check each other. Blocks that our messages do not
use are not known here.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

MOST_BLOCKS = 50
MOST_FIELDS = 10
MOST_IN_CONTEXT = 10
MOST_IN_ACTIONS = 25
LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 2000
LONGEST_LABEL = 75
LONGEST_URL = 3000
LONGEST_VALUE = 2000
LONGEST_ALT_TEXT = 2000
LONGEST_ID = 255
STYLES = (None, "primary", "danger")
TEXT_STYLES = frozenset({"bold", "italic", "strike", "code", "underline"})


def problems(blocks: object) -> list[str]:
    """What Slack would refuse, each with the place; nothing for blocks that it would show."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["blocks: must be a list of objects"]
    found = [f"blocks: no more than {MOST_BLOCKS} [{len(blocks)}]"] if len(blocks) > MOST_BLOCKS else []
    for number, block in enumerate(blocks):
        found += _block(block, f"blocks/{number}")
    names = Counter(block["block_id"] for block in blocks if "block_id" in block)
    return found + [f"blocks: block_id {name!r} is used twice" for name, times in names.items() if times > 1]


def _block(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _length(block.get("block_id", "-"), f"{where}/block_id", LONGEST_ID)
    match block.get("type"):
        case "header":
            yield from _text(block.get("text"), f"{where}/text", LONGEST_HEADER, kinds=("plain_text",))
        case "section":
            yield from _section(block, where)
        case "context":
            yield from _several(block.get("elements"), f"{where}/elements", MOST_IN_CONTEXT)
            for number, element in enumerate(block.get("elements") or []):
                yield from _in_context(element, f"{where}/elements/{number}")
        case "rich_text":
            yield from _several(block.get("elements"), f"{where}/elements")
            for number, element in enumerate(block.get("elements") or []):
                yield from _rich(element, f"{where}/elements/{number}")
        case "actions":
            yield from _several(block.get("elements"), f"{where}/elements", MOST_IN_ACTIONS)
            for number, element in enumerate(block.get("elements") or []):
                yield from _button(element, f"{where}/elements/{number}")
        case "image":
            yield from _image(block, where)
        case "divider":
            pass
        case other:
            yield f"{where}: unsupported type: {other}"


def _section(block: dict[str, Any], where: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"{where}: text or fields is needed"
    if "text" in block:
        yield from _text(block["text"], f"{where}/text", LONGEST_SECTION)
    if "fields" in block:
        yield from _several(block["fields"], f"{where}/fields", MOST_FIELDS)
        for number, text in enumerate(block["fields"] or []):
            yield from _text(text, f"{where}/fields/{number}", LONGEST_FIELD)
    if "accessory" in block:
        yield from _accessory(block["accessory"], f"{where}/accessory")


def _accessory(element: Any, where: str) -> Iterator[str]:
    is_image = isinstance(element, dict) and element.get("type") == "image"
    yield from _image(element, where) if is_image else _button(element, where)


def _in_context(element: Any, where: str) -> Iterator[str]:
    is_image = isinstance(element, dict) and element.get("type") == "image"
    yield from _image(element, where) if is_image else _text(element, where, LONGEST_SECTION)


def _rich(element: Any, where: str) -> Iterator[str]:
    """Of rich text no lengths are documented; mentions have no place in our messages and are not known here."""
    match element:
        case {"type": "rich_text_section" | "rich_text_quote" | "rich_text_preformatted", "elements": list(parts)}:
            for number, part in enumerate(parts):
                yield from _part(part, f"{where}/elements/{number}")
        case {"type": "rich_text_list", "style": "bullet" | "ordered", "elements": list(sections)}:
            for number, section in enumerate(sections):
                yield from _rich(section, f"{where}/elements/{number}")
        case _:
            yield f"{where}: unsupported element"


def _part(part: Any, where: str) -> Iterator[str]:
    match part:
        case {"type": "text"}:
            yield from _length(part.get("text"), f"{where}/text")
        case {"type": "link"}:
            yield from _url(part.get("url"), f"{where}/url")
            yield from _length(part.get("text", "-"), f"{where}/text")
        case {"type": "emoji"}:
            yield from _length(part.get("name"), f"{where}/name")
        case _:
            yield f"{where}: unsupported element"
            return
    styles = part.get("style", {})
    if not isinstance(styles, dict) or not styles.keys() <= TEXT_STYLES:
        yield f"{where}/style: must be an object of {', '.join(sorted(TEXT_STYLES))}"


def _button(element: Any, where: str) -> Iterator[str]:
    if not isinstance(element, dict) or element.get("type") != "button":
        yield f"{where}: must be a button"
        return
    yield from _text(element.get("text"), f"{where}/text", LONGEST_LABEL, kinds=("plain_text",))
    yield from _length(element.get("action_id", "-"), f"{where}/action_id", LONGEST_ID)
    yield from _length(element.get("value", "-"), f"{where}/value", LONGEST_VALUE)
    if "url" in element:
        yield from _url(element["url"], f"{where}/url")
    if element.get("style") not in STYLES:
        yield f"{where}/style: must be primary or danger"


def _image(element: dict[str, Any], where: str) -> Iterator[str]:
    yield from _url(element.get("image_url"), f"{where}/image_url")
    yield from _length(element.get("alt_text"), f"{where}/alt_text", LONGEST_ALT_TEXT)


def _text(text: Any, where: str, most: int, *, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"{where}: must be an object of type {' or '.join(kinds)}"
        return
    yield from _length(text.get("text"), f"{where}/text", most)


def _length(value: Any, where: str, most: int | None = None) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield f"{where}: must be more than 0 characters"
    elif most is not None and len(value) > most:
        yield f"{where}: must be less than {most + 1} characters [{len(value)}]"


def _url(value: Any, where: str) -> Iterator[str]:
    yield from _length(value, where, LONGEST_URL)
    if isinstance(value, str) and not value.startswith(("https://", "http://", "mailto:")):
        yield f"{where}: must be a URL"


def _several(value: Any, where: str, most: int | None = None) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield f"{where}: must provide at least one"
    elif most is not None and len(value) > most:
        yield f"{where}: no more than {most} [{len(value)}]"
