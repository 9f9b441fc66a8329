"""Several models side by side."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

from . import _answers as answers
from . import _errors, _figure, _ranef
from ._asking import Asking
from ._figure import Figure


def compare(
    *fits: Asking, refit: bool = True, bootstrap: Optional[int] = None, seed: int = 1
) -> answers.Comparison:
    """Compare models by their likelihoods (``anova(m0, m1)`` in R).

    Parameters
    ----------
    *fits : Fit
        Two models or more.
    refit : bool, default True
        Fit models by REML again by maximum likelihood, where that is needed to compare them.
    bootstrap : int, optional
        Test each model against the one above it by parametric bootstrap with so many replicates.
    seed : int, default 1
        Start of the random numbers.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> import ranef as rf
    >>> m0 = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> m1 = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> rf.compare(m0, m1).rows[1].df
    2
    """
    kind = fits[0]._kind if fits else "table"
    try:
        raw = _ranef.compare([fit._raw for fit in fits], refit, bootstrap, seed)
    except _errors.NeedsDataError:
        raw = _ranef.compare([fit._with_rows()._raw for fit in fits], refit, bootstrap, seed)
    return answers.Comparison(raw, kind)


def plot(
    fits: Union[Mapping[str, Asking], Sequence[Asking]], kind: str = "coefficients", **options: Any
) -> Figure:
    """A figure of several models side by side; :meth:`Fit.plot` has those of one.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.
    kind, **options
        As in :meth:`Fit.plot`.

    Examples
    --------
    >>> import ranef as rf
    >>> small = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> large = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> figure = rf.plot({"Intercepts": small, "Slopes": large})
    >>> sorted(set(figure.table["model"]))
    ['Intercepts', 'Slopes']
    """
    words = _figure.words(kind, options)
    named = _named(fits)
    first = next(iter(fits.values())) if isinstance(fits, Mapping) else fits[0]
    try:
        raw = _ranef.figure(named, words)
    except _errors.NeedsDataError:
        first._with_rows()
        raw = _ranef.figure(_named(fits), words)
    return Figure(raw, first._kind)


def regression_table(fits: Union[Mapping[str, Asking], Sequence[Asking]]) -> answers.RegressionTable:
    """Models side by side as in a paper.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.

    Examples
    --------
    >>> import ranef as rf
    >>> small = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> large = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> rf.regression_table([small, large]).to_markdown().splitlines()[0]
    '| Predictors | Model 1: Estimate | Model 1: 95% CI | Model 1: *p* | Model 2: Estimate | Model 2: 95% CI | Model 2: *p* |'
    """
    return answers.RegressionTable(_ranef.regression_table(_named(fits)), "table")


def glance(fits: Union[Mapping[str, Asking], Sequence[Asking]]) -> answers.Answer:
    """Fit statistics of several models, a row each.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.

    Examples
    --------
    >>> import ranef as rf
    >>> small = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> large = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> [round(aic, 1) for aic in rf.glance([small, large]).table["AIC"]]
    [1794.5, 1755.6]
    """
    return answers.Answer(_ranef.glance(_named(fits)), "table")


def _named(fits: Union[Mapping[str, Asking], Sequence[Asking]]) -> List[Tuple[str, _ranef.Fit]]:
    if isinstance(fits, Mapping):
        return [(name, fit._raw) for name, fit in fits.items()]
    return [(f"Model {k}", fit._raw) for k, fit in enumerate(fits, 1)]
