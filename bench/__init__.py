"""What the system is measured by, side by side with what people would use instead: `make bench`."""
