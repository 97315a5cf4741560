"""Numbers as a language writes them (by Babel). `locale` is the language's code."""

from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

from alerts.languages.language import Scores


def share(value: float, locale: str) -> str:
    """In whole percent."""
    return format_percent(value, locale=locale)


def count(value: float, locale: str) -> str:
    """With a decimal where there are few."""
    decimals = 1 if abs(value) < 10 and value != round(value) else 0
    return format_decimal(round(value, decimals), "#,##0.0" if decimals else "#,##0", locale=locale)


def amount(value: float, locale: str) -> str:
    """Of money. From a billion on only the digits that people read."""
    if value < 1e9:
        return format_decimal(value, "#,##0", locale=locale)
    return format_compact_decimal(value, locale=locale, fraction_digits=2)


def money(value: float, currency: str, locale: str) -> str:
    """An amount with its currency, in the decimals that the currency has. From a billion on, as `amount` has it."""
    if abs(value) < 1e9:
        return format_currency(value, currency, locale=locale)
    return format_compact_currency(value, currency, locale=locale, fraction_digits=2)


def signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"−{-points}" if points else "0"  # noqa: RUF001 (a minus sign)


def arrow(scores: Scores) -> str:
    return f"{scores.was} → {scores.now}" if scores.was != scores.now else f"{scores.now}"
