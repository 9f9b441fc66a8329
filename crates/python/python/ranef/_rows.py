"""What a model says of rows, old and new."""

from __future__ import annotations

import warnings
from typing import Any, List, Optional

from . import _answers as answers
from . import _data, _errors, _kinds, _ranef
from ._asking import Asking, Names, listed
from ._table import Table


_RESIDUALS = {
    "response": "raw",
    "pearson": "pearson",
    "studentized": "studentised",
    "marginal": "marginal",
    "decorrelated": "decorrelated",
    "deviance": "deviance",
    "working": "working",
}


class Rows(Asking):
    """Fitted values, residuals, predictions."""

    def _positions(self) -> Optional[List[int]]:
        return self._with_rows()._raw.rows_used()

    @property
    def fitted(self) -> Any:
        """Fitted values of the rows used, on the scale of the response.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> [round(y, 1) for y in fit.fitted[:3]]
        [253.7, 273.3, 293.0]
        """
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

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> [round(r, 2) for r in fit.residuals("pearson")[:3]]
        [-0.16, -0.57, -1.65]
        """
        if type not in _RESIDUALS:
            raise ValueError(f"type {type!r}: give one of {', '.join(map(repr, _RESIDUALS))}")
        if type == "response":
            raw = self._with_rows()._raw.residuals()
            return _kinds.series(raw, self._kind, "residual", self._index())
        table = self.residual_table().table
        name = _RESIDUALS[type]
        if name not in table:
            raise ValueError(f"type {type!r}: a {self._report['family']} model has no such residuals")
        column = _ranef.frame(_data.columns({name: table[name]})[0])
        return _kinds.series(column, self._kind, "residual", self._index())

    def residual_table(
        self, simulate: Optional[str] = None, replicates: int = 250, seed: int = 1
    ) -> answers.Residuals:
        """Residuals of every kind side by side, with leverages, and simulated ones if asked for.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
        >>> fit.residual_table().table.columns[:4]
        ['row', 'observed', 'fitted', 'population']
        """
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
            "re": listed(re),
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

    def augment(self) -> Any:
        """The rows used, with fitted values, residuals, leverages and more beside them (broom's).

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.augment().columns[:5]
        ['Reaction', 'Days', 'Subject', '.fitted', '.resid']
        """
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
