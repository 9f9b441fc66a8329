"""Tables of any kind to the extension module.

Whatever has ``__arrow_c_stream__`` (polars, pyarrow, duckdb, narwhals and others) goes in as it is,
without a copy. A data frame of pandas goes through pyarrow where that is installed, and column by
column where it is not; dictionaries of arrays and lists go column by column.
"""

from __future__ import annotations

import os
import sys
from array import array
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

from . import _kinds, _ranef
from ._table import Table

#: ``(name, kind, values, more)``, see crates/python/src/columns.rs.
Column = Tuple[str, str, Any, Any]
Note = Tuple[str, str]


class Data(Table):
    """A table that ranef has read: a file or a built-in data set.

    It is a mapping from names to lists, goes into every function that takes data, and into other
    libraries by ``to_pandas()``, ``to_polars()`` and the Arrow PyCapsule interface.

    Examples
    --------
    >>> import ranef as rf
    >>> sleep = rf.data("sleepstudy")
    >>> sleep.columns
    ['Reaction', 'Days', 'Subject']
    >>> sleep.shape
    (180, 3)
    """

    def __init__(self, raw: _ranef.Data, about: str = "") -> None:
        self._data = raw
        self._about = about
        self._frame: Optional[_ranef.Frame] = None
        self._names = raw.names
        self._columns = {}

    @property
    def _raw(self) -> _ranef.Frame:  # type: ignore[override]
        if self._frame is None:
            self._frame = self._data.frame()
        return self._frame

    @property
    def about(self) -> str:
        """What the data are, where they are built in."""
        return self._about


def data(name: str) -> Data:
    """A built-in data set.

    Parameters
    ----------
    name : str
        Its name, as in R; :func:`datasets` lists them.

    Returns
    -------
    Data

    Examples
    --------
    >>> import ranef as rf
    >>> rf.data("Dyestuff").shape
    (30, 2)
    """
    if name not in datasets()["name"]:
        from ._errors import make

        near = [x for x in datasets()["name"] if x.lower() == name.lower()]
        hint = f"did you mean {near[0]!r}?" if near else "`rf.datasets()` lists them"
        raise make("unknown_data", f"there is no built-in data set {name!r}", hint, None)
    return Data(_ranef.Data.open(name), _ranef.describe(name))


def datasets() -> Table:
    """The built-in data sets: name, title and number of rows.

    Examples
    --------
    >>> import ranef as rf
    >>> "sleepstudy" in rf.datasets()["name"]
    True
    """
    names, titles, rows = zip(*_ranef.datasets())
    return Table.from_columns({"name": list(names), "title": list(titles), "rows": list(rows)})


def read(
    path: "str | os.PathLike[str]",
    *,
    na: Iterable[str] = (),
    separator: Optional[str] = None,
    decimal: Optional[str] = None,
) -> Data:
    """Read a file: CSV and relatives (also ``.gz``, ``.zst``), Parquet, Arrow.

    Every function that takes data takes a path too; this one is for files that do not speak for
    themselves.

    Parameters
    ----------
    path : str or path
        The file.
    na : iterable of str
        More spellings of a missing value, beside the empty cell, ``NA``, ``NaN``, ``null`` and a
        single dot.
    separator : str, optional
        What stands between cells; found out by default.
    decimal : str, optional
        Decimal mark, ``"."`` or ``","``; found out by default.

    Examples
    --------
    >>> import ranef as rf
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "scores.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("school;score\\na;1,5\\nb;-99\\n")
    >>> rf.read(path, na=["-99"])["score"]
    [1.5, None]
    """
    raw = _ranef.Data.open(os.fspath(path), list(na), separator, decimal)
    return Data(raw)


def source(given: Any, wanted: Optional[Sequence[str]] = None) -> _ranef.Data:
    """Data of any kind for the extension module.

    ``wanted`` names the columns that are needed, where that is known; it only spares conversions.
    """
    if isinstance(given, Data):
        return given._data
    if isinstance(given, _ranef.Data):
        return given
    if isinstance(given, (str, os.PathLike)):
        return _ranef.Data.open(os.fspath(given))
    given = eager(given)
    kind = _kinds.of(given)
    if kind == "narwhals":
        given, kind = _kinds.native(given), _kinds.of(_kinds.native(given))
    if kind == "pandas":
        return _from_pandas(given, wanted)
    if kind == "polars" and hasattr(given, "get_columns"):
        return _from_polars(given)
    if hasattr(given, "__arrow_c_stream__"):
        return _ranef.Data.from_stream(given.__arrow_c_stream__(), [])
    if hasattr(given, "__arrow_c_array__"):
        schema, batch = given.__arrow_c_array__()
        return _ranef.Data.from_array(schema, batch)
    if isinstance(given, Mapping) and not given:
        from ._errors import make

        raise make("empty_data", "the data have no columns", None, None)
    if isinstance(given, Mapping):
        return _ranef.Data.from_columns(*columns(given))
    names = getattr(getattr(given, "dtype", None), "names", None)
    if names:
        return _ranef.Data.from_columns(*columns({name: given[name] for name in names}))
    raise TypeError(
        f"data of type {type(given).__name__}: give a data frame (pandas, polars, pyarrow, narwhals, "
        "duckdb), a dictionary of columns, a path, or the name of a built-in data set"
    )


