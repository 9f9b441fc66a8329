"""Fitting models, and what can be asked of a fitted one."""

from __future__ import annotations

import os
import warnings
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from . import _answers as answers
from . import _data, _errors, _figure, _kinds, _ranef
from ._answers import in_python
from ._figure import Figure
from ._table import Table

Names = Union[str, Sequence[str]]
A = TypeVar("A", bound=answers.Answer)


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
        "factors": _list(factors),
        "levels": _at(levels),
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
        "factors": _list(factors),
        "levels": _at(levels),
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
        "factors": _list(factors),
        "levels": _at(levels),
        "contrasts": contrasts,
        "curvature": curvature,
        "penalty": penalty,
        "optimizer": optimizer,
    }
    return _fitted(formula, data, options)


def _list(names: Names) -> List[str]:
    return [names] if isinstance(names, str) else list(names)


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
    if kind == "pandas" or (kind == "narwhals" and hasattr(data, "columns")):
        names = [name for name in data.columns if isinstance(name, str)]
        ordered = [name for name, _ in options["levels"]]
        extra = [options.get("weights"), options.get("offset"), *options["factors"], *ordered]
        wanted = [*_ranef.variables(formula, names), *(x for x in extra if x)]
    source = _data.source(data, wanted)
    given = {name: value for name, value in options.items() if value is not None}
    raw = _ranef.Fit.of_data(formula, source, json.dumps(given))
    fit = Fit(raw, kind, data)
    for code, message in raw.notes:
        category = _errors.category(code)
        if category is not None:
            warnings.warn(in_python(message), category, stacklevel=3)
    return fit


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


