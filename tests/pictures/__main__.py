"""`python -m pictures`: plays the demo's company, and makes a picture of every page of the console for docs/console."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from common.topics import TimeMode
from console.pages.registry import PAGES
from local.demo.__main__ import CARD, SEED
from local.demo.dataset import Dataset, build_dataset
from local.demo.session import DemoSession, demo_session
from local.demo.simulated_time import run_simulated
from local.replay.playback import run_beside
from local.stack.console_access import administrators_link
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT, Broker
from local.stack.services import Services
from local.stack.sinks import SinkPorts
from local.stack.temporary import kept_logs, temporary_stack
from local.stack.termination import exit_on_sigterm
from local.terminal import Terminal
from pictures.camera import PageUnavailable, Picture, take_pictures
from scoring.health import FIRST_LOOK_SECONDS
from support.console_browser import CHROMIUM

INTO: Final = CHECKOUT / "docs" / "console"
ACCOUNTS: Final = 60
_PATIENCE: Final = 60.0
HEAD: Final = """# Pictures of the console

<!-- Made by `make pictures` with the company of `make demo`. -->

[The console](../console.md) says what is on each page.
"""


def main() -> int:
    if CHROMIUM is None:
        print("there is no chromium (Debian: chromium-headless-shell)", file=sys.stderr)
        return 2
    with exit_on_sigterm():
        try:
            pictures = _pictured(build_dataset(SEED, accounts=ACCOUNTS), chromium=CHROMIUM)
        except (ServerError, PageUnavailable) as error:
            print(f"{error}\nLogs: {kept_logs('pictures')}", file=sys.stderr)
            return 1
    (INTO / "README.md").write_text(index(pictures), encoding="utf-8")
    for file in (INTO / name for picture in pictures for name in picture.files):
        print(f"{file.relative_to(CHECKOUT)}: {file.stat().st_size / 1000:.0f} kB")
    return 0


def index(pictures: Sequence[Picture]) -> str:
    return "\n".join([HEAD, *(_section(picture) for picture in pictures)])


def _section(picture: Picture) -> str:
    return "\n".join([f"## {picture.title}\n", *(f"![{picture.title}]({file})\n" for file in picture.files)])


def _pictured(dataset: Dataset, *, chromium: str) -> list[Picture]:
    terminal = Terminal()
    with temporary_stack("pictures", broker=Broker.EMBEDDED, say=terminal.status) as stack:
        deployed = stack.deployed(
            "pictures",
            mode=TimeMode.STREAM,
            card=CARD,
            sink_ports=SinkPorts(),
            first_look_seconds=FIRST_LOOK_SECONDS,
            console=True,
        )
        with deployed as (services, keys):
            return asyncio.run(_of_the_company(dataset, services, keys, terminal, chromium=chromium))


async def _of_the_company(
    dataset: Dataset, services: Services, keys: Keys, terminal: Terminal, *, chromium: str
) -> list[Picture]:
    found: list[Picture] = []

    async def live(session: DemoSession) -> None:
        await run_simulated(dataset, session, terminal, pace=0.0)
        await _in_order(services, keys)
        link = await administrators_link(services.deployment.database_url, services.url("console"))
        INTO.mkdir(parents=True, exist_ok=True)
        paths = [page.path for page in PAGES if page.in_navigation]
        # Playwright's synchronous interface needs a thread without an event loop.
        found.extend(await asyncio.to_thread(take_pictures, link, paths=paths, into=_emptied(INTO), chromium=chromium))

    async with demo_session(services, keys) as session:
        await run_beside(live(session), session.sinks.run(), services.watch())
    return found


async def _in_order(services: Services, keys: Keys) -> None:
    """Returns when scoring lists the accounts by their scores at the end of what was played. Raises `TimeoutError`."""
    async with (
        asyncio.timeout(_PATIENCE),
        httpx.AsyncClient(
            base_url=services.url("scoring api"), headers={"authorization": f"Bearer {keys.read}"}, timeout=30.0
        ) as http,
    ):
        while True:
            listed = (await http.get("/v1/accounts", params={"limit": 1})).raise_for_status().json()
            if listed["ordered_as_of"] == listed["as_of"]:
                return
            await asyncio.sleep(0.2)


def _emptied(folder: Path) -> Path:
    """Without the pictures of pages that are gone."""
    for file in folder.glob("*.png"):
        file.unlink()
    return folder


if __name__ == "__main__":
    sys.exit(main())
