"""What all rooms of a fitted model stand on: its numbers, and how questions are put."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from . import _answers as answers
from . import _errors, _ranef

Names = Union[str, Sequence[str]]
A = TypeVar("A", bound=answers.Answer)
Self = TypeVar("Self", bound="Asking")


class Asking:
    """A fitted model that can be asked."""

    def __init__(self, raw: _ranef.Fit, kind: str, data: Any) -> None:
        self._raw = raw
        self._kind = kind
        self._data = data
        self._numbers: Optional[Dict[str, Any]] = None

    @property
    def _report(self) -> Dict[str, Any]:
        if self._numbers is None:
            import json

            self._numbers = json.loads(self._raw.report())
        return self._numbers

    def _ask(
        self,
        cls: Type[A],
        question: str,
        options: Mapping[str, Any],
        data: Optional[_ranef.Data] = None,
        other: Optional["Asking"] = None,
    ) -> A:
        import json

        text = json.dumps(options)
        raw_other = None if other is None else other._raw
        try:
            raw = self._raw.ask(question, text, data, raw_other)
        except _errors.NeedsDataError as error:
            if error.code != "needs_rows" or self._raw.has_rows:
                raise
            raw = self._with_rows()._raw.ask(question, text, data, raw_other)
        return cls(raw, self._kind)

    def _with_rows(self: Self) -> Self:
        """The fit with rows; a loaded one finds them where it says they came from."""
        if not self._found_rows():
            raise _errors.NeedsDataError(
                "needs_rows",
                "this question needs the rows that the model was fitted to, and a loaded model has "
                "none",
                "give them again: `fit.with_data(data)`",
            )
        return self

    def _found_rows(self) -> bool:
        """Whether the rows are there, or could be found."""
        if not self._raw.has_rows:
            found = self._raw.open_origin()
            if found is None:
                return False
            self._raw = self._raw.with_data(found)
        return True


def listed(names: Names) -> List[str]:
    """One name or several as a list."""
    return [names] if isinstance(names, str) else list(names)


def pairs(values: Optional[Mapping[str, Any]]) -> List[Tuple[str, List[str]]]:
    """Names with one value or several each, in words."""
    if values is None:
        return []
    return [(name, [_word(x) for x in several(given)]) for name, given in values.items()]


def several(given: Any) -> List[Any]:
    """One value or several as a list."""
    if isinstance(given, (str, int, float)) or not hasattr(given, "__iter__"):
        return [given]
    return list(given)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)
