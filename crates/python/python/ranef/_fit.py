"""A fitted model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Tuple

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

#: Names in lme4, statsmodels and other packages, and what is meant by them here.
_ELSEWHERE = {
    "AIC": "aic",
    "BIC": "bic",
    "bse": "se",
    "conf_int": "confint()",
    "cov_params": "vcov",
    "cov_re": "VarCorr()",
    "df_resid": "df_residual",
    "fe_params": "fixef",
    "fittedvalues": "fitted",
    "isSingular": "singular",
    "llf": "loglik",
    "logLik": "loglik",
    "ngroups": "ngrps",
    "params": "fixef",
    "profile": "confint()",
    "pvalues": "summary().fixed",
    "random_effects": "ranef()",
    "resid": "residuals()",
    "rsquared": "r2()",
    "scale": "sigma ** 2",
    "tvalues": "summary().fixed",
    "varcorr": "VarCorr()",
}


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

        Examples
        --------
        >>> import ranef as rf
        >>> import pickle
        >>> sleep = rf.data("sleepstudy").to_pandas()
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", sleep)
        >>> copy = pickle.loads(pickle.dumps(fit))
        >>> len(copy.with_data(sleep).residuals())
        180
        """
        source = _data.source(data)
        return Fit(self._raw.with_data(source), _kinds.of(data), data)

    def refit(self, REML: bool) -> "Fit":
        """The same model by REML or by maximum likelihood, without reading a row again.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> round(fit.refit(REML=False).deviance, 3)
        1751.939
        """
        return Fit(self._with_rows()._raw.refit(REML), self._kind, self._data)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write the model to a file, without its rows: a small JSON that the command reads too.

        Examples
        --------
        >>> import ranef as rf
        >>> import os, tempfile
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> path = os.path.join(tempfile.mkdtemp(), "sleep.json")
        >>> fit.save(path)
        >>> rf.load(path).loglik == fit.loglik
        True
        """
        self._raw.save(os.fspath(path))

    def __reduce__(self) -> Tuple[Callable[..., "Fit"], Tuple[str, str]]:
        # Without rows, as it is saved.
        return _unpickled, (self._raw.to_json(), self._kind)

    # A type checker is not to believe that there is an attribute of every name.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Only asked for what is not there: names that people know from elsewhere.
            there = _ELSEWHERE.get(name)
            hint = "" if there is None else f"; write `fit.{there}`"
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

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

    Examples
    --------
    >>> import ranef as rf
    >>> import os, tempfile
    >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> path = os.path.join(tempfile.mkdtemp(), "sleep.json")
    >>> fit.save(path)
    >>> rf.load(path).fixef == fit.fixef
    True
    """
    return Fit(_ranef.Fit.load(os.fspath(path)), "table", None)


def _unpickled(text: str, kind: str) -> "Fit":
    return Fit(_ranef.Fit.from_json(text), kind, None)
