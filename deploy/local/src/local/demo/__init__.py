"""A simulated company: its customers, their scenarios, and what people are told about them."""
