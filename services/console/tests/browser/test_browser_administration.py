"""The pages of administrators in a real browser: by keyboard, on a telephone, without scripts, for everybody."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from common.contracts.events import Event, encode_events_record
from common.keys import Scope
from console.access.roles import Role
from ingest.in_memory import NOW
from support.browser import PHONE, enter, follow, overflow, tab_to, violations
from support.console_browser import ServedConsole
from support.portfolio_double import ARABIC, LONG, SCRIPT, listed

Opened = Callable[..., Page]
ENDED = "/admin/keys?service=alerts&state=ended"
PATHS = ("/admin", "/admin/users", "/admin/keys", ENDED, "/admin/dead-letters", "/admin/erasures")
# Japanese has no other words for these; ids, sources and scopes are as they are.
ALSO_JAPANESE = {"API", "ID", "CSM", "UTC", "Webhook", "English", "ingest", "scoring", "alerts", *Scope}
TOKEN = re.compile(r"cs_[0-9a-f]{12}_[\w-]{43}")


@pytest.fixture(autouse=True)
def letters(console: ServedConsole) -> None:
    """One letter that can be sent again, and hostile ones."""
    for number, name in enumerate(("Acme", SCRIPT, ARABIC, LONG)):
        event = Event(f"e-{number}", name, "report.opened", NOW, "web", NOW, None)
        console.run(console.administered.set_aside(encode_events_record(event), reason="core_failed"))


@pytest.fixture
def many_keys(console: ServedConsole) -> None:
    """More than a page of keys of alerts that can be used, and more than one of those that cannot."""

    async def make() -> None:
        store = console.administered.store("alerts")
        for number in range(110):
            token = await store.create(source="a-source-with-a-long-name", scopes=frozenset({Scope.READ}))
            if number % 2:
                await store.revoke(token.split("_")[1])

    console.run(make())


def by_post(page: Page, path: str) -> None:
    """Opens a page that is an answer to a form."""
    if path == "confirm":
        page.get_by_label("Id", exact=True).fill("acme")
        follow(page.get_by_role("button", name="Continue"))
    elif path == "preview":
        # The newest letter: each test adds some, so the oldest are on another page.
        page.locator("tbody input[type=checkbox]").first.check()
        follow(page.get_by_role("button", name="See what would be sent"))
    elif path == "made":
        page.locator("#scoring ~ details summary").first.click()
        page.locator("#scoring-source").fill("bi")
        page.locator("#scoring ~ details").first.get_by_label("read", exact=True).check()
        follow(page.locator("#scoring ~ details").first.get_by_role("button", name="Make the key"))
    else:
        page.get_by_text("Invite a person").click()
        page.get_by_label("E-mail").fill(f"{abs(hash(page))}@example.com")
        follow(page.get_by_role("button", name="Invite"))


ANSWERS = (
    ("/admin/erasures", "confirm"),
    ("/admin/dead-letters", "preview"),
    ("/admin/keys", "made"),
    ("/admin/users", "invited"),
)


def test_by_keyboard_alone_an_account_is_erased_and_the_erasure_lifted(console: ServedConsole, opened: Opened) -> None:
    page = opened("/admin/erasures", role=Role.ADMIN)
    tab_to(page, "id")
    page.keyboard.type("Bolt & Co")
    enter(page)
    expect(page.locator("h1")).to_have_text("Erase for good?")
    expect(page.locator("#subject")).to_have_text("Bolt & Co")
    tab_to(page, "again")
    page.keyboard.type("Bolt")
    enter(page)
    expect(page.get_by_role("alert")).to_have_text("This is not the same id.")
    tab_to(page, "again")
    page.keyboard.type("Bolt & Co")
    page.keyboard.press("Enter")
    page.wait_for_url("**?did=erased")
    expect(page.locator("#done")).to_contain_text("The erasure is in force.")
    expect(page.locator("#state")).to_have_text("in force")
    assert "Bolt" not in page.url
    tab_to(page, "Lift the erasure")
    page.keyboard.press("Enter")
    tab_to(page, "Lift it")
    page.keyboard.press("Enter")
    page.wait_for_url("**?did=lifted")
    expect(page.locator("#state")).to_have_text("lifted")


def test_without_scripts_an_account_leads_to_its_erasure(console: ServedConsole, opened: Opened) -> None:
    console.account.reset("Acme", owner="dana@example.com")
    page = opened("/accounts/acme", role=Role.ADMIN, java_script_enabled=False)
    follow(page.get_by_role("link", name="Erase this account"))
    assert page.get_by_label("Id", exact=True).input_value() == "acme"
    follow(page.get_by_role("button", name="Continue"))
    expect(page.locator("main")).to_contain_text("Scoring knows this account as Acme.")
    follow(page.get_by_role("link", name="Cancel"))
    page.wait_for_url("**/admin/erasures")


def test_without_scripts_a_letter_is_chosen_previewed_and_sent_again(console: ServedConsole, opened: Opened) -> None:
    page = opened("/system", role=Role.ADMIN, java_script_enabled=False)
    follow(page.locator("#dead_letters a").first)
    page.wait_for_url("**/admin/dead-letters")
    before = len(console.administered.ingest.events())
    page.locator("tbody input[type=checkbox]").first.check()
    follow(page.get_by_role("button", name="See what would be sent"))
    expect(page.locator("#planned")).to_have_text("Letters that would be sent again: 1.")
    follow(page.get_by_role("button", name="Send again"))
    page.wait_for_url("**?report=*")
    expect(page.locator("#report")).to_contain_text("Letters that were sent again: 1.")
    assert len(console.administered.ingest.events()) == before + 1


def test_without_scripts_a_key_is_shown_once_and_revoked(console: ServedConsole, opened: Opened) -> None:
    page = opened("/admin/keys", role=Role.ADMIN, java_script_enabled=False)
    by_post(page, "made")
    token = page.locator("#token").input_value()
    assert TOKEN.fullmatch(token)
    assert token.split("_", 2)[2] not in page.url
    follow(page.get_by_role("link", name="All keys"))
    assert token.split("_", 2)[2] not in page.content()
    key_id = token.split("_")[1]
    row = page.locator(f"#scoring-{key_id}")
    row.get_by_text("Revoke", exact=True).click()
    follow(row.get_by_role("button", name="Revoke"))
    page.wait_for_url(f"**?revoked={key_id}")
    expect(page.locator("#done")).to_have_text(f"The key {key_id} has ended.")
    assert key_id not in console.run(console.administered.store("scoring").active())


@pytest.mark.usefixtures("many_keys")
def test_without_scripts_keys_are_paged_and_those_that_have_ended_are_asked_for(opened: Opened) -> None:
    page = opened("/admin/keys", role=Role.ADMIN, java_script_enabled=False)
    assert page.locator("#alerts ~ .scroll tbody tr").count() == 50
    assert page.locator("#ingest").count() == 1
    follow(page.get_by_role("link", name="Next page"))
    assert 1 <= page.locator("tbody tr").count() <= 50
    assert page.locator("#ingest").count() == 0
    follow(page.get_by_role("link", name="Keys that have ended"))
    expect(page.get_by_role("heading", name="Keys that have ended")).to_be_visible()
    assert page.locator("main .moves li").count() == 50
    follow(page.get_by_role("link", name="Next page"))
    assert page.locator("main .moves li").count() >= 5
    follow(page.get_by_role("link", name="Previous page"))
    follow(page.get_by_role("link", name="Keys that can be used"))
    assert page.locator("tbody tr").count() == 50
    follow(page.get_by_role("link", name="Keys of all services"))
    assert page.locator("#ingest").count() == 1


@pytest.mark.usefixtures("many_keys")
@pytest.mark.parametrize("path", ["/admin/keys?service=alerts&page=2", ENDED])
def test_pages_of_many_keys_fit_a_telephone_and_axe_finds_nothing(opened: Opened, path: str) -> None:
    page = opened(path, role=Role.ADMIN, viewport=PHONE)
    assert page.get_by_role("link", name="Keys of all services").count() == 1
    assert overflow(page) == 0
    assert violations(page) == []


def test_without_scripts_a_person_is_invited_and_signs_in(
    console: ServedConsole, opened: Opened, context: Callable[..., object]
) -> None:
    page = opened("/admin/users", role=Role.ADMIN, java_script_enabled=False)
    by_post(page, "invited")
    link = page.locator("#link").input_value()
    assert link.startswith(f"{console.origin}/sign-in/link/")
    assert link.rpartition("/")[2] not in page.url
    follow(page.get_by_role("button", name="Sign out"))
    page.goto(link)
    follow(page.locator("main button"))
    page.wait_for_url("**/portfolio")
    assert page.get_by_role("link", name="Administration").count() == 0


@pytest.mark.parametrize("path", PATHS)
def test_each_page_fits_a_telephone_in_japanese_and_axe_finds_nothing(opened: Opened, path: str) -> None:
    page = opened(path, role=Role.ADMIN, viewport=PHONE, locale="ja")
    assert page.locator("html").get_attribute("lang") == "ja"
    for summary in page.locator("main details summary").all():
        summary.click()
    assert overflow(page) == 0
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_serious(opened: Opened, path: str, scheme: str) -> None:
    page = opened(path, role=Role.ADMIN, color_scheme=scheme)
    for summary in page.locator("main details summary").all():
        summary.click()
    assert violations(page) == []


@pytest.mark.parametrize(("path", "answer"), ANSWERS)
def test_answers_to_forms_fit_a_telephone_and_axe_finds_nothing(opened: Opened, path: str, answer: str) -> None:
    page = opened(path, role=Role.ADMIN, viewport=PHONE)
    by_post(page, answer)
    assert overflow(page) == 0
    assert violations(page) == []


def test_hostile_names_are_text(console: ServedConsole, opened: Opened) -> None:
    page = opened("/admin/dead-letters", role=Role.ADMIN)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.reload()
    assert page.get_by_text(SCRIPT).count() > 0
    page.goto(f"{console.origin}/admin/erasures?account=%3Cimg%20src=x%20onerror=alert(1)%3E")
    follow(page.get_by_role("button", name="Continue"))
    expect(page.locator("#subject")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("main script, main img").count() == 0
    assert dialogs == []


@pytest.mark.parametrize("path", PATHS)
def test_in_japanese_no_english_is_left(opened: Opened, path: str) -> None:
    page = opened(path, role=Role.ADMIN, locale="ja")
    for summary in page.locator("main details summary").all():
        summary.click()
    for words in page.locator("h1, h2, thead th, caption, main label, main button, main summary").all_inner_texts():
        assert set(re.findall(r"[A-Za-z]{3,}", words)) <= ALSO_JAPANESE, words


@pytest.mark.parametrize("role", [Role.CSM, Role.LEAD])
def test_nobody_else_sees_a_way_to_these_pages(console: ServedConsole, opened: Opened, role: Role) -> None:
    console.account.reset("Acme", owner="dana@example.com")
    page = opened("/accounts/acme", role=role, rows=[listed(0)])
    assert page.locator("a[href^='/admin']").count() == 0
    page.goto(f"{console.origin}/system")
    assert page.locator("a[href^='/admin']").count() == 0
    for path in PATHS:
        answer = page.goto(console.origin + path)
        assert answer is not None
        assert answer.status == 403
