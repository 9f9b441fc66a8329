"""A fitted model."""

from __future__ import annotations

import os
from typing import Any, Callable, Tuple

from . import _data, _kinds, _ranef
from ._diagnosis import Diagnosis
from ._inference import Inference
from ._means import Means
from ._numbers import Numbers
from ._population import Population
from ._replicates import Replicates
from ._rows import Rows
from ._variance import Variance
from ._writing import Writing


class Fit(
    Numbers, Inference, Means, Variance, Diagnosis, Population, Rows, Replicates, Writing
):
    """A fitted model.

    Made by :func:`lmer`, :func:`glmer`, :func:`lm` and :func:`load`. Its text is its summary.
    Numbers of the model are attributes, questions are methods; tables of rows come back in the
    library that the data came from.
    """

    def with_data(self, data: Any) -> "Fit":
        """The same model with its rows again, for questions that need more than was saved.

        Parameters
        ----------
        data : data frame, mapping, path or str
            The data that the model was fitted to.

        Raises
        ------
        NeedsDataError
            Where these are other data.
        """
        source = _data.source(data)
        return Fit(self._raw.with_data(source), _kinds.of(data), data)

    def refit(self, REML: bool) -> "Fit":
        """The same model by REML or by maximum likelihood, without reading a row again."""
        return Fit(self._with_rows()._raw.refit(REML), self._kind, self._data)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write the model to a file, without its rows: a small JSON that the command reads too."""
        self._raw.save(os.fspath(path))

    def __reduce__(self) -> Tuple[Callable[..., "Fit"], Tuple[str, str]]:
        # Without rows, as it is saved.
        return _unpickled, (self._raw.to_json(), self._kind)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def load(path: "str | os.PathLike[str]") -> "Fit":
    """Read a model that :meth:`Fit.save`, or the command ``ranef fit --save``, has written.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Fit
        Without rows: questions that need them look for the data where the model says they came
        from, or take them from :meth:`Fit.with_data`.
    """
    return Fit(_ranef.Fit.load(os.fspath(path)), "table", None)


def _unpickled(text: str, kind: str) -> "Fit":
    return Fit(_ranef.Fit.from_json(text), kind, None)
