"""The numbers of a fitted model."""

from __future__ import annotations

from typing import Dict, List, Tuple

from . import _answers as answers
from ._answers import in_python
from ._asking import Asking


class Numbers(Asking):
    """The numbers of a model as attributes."""

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
