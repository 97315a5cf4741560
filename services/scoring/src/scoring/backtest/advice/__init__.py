"""Proposals for a card, drawn from a company's own events. They are printed; nothing is changed."""
