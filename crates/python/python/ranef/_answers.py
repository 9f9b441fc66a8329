"""Answers to questions about a model.

Each kind of answer is a class of its own, whose attributes are the fields of the JSON that the
command ``ranef … --json`` prints, under the same names and at full precision. All of them print as
the command prints them, show as a table in a notebook, and go into data frames.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterator, List, Mapping, Optional

from . import _kinds, _ranef
from ._table import Table


class Record(Mapping[str, Any]):
    """Named values, as attributes and by name.

    Examples
    --------
    >>> import ranef as rf
    >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> fit.icc().groups[0].group
    'Subject'
    """

    def __init__(self, values: Mapping[str, Any], kind: str) -> None:
        self._values = values
        self._kind = kind

    def __getitem__(self, name: str) -> Any:
        return _wrapped(self._values[name], self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(name)
        return self[name]

    def __dir__(self) -> List[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        return "Record(" + ", ".join(f"{k}={v!r}" for k, v in self._values.items()) + ")"


class Records(List[Record]):
    """Rows of named values: a list of :class:`Record` that also is a table."""

    def __init__(self, rows: List[Dict[str, Any]], kind: str) -> None:
        super().__init__(Record(row, kind) for row in rows)
        self._kind = kind

    @property
    def table(self) -> Table:
        """The rows as a light table."""
        return Table.from_records([record._values for record in self])

    def to_frame(self, kind: Optional[str] = None) -> Any:
        """The rows as a data frame; see :meth:`Answer.to_frame`."""
        return _kinds.frame(self.table._raw, kind or self._kind)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def _wrapped(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        return Record(value, kind)
    if isinstance(value, list) and value and all(isinstance(x, dict) for x in value):
        return Records(value, kind)
    return value


class Answer:
    """An answer to a question about a model.

    Its fields are attributes, under the names that ``ranef … --json`` has; ``dir(answer)`` lists
    them. ``print(answer)`` is what the command prints.
    """

    def __init__(self, raw: _ranef.Answer, kind: str) -> None:
        self._raw = raw
        self._kind = kind
        self._object: Any = None

    def to_dict(self) -> Any:
        """The answer as plain dictionaries, lists and numbers; unknown values are ``None``."""
        if self._object is None:
            import json

            self._object = json.loads(self._raw.json())
        return self._object

    def to_json(self) -> str:
        """The answer as JSON, as the command prints it with ``--json``."""
        return self._raw.json()

    def to_frame(self, kind: Optional[str] = None) -> Any:
        """The table of the answer as a data frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow", "narwhals", "table"}, optional
            The library; by default that of the data of the model, and a light
            :class:`Table` where those were a file, a name or a dictionary.
        """
        return _kinds.frame(self._raw.frame(), kind or self._kind)

    @property
    def table(self) -> Table:
        """The table of the answer as a light table."""
        return Table(self._raw.frame())

    def to_markdown(self, title: str = "") -> str:
        """The table in Markdown."""
        return self._raw.markup("markdown", title)

    def to_latex(self, title: str = "") -> str:
        """The table in LaTeX, with the package booktabs."""
        return self._raw.markup("latex", title)

    def to_html(self, title: str = "") -> str:
        """The table in HTML."""
        return self._raw.markup("html", title)

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        return self._raw.frame().__arrow_c_stream__(requested_schema)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            fields = self.to_dict()
            if isinstance(fields, dict) and name in fields:
                return _wrapped(fields[name], self._kind)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> List[str]:
        fields = self.to_dict()
        return [*super().__dir__(), *(fields if isinstance(fields, dict) else ())]

    def __repr__(self) -> str:
        return in_python(self._raw.text(width()).rstrip("\n"))

    def _repr_html_(self) -> str:
        from html import escape

        words = escape(in_python(self._raw.text(100).rstrip("\n")))
        return f"{self.to_html()}<details><summary>In words</summary><pre>{words}</pre></details>"


def width() -> int:
    """Columns to set text in: those of the terminal, at most 100; 80 where there is none."""
    try:
        terminal = sys.stdout is not None and sys.stdout.isatty()
    except ValueError:
        terminal = False
    if not terminal:
        return 80
    import shutil

    return min(max(shutil.get_terminal_size().columns, 20), 100)


def in_python(text: str) -> str:
    """The words of the command in Python's; what does that is only imported when it is needed."""
    from . import _words

    return _words.in_python(text)


