"""Whether to believe a model, and the same rows under other assumptions."""

from __future__ import annotations

from typing import Optional, Sequence

from . import _answers as answers
from ._asking import Asking, Names, listed


class Diagnosis(Asking):
    """Checks, influence, and other assumptions."""

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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> for row in fit.check(replicates=100).checks[:3]:
        ...     print(row.name, row.verdict)
        convergence ok
        optimizers ok
        singularity ok
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
        """What changes when a group is left out, or with ``rows=True`` a row.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> levels = fit.influence().levels
        >>> max(levels, key=lambda one: one.cooks_distance).level
        '309'
        """
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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> [round(row.std_error, 2) for row in fit.robust().fixed]
        [6.82, 1.55]
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
        """The model with an intercept for each group, beside this one, and Hausman's test.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> row = fit.fixed_effects().rows[0]
        >>> row.term, round(row.estimate, 3), round(row.multilevel, 3)
        ('Days', 10.467, 10.467)
        """
        options = {"group": group, "cluster": cluster, "kind": kind, "level": level}
        return self._ask(answers.FixedEffects, "fixed_effects", options)

    def within_between(
        self, of: Names = (), group: Optional[str] = None, form: str = "rewb"
    ) -> answers.WithinBetween:
        """Effects of predictors within and between groups.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("y ~ service + (1 | s) + (1 | d)", "InstEval")
        >>> found = fit.within_between("service", group="d")
        >>> print(found.table.columns[:3])
        ['term', 'effect', 'estimate']
        """
        options = {"of": listed(of), "group": group, "form": form}
        return self._ask(answers.WithinBetween, "within_between", options)
