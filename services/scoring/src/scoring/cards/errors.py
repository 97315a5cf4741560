from common.documents.findings import InvalidDocument


class InvalidCard(InvalidDocument):
    """The card cannot be used."""
