"""Fitting models."""

from __future__ import annotations

import warnings
from typing import Any, Dict, Mapping, Optional, Sequence

from . import _data, _errors, _kinds, _ranef
from ._answers import in_python
from ._asking import Names, listed, pairs
from ._fit import Fit


def lmer(
    formula: str,
    data: Any,
    REML: bool = True,
    *,
    weights: Optional[str] = None,
    offset: Optional[str] = None,
    factors: Names = (),
    levels: Optional[Mapping[str, Sequence[Any]]] = None,
    contrasts: Optional[str] = None,
    df: str = "satterthwaite",
    optimizer: str = "newton",
    start: Optional[Sequence[float]] = None,
) -> "Fit":
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : str
        As in R's lme4: ``"y ~ x + (x | g)"``. ``(1 | g)``: groups differ in level; ``(x | g)``: also in
        the slope of x; ``(x || g)``: without the correlation; ``(1 | a/b)``: b nested in a.
    data : data frame, mapping, path or str
        A data frame of pandas, polars, pyarrow, narwhals or duckdb, or anything else with
        ``__arrow_c_stream__``; a dictionary of arrays or lists; a file; the name of a built-in data
        set. Data are not copied where that can be helped, so do not change them in place while you
        ask for residuals and the like.
    REML : bool, default True
        Restricted maximum likelihood, or maximum likelihood.
    weights : str, optional
        Column of precision weights: the residual variance of a row is σ²/weight.
    offset : str, optional
        Column that is added to the prediction as it is.
    factors : str or sequence of str, optional
        Columns of numbers that are categories.
    levels : mapping, optional
        Order of the levels of columns, the reference first: ``{"pain": ["none", "mild", "severe"]}``.
    contrasts : {"treatment", "sum", "helmert", "poly"}, optional
        How factors are coded where the formula does not say it; treatment contrasts by default.
    df : {"satterthwaite", "kenward-roger", "residual", "none"}
        Degrees of freedom of the tests.
    optimizer : {"newton", "bfgs", "bobyqa", "nelder-mead"}
        Others than the default are there to be compared with it.
    start : sequence of float, optional
        Where the optimiser starts: values of :attr:`Fit.theta`.

    Returns
    -------
    Fit

    Warns
    -----
    SingularFitWarning
        When a variance is estimated as zero or a correlation as ±1.
    ConvergenceWarning
        When the result is not proved to be the minimum.

    Examples
    --------
    >>> import ranef as rf
    >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> round(fit.fixef["Days"], 4)
    10.4673
    >>> round(fit.loglik, 4)
    -871.8141
    """
    options = {
        "reml": REML,
        "weights": weights,
        "offset": offset,
        "factors": listed(factors),
        "levels": pairs(levels),
        "contrasts": contrasts,
        "df": df,
        "optimizer": optimizer,
        "start": None if start is None else [float(x) for x in start],
    }
    return _fitted(formula, data, options)


def lm(
    formula: str,
    data: Any,
    *,
    weights: Optional[str] = None,
    offset: Optional[str] = None,
    factors: Names = (),
    levels: Optional[Mapping[str, Sequence[Any]]] = None,
    contrasts: Optional[str] = None,
) -> "Fit":
    """Fit a linear model without random effects, by least squares.

    Parameters
    ----------
    formula : str
        Such as ``"y ~ x * g"``.
    data, weights, offset, factors, levels, contrasts
        As in :func:`lmer`.

    Returns
    -------
    Fit

    Examples
    --------
    >>> import ranef as rf
    >>> fit = rf.lm("Reaction ~ Days", "sleepstudy")
    >>> [round(x, 3) for x in fit.fixef.values()]
    [251.405, 10.467]
    """
    if "|" in formula:
        raise _errors.FormulaError(
            "misplaced_bar",
            "a linear model has no random effects, and this formula has a bar",
            "use `lmer`",
        )
    options = {
        "weights": weights,
        "offset": offset,
        "factors": listed(factors),
        "levels": pairs(levels),
        "contrasts": contrasts,
        "df": "residual",
    }
    return _fitted(formula, data, options)


def glmer(
    formula: str,
    data: Any,
    family: str = "binomial",
    nAGQ: int = 1,
    *,
    weights: Optional[str] = None,
    offset: Optional[str] = None,
    factors: Names = (),
    levels: Optional[Mapping[str, Sequence[Any]]] = None,
    contrasts: Optional[str] = None,
    curvature: Optional[str] = None,
    penalty: Optional[float] = None,
    optimizer: Optional[str] = None,
) -> "Fit":
    """Fit a generalised linear mixed model, or one without random effects.

    Parameters
    ----------
    formula : str
        As in :func:`lmer`; counts of successes and failures as ``cbind(successes, failures)``.
    data : data frame, mapping, path or str
        As in :func:`lmer`.
    family : str, default "binomial"
        Distribution and link: ``"binomial"``, ``"binomial:probit"``, ``"poisson"``, ``"nbinom2"``,
        ``"gamma:log"``, ``"beta"``, ``"ordinal"``, ``"zero-inflated-poisson"`` and others.
    nAGQ : int, default 1
        Quadrature points for each random effect: 1 is Laplace's approximation, 0 a faster and
        rougher one; more need a single grouping factor.
    weights : str, optional
        Column of weights; of proportions the number of trials.
    offset, factors, levels, contrasts
        As in :func:`lmer`.
    curvature : {"customary", "observed"}, optional
        Curvature in Laplace's approximation where links are not canonical: as lme4 has it (the
        default), or as glmmTMB.
    penalty : float, optional
        Standard deviation of a normal prior on the coefficients of standardised predictors, which
        keeps them finite under separation.
    optimizer : str, optional
        As in :func:`lmer`.

    Returns
    -------
    Fit

    Examples
    --------
    >>> import ranef as rf
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> fit = rf.glmer(formula, "cbpp", family="binomial")
    >>> round(fit.loglik, 4)
    -92.0263
    """
    options: Dict[str, Any] = {
        "family": family,
        "agq": nAGQ,
        "weights": weights,
        "offset": offset,
        "factors": listed(factors),
        "levels": pairs(levels),
        "contrasts": contrasts,
        "curvature": curvature,
        "penalty": penalty,
        "optimizer": optimizer,
    }
    return _fitted(formula, data, options)


def _fitted(formula: str, data: Any, options: Dict[str, Any]) -> "Fit":
    import json

    if not isinstance(formula, str):
        raise TypeError(f"formula of type {type(formula).__name__}: give text, the formula first")
    for name in ("weights", "offset"):
        if options.get(name) is not None and not isinstance(options[name], str):
            raise TypeError(f"{name}: give the name of a column, and put the values into the data")
    data = _data.eager(data)
    kind = _kinds.of(data)
    wanted = None
    if kind in ("pandas", "narwhals") and hasattr(data, "columns"):
        names = [name for name in data.columns if isinstance(name, str)]
        ordered = [name for name, _ in options["levels"]]
        extra = [options.get("weights"), options.get("offset"), *options["factors"], *ordered]
        wanted = [*_ranef.variables(formula, names), *(x for x in extra if x)]
    given = json.dumps({name: value for name, value in options.items() if value is not None})
    try:
        raw = _ranef.Fit.of_data(formula, _data.source(data, wanted), given)
    except _errors.DataError as error:
        if error.code != "unknown_column" or wanted is None:
            raise
        # Once more, with all columns, of which one may be meant.
        _data.refuse_index(data, error)
        raw = _ranef.Fit.of_data(formula, _data.source(data), given)
    fit = Fit(raw, kind, data)
    for code, message in raw.notes:
        category = _errors.category(code)
        if category is not None:
            warnings.warn(in_python(message), category, stacklevel=3)
    return fit
