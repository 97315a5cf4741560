"""One digest over all that the core makes of a long workload: the same from both of its forms, on every Python."""
