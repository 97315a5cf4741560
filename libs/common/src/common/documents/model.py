"""The base of the models that YAML files are read by."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from common.documents.error_texts import invalid, wrong
from common.documents.findings import did_you_mean
from common.documents.yaml import YamlMapping


class DocumentModel(BaseModel):
    """A mapping with known keys only. Its docstring and its fields' descriptions stand in the JSON Schema.

    `one_of`: exactly one of these keys is required. `needs`: keys that require other keys beside them. `later`: keys of
    a later version of the format. `refused`: keys that authors may expect from other tools, each with the reason why
    they do not exist here. `noun` is what messages call a key.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    noun: ClassVar[str] = "key"
    one_of: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    later: ClassVar[tuple[str, ...]] = ()
    refused: ClassVar[Mapping[str, str]] = {}

    _where: str = PrivateAttr("")

    @property
    def where(self) -> str:
        """Its path in the file."""
        return self._where

    def fields_given(self) -> dict[str, Any]:
        """The fields whose keys are in the file."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}

    @model_validator(mode="wrap")
    @classmethod
    def _check_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Adds what is wrong with the keys to what pydantic finds in the values, so that all of it is told at once."""
        errors = [*cls._wrong_keys(data)] if isinstance(data, YamlMapping) else []
        try:
            model = handler(data)
        except ValidationError as error:
            # Rewritten as errors of our own, for pydantic cannot raise its own once more.
            errors += [
                InitErrorDetails(
                    type=PydanticCustomError(one["type"], one["msg"], one.get("ctx")),
                    loc=one["loc"],
                    input=one["input"],
                )
                for one in error.errors(include_url=False)
                if one["type"] != "extra_forbidden"
            ]
        if errors:
            raise invalid(*errors)
        if isinstance(data, YamlMapping):
            model._where = data.where
        return model

    @classmethod
    def _wrong_keys(cls, data: YamlMapping) -> Iterator[InitErrorDetails]:
        known = tuple(field.alias or name for name, field in cls.model_fields.items())
        for name in data:
            if name not in known:
                yield wrong(cls._unknown_key(name, known), data[name], name)
            for other in cls.needs.get(name, ()):
                if other not in data:
                    yield wrong(f"'{name}' needs '{other}' beside it", data[name], name)
        if cls.one_of and sum(name in data for name in cls.one_of) != 1:
            among = " or ".join(f"'{name}'" for name in cls.one_of)
            yield wrong(f"one of {among} is needed, and only one", data)

    @classmethod
    def _unknown_key(cls, name: str, known: tuple[str, ...]) -> str:
        if name in cls.refused:
            return cls.refused[name]
        if name in cls.later:
            return f"this version does not know '{name}' yet: take it out, or use a later version"
        near = did_you_mean(name, known) or f", known: {', '.join(known)}"
        return f"unknown {cls.noun} '{name}'{near}"
