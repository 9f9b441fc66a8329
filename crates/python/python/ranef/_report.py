"""Reports: everything about a model in one file."""

from __future__ import annotations

import os
from typing import Optional

from . import _ranef

_ENDINGS = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".qmd": "markdown",
    ".tex": "latex",
}


class Report:
    """A report on a model, made by :meth:`Fit.report`. A notebook shows it.

    Examples
    --------
    >>> import ranef as rf
    >>> fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    >>> report = fit.report(figures=False, replicates=100)
    >>> report.to_markdown().splitlines()[0]
    '# Linear mixed model of Reaction'
    """

    def __init__(self, raw: _ranef.Report) -> None:
        self._raw = raw

    def save(self, path: "str | os.PathLike[str]", format: Optional[str] = None) -> None:
        """Write the report to a file.

        Parameters
        ----------
        path : str or path
            Ends in ``.html`` (one file that holds all it needs), ``.md`` or ``.tex``. The figures of
            the last two are written beside the text, into a folder named after it.
        format : {"html", "markdown", "latex"}, optional
            The language, where the ending does not say it.
        """
        name = os.fspath(path)
        stem, ending = os.path.splitext(os.path.basename(name))
        format = format or _ENDINGS.get(ending.lower())
        if format is None:
            raise ValueError(f"the ending of {name!r} is none of {', '.join(_ENDINGS)}")
        text, files = self._raw.write(format, stem)
        folder = os.path.dirname(name)
        # What lies beside the text first: a text that names figures that are not there is worse
        # than none.
        for path_beside, held in files:
            beside = os.path.join(folder, *path_beside.split("/"))
            os.makedirs(os.path.dirname(beside), exist_ok=True)
            with open(beside, "wb") as file:
                file.write(held)
        with open(name, "w", encoding="utf-8", newline="\n") as page:
            page.write(text)

    def to_html(self) -> str:
        """The report as one page that holds its figures."""
        return self._raw.write("html", "report")[0]

    def to_markdown(self) -> str:
        """The report in Markdown; :meth:`save` writes its figures beside it."""
        return self._raw.write("markdown", "report")[0]

    def to_latex(self) -> str:
        """The report in LaTeX; :meth:`save` writes its figures beside it."""
        return self._raw.write("latex", "report")[0]

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        from html import escape

        # A page of its own, with its own style.
        page = escape(self.to_html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:40em;border:0"></iframe>'
