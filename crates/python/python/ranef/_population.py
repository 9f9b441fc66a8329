"""Estimates for areas and for populations."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from . import _answers as answers
from . import _data
from ._asking import Asking, Names, listed


class Population(Asking):
    """Areas and populations."""

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
        """Small areas: shrunken estimates beside direct ones, and how sure a ranking is.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> areas = fit.areas().areas
        >>> max(areas, key=lambda area: area.estimate).level
        '337'
        """
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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.glmer("r2 ~ Gender + (1 | item)", "VerbAgg")
        >>> cells = {"Gender": ["F", "M"], "item": ["S1WantCurse", "S1WantCurse"], "N": [300, 700]}
        >>> found = fit.poststratify(cells, by="Gender", count="N")
        >>> found.table["Gender"]
        ['F', 'M', None]
        """
        options = {
            "by": listed(by),
            "count": count,
            "level": level,
            "draws": draws,
            "seed": seed,
        }
        source = _data.source(frame)
        return self._ask(answers.Poststratified, "poststratify", options, data=source)
