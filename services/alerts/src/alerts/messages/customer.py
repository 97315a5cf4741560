"""What a message shows of the customer: what the event said that caused it, and whom to call.

Customers wrote these texts, so each is sanitized, without links, cut, and quoted where it is prose.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from alerts.decisions.account import closes_episode
from alerts.messages.content import MessageContent
from alerts.messages.recipient import Recipient
from alerts.messages.sanitize import sanitize, without_links
from common.contracts.signals import Contact, Kind, Signal

_LONGEST_PROSE = 200
_LONGEST_NAME = 60
_MOST_CONTACTS = 3
# These are names and numbers of things; any other text is prose.
_NAMES = frozenset({"requested_by", "user_id", "invoice", "ticket", "about"})
_BEFORE = "_before"
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}\Z", re.ASCII)

# A name stands outside quotation marks, and must not look like the end of a quotation.
_NO_QUOTATION = str.maketrans(dict.fromkeys("“”„‟「」『』", "'"))

Value = str | float | bool


class CustomerDetails(Struct, frozen=True):
    """Whether messages quote what customers said, and whether they name the people to call."""

    quotes: bool = True
    contacts: bool = True


EVERYTHING = CustomerDetails()


def quotes_line(content: MessageContent, recipient: Recipient) -> str:
    """What the event said that caused the message's head, or the first signal that quotes any; "" if none does."""
    quoting = next((signal for signal in content.signals if signal.said), None)
    # Good news needs no details.
    if quoting is None or closes_episode(content.head):
        return ""
    return recipient.language.comma.join(_quotes(quoting, recipient))


def contacts_line(head: Signal, recipient: Recipient) -> str:
    """Whom to call, the first ones of those that scoring names; "" if there is nobody or nothing to call about."""
    if closes_episode(head):
        return ""
    people = [_contact(one, recipient) for one in head.contacts[:_MOST_CONTACTS]]
    return recipient.language.dot.join(filter(None, people))


def _quotes(signal: Signal, recipient: Recipient) -> Iterable[str]:
    language = recipient.language
    said: dict[str, Value] = {quote.name: quote.value for quote in signal.said}
    for name, value in said.items():
        if _is_told_elsewhere(name, said, signal):
            continue
        before = said.get(name + _BEFORE)
        if name == "amount":
            shown = _money(value, said.get("currency"), recipient)
        elif isinstance(value, str):
            shown = _text(name, value, signal, recipient)
        else:
            shown = language.number(value)
            if before is not None and not isinstance(before, str):
                shown = language.became(language.number(before), shown)
        if shown:
            yield language.detail(name, shown)


def _is_told_elsewhere(name: str, said: dict[str, Value], signal: Signal) -> bool:
    # Beside what it became, beside the amount, beside whoever asked.
    if name.endswith(_BEFORE) and name.removesuffix(_BEFORE) in said:
        return True
    if (name == "currency" and "amount" in said) or (name == "user_id" and "requested_by" in said):
        return True
    # The title of a contraction has both amounts.
    return name == "arr" and signal.kind is Kind.CONTRACTION


def _text(name: str, value: str, signal: Signal, recipient: Recipient) -> str:
    if name == "user_id":
        known = [one for one in signal.contacts if one.user_id == value]
        return _name(known[0]) if known else _plain(value)
    if name in _NAMES:
        return _plain(value)
    prose = sanitize(without_links(value), _LONGEST_PROSE)
    return recipient.language.quoted(prose) if prose else ""


def _money(amount: Value, currency: Value | None, recipient: Recipient) -> str:
    if isinstance(amount, str | bool):
        return ""
    if isinstance(currency, str) and _CURRENCY.match(currency):
        return recipient.language.money(amount, currency)
    return recipient.language.number(amount)


def _contact(contact: Contact, recipient: Recipient) -> str:
    """Name, champion, role, e-mail address, when last seen."""
    language = recipient.language
    name, address = _name(contact), contact.email or ""
    about = [
        language.champion() if contact.champion else "",
        _plain(contact.role or ""),
        address if _EMAIL.match(address) and address != name else "",
        language.last_seen(recipient.when(contact.last_seen)),
    ]
    return language.contact(name, list(filter(None, about))) if name else ""


def _name(contact: Contact) -> str:
    address = contact.email or ""
    return _plain(contact.name or "") or (address if _EMAIL.match(address) else "") or _plain(contact.user_id)


def _plain(text: str) -> str:
    return sanitize(without_links(text), _LONGEST_NAME).translate(_NO_QUOTATION)
