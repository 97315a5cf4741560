"""Storage that stays small: what no reader needs any more is merged or deleted, in small steps, in the background."""
