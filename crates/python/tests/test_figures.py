"""Figures, simulation and bootstrap from Python."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import ranef as rf

from .conftest import SLEEP
from .test_questions import command


@pytest.fixture(scope="module")
def kinds() -> Any:
    return rf.lmer(SLEEP, "sleepstudy").figures()["kind"]


def test_every_kind_is_drawn(sleep: rf.Fit, kinds: Any) -> None:
    assert {"caterpillar", "lines", "shrinkage", "coefficients"} <= set(kinds)
    for kind in kinds:
        figure = sleep.plot(kind)
        assert figure._repr_svg_().startswith("<svg"), kind
        assert len(repr(figure)) > 10 and figure.table.columns, kind


def test_a_figure_is_that_of_the_command(sleep: rf.Fit) -> None:
    figure = sleep.plot("caterpillar", group="Subject", level=0.9, own_order=True)
    want = command("plot", "-f", SLEEP, "sleepstudy", "caterpillar", "--level", "0.9", "--own-order")
    assert figure.to_dict() == want


def test_forms(sleep: rf.Fit, tmp_path: Any) -> None:
    figure = sleep.plot("lines", x="Days")
    assert figure.to_png(dpi=72).startswith(b"\x89PNG")
    for ending, head in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
        path = tmp_path / f"figure{ending}"
        figure.save(path, width=85)
        assert path.read_bytes().startswith(head)
    with pytest.raises(ValueError, match=".svg"):
        figure.save(tmp_path / "figure.doc")


def test_mistakes_are_told(sleep: rf.Fit) -> None:
    with pytest.raises(rf.RanefError, match="no figure") as error:
        sleep.plot("caterpilar")
    assert "caterpillar" in str(error.value)
    with pytest.raises(rf.RanefError, match="no use for"):
        sleep.plot("caterpillar", x="Days")
    with pytest.raises(rf.RanefError):
        sleep.plot("caterpillar", colour="red")


def test_several_models() -> None:
    m0 = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    m1 = rf.lmer(SLEEP, "sleepstudy")
    figure = rf.plot({"Intercepts": m0, "Slopes": m1})
    assert set(figure.table["model"]) == {"Intercepts", "Slopes"}
    with pytest.raises(rf.RanefError, match="one model"):
        rf.plot([m0, m1], "caterpillar")


def test_simulation() -> None:
    frame = rf.data("sleepstudy").to_pandas()
    frame.loc[3, "Reaction"] = np.nan
    fit = rf.lmer(SLEEP, frame)
    drawn = fit.simulate(2, seed=3)
    assert list(drawn.columns) == ["row", "sim_1", "sim_2"]
    assert drawn.index.equals(fit.fitted.index)
    assert fit.simulate(2, seed=3).equals(drawn) and not fit.simulate(2, seed=4).equals(drawn)
    kept = fit.simulate(200, re="kept").drop(columns="row").mean(axis=1)
    assert np.abs(kept - fit.fitted).max() < 4 * fit.sigma / np.sqrt(200) * 1.5
    new = fit.simulate(1, newdata={"Days": [0, 1], "Subject": ["308", "new"]})
    assert len(new["sim_1"]) == 2


def test_bootstrap(sleep: rf.Fit) -> None:
    found = sleep.bootstrap(["parameters", "icc"], replicates=50, seed=2, contrasts="Days - 10")
    want = command(
        "bootstrap", "-f", SLEEP, "sleepstudy", "--of", "parameters,icc", "--replicates", "50",
        "--seed", "2", "--contrast", "Days - 10",
    )
    assert found.to_dict() == want
    assert found.draws.shape[0] == 50
    intervals = sleep.confint(method="bootstrap")
    assert len(intervals.rows) == 6
    m0 = rf.lmer("Reaction ~ Days + (1 | Subject)", "sleepstudy")
    tested = rf.compare(m0, sleep, bootstrap=50)
    assert tested.to_dict() == command(
        "compare", "sleepstudy", "-f", m0.formula, "-f", SLEEP, "--bootstrap", "50"
    )
    with pytest.raises(ValueError, match="'parametric', 'kept'"):
        sleep.bootstrap(type="wild")


def test_bootstrap_of_a_function(sleep: rf.Fit) -> None:
    def ratio(fit: rf.Fit) -> float:
        return fit.fixef["Days"] / fit.sigma

    found = sleep.bootstrap(ratio, replicates=60, seed=5)
    row = found.rows[0]
    assert row.parameter == "statistic" and row.kind == "own"
    assert row.estimate == pytest.approx(ratio(sleep))
    # The replicates are those of the same seed without a function, on any number of threads.
    plain = sleep.bootstrap(replicates=60, seed=5).draws
    want = np.array(plain["Days"]) / np.array(plain["Residual.sd__Observation"])
    assert np.array(found.draws["statistic"]) == pytest.approx(want)
    rf.set_threads(1)
    try:
        again = sleep.bootstrap(ratio, replicates=60, seed=5)
    finally:
        rf.set_threads(None)
    assert again.to_dict() == found.to_dict()
    named = sleep.bootstrap(
        lambda fit: {"slope": fit.fixef["Days"], "sd": fit.VarCorr()["Subject"].sd[1], "icc": fit.icc().adjusted},
        replicates=20,
    )
    assert [row.parameter for row in named.rows] == ["slope", "sd", "icc"]
    several = sleep.bootstrap(lambda fit: fit.predict({"Days": [0, 9]}, re="none"), replicates=20)
    assert [row.parameter for row in several.rows] == ["1", "2"]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_function_may_ask_and_fit(sleep: rf.Fit, threads: int) -> None:
    frame = rf.data("sleepstudy").to_polars()

    def asks(fit: rf.Fit) -> float:
        # Questions and fits have threads of their own: none waits for the one that asked.
        within = rf.lmer("Reaction ~ Days + (1 | Subject)", frame)
        return fit.icc().adjusted + fit.r2().marginal + 0 * within.sigma

    rf.set_threads(threads)
    try:
        found = sleep.bootstrap(asks, replicates=40, seed=2)
    finally:
        rf.set_threads(None)
    assert found.done == 40 and found.rows[0].lower < found.rows[0].upper


def test_a_function_that_fails_ends_the_bootstrap(sleep: rf.Fit) -> None:
    called = 0

    def fails(fit: rf.Fit) -> float:
        nonlocal called
        called += 1
        if called > 10:
            raise KeyError("on purpose")
        return 1.0

    with pytest.raises(KeyError, match="on purpose"):
        sleep.bootstrap(fails, replicates=100_000)
    assert called < 1000
    with pytest.raises(TypeError, match="numbers are wanted"):
        sleep.bootstrap(lambda fit: "text", replicates=20)
    with pytest.raises(ValueError, match="of a replicate"):
        sleep.bootstrap(lambda fit: [1.0] * (1 + (fit.se["Days"] is None)), replicates=20)
    with pytest.raises(TypeError, match="alone"):
        sleep.bootstrap(lambda fit: 1.0, contrasts="Days")
    # A replicate knows neither rows nor standard errors, and does not pass those of the model off.
    seen = []
    sleep.bootstrap(lambda fit: seen.append((fit.se["Days"], len(repr(fit)))) or 1.0, replicates=8)
    assert all(se is None for se, _ in seen[2:])
    with pytest.raises(rf.NeedsDataError):
        sleep.bootstrap(lambda fit: fit.residuals()[0], replicates=8)
    # The fit can still be asked.
    assert sleep.bootstrap(lambda fit: fit.sigma, replicates=10).done == 10


def test_parameters_of_a_family_have_bootstrap_intervals() -> None:
    fit = rf.glmer("TICKS ~ YEAR + (1 | BROOD)", "grouseticks", family="nbinom2")
    row = fit.bootstrap(replicates=40).rows[-1]
    assert row.kind == "family" and row.lower < row.estimate < row.upper


def test_altair(sleep: rf.Fit) -> None:
    altair = pytest.importorskip("altair")
    # Of one panel, of several, by group; altair takes seconds for the many panels of others.
    for kind in ("lines", "coefficients", "vpc", "residuals", "variance", "caterpillar"):
        figure = sleep.plot(kind)
        chart = figure.to_altair()
        assert isinstance(chart, altair.TopLevelMixin), kind
        # By the schema that altair carries; the data, which are long, apart.
        datasets, chart.datasets = chart.datasets, {}
        made = chart.to_dict(validate=True)
        named = re.findall(r"'name': '(data-\d+)'", repr(made))
        assert named and set(named) == set(datasets), kind
        assert all(datasets.values()), kind


def test_reports(sleep: rf.Fit, tmp_path: Any) -> None:
    report = sleep.report(tmp_path / "sleep.html", replicates=100)
    page = (tmp_path / "sleep.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "<svg" in page
    assert "<iframe" in report._repr_html_() and "# " in repr(report)
    report.save(tmp_path / "sleep.md")
    text = (tmp_path / "sleep.md").read_text(encoding="utf-8")
    figures = list((tmp_path / "sleep_files").iterdir())
    assert figures and all(f"sleep_files/{figure.name}" in text for figure in figures)
    assert "\\begin{document}" in report.to_latex()
    with pytest.raises(ValueError, match=".html"):
        report.save(tmp_path / "sleep.docx")
    with pytest.raises(ValueError, match="'html', 'markdown'"):
        report.save(tmp_path / "sleep.docx", format="word")
    plain = sleep.report(figures=False, replicates=100)
    assert "<svg" not in plain.to_html()
    # Without rows, what needs them says so.
    import pickle

    frame = rf.data("sleepstudy").to_pandas()
    kept = pickle.loads(pickle.dumps(rf.lmer(SLEEP, frame)))
    assert "rows that the model was fitted to" in kept.report(replicates=100).to_markdown()
