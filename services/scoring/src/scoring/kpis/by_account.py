"""Rows of many accounts, put together for each: `account` has the account's number of every row."""

import numpy as np

from scoring.kpis.entry_log import Flags, Floats, Ints


def sum_of(account: Ints, chosen: Flags, amount: Floats, size: int) -> Floats:
    return added_up(account[chosen], np.nan_to_num(amount[chosen]), size)


def added_up(account: Ints, amount: Floats, size: int) -> Floats:
    """The sum of each account's amounts."""
    return np.bincount(account, weights=amount, minlength=size).astype(np.float64)


def days_covered(account: Ints, begin: Floats, end: Floats, size: int) -> Floats:
    """On how many days at least one of the account's periods holds; `end` is the day after its last one."""
    order = np.lexsort((begin, account))
    account, begin, end = account[order], begin[order], end[order]
    # So far apart that no period of one account reaches those of the next.
    shift = account * float(1 << 24)
    reached = np.maximum.accumulate(end + shift) if len(account) else end
    before = np.append(-np.inf, reached[:-1])[: len(account)]
    return added_up(account, np.maximum(end + shift - np.maximum(begin + shift, before), 0.0), size)


def has_any(account: Ints, chosen: Flags, size: int) -> Flags:
    found = np.zeros(size, dtype=bool)
    found[account[chosen]] = True
    return found
