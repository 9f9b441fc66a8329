"""Which library a table came from, and how results go back to it.

Results are columns in Arrow's memory (``_ranef.Frame``). A kind turns them into a table or a
column of the library that the data came from; nothing is imported that the caller has not got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Union

if TYPE_CHECKING:
    from . import _ranef
    from ._table import Table

#: Names of the kinds, in the order in which they are documented.
NAMES = ("pandas", "polars", "pyarrow", "narwhals", "table")


def of(data: Any) -> str:
    """The kind of a table."""
    for cls in type(data).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in ("pandas", "polars", "pyarrow", "narwhals"):
            return root
    return "table"


def native(data: Any) -> Any:
    """The table inside a narwhals frame."""
    return data.to_native() if of(data) == "narwhals" else data


def frame(raw: "_ranef.Frame", kind: str, index: Optional[Any] = None) -> Any:
    """Columns as a table of a kind; ``index`` is that of pandas."""
    if kind == "pandas":
        return _pandas(raw, index)
    if kind == "polars":
        import polars

        return polars.DataFrame(raw)
    if kind == "pyarrow":
        import pyarrow

        return pyarrow.table(raw)
    if kind == "narwhals":
        import narwhals

        return narwhals.from_native(frame(raw, _inner(), index))
    if kind == "table":
        from ._table import Table

        return Table(raw)
    raise ValueError(f"kind {kind!r}: give one of {', '.join(map(repr, NAMES))}")


def _inner() -> str:
    """What a narwhals frame is made of where nothing says so."""
    import sys

    for name in ("polars", "pyarrow", "pandas"):
        if name in sys.modules:
            return name
    return "pyarrow"


def series(raw: "_ranef.Frame", kind: str, name: str, index: Optional[Any] = None) -> Any:
    """The only column of a frame as a column of a kind; a list where the kind has none."""
    if kind == "pandas":
        import pandas

        return pandas.Series(column(raw, 0), index=index, name=name)
    if kind in ("polars", "pyarrow"):
        table = frame(raw, kind)
        made = table[raw.names[0]]
        return made.rename(name) if kind == "polars" else made
    if kind == "narwhals":
        import narwhals

        return narwhals.from_native(series(raw, _inner(), name, index), series_only=True)
    return [float("nan") if x is None else x for x in values(raw, 0)]


def column(raw: "_ranef.Frame", at: int) -> Any:
    """A column as numpy has it, or as a pandas categorical."""
    import numpy

    kind, cells, more = raw.column(at)
    if kind in ("float64", "int64"):
        return numpy.frombuffer(cells, dtype=kind)
    if kind == "category":
        import pandas

        codes = numpy.frombuffer(cells, dtype="int32")
        return pandas.Categorical.from_codes(codes, categories=more)
    if kind == "bool" and None not in cells:
        return numpy.array(cells, dtype=bool)
    return cells


def values(raw: "_ranef.Frame", at: int) -> List[Any]:
    """A column as a list; what is missing is ``None``."""
    kind, cells, more = raw.column(at)
    if kind == "int64":
        return list(memoryview(cells).cast("q"))
    if kind == "float64":
        return [None if x != x else x for x in memoryview(cells).cast("d")]
    if kind == "category":
        return [None if c < 0 else more[c] for c in memoryview(cells).cast("i")]
    return list(cells)


def _pandas(raw: "_ranef.Frame", index: Optional[Any]) -> Any:
    import pandas

    columns = {name: column(raw, at) for at, name in enumerate(raw.names)}
    return pandas.DataFrame(columns, index=index)


def rows(data: Any, positions: Optional[Sequence[int]]) -> Any:
    """Some rows of a table, by position."""
    if positions is None:
        return data
    kind = of(data)
    if kind == "pandas":
        return data.iloc[positions]
    if kind in ("polars", "narwhals"):
        return data[list(positions)]
    return data.take(list(positions))


def index(data: Any, positions: Optional[Sequence[int]]) -> Optional[Any]:
    """The index of some rows of a table of pandas."""
    if of(data) != "pandas":
        return None
    return data.index if positions is None else data.index[list(positions)]


def beside(data: Any, positions: Optional[Sequence[int]], raw: "_ranef.Frame") -> Any:
    """Rows of a table with further columns beside them."""
    kind = of(data)
    if kind == "table":
        return None
    if kind == "narwhals":
        import narwhals

        return narwhals.from_native(beside(native(data), positions, raw))
    kept = rows(data, positions)
    if kind == "pandas":
        more = _pandas(raw, kept.index)
        return kept.assign(**{name: more[name] for name in more.columns})
    if kind == "polars":
        import polars

        return kept.with_columns(polars.DataFrame(raw).get_columns())
    if not hasattr(kept, "append_column"):
        return None
    more = frame(raw, "pyarrow")
    for name in more.column_names:
        if name in kept.column_names:
            kept = kept.drop_columns([name])
        kept = kept.append_column(name, more[name])
    return kept


Frame = Union["_ranef.Frame", "Table"]
