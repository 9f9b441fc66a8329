"""Figures of models."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from . import _kinds, _ranef
from ._table import Table

_ENDINGS = {
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
    ".vl.json": "vega-lite",
}


class Figure:
    """A figure of a model, made by :meth:`Fit.plot`. A notebook shows it.

    Examples
    --------
    >>> import ranef as rf
    >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    >>> figure = fit.plot("caterpillar", group="Subject")
    >>> figure.to_svg()[:4]
    '<svg'
    >>> figure.to_frame("polars").height
    36
    """

    def __init__(self, raw: _ranef.Figure, kind: str) -> None:
        self._raw = raw
        self._kind = kind

    def save(
        self,
        path: "str | os.PathLike[str]",
        *,
        width: Optional[float] = None,
        height: Optional[float] = None,
        dpi: Optional[float] = None,
        plain: bool = False,
    ) -> None:
        """Write the figure to a file, whose ending says in which form.

        Parameters
        ----------
        path : str or path
            Ends in ``.svg``, ``.png``, ``.pdf`` or ``.vl.json`` (Vega-Lite).
        width, height : float, optional
            In millimetres: 85 for a column of a paper, 180 for a page.
        dpi : float, optional
            Pixels per inch of a PNG, 300 by default.
        plain : bool, default False
            Without title and subtitle, for figures whose caption says it.
        """
        name = os.fspath(path)
        for ending, form in _ENDINGS.items():
            if name.lower().endswith(ending):
                made = self._raw.render(form, width, height, dpi, plain)
                with open(name, "wb") as file:
                    file.write(made)
                return
        raise ValueError(f"the ending of {name!r} is none of {', '.join(_ENDINGS)}")

    def to_svg(self, *, width: Optional[float] = None, height: Optional[float] = None) -> str:
        """The figure as SVG."""
        return self._raw.render("svg", width, height).decode()

    def to_png(
        self,
        *,
        width: Optional[float] = None,
        height: Optional[float] = None,
        dpi: Optional[float] = None,
    ) -> bytes:
        """The figure as PNG."""
        return self._raw.render("png", width, height, dpi)

    def to_vega_lite(self) -> Any:
        """The figure as a Vega-Lite specification with its data, in dictionaries and lists."""
        import json

        return json.loads(self._raw.render("vega-lite"))

    def to_altair(self) -> Any:
        """The figure as a chart of altair, where that is installed.

        Examples
        --------
        >>> import ranef as rf
        >>> fit = rf.lmer("Reaction ~ Days + (Days | Subject)", "sleepstudy")
        >>> chart = fit.plot("coefficients").to_altair()  # doctest: +SKIP
        >>> chart.save("coefficients.html")  # doctest: +SKIP
        """
        import altair

        classes = {
            "layer": altair.LayerChart,
            "vconcat": altair.VConcatChart,
            "hconcat": altair.HConcatChart,
            "concat": altair.ConcatChart,
            "facet": altair.FacetChart,
        }
        # altair looks for objects of its own in every row of the data: a second for a thousand rows.
        datasets: Dict[str, Any] = {}
        specification = _named_data(self.to_vega_lite(), datasets)
        cls = next((cls for key, cls in classes.items() if key in specification), altair.Chart)
        chart = cls.from_dict(specification, validate=False)
        chart.datasets = datasets
        return chart

    def to_dict(self) -> Any:
        """The data behind the figure as plain dictionaries, lists and numbers."""
        import json

        return json.loads(self._raw.json())

    def to_frame(self, kind: Optional[str] = None) -> Any:
        """The data behind the figure as a data frame; see :meth:`Answer.to_frame`."""
        return _kinds.frame(self._raw.frame(), kind or self._kind)

    @property
    def table(self) -> Table:
        """The data behind the figure as a light table."""
        return Table(self._raw.frame())

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def __repr__(self) -> str:
        return self._raw.text().rstrip("\n")


def _named_data(node: Any, datasets: Dict[str, Any]) -> Any:
    """A specification whose data stand in ``datasets``, under a name each."""
    if isinstance(node, list):
        return [_named_data(one, datasets) for one in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "data" and isinstance(value, dict) and "values" in value:
            name = f"data-{len(datasets) + 1}"
            datasets[name] = value["values"]
            value = {**{k: v for k, v in value.items() if k != "values"}, "name": name}
        out[key] = value if key == "data" else _named_data(value, datasets)
    return out


def words(kind: str, options: Mapping[str, Any]) -> List[str]:
    """A kind and its options in the words of the command."""
    out = [kind]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            out.append(option)
        elif name == "at":
            for predictor, values in value.items():
                several = [values] if isinstance(values, (str, int, float)) else list(values)
                out.append(f"{option}={predictor}={','.join(map(str, several))}")
        elif isinstance(value, (list, tuple)):
            if name == "only":
                out.append(f"{option}={','.join(map(str, value))}")
            else:
                out.extend(f"{option}={item}" for item in value)
        else:
            out.append(f"{option}={value}")
    return out
