"""Mixed models as an estimator of scikit-learn.

Import it as ``ranef.sklearn``; scikit-learn is only needed here.
"""

from __future__ import annotations

import warnings
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _errors, _kinds
from ._fit import Fit
from ._models import glmer, lm, lmer

__all__ = ["MixedModel"]


class MixedModel(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A mixed model as an estimator: for pipelines, searches and cross-validation.

    Parameters
    ----------
    formula : str, optional
        The right side of a formula over the columns of ``X``, such as ``"x + (x | school)"``. Needs
        ``X`` to be a data frame. By default all columns are predictors, and ``groups`` get random
        intercepts.
    groups : str, int or sequence of these, optional
        Columns of ``X``, by name or position, that are grouping factors and no predictors.
    family : str, default "gaussian"
        As in :func:`ranef.glmer`; predictions are expected values.
    REML : bool, default True
        As in :func:`ranef.lmer`.
    re : str, default "all"
        Random effects that predictions take in, as in :meth:`ranef.Fit.predict`: groups that the
        model has seen have theirs, unknown ones count as average.

    Attributes
    ----------
    fit_ : ranef.Fit
        The fitted model, for all other questions.
    coef_ : ndarray
        Fixed effects without the constant, in the order of ``fit_.fixef``.
    intercept_ : float
        The constant.

    Notes
    -----
    ``fit(X, y, groups=...)`` takes labels of groups from outside ``X``, as ``GroupKFold`` and its
    relatives have them; they get random intercepts. Rows of groups that are held out are predicted at
    the mean of the groups, which is what cross-validation over groups asks about.

    Examples
    --------
    >>> import ranef as rf
    >>> from ranef.sklearn import MixedModel
    >>> sleep = rf.data("sleepstudy").to_pandas()
    >>> model = MixedModel("Days + (Days | Subject)")
    >>> model = model.fit(sleep[["Days", "Subject"]], sleep["Reaction"])
    >>> round(float(model.coef_[0]), 4)
    10.4673
    >>> round(model.score(sleep[["Days", "Subject"]], sleep["Reaction"]), 3)
    0.826
    """

    def __init__(
        self,
        formula: Optional[str] = None,
        *,
        groups: Optional[Union[str, int, Sequence[Union[str, int]]]] = None,
        family: str = "gaussian",
        REML: bool = True,
        re: str = "all",
    ) -> None:
        self.formula = formula
        self.groups = groups
        self.family = family
        self.REML = REML
        self.re = re

    def fit(
        self,
        X: Any,
        y: Any,
        groups: Optional[Any] = None,
        sample_weight: Optional[Any] = None,
    ) -> "MixedModel":
        """Fit the model.

        Parameters
        ----------
        X : data frame or array of shape (n_samples, n_features)
            Predictors and, by name, grouping factors.
        y : array of shape (n_samples,)
            The response.
        groups : array of shape (n_samples,), optional
            Labels of groups that are not in ``X``; they get random intercepts.
        sample_weight : array of shape (n_samples,), optional
            Precision weights: the residual variance of a row is σ²/weight, as the argument
            ``weights`` of :func:`ranef.lmer` has it. Rows of weight zero are left out.

        Returns
        -------
        MixedModel
        """
        if y is None:
            raise ValueError("MixedModel requires y to be passed, but the target y is None")
        columns = self._columns(X, y, reset=True)
        names = list(columns)
        response = _free(names, "y")
        self._grouping = None if groups is None else _free(names, "_groups")
        right = self._right(names)
        columns[response] = self._y
        del self._y
        if self._grouping is not None:
            columns[self._grouping] = np.asarray(groups)
        weights = None
        if sample_weight is not None:
            weights = _free(names, "_weights")
            columns = self._weighted(columns, len(columns[response]), weights, sample_weight)
        formula = f"`{response}` ~ {right}"
        with warnings.catch_warnings():
            # A constant column, or one that repeats another, is no news to who builds pipelines.
            warnings.simplefilter("ignore", _errors.RankDeficientWarning)
            self.fit_ = self._fitted(formula, columns, weights)
        self.fit_._data = None
        fixef = dict(self.fit_.fixef)
        self.intercept_ = float(fixef.pop("(Intercept)", 0.0))
        self.coef_ = np.array(list(fixef.values()))
        return self

    def predict(self, X: Any, groups: Optional[Any] = None) -> Any:
        """Expected values.

        Parameters
        ----------
        X : data frame or array of shape (n_samples, n_features)
            Rows as in :meth:`fit`.
        groups : array of shape (n_samples,), optional
            Labels of groups, where :meth:`fit` had them; without them the groups count as average.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self, "fit_")
        columns = self._columns(X, None, reset=False)
        re = self.re
        if self._grouping is not None:
            if groups is None:
                re = "none" if re == "all" else re
                columns[self._grouping] = np.zeros(len(next(iter(columns.values()))))
            else:
                columns[self._grouping] = np.asarray(groups)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", _errors.PredictionWarning)
            return np.asarray(self.fit_.predict(columns, re=re), dtype=float)

    # ---------------------------------------------------------------------------------------------

    def _columns(self, X: Any, y: Any, reset: bool) -> Dict[str, Any]:
        """The columns of ``X`` by name, checked as scikit-learn wants it."""
        if hasattr(X, "columns") and (self.formula is not None or self.groups is not None):
            # Words and categories may be among them, which the checks would refuse.
            validate_data(self, X, skip_check_array=True, reset=reset)
            if y is not None:
                from sklearn.utils import check_consistent_length, column_or_1d

                self._y = column_or_1d(y, warn=True)
                check_consistent_length(X, self._y)
            return {str(name): X[name] for name in X.columns}
        if self.formula is not None:
            raise TypeError("a formula names columns: give X as a data frame")
        if y is not None:
            checked, self._y = validate_data(self, X, y, reset=reset, y_numeric=True)
            if len(checked) < 2:
                raise ValueError(f"n_samples={len(checked)}: a model needs more than 1 sample")
        else:
            checked = validate_data(self, X, reset=reset)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{k}" for k in range(checked.shape[1])]
        return {str(name): checked[:, k] for k, name in enumerate(names)}

    def _right(self, names: List[str]) -> str:
        """The right side of the formula."""
        outside = [] if self._grouping is None else [f"(1 | `{self._grouping}`)"]
        if self.formula is not None:
            right = self.formula.partition("~")[2] or self.formula
            return " + ".join([right, *outside])
        grouping = [names[g] if isinstance(g, (int, np.integer)) else g for g in self._groups()]
        predictors = [name for name in names if name not in grouping]
        terms: List[str] = [f"`{name}`" for name in predictors] or ["1"]
        terms += [f"(1 | `{name}`)" for name in grouping]
        return " + ".join([*terms, *outside])

    def _groups(self) -> Sequence[Union[str, int]]:
        if self.groups is None:
            return []
        if isinstance(self.groups, (str, int, np.integer)):
            return [self.groups]
        return list(self.groups)

    def _weighted(
        self, columns: Dict[str, Any], rows: int, name: str, given: Any
    ) -> Dict[str, Any]:
        """The columns with weights beside them, without rows that count for nothing."""
        weights = np.asarray(given, dtype=float)
        if weights.shape != (rows,):
            raise ValueError(f"sample_weight has shape {weights.shape}, expected {(rows,)}")
        if not weights.any():
            raise ValueError("sample_weight is zero for all samples")
        columns = {**columns, name: weights}
        if not weights.all():
            kept = np.flatnonzero(weights).tolist()
            columns = {name: _kinds.rows(cells, kept) for name, cells in columns.items()}
        return columns

    def _fitted(self, formula: str, columns: Dict[str, Any], weights: Optional[str]) -> Fit:
        if self.family != "gaussian":
            return glmer(formula, columns, family=self.family, weights=weights)
        if "|" in formula:
            return lmer(formula, columns, REML=self.REML, weights=weights)
        return lm(formula, columns, weights=weights)


def _free(names: Sequence[str], wanted: str) -> str:
    """A name that no column has."""
    while wanted in names:
        wanted += "_"
    return wanted
