"""A light table, for results where no data frame library is at hand."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from . import _kinds, _ranef


class Table(Mapping[str, List[Any]]):
    """Columns of equal length: a mapping from names to lists.

    Any library that knows the Arrow PyCapsule interface takes it as it is
    (``polars.DataFrame(table)``, ``pyarrow.table(table)``); the methods ``to_…`` do the same.

    Examples
    --------
    >>> import ranef as rf
    >>> table = rf.Table.from_columns({"school": ["a", "b"], "mean": [1.5, 2.0]})
    >>> table["mean"]
    [1.5, 2.0]
    >>> table
     school    mean
     a       1.5000
     b       2.0000
    """

    def __init__(self, raw: _ranef.Frame) -> None:
        self._raw = raw
        self._names = raw.names
        self._columns: Dict[str, List[Any]] = {}

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> "Table":
        """A table from lists.

        Parameters
        ----------
        columns : mapping of str to sequence
            Names and cells; ``None`` is missing.
        """
        from . import _data

        made, left_out = _data.columns(columns)
        if left_out:
            raise TypeError(left_out[0][1])
        return cls(_ranef.frame(made))

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Any]]) -> "Table":
        """A table from rows that are dictionaries."""
        names: Dict[str, None] = {}
        for record in records:
            names.update(dict.fromkeys(record))
        columns = {name: [_plain(r.get(name)) for r in records] for name in names}
        return cls.from_columns(columns)

    @property
    def columns(self) -> List[str]:
        """Names of the columns."""
        return list(self._names)

    @property
    def shape(self) -> "tuple[int, int]":
        """Number of rows and of columns."""
        return len(self._raw), len(self._names)

    def __getitem__(self, name: str) -> List[Any]:
        if name not in self._columns:
            if name not in self._names:
                raise KeyError(name)
            self._columns[name] = _kinds.values(self._raw, self._names.index(name))
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def rows(self) -> List[Dict[str, Any]]:
        """The rows, each a dictionary."""
        columns = [self[name] for name in self._names]
        return [dict(zip(self._names, cells)) for cells in zip(*columns)]

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        return self._raw.__arrow_c_stream__(requested_schema)

    def to_frame(self, kind: str) -> Any:
        """The table in another library: ``"pandas"``, ``"polars"``, ``"pyarrow"`` or ``"narwhals"``."""
        return _kinds.frame(self._raw, kind)

    def to_pandas(self) -> Any:
        """As ``pandas.DataFrame``."""
        return self.to_frame("pandas")

    def to_polars(self) -> Any:
        """As ``polars.DataFrame``."""
        return self.to_frame("polars")

    def to_arrow(self) -> Any:
        """As ``pyarrow.Table``."""
        return self.to_frame("pyarrow")

    def __repr__(self) -> str:
        shown = 20
        count = len(self._raw)
        cells = [_aligned(name, self[name][:shown]) for name in self._names]
        lines = [" " + "  ".join(row).rstrip() for row in zip(*cells)]
        if count > shown:
            lines.append(f" … {count - shown} more rows")
        return "\n".join(lines) if lines else "(no columns)"

    def _repr_html_(self) -> str:
        from html import escape

        shown = 20
        head = "".join(f"<th>{escape(name)}</th>" for name in self._names)
        columns = [_texts(self[name][:shown]) for name in self._names]
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in zip(*columns)
        )
        more = len(self._raw) - shown
        foot = f"<p>… {more} more rows</p>" if more > 0 else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def _plain(value: Any) -> Any:
    """What a cell can hold; anything deeper as its text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(x, str) for x in value):
        return ", ".join(value)
    import json

    return json.dumps(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _texts(cells: Sequence[Any]) -> List[str]:
    """Numbers of a column with the same decimals: five digits of the largest."""
    numbers = [x for x in cells if isinstance(x, float)]
    largest = max(map(abs, numbers), default=0.0)
    whole = all(x.is_integer() for x in numbers)
    if not numbers or whole or not 1e-4 <= largest < 1e12:
        return list(map(_cell, cells))
    decimals = max(0, 5 - len(str(int(largest))))
    return [f"{x:.{decimals}f}" if isinstance(x, float) else _cell(x) for x in cells]


def _aligned(name: str, cells: Sequence[Any]) -> List[str]:
    texts = [name, *_texts(cells)]
    width = max(map(len, texts))
    if any(isinstance(cell, (int, float)) for cell in cells):
        return [text.rjust(width) for text in texts]
    return [text.ljust(width) for text in texts]