def eager(given: Any) -> Any:
    """A lazy frame collected; anything else as it is."""
    if _kinds.of(given) in ("polars", "narwhals") and hasattr(given, "collect"):
        return given.collect()
    return given


def _from_pandas(frame: Any, wanted: Optional[Sequence[str]]) -> _ranef.Data:
    if frame.ndim != 2:
        raise TypeError("data of pandas: give a DataFrame, not a Series")
    names = [name for name in frame.columns if isinstance(name, str)]
    if not names:
        from ._errors import make

        if len(frame.columns) == 0:
            raise make("empty_data", "the data have no columns", None, None)
        several = getattr(frame.columns, "nlevels", 1) > 1
        flat = '["_".join(names) for names in data.columns]' if several else "data.columns.map(str)"
        raise make(
            "unknown_column",
            f"the columns have no names that a formula could say: the first is {frame.columns[0]!r}",
            f"name them by text: `data.columns = {flat}`",
            None,
        )
    if wanted is not None:
        names = [name for name in names if name in wanted]
    # Of several columns with one name the first is used.
    names = list(dict.fromkeys(names))
    if len(names) == len(frame.columns) or frame.columns.is_unique:
        used = {name: frame[name] for name in names}
    else:
        used = {name: frame.iloc[:, list(frame.columns).index(name)] for name in names}
    if len(frame) >= 10_000 and _has_pyarrow():
        import pyarrow

        try:
            arrays = [_arrow(column) for column in used.values()]
            table = pyarrow.table(dict(zip(names, arrays)))
            return _ranef.Data.from_stream(table.__arrow_c_stream__(), [])
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
            # A column of objects that are no words: column by column, such are left out.
            pass
    return _ranef.Data.from_columns(*columns(used))


def refuse_index(data: Any, error: Any) -> None:
    """An error that says so where a column that is not there is in the index of a frame of pandas."""
    if _kinds.of(data) != "pandas":
        return
    named = [name for name in data.index.names if isinstance(name, str)]
    if any(f"`{name}`" in error.message for name in named):
        from ._errors import DataError

        hint = "it is in the index of the frame: give `data.reset_index()`"
        raise DataError(error.code, error.message, hint, error.place) from None


def _arrow(column: Any) -> Any:
    """A column of pandas as an array of pyarrow."""
    import pyarrow

    if isinstance(column.dtype, _numpy().dtype) and column.dtype.kind in "fiu":
        # NaN is looked for later, by all threads.
        return pyarrow.array(column.to_numpy(), from_pandas=False)
    return pyarrow.Array.from_pandas(column)


def _from_polars(frame: Any) -> _ranef.Data:
    # On the way to Arrow polars makes a Categorical a dictionary of the words that occur, which costs
    # a million rows 20 ms; codes and all words, each by itself, cost 2 ms.
    words = []
    if frame.height >= 10_000:
        import polars

        for series in frame.get_columns():
            known = _words(series) if isinstance(series.dtype, polars.Categorical) else None
            if known is not None:
                frame = frame.with_columns(series.to_physical())
                words.append((series.name, known.to_frame().__arrow_c_stream__()))
    return _ranef.Data.from_stream(frame.__arrow_c_stream__(), [], words)


def _words(series: Any) -> Optional[Any]:
    """The words of a Categorical of polars by code; none where that is not to be had."""
    import polars

    codes = series.to_physical()
    highest = codes.max()
    # Categoricals may share their words with all others of the program.
    if highest is None or highest > 2 * len(series):
        return None
    every = polars.int_range(0, highest + 1, dtype=polars.UInt32, eager=True).cast(codes.dtype)
    try:
        return every.cat.to(series.dtype).cast(polars.String).rechunk()
    except (AttributeError, polars.exceptions.PolarsError):
        # Of another version.
        return None


def _has_pyarrow() -> bool:
    if "pyarrow" in sys.modules:
        return True
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return True


def columns(given: Mapping[str, Any]) -> Tuple[List[Column], List[Note]]:
    """Columns for the extension module, and notes on those that are left out."""
    made: List[Column] = []
    notes: List[Note] = []
    for name, values in given.items():
        name = str(name)
        try:
            kind, cells, more = _column(values)
            made.append((name, kind, cells, more))
        except _LeftOut as why:
            notes.append((name, f"column `{name}` {why}"))
    return made, notes


class _LeftOut(Exception):
    """A column that no model can use."""


_MOMENT = (
    "holds dates or times, which are no numbers to a model: make it a number (days since a start, a "
    "year) or text (to group by)"
)


