"""New responses from a model, and its bootstrap."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Union

from . import _answers as answers
from . import _data, _kinds, _ranef
from ._asking import Asking, Names, listed

#: A function of a fit: a number, several, or named ones.
Statistic = Callable[[Any], Any]


class Replicates(Asking):
    """Simulation and bootstrap."""

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
        of: Union[Names, Statistic] = ("parameters",),
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
        of : str, sequence of str, or function
            Of ``"parameters"``, ``"icc"``, ``"r2"``: what is computed of every replicate. Or a function
            of a fit (``bootMer``'s ``FUN``) that gives a number, several, or a dictionary of named
            ones. It is called with a :class:`Fit` for each replicate, which knows its estimates
            (``fixef``, ``sigma``, ``VarCorr()``, ``icc()``, ``predict(newdata, re="none")``) but
            neither rows nor standard errors; where it is called from several threads the
            interpreter lets one at a time.
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
            Its ``draws`` are the replicates, a column each. The same seed gives the same ones,
            whatever the number of threads.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> fit.bootstrap(replicates=200).rows[1].parameter
        'Days'
        >>> found = fit.bootstrap(lambda m: m.fixef["Days"] / m.sigma, replicates=200)
        >>> found.rows[0].lower < 10.4673 / 25.592 < found.rows[0].upper
        True
        """
        own = of if callable(of) else None
        options = {
            "of": [] if callable(of) else listed(of),
            "parameters": listed(parameters),
            "contrasts": listed(contrasts),
            "replicates": replicates,
            "seed": seed,
            "kind": type,
            "interval": interval,
            "group": group,
            "level": level,
        }
        if own is not None:
            if options["parameters"] or options["contrasts"] or newdata is not None:
                raise TypeError("a function of your own is bootstrapped alone: compute it all there")
            return self._bootstrap_own(own, options)
        source = None if newdata is None else _data.source(newdata)
        return self._ask(answers.Bootstrap, "bootstrap", options, data=source)

    def _bootstrap_own(self, own: Statistic, options: Dict[str, Any]) -> answers.Bootstrap:
        import json

        fit = self._with_rows()
        # What it gives of the model itself says how many numbers there are, and their names.
        names = list(_named(own(fit)))

        def call(raw: _ranef.Fit) -> List[float]:
            found = _named(own(type(self)(raw, self._kind, None)))
            if list(found) != names:
                raise ValueError(
                    f"the function gives {', '.join(found) or 'nothing'} of a replicate, and "
                    f"{', '.join(names) or 'nothing'} of the model"
                )
            return list(found.values())

        raw = fit._raw.bootstrap_of(call, names, json.dumps(options))
        return answers.Bootstrap(raw, self._kind)


def _named(found: Any) -> Dict[str, float]:
    """What a statistic gives, with names; what is unknown is NaN."""
    if hasattr(found, "items"):
        named = {str(name): value for name, value in found.items()}
    elif hasattr(found, "__iter__") and not isinstance(found, str):
        named = {str(k): value for k, value in enumerate(found, 1)}
    else:
        named = {"statistic": found}
    try:
        return {name: float("nan") if x is None else float(x) for name, x in named.items()}
    except (TypeError, ValueError):
        raise TypeError(
            f"the function gives {found!r}: numbers are wanted, or a dictionary of them"
        ) from None
