"""The text of a message as it came."""

from collections.abc import Callable, Sequence

from msgspec import Raw, Struct


class BatchTexts:
    """The texts of the messages of one batch. They are cut out of its body when the first of them is asked for.

    Only refused messages need their texts, and to cut out all texts takes a quarter as long as to decode the batch.
    """

    def __init__(self, cut: Callable[[], Sequence[Raw]]) -> None:
        self._cut = cut
        self._texts: Sequence[Raw] | None = None

    def at(self, index: int) -> bytes:
        if self._texts is None:
            self._texts = self._cut()
        return bytes(self._texts[index])


class TextInBatch(Struct, frozen=True, gc=False):
    """The text of one message; `bytes` gives it."""

    batch: BatchTexts
    index: int

    def __bytes__(self) -> bytes:
        return self.batch.at(self.index)


MessageText = bytes | Raw | TextInBatch