class Summary(Answer):
    """A model in full: groups, variances, fixed effects with tests, and what to know about it."""

    formula: str
    method: str
    family: str
    link: str
    nobs: int
    dropped: int
    criterion: float
    loglik: float
    aic: float
    bic: float
    sigma: float
    theta: List[float]
    converged: bool
    singular: bool
    fixed: Records
    random: Records
    warnings: Records


class RandomEffects(Answer, Mapping[str, Any]):
    """Conditional modes of the random effects, group by group.

    ``effects["Subject"]`` is a table with a row for each level and a column for each effect;
    ``effects.to_frame()`` has a row for each effect of each level, with standard error and interval.
    """

    level: float
    random: Records
    coef: Records
    _part = "random"

    def _wide(self) -> Dict[str, Dict[str, Dict[str, float]]]:
        groups: Dict[str, Dict[str, Dict[str, float]]] = {}
        for row in self.to_dict()[self._part]:
            levels = groups.setdefault(row["group"], {})
            levels.setdefault(row["level"], {})[row["term"]] = row["estimate"]
        return groups

    def __getitem__(self, group: str) -> Any:
        levels = self._wide()[group]
        terms: Dict[str, None] = {}
        for effects in levels.values():
            terms.update(dict.fromkeys(effects))
        columns: Dict[str, List[Any]] = {
            term: [effects.get(term) for effects in levels.values()] for term in terms
        }
        if self._kind == "pandas":
            import pandas

            return pandas.DataFrame(columns, index=pandas.Index(list(levels), name=group))
        table = Table.from_columns({group: list(levels), **columns})
        return _kinds.frame(table._raw, self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._wide())

    def __len__(self) -> int:
        return len(self._wide())


class Coefficients(RandomEffects):
    """The coefficients that each group has: fixed effects plus random effects."""

    _part = "coef"

    def to_frame(self, kind: Optional[str] = None) -> Any:
        """A row for each coefficient of each level; see :meth:`Answer.to_frame`."""
        return self.coef.to_frame(kind)

    def __repr__(self) -> str:
        parts = [f"{group}\n{Table.from_columns(self._columns(group))!r}" for group in self]
        return "\n\n".join(parts)

    def _columns(self, group: str) -> Dict[str, List[Any]]:
        levels = self._wide()[group]
        terms = dict.fromkeys(term for effects in levels.values() for term in effects)
        cells = {term: [e.get(term) for e in levels.values()] for term in terms}
        return {group: list(levels), **cells}

    def _repr_html_(self) -> str:
        return "".join(Table.from_columns(self._columns(group))._repr_html_() for group in self)


class VarCorr(Answer):
    """Variances and correlations of the random effects.

    Attributes
    ----------
    blocks : list of Record
        One for each term with a bar: ``group``, ``terms``, ``sd``, ``cov``, ``corr``.
    sigma : float
        Residual standard deviation.
    """

    blocks: List[Record]
    sigma: float

    def __init__(self, raw: _ranef.Answer, kind: str, report: Mapping[str, Any]) -> None:
        super().__init__(raw, kind)
        self.blocks = [Record(block, kind) for block in report["random"]]
        self.sigma = report["sigma"]
        self._has_sigma = report["family"] == "gaussian"

    def _table(self) -> Table:
        rows: List[Dict[str, Any]] = []
        for block in self.blocks:
            for k, term in enumerate(block["terms"]):
                corr = ["" if r is None else f"{r:.2f}" for r in block["corr"][k][:k]]
                rows.append(
                    {
                        "Groups": block["group"] if k == 0 else "",
                        "Name": term,
                        "Variance": block["cov"][k][k],
                        "Std.Dev.": block["sd"][k],
                        "Corr": " ".join(corr),
                    }
                )
        if self._has_sigma:
            residual = {"Groups": "Residual", "Name": "", "Variance": self.sigma**2}
            rows.append({**residual, "Std.Dev.": self.sigma, "Corr": ""})
        if not any(row["Corr"] for row in rows):
            rows = [{k: v for k, v in row.items() if k != "Corr"} for row in rows]
        return Table.from_records(rows)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def __getitem__(self, group: str) -> Record:
        """The first block of a grouping factor."""
        for block in self.blocks:
            if block["group"] == group:
                return block
        raise KeyError(group)


