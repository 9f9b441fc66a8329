"""Figures, simulation and bootstrap from Python."""

from __future__ import annotations

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
