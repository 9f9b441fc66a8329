"""Estimates with tests and intervals."""

from __future__ import annotations

from typing import Optional, Union

from . import _answers as answers
from ._asking import Asking, Names, listed

_TYPES = {"1": 1, "2": 2, "3": 3, "I": 1, "II": 2, "III": 3}


class Inference(Asking):
    """Estimates, tests and intervals."""

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
        """The coefficients that each group has.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> round(fit.coef()["Subject"]["Days"][0], 3)
        19.666
        """
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

    def anova(self, type: Union[int, str] = 3, df: Optional[str] = None) -> answers.Anova:
        """F tests of the terms; :func:`compare` tests models against each other.

        Parameters
        ----------
        type : {1, 2, 3, "I", "II", "III"}, default 3
            The type of the hypotheses.
        df : str, optional
            As in :func:`lmer`; by default that of the fit.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("yield ~ nitro + Variety + (1 | Block/Variety)", "Oats")
        >>> row = fit.anova().rows[0]
        >>> row.term, round(row.f, 2)
        ('nitro', 118.0)
        """
        if isinstance(type, Asking):
            raise TypeError("anova() tests the terms of one model; use `rf.compare(m0, m1)`")
        kind = _TYPES.get(str(type).upper())
        if kind is None:
            raise ValueError(f"type {type!r}: give 1, 2 or 3")
        return self._ask(answers.Anova, "anova", {"kind": kind, "df": df})

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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("yield ~ nitro + Variety + (1 | Block/Variety)", "Oats")
        >>> row = fit.test("VarietyMarvellous - VarietyVictory").rows[0]
        >>> round(row.estimate, 2), round(row.p_value, 3)
        (12.17, 0.116)
        """
        options = {"contrasts": listed(contrasts), "adjust": adjust, "df": df}
        return self._ask(answers.Test, "test", options)

    def drop(self) -> answers.Deletions:
        """What leaving out each random effect costs (``lmerTest::ranova``).

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> for row in fit.drop().rows:
        ...     print(row.term, row.lrt and round(row.lrt, 2))
        <none> None
        Days in (Days | Subject) 42.84
        """
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
        options = {"parameters": listed(parameters), "level": level, "method": method}
        return self._ask(answers.Confint, "confint", options)
