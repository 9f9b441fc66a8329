"""Every question, against what the command answers or known numbers, and its attributes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

import ranef as rf

from .conftest import SLEEP

CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
OATS = "yield ~ nitro + Variety + (1 | Block/Variety)"


def command(*arguments: str) -> Any:
    """The JSON that the command answers."""
    done = subprocess.run(
        [sys.executable, "-m", "ranef", *arguments, "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


#: The question in Python, and to the command.
SAME: List[Any] = [
    (SLEEP, "sleepstudy", lambda f: f.ranef(), ["effects"]),
    (SLEEP, "sleepstudy", lambda f: f.anova(), ["anova"]),
    (SLEEP, "sleepstudy", lambda f: f.anova(1, df="kenward-roger"), ["anova", "--type", "1", "--df", "kenward-roger"]),
    (SLEEP, "sleepstudy", lambda f: f.confint(), ["confint"]),
    (SLEEP, "sleepstudy", lambda f: f.confint(method="wald", level=0.9), ["confint", "--method", "wald", "--level", "0.9"]),
    (SLEEP, "sleepstudy", lambda f: f.icc(at=[0, 5]), ["icc", "--at", "0,5"]),
    (SLEEP, "sleepstudy", lambda f: f.r2(), ["r2"]),
    (SLEEP, "sleepstudy", lambda f: f.pool(), ["pool"]),
    (SLEEP, "sleepstudy", lambda f: f.check(), ["check"]),
    (SLEEP, "sleepstudy", lambda f: f.influence(), ["influence"]),
    (SLEEP, "sleepstudy", lambda f: f.influence(rows=True), ["influence", "--rows"]),
    (SLEEP, "sleepstudy", lambda f: f.residual_table(), ["residuals"]),
    (SLEEP, "sleepstudy", lambda f: f.robust(kind="cr1"), ["robust", "--type", "cr1"]),
    (SLEEP, "sleepstudy", lambda f: f.drop(), ["drop"]),
    (SLEEP, "sleepstudy", lambda f: f.test("Days = 10"), ["test", "-c", "Days = 10"]),
    (SLEEP, "sleepstudy", lambda f: f.areas(thresholds=[300]), ["areas", "--threshold", "300"]),
    (SLEEP, "sleepstudy", lambda f: f.fixed_effects(), ["fixed-effects"]),
    (OATS, "Oats", lambda f: f.emmeans("Variety", pairwise=True), ["means", "--by", "Variety", "--pairwise"]),
    (OATS, "Oats", lambda f: f.means(by="Variety", at={"nitro": 0.2}), ["means", "--by", "Variety", "--at", "nitro=0.2"]),
    ("distance ~ age * Sex + (age | Subject)", "Orthodont", lambda f: f.slopes("age", "Sex"), ["slopes", "--of", "age", "--over", "Sex"]),
    (CBPP, "cbpp", lambda f: f.ratios(), ["ratios"]),
    (CBPP, "cbpp", lambda f: f.icc(distribution="delta"), ["icc", "--distribution", "delta"]),
    (CBPP, "cbpp", lambda f: f.emmeans("period", re="average"), ["means", "--by", "period", "--re", "average"]),
]


def options(data: str) -> List[str]:
    return ["--family", "binomial"] if data == "cbpp" else []


def fitted(formula: str, data: str) -> rf.Fit:
    return rf.glmer(formula, data) if data == "cbpp" else rf.lmer(formula, data)


@pytest.mark.parametrize("formula, data, ask, words", SAME, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_python_answers_as_the_command(
    formula: str, data: str, ask: Callable[[rf.Fit], rf.Answer], words: List[str]
) -> None:
    answer = ask(fitted(formula, data))
    got, want = answer.to_dict(), command(words[0], "-f", formula, data, *words[1:], *options(data))
    assert _timeless(got) == _timeless(want)
    # As text, as a table, in every form.
    assert len(repr(answer)) > 40
    assert "<table" in answer._repr_html_() and "tabular" in answer.to_latex()
    assert answer.to_markdown().count("|") > 3
    assert len(answer.to_frame("pandas")) == len(answer.to_frame("polars")) == answer.table.shape[0]


def _timeless(value: Any) -> Any:
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in ("seconds", "time")}
    if isinstance(value, list):
        return [_timeless(v) for v in value]
    return value


def test_the_summary_is_that_of_the_command(sleep: rf.Fit) -> None:
    report = _timeless(command("fit", SLEEP, "sleepstudy"))
    assert _timeless(sleep.summary().to_dict()) == report
    assert repr(sleep) == repr(sleep.summary())
    assert "Reaction ~ Days" in repr(sleep)
    assert "<table" in sleep._repr_html_()
    assert "b =" in sleep.apa() or "_b_" in sleep.apa() or "Days" in sleep.apa()


def test_numbers(sleep: rf.Fit) -> None:
    assert sleep.nobs == 180 and sleep.npar == 6 and sleep.df_residual == 174
    assert sleep.ngrps == {"Subject": 18}
    assert sleep.REML and sleep.family == "gaussian" and sleep.link == "identity"
    assert sleep.deviance == pytest.approx(-2 * sleep.loglik)
    assert sleep.theta == pytest.approx([0.96674, 0.015169, 0.230909], abs=1e-5)
    vcov = np.asarray(sleep.vcov)
    assert np.sqrt(vcov[1, 1]) == pytest.approx(sleep.se["Days"])
    assert sleep.vcov["Days", "(Intercept)"] == vcov[1, 0]
    assert "Days" in repr(sleep.vcov)


def test_effects_and_coefficients(sleep: rf.Fit) -> None:
    effects, coef = sleep.ranef(), sleep.coef()
    assert list(effects) == ["Subject"] == list(coef)
    wide = effects["Subject"]
    assert wide.columns == ["Subject", "(Intercept)", "Days"] and wide.shape == (18, 3)
    total = [b + sleep.fixef["Days"] for b in wide["Days"]]
    assert coef["Subject"]["Days"] == pytest.approx(total)
    long = effects.to_frame("polars")
    assert long.shape[0] == 36 and "std_error" in long.columns
    assert coef.to_frame("pandas").shape[0] == 36
    assert "308" in repr(coef) and "<table" in coef._repr_html_()


def test_varcorr(sleep: rf.Fit) -> None:
    varcorr = sleep.VarCorr()
    block = varcorr["Subject"]
    assert block.terms == ["(Intercept)", "Days"]
    assert block.corr[0][1] == pytest.approx(0.0656, abs=1e-4)
    assert varcorr.sigma == sleep.sigma
    with pytest.raises(KeyError):
        varcorr["Nobody"]


def test_records_are_named_and_tables(sleep: rf.Fit) -> None:
    row = sleep.anova().rows[0]
    assert row.term == row["term"] == "Days"
    assert {"term", "f", "p_value"} <= set(row) and "f" in dir(row)
    with pytest.raises(AttributeError):
        row.nothing
    with pytest.raises(AttributeError, match="nothing"):
        sleep.anova().nothing
    assert "rows" in dir(sleep.anova())


def test_compare_and_tables() -> None:
    m0 = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    m1 = rf.lmer(SLEEP, "sleepstudy")
    comparison = rf.compare(m0, m1)
    want = command("compare", "sleepstudy", "-f", m0.formula, "-f", SLEEP)
    assert comparison.to_dict() == want
    assert comparison.rows[1].chisq == pytest.approx(42.1393, abs=1e-3)
    table = rf.regression_table({"Intercepts": m0, "Slopes": m1})
    assert "Slopes" in repr(table) and "<table" in table.to_html()
    assert rf.glance([m0, m1]).table.shape[0] == 2
    with pytest.raises(rf.OptionError, match="two models"):
        rf.compare(m0)
    with pytest.raises(TypeError, match="rf.compare"):
        m1.anova(m0)  # type: ignore[arg-type]
    assert m1.r2(against=m0).to_dict() != m1.r2().to_dict()


def test_refit(sleep: rf.Fit) -> None:
    ml = sleep.refit(REML=False)
    assert not ml.REML and ml.deviance == pytest.approx(1751.939344, abs=1e-6)
    assert ml.deviance == pytest.approx(rf.lmer(SLEEP, "sleepstudy", REML=False).deviance, abs=1e-9)


def test_predictions(sleep: rf.Fit) -> None:
    new = {"Days": [0.0, 5.0], "Subject": ["308", "999"]}
    with pytest.warns(rf.PredictionWarning, match="1 row has a level of `Subject`"):
        got = sleep.predict(new)
    assert got[1] == pytest.approx(sleep.fixef["(Intercept)"] + 5 * sleep.fixef["Days"])
    none = sleep.predict(new, re="none")
    assert none[1] == pytest.approx(got[1])
    wide = sleep.predict({"Days": [1], "Subject": ["308"]}, interval="prediction")
    narrow = sleep.predict({"Days": [1], "Subject": ["308"]}, interval="confidence")
    assert wide["upper"][0] > narrow["upper"][0] > narrow["fit"][0]
    assert sleep.predict() == pytest.approx(sleep.fitted)


def test_residuals(sleep: rf.Fit, cbpp: rf.Fit) -> None:
    raw = np.asarray(sleep.residuals())
    assert np.asarray(sleep.residuals("pearson")) == pytest.approx(raw / sleep.sigma)
    assert len(sleep.residuals("marginal")) == 180
    assert len(cbpp.residuals("deviance")) == cbpp.nobs
    with pytest.raises(ValueError, match="no such residuals"):
        sleep.residuals("deviance")
    with pytest.raises(ValueError, match="'pearson'"):
        sleep.residuals("scaled")
    assert len(sleep.residual_table(simulate="conditional").table["simulated"]) == 180


def test_poststratify() -> None:
    fit = rf.glmer("r2 ~ Gender + (1 | item)", "VerbAgg")
    cells = {"Gender": ["F", "M"] * 2, "item": ["S1WantCurse"] * 2 + ["S1DoCurse"] * 2, "N": [10, 20, 30, 40]}
    found = fit.poststratify(cells, by="Gender", count="N")
    assert found.table["Gender"] == ["F", "M", None]


def test_within_between() -> None:
    fit = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    with pytest.raises(rf.RanefError):
        # Everybody was measured on the same days: nothing differs between subjects.
        fit.within_between("Days")


def test_code_and_equations(sleep: rf.Fit) -> None:
    assert "lmer(" in sleep.code() and "mixed" in sleep.code("stata")
    assert "sigma" in sleep.equations().latex
    assert len(repr(sleep.equations(values=True))) > 100
    with pytest.raises(ValueError, match="'r', 'stata', 'sas'"):
        sleep.code("spss")


def test_choices_are_listed() -> None:
    with pytest.raises(ValueError, match="'satterthwaite', 'kenward-roger'"):
        rf.lmer(SLEEP, "sleepstudy", df="exact")
    with pytest.raises(ValueError, match="'treatment', 'sum'"):
        rf.lmer(SLEEP, "sleepstudy", contrasts="effects")
    with pytest.raises(ValueError, match="'newton'"):
        rf.lmer(SLEEP, "sleepstudy", optimizer="adam")
    with pytest.raises(TypeError, match="name of a column"):
        rf.lmer(SLEEP, "sleepstudy", weights=[1.0] * 180)  # type: ignore[arg-type]
    fit = rf.lmer(SLEEP, "sleepstudy")
    with pytest.raises(ValueError, match="give 1, 2 or 3"):
        fit.anova(type=4)


def test_choices_have_their_effect() -> None:
    plain = rf.lmer("yield ~ Variety + (1 | Block)", "Oats")
    summed = rf.lmer("yield ~ Variety + (1 | Block)", "Oats", contrasts="sum")
    assert plain.loglik != summed.loglik and list(plain.fixef) != list(summed.fixef)
    data: Dict[str, Any] = dict(rf.data("sleepstudy"))
    data["w"] = [1.0, 2.0] * 90
    weighted = rf.lmer("Reaction ~ Days + (1 | Subject)", data, weights="w")
    assert weighted.loglik != rf.lmer("Reaction ~ Days + (1 | Subject)", data).loglik
    as_factor = rf.lmer("Reaction ~ Days + (1 | Subject)", data, factors="Days")
    assert len(as_factor.fixef) == 10
    turned = rf.lmer("yield ~ Variety + (1 | Block)", "Oats", levels={"Variety": ["Victory", "..."]})
    assert list(turned.fixef)[1:] == ["VarietyGolden Rain", "VarietyMarvellous"]
    started = rf.lmer(SLEEP, "sleepstudy", start=[1, 0, 1])
    assert started.loglik == pytest.approx(-871.8141359, abs=1e-6)
    assert rf.lm("Reaction ~ Days", data).summary().method != ""
    assert rf.glmer("incidence ~ period + (1 | herd)", "cbpp", family="poisson", offset=None).family == "poisson"
