"""Stores millions of event ids at 19 bytes each: sorted generations behind a Bloom filter."""
