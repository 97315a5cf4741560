"""A back-test for people (text, a picture) and for programs (JSON, CSV)."""
