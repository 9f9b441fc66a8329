"""A model in words, tables, mathematics, figures and other languages."""

from __future__ import annotations

import os
from typing import Any

from . import _answers as answers
from ._asking import Asking, Names, listed
from ._figure import Figure
from ._report import Report
from ._table import Table


class Writing(Asking):
    """Tables, equations, figures, reports."""

    def apa(self) -> str:
        """The results as a paragraph in APA style.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> print(fit.apa()[:60])
        A linear mixed model of Reaction, `Reaction ~ Days + (Days |
        """
        return repr(self._ask(answers.Answer, "apa", {}))

    def equations(self, values: bool = False) -> answers.Equations:
        """The model in mathematics, level by level.

        Parameters
        ----------
        values : bool, default False
            With the estimates in place of the symbols.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> print(fit.equations())
        Level 1 (rows):
          Reactionᵢⱼ = β₀ⱼ + β₁ⱼ·Daysᵢⱼ + εᵢⱼ
          εᵢⱼ ~ N(0, σ²)
        <BLANKLINE>
        Level 2 (Subject):
          β₀ⱼ = γ₀₀ + u₀ⱼ
          β₁ⱼ = γ₁₀
          u₀ⱼ ~ N(0, τ₀₀)
        <BLANKLINE>
        Combined:
          Reactionᵢⱼ = γ₀₀ + γ₁₀·Daysᵢⱼ + u₀ⱼ + εᵢⱼ
        <BLANKLINE>
        with
         Symbol  Term         Estimate
         γ₀₀     (Intercept)     251.4
         γ₁₀     Days             10.5
        """
        return self._ask(answers.Equations, "equations", {"values": values})

    def code(self, language: str = "r") -> str:
        """The same model in another program: ``"r"``, ``"stata"`` or ``"sas"``.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> print(fit.code("r"))
        # Reaction ~ Days + (Days | Subject) in R
        library(lme4)
        library(lmerTest)
        # Write the data first: ranef data sleepstudy --csv > sleepstudy.csv
        sleepstudy <- read.csv("sleepstudy.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
        fit <- lmer(Reaction ~ Days + (Days | Subject), data = sleepstudy)
        summary(fit)
        """
        # As it is: the command in it is the command, not a method.
        code = self._ask(answers.Answer, "code", {"language": language})
        return code._raw.text().rstrip("\n")

    def report(
        self,
        path: "str | os.PathLike[str] | None" = None,
        *,
        figures: bool = True,
        simulate: str = "conditional",
        replicates: int = 250,
        seed: int = 1,
    ) -> Report:
        """Everything about the model in one document: what was fitted to what, what came out, what to
        think of it, a paragraph for a methods section with references, and how to repeat it.

        Parameters
        ----------
        path : str or path, optional
            Where to write it; the ending (``.html``, ``.md``, ``.tex``) says in which language.
        figures : bool, default True
            With figures.
        simulate, replicates, seed
            The simulated residuals of the checks, as in :meth:`check`.

        Returns
        -------
        Report
            Shows itself in a notebook; ``to_html()``, ``to_markdown()``, ``to_latex()``, ``save()``.

        Examples
        --------
        >>> import os, tempfile
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> path = os.path.join(tempfile.mkdtemp(), "sleep.html")
        >>> report = fit.report(path)
        >>> os.path.getsize(path) > 100_000
        True
        """
        self._found_rows()
        report = Report(self._raw.write_up(figures, simulate, replicates, seed))
        if path is not None:
            report.save(path)
        return report

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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.tidy("fixed")["estimate"]
        [251.40510484848477, 10.467285959595936]
        """
        options = {
            "effects": listed(effects),
            "scale": scale,
            "interval": conf_method if conf_int else None,
            "level": level,
        }
        return self._ask(answers.Answer, "tidy", options).to_frame()

    def glance(self) -> Any:
        """Fit statistics as a table of one row (broom's).

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.glance()["nobs"]
        [180]
        """
        return self._ask(answers.Answer, "glance", {}).to_frame()

    def figures(self) -> Table:
        """The figures that make sense for the model: kind, what it shows, options.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> "caterpillar" in fit.figures()["kind"]
        True
        """
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
        from ._several import plot

        return plot({"Model": self}, kind, **options)
