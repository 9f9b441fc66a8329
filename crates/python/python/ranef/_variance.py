"""Shares of variance, and what pooling does."""

from __future__ import annotations

from typing import Optional, Sequence

from . import _answers as answers
from ._asking import Asking


class Variance(Asking):
    """Shares of variance and pooling."""

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
        against: Optional[Asking] = None,
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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> round(fit.r2().marginal, 3), round(fit.r2().conditional, 3)
        (0.279, 0.799)
        """
        options = {"level": level, "distribution": distribution, "at_mean": at_mean}
        return self._ask(answers.RSquared, "r2", options, other=against)

    def pool(self, group: Optional[str] = None, level: float = 0.95) -> answers.Pooling:
        """Partial pooling beside complete and none, group by group.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> row = fit.pool().groups[0]
        >>> row.level, round(row.no_pooling, 1), round(row.partial_pooling, 1)
        ('308', 295.0, 292.2)
        """
        return self._ask(answers.Pooling, "pool", {"group": group, "level": level})
