"""A year of simulated firms that are well, that die, or that decline: what a card tells of them, and when."""
