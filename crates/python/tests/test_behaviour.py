"""Errors, warnings, threads, Ctrl-C, progress, keeping, the command."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from typing import Any

import numpy as np
import pytest

import ranef as rf

from .conftest import SLEEP


def slow(rows: int = 60_000, levels: int = 3_000) -> Any:
    """Crossed factors that take seconds to fit."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, levels, rows), rng.integers(0, levels, rows)
    y = rng.normal(size=levels)[a] + rng.normal(size=levels)[b] + rng.normal(size=rows)
    return {"y": y, "a": a, "b": b, "x": rng.normal(size=rows)}


SLOW = "y ~ x + (1 | a) + (1 | b)"


def test_errors_have_code_place_and_hint() -> None:
    with pytest.raises(rf.FormulaError) as caught:
        rf.lmer("Reaction ~ Days + (Days | Subject", "sleepstudy")
    error = caught.value
    assert isinstance(error, rf.RanefError) and isinstance(error, ValueError)
    assert error.code == "unbalanced_parenthesis"
    assert error.place is not None
    assert error.place.formula[error.place.start : error.place.end] == "("
    assert error.hint is not None and error.hint in str(error)
    assert "^" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) and copy.place == error.place

    with pytest.raises(rf.DataError) as caught_data:
        rf.lmer("Reaction ~ Däys + Dayz + (1 | Subject)", "sleepstudy")
    place = caught_data.value.place
    assert place is not None
    assert place.formula[place.start : place.end] in ("Däys", "Dayz")

    with pytest.raises(rf.ModelError):
        rf.lmer("Reaction ~ Days + (Days * Reaction | Subject:Days)", "sleepstudy")
    with pytest.raises(rf.OptionError, match="did you mean"):
        rf.glmer("r2 ~ 1 + (1 | id)", "VerbAgg", family="binomal")
    with pytest.raises(rf.FormulaError, match="lmer"):
        rf.lm(SLEEP, "sleepstudy")
    with pytest.raises(TypeError, match="formula first"):
        rf.lmer(rf.data("sleepstudy"), SLEEP)  # type: ignore[arg-type]


def test_warnings_have_a_category() -> None:
    with pytest.warns(rf.SingularFitWarning) as seen:
        fit = rf.lmer("Yield ~ 1 + (1 | Batch)", "Dyestuff2")
    assert seen[0].filename == __file__
    assert fit.singular and "singular" in [code for code, _ in fit.notes]
    rng = np.random.default_rng(1)
    x = rng.normal(size=60)
    data = {"y": rng.normal(size=60), "x": x, "twice": 2 * x, "g": np.arange(60) % 6}
    with pytest.warns(rf.RankDeficientWarning):
        fit = rf.lmer("y ~ x + twice + (1 | g)", data)
    assert list(fit.fixef) == ["(Intercept)", "x"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rf.lmer(SLEEP, "sleepstudy")


def test_pickle_and_save(sleep: rf.Fit, tmp_path: Any) -> None:
    path = tmp_path / "sleep.json"
    sleep.save(path)
    for kept in (pickle.loads(pickle.dumps(sleep)), rf.load(path)):
        assert kept.fixef == sleep.fixef and repr(kept) == repr(sleep)
        new = {"Days": [3], "Subject": ["309"]}
        assert kept.predict(new) == sleep.predict(new)
        # The data have a name: they are found again.
        assert list(kept.residuals()) == pytest.approx(list(sleep.residuals()))
        assert kept.check().checks
    frame = rf.data("sleepstudy").to_pandas()
    kept = pickle.loads(pickle.dumps(rf.lmer(SLEEP, frame)))
    with pytest.raises(rf.NeedsDataError, match="with_data"):
        kept.residuals()
    assert kept.with_data(frame).residuals().index.equals(frame.index)
    with pytest.raises(rf.NeedsDataError, match="not the rows"):
        kept.with_data(frame.iloc[:100])
    with pytest.raises(rf.SavedModelError):
        rf.load(tmp_path / "nothing.json")
    with pytest.raises(rf.SavedModelError):
        rf.load(__file__)


def test_other_threads_run_meanwhile() -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    data = slow(20_000, 1_500)
    counter = threading.Thread(target=count)
    counter.start()
    try:
        begun = time.perf_counter()
        rf.lmer(SLOW, data)
        seconds = time.perf_counter() - begun
    finally:
        done.set()
        counter.join()
    # With the lock held the counter would have stood still.
    assert counted > 50 * seconds


def test_fits_run_in_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        fits = list(pool.map(lambda _: rf.lmer(SLEEP, "sleepstudy"), range(16)))
        answers = list(pool.map(lambda _: fits[0].icc().adjusted, range(16)))
    assert len({fit.deviance for fit in fits}) == 1 and len(set(answers)) == 1


def test_threads_change_no_number() -> None:
    data = slow(5_000, 300)
    before = rf.threads()
    found = []
    for count in (1, 2, 3):
        rf.set_threads(count)
        assert rf.threads() == count
        found.append(rf.lmer(SLOW, data).deviance)
    rf.set_threads(None)
    assert rf.threads() == before
    assert len(set(found)) == 1
    with pytest.raises(ValueError):
        rf.set_threads(0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_stops_a_long_fit() -> None:
    data = slow()
    # A run in the background of a shell begins with this signal ignored, and Python leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = time.perf_counter()
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        # More than one, so that the signal finds one at work.
        for _ in range(100):
            rf.lmer(SLOW, data)
    timer.join()
    signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - begun < 60
    assert rf.lmer(SLEEP, "sleepstudy").converged


def test_progress_is_shown_where_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    from ranef import _progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        _progress.show(("fitting", 2))
        _progress.show(("fitting", 3))
        _progress.show(None)
        assert ("fitting (2 s)" in stream.getvalue()) == shown
        if shown:
            assert stream.getvalue().endswith("\r")
    rf.set_progress(True)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    _progress.show(("fitting", 2))
    rf.set_progress(None)
    assert stream.getvalue()


def test_import_is_light() -> None:
    code = (
        "import sys, ranef; "
        "heavy = {'numpy', 'pandas', 'polars', 'pyarrow', 'sklearn', 'narwhals', 'json'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_command_comes_along() -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ranef", *arguments], capture_output=True, text=True
        )

    assert run("--version").stdout.strip() == f"ranef {rf.__version__}"
    assert "REML criterion" in run("fit", SLEEP, "sleepstudy").stdout
    assert run("fit", "y ~ x", "nowhere.csv").returncode == 1
    assert run("fit", "--nonsense").returncode == 2
    assert "ranef::lmer" not in run("lmer").stderr


def test_light_tables() -> None:
    table = rf.Table.from_records([{"a": 1, "b": "x"}, {"a": None, "c": [1, 2]}])
    assert table["a"] == [1, None] and table["b"] == ["x", None] and table["c"] == [None, "[1, 2]"]
    assert table.rows()[0] == {"a": 1.0, "b": "x", "c": None}
    assert table.to_polars().shape == (2, 3) and table.to_arrow().num_rows == 2
    assert list(table.to_pandas().columns) == ["a", "b", "c"]
    assert "<td>x</td>" in table._repr_html_()
    assert "more rows" in repr(rf.data("sleepstudy")) and "more rows" in rf.data("sleepstudy")._repr_html_()
    with pytest.raises(KeyError):
        table["d"]
    assert "sleep" in rf.data("sleepstudy").about.lower()


def test_types() -> None:
    """The package is typed, and its types hold."""
    import pathlib

    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "python/ranef"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