class Anova(Answer):
    """F tests of the fixed-effects terms."""

    type: int
    method: str
    rows: Records


class Test(Answer):
    """Tests of contrasts of the coefficients, one by one and jointly."""


class Deletions(Answer):
    """What leaving out each random effect costs (``lmerTest::ranova``)."""


class Comparison(Answer):
    """Models side by side, with likelihood-ratio tests of one against the next."""

    refit: Optional[str]
    rows: Records


class Confint(Answer):
    """Confidence intervals of all parameters."""

    method: str
    level: float
    rows: Records


class Means(Answer):
    """Estimated marginal means, or slopes, and their differences."""

    rows: Records
    contrasts: Records


class Slopes(Answer):
    """Simple slopes of an interaction, and where they differ from zero."""


class Icc(Answer):
    """Intraclass correlations: shares of variance between groups."""

    adjusted: Optional[float]
    unadjusted: Optional[float]
    groups: Records


class RSquared(Answer):
    """Explained variance: marginal, conditional, and where it comes from."""

    marginal: Optional[float]
    conditional: Optional[float]


class Pooling(Answer):
    """Partial pooling beside complete and none, group by group."""

    groups: Records
    equal_weight_n: Optional[float]


class Check(Answer):
    """All checks of a model, each with a verdict in words."""

    checks: Records


class Influence(Answer):
    """What changes when a group, or a row, is left out."""


class Residuals(Answer):
    """Residuals of every kind, side by side."""


class Robust(Answer):
    """Fixed effects with cluster-robust standard errors."""


class FixedEffects(Answer):
    """The model with an intercept for each group in place of random effects."""


class WithinBetween(Answer):
    """Effects of predictors within and between groups."""


class Ratios(Answer):
    """Coefficients as odds ratios, rate ratios and the like."""


class Areas(Answer):
    """Small areas: shrunken estimates beside direct ones, and how sure a ranking is."""


class Poststratified(Answer):
    """Estimates for a population whose composition is known."""


class Bootstrap(Answer):
    """Bootstrap distributions of parameters, with intervals."""

    level: float
    rows: Records

    @property
    def draws(self) -> Any:
        """The replicates, a column for each parameter."""
        raw = self._raw.draws()
        assert raw is not None, "a bootstrap has replicates"
        return _kinds.frame(raw, self._kind)


class Equations(Answer):
    """The model in mathematics."""

    @property
    def latex(self) -> str:
        """The equations in LaTeX."""
        return self._raw.markup("latex", "")

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"

    def _repr_latex_(self) -> str:
        return self.latex


class RegressionTable(Answer):
    """Models side by side as in a paper."""


class Matrix:
    """A square matrix with named rows and columns.

    ``matrix["x", "y"]`` is an entry; ``numpy.asarray(matrix)`` is the whole.
    """

    def __init__(self, names: List[str], rows: List[List[float]], kind: str) -> None:
        self.names = names
        self.rows = rows
        self._kind = kind

    def __getitem__(self, at: "tuple[str, str]") -> float:
        row, column = at
        return self.rows[self.names.index(row)][self.names.index(column)]

    def __len__(self) -> int:
        return len(self.names)

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> Any:
        import numpy

        return numpy.array(self.rows, dtype=dtype or "float64").reshape(len(self), len(self))

    def to_frame(self, kind: Optional[str] = None) -> Any:
        """The matrix as a data frame; see :meth:`Answer.to_frame`."""
        kind = kind or self._kind
        columns = {name: [row[k] for row in self.rows] for k, name in enumerate(self.names)}
        if kind == "pandas":
            import pandas

            return pandas.DataFrame(columns, index=self.names)
        return _kinds.frame(Table.from_columns({"term": self.names, **columns})._raw, kind)

    def __repr__(self) -> str:
        columns = {name: [row[k] for row in self.rows] for k, name in enumerate(self.names)}
        return repr(Table.from_columns({"": self.names, **columns}))