def _column(values: Any) -> Tuple[str, Any, Any]:
    kind = _kinds.of(values)
    if kind == "pandas":
        return _of_pandas(values)
    if kind == "polars":
        return _list(values.cast(str).to_list() if str(values.dtype)[:4] in ("Cate", "Enum") else values.to_list())
    if kind == "pyarrow":
        return _list(values.to_pylist())
    if hasattr(values, "dtype") and hasattr(values, "tobytes"):
        return _of_numpy(values)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError("a column is a list or an array of values")
    return _list(list(values))


def _of_pandas(series: Any) -> Tuple[str, Any, Any]:
    dtype = series.dtype
    if type(dtype).__name__ == "CategoricalDtype":
        accessor = series.cat if hasattr(series, "cat") else series
        labels = [_label(x) for x in accessor.categories]
        codes = accessor.codes
        codes = codes.to_numpy() if hasattr(codes, "to_numpy") else codes
        return "category", codes.astype("int32").tobytes(), labels
    if dtype.kind in "Mm":
        raise _LeftOut(_MOMENT)
    numpy_type = isinstance(dtype, _numpy().dtype)
    if dtype.kind == "O" or dtype.kind == "U" or dtype.kind == "T":
        return _list(series.tolist())
    if numpy_type:
        return _of_numpy(series.to_numpy())
    missing = series.isna().to_numpy() if hasattr(series.isna(), "to_numpy") else series.isna()
    mask = missing.astype("uint8").tobytes() if missing.any() else None
    if dtype.kind == "b":
        cells = series.to_numpy(dtype=bool, na_value=False)
        return "bool", cells.astype("uint8").tobytes(), mask
    if dtype.kind in "iu":
        cells = series.to_numpy(dtype="int64", na_value=0)
        return "int64", cells.tobytes(), mask
    if dtype.kind == "f":
        cells = series.to_numpy(dtype="float64", na_value=float("nan"))
        return "float64", cells.tobytes(), mask
    return _list(series.tolist())


def _numpy() -> Any:
    import numpy

    return numpy


def _of_numpy(values: Any) -> Tuple[str, Any, Any]:
    if values.ndim != 1:
        raise ValueError(f"a column has one dimension, and this array has {values.ndim}")
    kind = values.dtype.kind
    mask = None
    if hasattr(values, "mask"):
        missing = _numpy().ma.getmaskarray(values)
        mask = missing.astype("uint8").tobytes() if missing.any() else None
        values = values.filled(0) if kind in "biuf" else values.filled(None)
    if kind == "f":
        return "float64", values.astype("float64").tobytes(), mask
    if kind == "b":
        return "bool", values.astype("uint8").tobytes(), mask
    if kind == "i" or (kind == "u" and values.dtype.itemsize < 8):
        return "int64", values.astype("int64").tobytes(), mask
    if kind == "u":
        return "float64", values.astype("float64").tobytes(), mask
    if kind in "Mm":
        raise _LeftOut(_MOMENT)
    return _list(values.tolist())


def _label(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _missing(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def _list(values: List[Any]) -> Tuple[str, Any, Any]:
    """A list by the types of its values."""
    types = set(map(type, values))
    types.discard(type(None))
    if types == {str}:
        return "text", values, None
    if types == {float}:
        return "float64", array("d", [float("nan") if x is None else x for x in values]).tobytes(), None
    absent = [_safely_missing(x) for x in values]
    mask = bytes(absent) if any(absent) else None
    present = {type(x) for x, gone in zip(values, absent) if not gone}
    if not present:
        return "float64", array("d", [float("nan")] * len(values)).tobytes(), None
    if all(issubclass(t, str) for t in present):
        return "text", [None if gone else str(x) for x, gone in zip(values, absent)], None
    if all(issubclass(t, bool) or t.__name__ in ("bool", "bool_") for t in present):
        return "bool", bytes(0 if gone else bool(x) for x, gone in zip(values, absent)), mask
    if all(issubclass(t, int) for t in present):
        try:
            return "int64", array("q", [0 if gone else x for x, gone in zip(values, absent)]).tobytes(), mask
        except OverflowError:
            return "text", [None if gone else str(x) for x, gone in zip(values, absent)], None
    import datetime
    import numbers
    from decimal import Decimal

    if any(issubclass(t, (datetime.date, datetime.time, datetime.timedelta)) for t in present):
        raise _LeftOut(_MOMENT)
    if all(issubclass(t, (numbers.Real, Decimal)) for t in present):
        cells = array("d", [float("nan") if gone else float(x) for x, gone in zip(values, absent)])
        return "float64", cells.tobytes(), None
    names = ", ".join(sorted(t.__name__ for t in present))
    raise _LeftOut(f"is left out: values of type {names} cannot be used")


def _safely_missing(value: Any) -> bool:
    try:
        return bool(_missing(value))
    except (TypeError, ValueError):
        return False
