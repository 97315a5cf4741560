"""Bad input by the million: bodies, connections, decoders and documents, against real processes."""
