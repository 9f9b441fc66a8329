"""Multilevel (mixed-effects, hierarchical) models.

>>> import ranef as rf
>>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
>>> fit.converged
True

``fit`` prints its summary; questions are methods of it, under lme4's names where those exist
(``ranef()``, ``VarCorr()``, ``anova()``, ``confint()``, ``predict()``). Data may be frames of pandas,
polars, pyarrow, narwhals and duckdb, dictionaries of columns, files, or built-in data sets
(:func:`datasets`). The engine is written in Rust and needs nothing else installed.
"""

from __future__ import annotations

from typing import Any, List, Optional

from . import _ranef
from ._answers import Answer, Matrix, Record, Records
from ._data import Data, data, datasets, read
from ._errors import (
    ConvergenceWarning,
    DataError,
    FormulaError,
    InternalError,
    ModelError,
    NeedsDataError,
    OptionError,
    Place,
    PredictionWarning,
    RanefError,
    RanefWarning,
    RankDeficientWarning,
    SavedModelError,
    SeparationWarning,
    SingularFitWarning,
)
from ._figure import Figure
from ._fit import Fit, load
from ._models import glmer, lm, lmer
from ._progress import set_progress
from ._report import Report
from ._several import compare, glance, plot, regression_table
from ._table import Table

__version__: str = _ranef.__version__

__all__ = [
    "Answer",
    "ConvergenceWarning",
    "Data",
    "DataError",
    "Figure",
    "Fit",
    "FormulaError",
    "InternalError",
    "Matrix",
    "ModelError",
    "NeedsDataError",
    "OptionError",
    "Place",
    "PredictionWarning",
    "RanefError",
    "RanefWarning",
    "RankDeficientWarning",
    "Record",
    "Records",
    "Report",
    "SavedModelError",
    "SeparationWarning",
    "SingularFitWarning",
    "Table",
    "compare",
    "data",
    "datasets",
    "glance",
    "glmer",
    "lm",
    "lmer",
    "load",
    "plot",
    "read",
    "regression_table",
    "set_progress",
    "set_threads",
    "threads",
]


def set_threads(count: Optional[int]) -> None:
    """Set how many threads fits and questions work with.

    Parameters
    ----------
    count : int or None
        ``None`` for as many as there are processors. Results do not depend on it.

    Examples
    --------
    >>> import ranef as rf
    >>> rf.set_threads(1)
    >>> rf.threads()
    1
    >>> rf.set_threads(None)
    """
    _ranef.set_threads(count)


def threads() -> int:
    """How many threads fits and questions work with.

    Examples
    --------
    >>> import ranef as rf
    >>> rf.threads() >= 1
    True
    """
    return _ranef.threads()


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import: only who asks for it waits.
    if name == "sklearn":
        import importlib

        return importlib.import_module(".sklearn", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> List[str]:
    return [*globals(), "sklearn"]
