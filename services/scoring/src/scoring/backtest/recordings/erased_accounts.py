"""The erased accounts of a log, as its own records name them: what is read again passes them over. Pure."""

from common.contracts.events import Erased, ErasureLifted


class ErasedInLog:
    """By partition and account: the offsets at which it was erased, and that of the lifting of each."""

    def __init__(self) -> None:
        self._spans: dict[tuple[int, str], dict[int, float]] = {}
        self._by_pseudonym: dict[str, dict[int, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._spans)

    def note(self, partition: int, offset: int, said: Erased | ErasureLifted) -> None:
        """In the order of the partition; again it changes nothing."""
        if isinstance(said, Erased):
            spans = self._spans.setdefault((partition, said.account_id), {})
            spans.setdefault(offset, float("inf"))
            self._by_pseudonym[said.pseudonym] = spans
            return
        spans = self._by_pseudonym.get(said.pseudonym, {})
        for begun in spans:
            if begun < offset:
                spans[begun] = min(spans[begun], offset)

    def leave_out(self, partition: int, offset: int, account_id: str) -> bool:
        """Whether a record of the account came before an erasure, or between one and its lifting."""
        spans = self._spans.get((partition, account_id), {})
        return any(offset < max(begun, end) for begun, end in spans.items())
