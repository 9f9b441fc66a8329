"""Expected values and slopes."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from . import _answers as answers
from ._asking import Asking, Names, listed, pairs


class Means(Asking):
    """Means, slopes and ratios."""

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
            "by": listed(by),
            "within": listed(within),
            "at": pairs(at),
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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", "Oats")
        >>> for row in fit.slopes("nitro", "Variety").rows:
        ...     print(row.Variety, round(row.estimate, 1))
        Golden Rain 75.3
        Marvellous 64.6
        Victory 81.1
        """
        options = {"of": of, "over": over, "at": pairs(at), "level": level, "scale": scale}
        return self._ask(answers.Slopes, "slopes", options)

    def ratios(self, level: float = 0.95) -> answers.Ratios:
        """Coefficients of a generalised model as odds ratios, rate ratios and the like.

        Examples
        --------
        >>> import ranef as rf
        >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
        >>> fit = rf.glmer(formula, "cbpp")
        >>> row = fit.ratios().rows[1]
        >>> row.term, round(row.ratio, 3)
        ('period2', 0.371)
        """
        return self._ask(answers.Ratios, "ratios", {"level": level})