def compare(
    *fits: "Fit", refit: bool = True, bootstrap: Optional[int] = None, seed: int = 1
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
    fits: Union[Mapping[str, "Fit"], Sequence["Fit"]], kind: str = "coefficients", **options: Any
) -> Figure:
    """A figure of several models side by side; :meth:`Fit.plot` has those of one.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.
    kind, **options
        As in :meth:`Fit.plot`.
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


def regression_table(fits: Union[Mapping[str, "Fit"], Sequence["Fit"]]) -> answers.RegressionTable:
    """Models side by side as in a paper.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.
    """
    return answers.RegressionTable(_ranef.regression_table(_named(fits)), "table")


def glance(fits: Union[Mapping[str, "Fit"], Sequence["Fit"]]) -> answers.Answer:
    """Fit statistics of several models, a row each.

    Parameters
    ----------
    fits : mapping of str to Fit, or sequence of Fit
        The models, with their names.
    """
    return answers.Answer(_ranef.glance(_named(fits)), "table")


def _named(fits: Union[Mapping[str, "Fit"], Sequence["Fit"]]) -> List[Tuple[str, _ranef.Fit]]:
    if isinstance(fits, Mapping):
        return [(name, fit._raw) for name, fit in fits.items()]
    return [(f"Model {k}", fit._raw) for k, fit in enumerate(fits, 1)]


_RESIDUALS = {
    "response": "raw",
    "pearson": "pearson",
    "studentized": "studentised",
    "marginal": "marginal",
    "decorrelated": "decorrelated",
    "deviance": "deviance",
    "working": "working",
}


class Fit:
    """A fitted model.

    Made by :func:`lmer`, :func:`glmer`, :func:`lm` and :func:`load`. Its text is its summary.
    Numbers of the model are attributes, questions are methods; tables of rows come back in the
    library that the data came from.
    """

    def __init__(self, raw: _ranef.Fit, kind: str, data: Any) -> None:
        self._raw = raw
        self._kind = kind
        self._data = data
        self._numbers: Optional[Dict[str, Any]] = None

    # Numbers -----------------------------------------------------------------------------------

    @property
    def _report(self) -> Dict[str, Any]:
        if self._numbers is None:
            import json

            self._numbers = json.loads(self._raw.report())
        return self._numbers

    @property
    def formula(self) -> str:
        """The formula, as R would print it."""
        return self._report["formula"]

    @property
    def family(self) -> str:
        """The distribution of the response."""
        return self._report["family"]

    @property
    def link(self) -> str:
        """The link between the expected response and the linear predictor."""
        return self._report["link"]

    @property
    def REML(self) -> bool:
        """Whether the fit is by REML."""
        return self._report["method"] == "REML"

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self._report["nobs"]

    @property
    def ngrps(self) -> Dict[str, int]:
        """Number of levels of each grouping factor."""
        return dict(self._report["groups"])

    @property
    def fixef(self) -> Dict[str, float]:
        """The fixed effects by name; those that the data cannot give are left out."""
        fixed = self._report["fixed"]
        return {row["term"]: row["estimate"] for row in fixed if row["estimate"] is not None}

    @property
    def se(self) -> Dict[str, float]:
        """Standard errors of the fixed effects."""
        fixed = self._report["fixed"]
        return {row["term"]: row["std_error"] for row in fixed if row["estimate"] is not None}

    @property
    def vcov(self) -> answers.Matrix:
        """Covariance matrix of the fixed effects."""
        return answers.Matrix(list(self.fixef), self._report["vcov"], self._kind)

    @property
    def sigma(self) -> float:
        """Residual standard deviation."""
        return self._report["sigma"]

    @property
    def theta(self) -> List[float]:
        """Relative covariance parameters, each block's lower triangle by columns."""
        return self._report["theta"]

    @property
    def loglik(self) -> float:
        """The log-likelihood; the restricted one of a fit by REML."""
        return self._report["loglik"]

    @property
    def deviance(self) -> float:
        """−2 times :attr:`loglik`; of a fit by REML the REML criterion."""
        return self._report["criterion"]

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self._report["aic"]

    @property
    def bic(self) -> float:
        """Schwarz' criterion."""
        return self._report["bic"]

    @property
    def df_residual(self) -> int:
        """Rows less parameters."""
        return self._report["df_residual"]

    @property
    def npar(self) -> int:
        """Number of parameters."""
        return self._report["npar"]

    @property
    def converged(self) -> bool:
        """Whether the fit is proved to be a minimum."""
        return self._report["converged"]

    @property
    def singular(self) -> bool:
        """Whether a covariance matrix of random effects is singular (lme4's ``isSingular``)."""
        return self._report["singular"]

    @property
    def notes(self) -> List[Tuple[str, str]]:
        """What a reader of the results should know: codes and sentences."""
        return [(code, in_python(message)) for code, message in self._raw.notes]

    # Questions ---------------------------------------------------------------------------------

    def _ask(
        self,
        cls: Type[A],
        question: str,
        options: Mapping[str, Any],
        data: Optional[_ranef.Data] = None,
        other: Optional["Fit"] = None,
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

    def _with_rows(self) -> "Fit":
        """The fit with rows; a loaded one finds them where it says they came from."""
        if self._raw.has_rows:
            return self
        found = self._raw.open_origin()
        if found is None:
            raise _errors.NeedsDataError(
                "needs_rows",
                "this question needs the rows that the model was fitted to, and a loaded model has "
                "none",
                "give them again: `fit.with_data(data)`",
            )
        self._raw = self._raw.with_data(found)
        return self

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

    def summary(self) -> answers.Summary:
        """The model in full.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Yield ~ 1 + (1 | Batch)", "Dyestuff")
        >>> print(fit.summary())  # doctest: +ELLIPSIS
        Linear mixed model fit by REML. t-tests use Satterthwaite's method
        ...
        """
        return self._ask(answers.Summary, "summary", {"columns": answers.width()})

    def apa(self) -> str:
        """The results as a paragraph in APA style."""
        return repr(self._ask(answers.Answer, "apa", {}))

    def ranef(self, level: float = 0.95) -> answers.RandomEffects:
        """Conditional modes of the random effects, with intervals.

        Parameters
        ----------
        level : float, default 0.95
            Share of the conditional distribution that the intervals hold.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> effects = fit.ranef()["Subject"]
        >>> round(effects["Days"][0], 3)
        9.199
        """
        return self._ask(answers.RandomEffects, "effects", {"level": level})

    def coef(self) -> answers.Coefficients:
        """The coefficients that each group has."""
        return self._ask(answers.Coefficients, "effects", {"level": 0.95})

    def VarCorr(self) -> answers.VarCorr:
        """Standard deviations and correlations of the random effects.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> [round(sd, 2) for sd in fit.VarCorr()["Subject"].sd]
        [24.74, 5.92]
        """
        options = {"effects": ["ran_pars"], "scale": "sdcor", "interval": None, "level": 0.95}
        asked = self._ask(answers.Answer, "tidy", options)
        return answers.VarCorr(asked._raw, self._kind, self._report)

    def anova(self, type: int = 3, df: Optional[str] = None) -> answers.Anova:
        """F tests of the terms; :func:`compare` tests models against each other.

        Parameters
        ----------
        type : {1, 2, 3}, default 3
            The type of the hypotheses.
        df : str, optional
            As in :func:`lmer`; by default that of the fit.
        """
        if isinstance(type, Fit):
            raise TypeError("anova() tests the terms of one model; use `rf.compare(m0, m1)`")
        return self._ask(answers.Anova, "anova", {"kind": type, "df": df})

    def test(
        self, contrasts: Names, adjust: str = "none", df: Optional[str] = None
    ) -> answers.Test:
        """Test contrasts of the coefficients.

        Parameters
        ----------
        contrasts : str or sequence of str
            Such as ``"Days = 10"``, ``"a - b"``, or the name of a term.
        adjust : {"none", "holm", "bonferroni", "sidak", "fdr"}
            How p-values are adjusted for their number.
        df : str, optional
            As in :func:`lmer`; by default that of the fit.
        """
        options = {"contrasts": _list(contrasts), "adjust": adjust, "df": df}
        return self._ask(answers.Test, "test", options)

    def drop(self) -> answers.Deletions:
        """What leaving out each random effect costs (``lmerTest::ranova``)."""
        return self._ask(answers.Deletions, "drop", {})

    def confint(
        self, parameters: Names = (), level: float = 0.95, method: str = "profile"
    ) -> answers.Confint:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        parameters : str or sequence of str, optional
            Names; all parameters by default.
        level : float, default 0.95
            Confidence.
        method : {"profile", "wald", "bootstrap"}
            The profile of the likelihood, standard errors, or replicates (see :meth:`bootstrap`).

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Yield ~ 1 + (1 | Batch)", "Dyestuff", REML=False)
        >>> mean = fit.confint("(Intercept)").rows[0]
        >>> round(mean.lower, 1), round(mean.upper, 1)
        (1486.5, 1568.5)
        """
        options = {"parameters": _list(parameters), "level": level, "method": method}
        return self._ask(answers.Confint, "confint", options)

    def emmeans(
        self,
        by: Names = (),
        within: Names = (),
        *,
        at: Optional[Mapping[str, Any]] = None,
        trend: Optional[str] = None,
        pairwise: bool = False,
        adjust: str = "tukey",
        level: float = 0.95,
        scale: str = "response",
        re: str = "none",
    ) -> answers.Means:
        """Estimated marginal means, their differences, and slopes by group.

        Parameters
        ----------
        by : str or sequence of str
            Predictors whose levels, in all combinations, get a mean each.
        within : str or sequence of str, optional
            Further predictors, between whose levels nothing is compared.
        at : mapping, optional
            Values of predictors in place of their levels or mean, such as ``{"age": [20, 40]}``.
        trend : str, optional
            Slopes along this predictor instead of means.
        pairwise : bool, default False
            All differences between two.
        adjust : {"tukey", "holm", "bonferroni", "sidak", "fdr", "none"}
            How p-values of differences are adjusted.
        level : float, default 0.95
            Confidence of the intervals.
        scale : {"response", "link"}
            In a generalised model: of the response, or on the scale of the link.
        re : {"none", "average"}
            In a generalised model: an average group, or the mean over all groups.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("yield ~ nitro + Variety + (1 | Block/Variety)", "Oats")
        >>> [row.Variety for row in fit.emmeans("Variety").rows]
        ['Golden Rain', 'Marvellous', 'Victory']
        """
        options = {
            "by": _list(by),
            "within": _list(within),
            "at": _at(at),
            "trend": trend,
            "pairwise": pairwise,
            "adjust": adjust,
            "level": level,
            "scale": scale,
            "re": re,
        }
        return self._ask(answers.Means, "means", options)

    means = emmeans

    def slopes(
        self,
        of: str,
        over: str,
        *,
        at: Optional[Mapping[str, Any]] = None,
        level: float = 0.95,
        scale: str = "response",
    ) -> answers.Slopes:
        """Simple slopes of an interaction, and the Johnson-Neyman regions.

        Parameters
        ----------
        of : str
            The predictor whose slope is asked for.
        over : str
            The predictor that it depends on.
        at : mapping, optional
            Values of ``over`` and of other predictors.
        level, scale
            As in :meth:`emmeans`.
        """
        options = {"of": of, "over": over, "at": _at(at), "level": level, "scale": scale}
        return self._ask(answers.Slopes, "slopes", options)

    def ratios(self, level: float = 0.95) -> answers.Ratios:
        """Coefficients of a generalised model as odds ratios, rate ratios and the like."""
        return self._ask(answers.Ratios, "ratios", {"level": level})

    def icc(
        self,
        at: Optional[Sequence[float]] = None,
        level: float = 0.95,
        distribution: str = "theoretical",
        at_mean: str = "average",
    ) -> answers.Icc:
        """Intraclass correlations.

        Parameters
        ----------
        at : sequence of float, optional
            Values of the predictor with a random slope at which shares are given.
        level : float, default 0.95
            Confidence of the intervals.
        distribution : {"theoretical", "delta", "trigamma"}
            Variance of the distribution in a generalised model.
        at_mean : {"average", "median"}
            The mean of a count at which that variance is taken.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> round(fit.icc().adjusted, 3)
        0.589
        """
        options = {
            "at": None if at is None else [float(x) for x in at],
            "level": level,
            "distribution": distribution,
            "at_mean": at_mean,
        }
        return self._ask(answers.Icc, "icc", options)

    def r2(
        self,
        against: Optional["Fit"] = None,
        level: float = 0.95,
        distribution: str = "theoretical",
        at_mean: str = "average",
    ) -> answers.RSquared:
        """Explained variance, marginal and conditional, and its decomposition.

        Parameters
        ----------
        against : Fit, optional
            A smaller model, whose variances are compared.
        level, distribution, at_mean
            As in :meth:`icc`.
        """
        options = {"level": level, "distribution": distribution, "at_mean": at_mean}
        return self._ask(answers.RSquared, "r2", options, other=against)

    def pool(self, group: Optional[str] = None, level: float = 0.95) -> answers.Pooling:
        """Partial pooling beside complete and none, group by group."""
        return self._ask(answers.Pooling, "pool", {"group": group, "level": level})

    def check(
        self,
        *,
        simulate: str = "conditional",
        replicates: int = 250,
        seed: int = 1,
        deletions: str = "automatic",
        optimizers: Optional[Sequence[str]] = None,
    ) -> answers.Check:
        """All checks of the model: convergence, singularity, residuals, influence and more.

        Parameters
        ----------
        simulate : {"conditional", "unconditional"}
            Simulated residuals: random effects held, or drawn anew.
        replicates : int, default 250
            Number of simulated data sets.
        seed : int, default 1
            Start of the random numbers.
        deletions : {"automatic", "exact", "one-step"}
            How groups are left out.
        optimizers : sequence of str, optional
            Optimisers to compare; see :func:`lmer`.
        """
        options = {
            "simulate": simulate,
            "replicates": replicates,
            "seed": seed,
            "deletions": deletions,
            "optimizers": None if optimizers is None else list(optimizers),
        }
        return self._ask(answers.Check, "check", options)

    def influence(
        self, group: Optional[str] = None, *, rows: bool = False, deletions: str = "automatic"
    ) -> answers.Influence:
        """What changes when a group is left out, or with ``rows=True`` a row."""
        options = {"group": group, "rows": rows, "deletions": deletions}
        return self._ask(answers.Influence, "influence", options)

    def robust(
        self,
        cluster: Optional[str] = None,
        kind: Optional[str] = None,
        tests: Sequence[Sequence[str]] = (),
        level: float = 0.95,
    ) -> answers.Robust:
        """Fixed effects with cluster-robust standard errors.

        Parameters
        ----------
        cluster : str, optional
            Column of the clusters; by default the highest grouping factor.
        kind : {"cr0", "cr1", "cr1s", "cr2", "cr3"}, optional
            The kind of sandwich.
        tests : sequence of sequences of str, optional
            Coefficients to be tested jointly.
        level : float, default 0.95
            Confidence of the intervals.
        """
        options = {
            "kind": kind,
            "cluster": cluster,
            "tests": [list(names) for names in tests],
            "level": level,
        }
        return self._ask(answers.Robust, "robust", options)

    def fixed_effects(
        self,
        group: Optional[str] = None,
        cluster: Optional[str] = None,
        kind: str = "cr2",
        level: float = 0.95,
    ) -> answers.FixedEffects:
        """The model with an intercept for each group, beside this one, and Hausman's test."""
        options = {"group": group, "cluster": cluster, "kind": kind, "level": level}
        return self._ask(answers.FixedEffects, "fixed_effects", options)

    def within_between(
        self, of: Names = (), group: Optional[str] = None, form: str = "rewb"
    ) -> answers.WithinBetween:
        """Effects of predictors within and between groups."""
        options = {"of": _list(of), "group": group, "form": form}
        return self._ask(answers.WithinBetween, "within_between", options)

    def areas(
        self,
        group: Optional[str] = None,
        *,
        top: int = 1,
        thresholds: Sequence[float] = (),
        level: float = 0.95,
        draws: int = 2000,
        seed: int = 1,
    ) -> answers.Areas:
        """Small areas: shrunken estimates beside direct ones, and how sure a ranking is."""
        options = {
            "group": group,
            "top": top,
            "thresholds": [float(x) for x in thresholds],
            "level": level,
            "draws": draws,
            "seed": seed,
        }
        return self._ask(answers.Areas, "areas", options)

    def poststratify(
        self,
        frame: Any,
        by: Names = (),
        count: Optional[str] = None,
        *,
        level: float = 0.95,
        draws: int = 2000,
        seed: int = 1,
    ) -> answers.Poststratified:
        """Estimates for a population whose composition is known.

        Parameters
        ----------
        frame : data frame, mapping, path or str
            The cells of the population.
        by : str or sequence of str
            Columns whose combinations get an estimate each.
        count : str, optional
            Column of the number of people in a cell.
        level, draws, seed
            Confidence of the intervals, number of draws, start of the random numbers.
        """
        options = {
            "by": _list(by),
            "count": count,
            "level": level,
            "draws": draws,
            "seed": seed,
        }
        source = _data.source(frame)
        return self._ask(answers.Poststratified, "poststratify", options, data=source)

    def equations(self, values: bool = False) -> answers.Equations:
        """The model in mathematics, level by level.

        Parameters
        ----------
        values : bool, default False
            With the estimates in place of the symbols.
        """
        return self._ask(answers.Equations, "equations", {"values": values})

    def code(self, language: str = "r") -> str:
        """The same model in another program: ``"r"``, ``"stata"`` or ``"sas"``."""
        return repr(self._ask(answers.Answer, "code", {"language": language}))

    # Rows --------------------------------------------------------------------------------------

    def _positions(self) -> Optional[List[int]]:
        return self._with_rows()._raw.rows_used()

    @property
    def fitted(self) -> Any:
        """Fitted values of the rows used, on the scale of the response."""
        raw = self._with_rows()._raw.fitted()
        return _kinds.series(raw, self._kind, "fitted", self._index())

    def _index(self) -> Optional[Any]:
        if self._kind != "pandas" or self._data is None:
            return None
        return _kinds.index(self._data, self._positions())

    def residuals(self, type: str = "response") -> Any:
        """Residuals of the rows used.

        Parameters
        ----------
        type : str, default "response"
            ``"response"``, ``"pearson"``, ``"studentized"``, ``"marginal"``, ``"decorrelated"``; in
            generalised models also ``"deviance"`` and ``"working"``.

        Returns
        -------
        series
            Of the library that the data came from, with its index; a list otherwise.
        """
        if type not in _RESIDUALS:
            raise ValueError(f"type {type!r}: give one of {', '.join(map(repr, _RESIDUALS))}")
        if type == "response":
            raw = self._with_rows()._raw.residuals()
            return _kinds.series(raw, self._kind, "residual", self._index())
        table = self.residual_table().table
        name = _RESIDUALS[type]
        if name not in table:
            raise ValueError(f"type {type!r}: a {self.family} model has no such residuals")
        column = _ranef.frame(_data.columns({name: table[name]})[0])
        return _kinds.series(column, self._kind, "residual", self._index())

    def residual_table(
        self, simulate: Optional[str] = None, replicates: int = 250, seed: int = 1
    ) -> answers.Residuals:
        """Residuals of every kind side by side, with leverages, and simulated ones if asked for."""
        options = {"method": simulate, "replicates": replicates, "seed": seed}
        return self._ask(answers.Residuals, "residuals", options)

    def predict(
        self,
        newdata: Any = None,
        *,
        re: Names = "all",
        interval: Optional[str] = None,
        level: float = 0.95,
        scale: str = "response",
        trials: Optional[float] = None,
    ) -> Any:
        """Expected values for rows, old or new, and how far they may be off.

        Parameters
        ----------
        newdata : data frame, mapping, path or str, optional
            Rows with the columns right of ``~``; by default those of the data, also where their
            response is missing.
        re : str or sequence of str, default "all"
            Random effects taken in: ``"all"`` (of the groups named in the rows; an unknown group
            counts as average), ``"none"``, ``"new"`` (a group yet to be drawn), ``"average"`` (the
            mean over all groups), or names of groups (``"Subject"``) and terms (``"1 | Subject"``).
        interval : {"confidence", "prediction"}, optional
            Intervals for the expected value, or for an observation yet to be made.
        level : float, default 0.95
            Probability that an interval holds its target.
        scale : {"response", "link"}
            Scale of the predictions.
        trials : float, optional
            Number of trials of a binomial observation to come.

        Returns
        -------
        series or frame
            A number for each row, in the library that the rows came from (a list where they were
            none's); with an interval a table with ``fit``, ``std_error``, ``lower`` and ``upper``.

        Warns
        -----
        PredictionWarning
            When rows name groups that the model has not seen.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> [round(y, 2) for y in fit.predict({"Days": [0, 9], "Subject": ["308", "308"]})]
        [253.66, 430.66]
        """
        options = {
            "re": _list(re),
            "interval": interval,
            "level": level,
            "scale": scale,
            "trials": trials,
        }
        if newdata is None:
            rows: Any = self._with_rows()._data
            kind, source = self._kind, None
        else:
            rows, kind = newdata, _kinds.of(newdata)
            source = _data.source(newdata)
        found = self._ask(answers.Answer, "predict", options, data=source)
        for remark in found._raw.remarks():
            warnings.warn(remark, _errors.PredictionWarning, stacklevel=2)
        raw = found._raw.frame()
        index = None if rows is None else _kinds.index(rows, None)
        if interval is None:
            return _kinds.series(raw, kind, "fit", index)
        return _kinds.frame(raw, kind, index)

    def simulate(
        self,
        n: int = 1,
        *,
        seed: int = 1,
        re: str = "new",
        newdata: Any = None,
    ) -> Any:
        """New responses from the model.

        Parameters
        ----------
        n : int, default 1
            Number of responses.
        seed : int, default 1
            Start of the random numbers: the same seed gives the same responses, whatever the number
            of threads.
        re : {"new", "kept"}
            Random effects of the groups: new ones, or kept at their predicted values.
        newdata : data frame, mapping, path or str, optional
            Rows to draw responses for; by default those of the model.

        Returns
        -------
        frame
            A column ``sim_1``, ``sim_2``, … for each response, in the library that the rows came
            from; rows that the model cannot use are left out, and ``row`` counts them from 1.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.simulate(3, seed=7).columns
        ['row', 'sim_1', 'sim_2', 'sim_3']
        """
        options = {"n": n, "seed": seed, "re": re}
        rows = self._data if newdata is None else newdata
        source = None if newdata is None else _data.source(newdata)
        kind = self._kind if newdata is None else _kinds.of(newdata)
        found = self._ask(answers.Answer, "simulate", options, data=source)
        raw = found._raw.frame()
        index = None
        if rows is not None and kind == "pandas":
            index = rows.index[[k - 1 for k in _kinds.values(raw, 0)]]
        return _kinds.frame(raw, kind, index)

    def bootstrap(
        self,
        of: Names = ("parameters",),
        *,
        parameters: Names = (),
        contrasts: Names = (),
        newdata: Any = None,
        replicates: int = 1000,
        seed: int = 1,
        type: str = "parametric",
        interval: str = "percentile",
        group: Optional[str] = None,
        level: float = 0.95,
    ) -> answers.Bootstrap:
        """Bootstrap distributions of parameters and more, with intervals.

        Parameters
        ----------
        of : str or sequence of str
            Of ``"parameters"``, ``"icc"``, ``"r2"``: what is computed of every replicate.
        parameters : str or sequence of str, optional
            Names; all parameters by default.
        contrasts : str or sequence of str, optional
            Combinations of the fixed effects, such as ``"Days - 10"``.
        newdata : data frame, mapping, path or str, optional
            Rows whose expected values, with random effects at zero, are wanted.
        replicates : int, default 1000
            Number of replicates.
        seed : int, default 1
            Start of the random numbers.
        type : {"parametric", "kept", "residual", "cases", "cluster"}
            How the data of a replicate come about.
        interval : {"percentile", "basic", "bca", "normal"}
            How the ends of the intervals are made.
        group : str, optional
            The grouping factor whose groups are drawn (``"cluster"``) or left out (``"bca"``).
        level : float, default 0.95
            Confidence.

        Returns
        -------
        Bootstrap
            Its ``draws`` are the replicates, a column each.
        """
        options = {
            "of": _list(of),
            "parameters": _list(parameters),
            "contrasts": _list(contrasts),
            "replicates": replicates,
            "seed": seed,
            "kind": type,
            "interval": interval,
            "group": group,
            "level": level,
        }
        source = None if newdata is None else _data.source(newdata)
        return self._ask(answers.Bootstrap, "bootstrap", options, data=source)

    # Figures -----------------------------------------------------------------------------------

    def figures(self) -> Table:
        """The figures that make sense for the model: kind, what it shows, options."""
        offers = self._raw.figures()
        return Table.from_columns(
            {
                "kind": [kind for kind, _, _ in offers],
                "shows": [shows for _, shows, _ in offers],
                "options": [", ".join(o.replace("-", "_") for o in takes) for _, _, takes in offers],
            }
        )

    def plot(self, kind: str, **options: Any) -> Figure:
        """A figure of the model.

        Parameters
        ----------
        kind : str
            As :meth:`figures` lists them, such as ``"caterpillar"``, ``"lines"``, ``"shrinkage"`` or
            ``"predictions"``.
        **options
            Those of the kind, as ``ranef plot --help`` explains them: ``x="Days"``,
            ``group="Subject"``, ``level=0.9``, ``at={"age": [20, 40]}``, ``points=True``.

        Returns
        -------
        Figure

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.plot("shrinkage").to_svg().startswith("<svg")
        True
        """
        return plot({"Model": self}, kind, **options)

    # Tables ------------------------------------------------------------------------------------

    def tidy(
        self,
        effects: Names = ("fixed", "ran_pars"),
        *,
        scale: str = "sdcor",
        conf_int: bool = False,
        conf_method: str = "wald",
        level: float = 0.95,
    ) -> Any:
        """The estimates as a table (broom's).

        Parameters
        ----------
        effects : str or sequence of str
            Of ``"fixed"``, ``"ran_pars"``, ``"ran_vals"``, ``"ran_coefs"``.
        scale : {"sdcor", "vcov"}
            Random-effect parameters as standard deviations and correlations, or as (co)variances.
        conf_int : bool, default False
            With intervals.
        conf_method : {"wald", "profile"}
            How they are made.
        level : float, default 0.95
            Their confidence.

        Returns
        -------
        frame
            In the library that the data came from, or a light :class:`Table`.
        """
        options = {
            "effects": _list(effects),
            "scale": scale,
            "interval": conf_method if conf_int else None,
            "level": level,
        }
        return self._ask(answers.Answer, "tidy", options).to_frame()

    def glance(self) -> Any:
        """Fit statistics as a table of one row (broom's)."""
        return self._ask(answers.Answer, "glance", {}).to_frame()

    def augment(self) -> Any:
        """The rows used, with fitted values, residuals, leverages and more beside them (broom's)."""
        fit = self._with_rows()
        raw = fit._raw.augment()
        positions = fit._raw.rows_used()
        data = self._data
        if data is not None:
            beside = _kinds.beside(data, positions, raw)
            if beside is not None:
                return beside
        from ._table import Table

        own = _data.source(data if data is not None else fit._raw.open_origin()).frame()
        kept = {
            name: cells if positions is None else [cells[k] for k in positions]
            for name, cells in Table(own).items()
        }
        return Table.from_columns({**kept, **Table(raw)})

    # Keeping -----------------------------------------------------------------------------------

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


def _at(values: Optional[Mapping[str, Any]]) -> List[Tuple[str, List[str]]]:
    if values is None:
        return []
    return [(name, [_text(x) for x in _several(given)]) for name, given in values.items()]


def _several(given: Any) -> List[Any]:
    if isinstance(given, (str, int, float)) or not hasattr(given, "__iter__"):
        return [given]
    return list(given)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)
