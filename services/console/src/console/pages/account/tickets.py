"""One page of the account's support tickets."""

from typing import Final

from msgspec import Struct

from console.clients.account_lists import TicketRow, TicketsAnswer

ROWS: Final = 20


class TicketsPage(Struct, frozen=True):
    """`more` says that there is another page, `cut_off` that scoring has tickets which no page shows."""

    rows: tuple[TicketRow, ...]
    more: bool
    cut_off: bool


def tickets_page(answer: TicketsAnswer, page: int) -> TicketsPage:
    """Pages are numbered from 1."""
    more = len(answer.tickets) > page * ROWS
    return TicketsPage(answer.tickets[(page - 1) * ROWS : page * ROWS], more, answer.more and not more)
