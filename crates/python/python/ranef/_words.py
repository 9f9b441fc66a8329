"""The words of the command in Python's: ``--df kenward-roger`` is ``df="kenward-roger"`` here."""

from __future__ import annotations

import re
from typing import List, Match, Optional

#: Options of the command: the name of the argument, and what a value looks like (``None``: a switch).
_OPTIONS = {
    "agq": ("nAGQ", r"\d+|N"),
    "at": ("at", r"[^\s`);]+"),
    "by": ("by", r"[^\s`);]+"),
    "cluster": ("cluster", r"[^\s`);]+"),
    "count": ("count", r"[A-Z]\w*"),
    "df": ("df", r"satterthwaite|kenward-roger|residual|none"),
    "factor": ("factors", r"[^\s`);]+"),
    "family": ("family", r"[a-z0-9:-]+"),
    "group": ("group", r"[^\s`);]+"),
    "interval": ("interval", r"confidence|prediction"),
    "lambda": ("at_mean", r"average|median"),
    "na": ("na", r"[^\s`);]+"),
    "of": ("of", r"[^\s`);]+"),
    "optimizer": ("optimizer", r"newton|bfgs|bobyqa|nelder-mead"),
    "over": ("over", r"[^\s`);]+"),
    "penalty": ("penalty", r"[\d.]*\d"),
    "re": ("re", r"all|none|new|average"),
    "scale": ("scale", r"response|link"),
    "simulate": ("simulate", r"conditional|unconditional"),
    "trend": ("trend", r"[^\s`);]+"),
    "trials": ("trials", r"\d+|N"),
    "weights": ("weights", r"[^\s`);]+"),
    "ml": ("REML=False", None),
    "pairwise": ("pairwise=True", None),
    "rows": ("rows=True", None),
    "exact": ('deletions="exact"', None),
}

_COMMANDS = {
    "check": "fit.check",
    "compare": "rf.compare",
    "confint": "fit.confint",
    "data": "rf.datasets",
    "effects": "fit.ranef",
    "fit": "rf.lmer",
    "fixed-effects": "fit.fixed_effects",
    "influence": "fit.influence",
    "means": "fit.emmeans",
    "predict": "fit.predict",
    "ratios": "fit.ratios",
    "residuals": "fit.residual_table",
    "robust": "fit.robust",
    "slopes": "fit.slopes",
    "within-between": "fit.within_between",
}

_PLAIN = [
    (re.compile(r"save it as columns of numbers or text"), "make it columns of numbers or text"),
    (re.compile(r"--csv\s+or\s+--json\s+has"), "to_frame() has"),
    (re.compile(r"`ranef\s+fit\s+…\s+--save\s+FILE`"), "`fit.save(path)`"),
]

_OPTION = re.compile(
    "--(?:"
    + "|".join(
        f"({name})(?![a-z-])" + (rf"(?:[\s=]+({value})(?![\w-]))?" if value else "()")
        for name, (_, value) in sorted(_OPTIONS.items())
    )
    + ")"
)
_COMMAND = re.compile(
    r"ranef\s+(" + "|".join(sorted(_COMMANDS, key=len, reverse=True)) + r")(?![a-z-])"
    r"(?:\s+MODEL)?((?:\s+--[a-z][^`);,]*)?)"
)


def _argument(found: Match[str]) -> str:
    groups = [group for group in found.groups() if group]
    name, value = groups[0], groups[1] if len(groups) > 1 else None
    ours, pattern = _OPTIONS[name]
    if pattern is None:
        return ours
    if value is None:
        return f"{ours}="
    if name == "at" and "=" in value:
        predictor, _, values = value.partition("=")
        return f'at={{"{predictor}": [{", ".join(values.split(","))}]}}'
    number = re.fullmatch(r"[\d.]+|N", value) is not None
    return f"{ours}={value}" if number else f'{ours}="{value}"'


def _call(found: Match[str]) -> str:
    function, options = _COMMANDS[found.group(1)], found.group(2)
    arguments: List[str] = [_argument(option) for option in _OPTION.finditer(options)]
    return f"{function}({', '.join(arguments)})"


def in_python(text: str) -> str:
    """A text that names commands and options, with what they are called here.

    Examples
    --------
    >>> in_python("prefer Kenward and Roger's (--df kenward-roger), without --ml")
    'prefer Kenward and Roger\\'s (df="kenward-roger"), without REML=False'
    >>> in_python("leave --df out; `ranef means --by x --pairwise`")
    'leave df= out; `fit.emmeans(by="x", pairwise=True)`'
    """
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    if "--" not in text and "ranef " not in text:
        return text
    return _OPTION.sub(_argument, _COMMAND.sub(_call, text))


def maybe(text: Optional[str]) -> Optional[str]:
    """The same of a text that may be none."""
    return None if text is None else in_python(text)
