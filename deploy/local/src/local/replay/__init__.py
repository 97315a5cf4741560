"""Recorded course data and simulated time: posting events, ticking, and listening to signals."""
