"""Data of every kind: equal results, and results in the kind that went in."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Any, Callable

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ranef as rf

from .conftest import SLEEP


def test_every_kind_gives_the_same_fit(frame: Callable[[str], Any], sleep: rf.Fit) -> None:
    fit = rf.lmer(SLEEP, frame("sleepstudy"))
    assert fit.deviance == sleep.deviance
    assert fit.fixef == sleep.fixef
    for got, want in ((fit.fitted, sleep.fitted), (fit.residuals(), sleep.residuals())):
        plain = got.to_pylist() if isinstance(got, pa.ChunkedArray) else list(got)
        assert plain == list(want)


@pytest.mark.parametrize(
    "make, series, table",
    [
        (lambda d: d.to_pandas(), pd.Series, pd.DataFrame),
        (lambda d: d.to_polars(), pl.Series, pl.DataFrame),
        (lambda d: d.to_arrow(), pa.ChunkedArray, pa.Table),
        (dict, list, rf.Table),
        (lambda d: d, list, rf.Table),
    ],
)
def test_results_come_back_in_kind(make: Any, series: type, table: type) -> None:
    data = make(rf.data("sleepstudy"))
    fit = rf.lmer(SLEEP, data)
    assert isinstance(fit.fitted, series)
    assert isinstance(fit.residuals("pearson"), series)
    assert isinstance(fit.predict(), series)
    assert isinstance(fit.predict(data), series)
    for made in (
        fit.predict(interval="prediction"),
        fit.augment(),
        fit.tidy(),
        fit.glance(),
        fit.ranef().to_frame(),
        fit.ranef()["Subject"],
        fit.coef()["Subject"],
        fit.vcov.to_frame(),
        fit.anova().to_frame(),
        fit.icc().groups.to_frame(),
    ):
        assert isinstance(made, table), type(made)
    for kind in ("pandas", "polars", "pyarrow", "narwhals", "table"):
        assert len(fit.anova().to_frame(kind)) >= 1
    with pytest.raises(ValueError, match="'pandas', 'polars'"):
        fit.anova().to_frame("excel")


def test_a_narwhals_frame_comes_back_as_one() -> None:
    import narwhals

    data = narwhals.from_native(rf.data("sleepstudy").to_polars())
    fit = rf.lmer(SLEEP, data)
    assert isinstance(fit.augment(), narwhals.DataFrame)
    assert isinstance(fit.fitted, narwhals.Series)


def test_pandas_keeps_its_index_and_polars_its_types() -> None:
    data = rf.data("sleepstudy").to_pandas()
    data.index = pd.Index([f"row {k}" for k in range(len(data))])
    data.loc["row 3", "Reaction"] = np.nan
    fit = rf.lmer(SLEEP, data)
    assert fit.nobs == 179
    assert "row 3" not in fit.fitted.index and "row 4" in fit.residuals().index
    assert list(fit.augment().index) == list(fit.fitted.index)
    assert fit.predict().index.equals(data.index)
    assert fit.augment()["Days"].dtype == data["Days"].dtype

    frame = rf.data("sleepstudy").to_polars().with_columns(pl.col("Days").cast(pl.Int8))
    augmented = rf.lmer(SLEEP, frame).augment()
    assert augmented["Days"].dtype == pl.Int8
    assert augmented[".fitted"].dtype == pl.Float64


def test_predictions_keep_rows_with_missing_values() -> None:
    fit = rf.lmer(SLEEP, "sleepstudy")
    new = pd.DataFrame({"Days": [1.0, np.nan, 3.0], "Subject": ["308", "308", "309"]}, index=[7, 8, 9])
    got = fit.predict(new)
    assert list(got.index) == [7, 8, 9]
    assert list(got.isna()) == [False, True, False]
    assert fit.predict(pl.from_pandas(new)).is_null().to_list() == [False, True, False]


ORDERED = ["low", "mid", "high"]


def _rows(rows: int = 120) -> "dict[str, Any]":
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(12), rows // 12)
    dose = np.array(ORDERED)[rng.integers(0, 3, rows)]
    x = rng.normal(size=rows)
    y = 1 + x + (dose == "high") + rng.normal(size=12)[g] + rng.normal(size=rows)
    return {"y": y, "x": x, "dose": dose, "g": g}


@pytest.mark.parametrize(
    "make",
    [
        lambda d: pd.DataFrame(d).assign(dose=pd.Categorical(d["dose"], ORDERED)),
        lambda d: pl.DataFrame(d).with_columns(pl.col("dose").cast(pl.Enum(ORDERED))),
        lambda d: pa.table(
            {
                **d,
                "dose": pa.DictionaryArray.from_arrays(
                    pa.array([ORDERED.index(x) for x in d["dose"]], pa.int8()), ORDERED
                ),
            }
        ),
    ],
    ids=["pandas", "polars", "pyarrow"],
)
def test_categoricals_keep_their_order(make: Any) -> None:
    data = _rows()
    fit = rf.lmer("y ~ x + dose + (1 | g)", make(data))
    assert list(fit.fixef) == ["(Intercept)", "x", "dosemid", "dosehigh"]
    # Words sort as words.
    assert list(rf.lmer("y ~ x + dose + (1 | g)", data).fixef)[2:] == ["doselow", "dosemid"]


@pytest.mark.parametrize("big", [False, True], ids=["column by column", "by pyarrow"])
def test_a_categorical_of_numbers_is_a_factor(big: bool) -> None:
    data = pd.DataFrame(_rows(12_000 if big else 120))
    data["level"] = pd.Categorical(data.index % 3 + 10, [12, 10, 11])
    fit = rf.lmer("y ~ level + (1 | g)", data)
    assert list(fit.fixef) == ["(Intercept)", "level10", "level11"]
    kept = rf.lmer("y ~ level + (1 | g)", pa.Table.from_pandas(data))
    assert kept.deviance == fit.deviance


@pytest.mark.parametrize("rows", [120, 12_000])
def test_pandas_types(rows: int) -> None:
    data = pd.DataFrame(_rows(rows))
    data["flag"] = data.x > 0
    plain = rf.lmer("y ~ x + flag + (1 | g)", data)
    assert "flagTRUE" in plain.fixef or "flag" in plain.fixef
    nullable = data.convert_dtypes()
    assert str(nullable.dtypes["g"]) == "Int64" and str(nullable.dtypes["flag"]) == "boolean"
    assert rf.lmer("y ~ x + flag + (1 | g)", nullable).deviance == plain.deviance
    arrow = data.convert_dtypes(dtype_backend="pyarrow")
    assert rf.lmer("y ~ x + flag + (1 | g)", arrow).deviance == plain.deviance
    objects = data.astype(object)
    assert rf.lmer("y ~ x + flag + (1 | g)", objects).deviance == plain.deviance
    nullable.loc[5, "x"] = pd.NA
    nullable.loc[6, "flag"] = pd.NA
    nullable.loc[7, "g"] = pd.NA
    fit = rf.lmer("y ~ x + flag + (1 | g)", nullable)
    assert fit.nobs == rows - 3
    without = rf.lmer("y ~ x + flag + (1 | g)", data.drop(index=[5, 6, 7]))
    assert fit.deviance == pytest.approx(without.deviance, abs=1e-9)
    assert fit.fitted.index.equals(data.index.drop([5, 6, 7]))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
def test_dates_are_refused_with_the_way_out(make: Any) -> None:
    data = _rows()
    day = datetime.datetime(2024, 1, 1)
    data["when"] = [day + datetime.timedelta(hours=k) for k in range(len(data["y"]))]
    rf.lmer("y ~ x + (1 | g)", make(data))
    with pytest.raises(rf.DataError, match="holds dates") as error:
        rf.lmer("y ~ when + (1 | g)", make(data))
    assert "days since" in str(error.value)


@pytest.mark.parametrize("rows", [120, 12_000])
def test_columns_that_no_model_can_use_do_no_harm(rows: int) -> None:
    data = pd.DataFrame(_rows(rows))
    data["things"] = [[1], "a", 2.5] * (rows // 3)
    fit = rf.lmer("y ~ x + (1 | g)", data)
    assert fit.nobs == rows and fit.check().checks
    with pytest.raises(rf.DataError, match="values of type"):
        rf.lmer("y ~ things + (1 | g)", data)


def test_columns_with_one_name_and_names_that_are_no_text() -> None:
    data = pd.DataFrame(_rows())
    twice = pd.concat([data, data[["x"]] * 2], axis=1)
    twice[0] = 1.0
    assert rf.lmer("y ~ x + (1 | g)", twice).deviance == rf.lmer("y ~ x + (1 | g)", data).deviance


def test_wrong_data_are_named() -> None:
    with pytest.raises(TypeError, match="data of type int"):
        rf.lmer("y ~ x", 3)
    with pytest.raises(ValueError, match="3 values"):
        rf.lmer("y ~ x", {"y": [1.0, 2.0], "x": [1, 2, 3]})
    with pytest.raises(ValueError, match="one dimension"):
        rf.lmer("y ~ x", {"y": np.zeros((2, 2)), "x": [1, 2]})
    with pytest.raises(rf.DataError, match="neither a file nor"):
        rf.lmer("y ~ x", "no-such-data")
    with pytest.raises(rf.DataError, match="did you mean 'sleepstudy'"):
        rf.data("SleepStudy")


def test_lists_are_read_by_what_they_hold() -> None:
    data = _rows(24)
    lists = {name: list(map(lambda x: x.item(), cells)) for name, cells in data.items()}
    lists["x"][0] = None
    lists["y"] = [int(100 * y) for y in lists["y"]]
    fit = rf.lmer("y ~ x + dose + (1 | g)", lists)
    assert fit.nobs == 23
    structured = np.rec.fromarrays(list(data.values()), names=list(data))
    assert rf.lm("y ~ x", structured).nobs == 24
    masked = {**data, "x": np.ma.masked_less(data["x"], 0)}
    assert rf.lm("y ~ x", masked).nobs == int((data["x"] >= 0).sum())


def test_capsules_are_taken_over_once() -> None:
    from ranef import _ranef

    table = pa.table({"y": [1.0, 2.0, 4.0]})
    stream = table.__arrow_c_stream__()
    assert _ranef.Data.from_stream(stream, []).rows == 3
    with pytest.raises(ValueError, match="Arrow data"):
        _ranef.Data.from_stream(stream, [])
    schema, batch = table.to_batches()[0].__arrow_c_array__()
    assert _ranef.Data.from_array(schema, batch).names == ["y"]
    with pytest.raises(ValueError, match="Arrow data"):
        _ranef.Data.from_array(schema, batch)
    with pytest.raises(ValueError):
        _ranef.Data.from_array(batch, schema)
    with pytest.raises(ValueError, match="single column"):
        _ranef.Data.from_array(*pa.array([1.0]).__arrow_c_array__())
    assert rf.lm("y ~ 1", table.to_batches()[0]).nobs == 3


def test_files(tmp_path: Any) -> None:
    path = tmp_path / "sleep.csv"
    rf.data("sleepstudy").to_pandas().to_csv(path, index=False, sep=";", decimal=",")
    assert rf.lmer(SLEEP, path).nobs == 180
    read = rf.read(path, separator=";", decimal=",", na=["-9"])
    assert read.shape == (180, 3)
    assert rf.lmer(SLEEP, read).deviance == pytest.approx(rf.lmer(SLEEP, path).deviance, abs=0)


def test_numbers_are_not_copied() -> None:
    """A column of ten million numbers that no model asks for costs nothing."""
    import resource

    rows = 10_000_000
    frame = pl.DataFrame({"y": [1.0, 2.0, 4.0] * 4})
    wide = pl.DataFrame({"unused": np.arange(rows)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = rf._data.source(wide)  # type: ignore[attr-defined]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert source.rows == rows
    assert after - before < 8 * rows / 1024 / 4
    assert rf.lm("y ~ 1", frame).nobs == 12


def test_without_any_other_library(tmp_path: Any) -> None:
    """pandas without pyarrow, and nothing at all."""
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ABSENT:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
import ranef as rf
fit = rf.lmer("Reaction ~ Days + (Days | Subject)", DATA())
assert round(fit.loglik, 4) == -871.8141
repr(fit); fit._repr_html_(); fit.tidy(); fit.fitted; fit.augment(); fit.predict()
fit.predict(interval="prediction"); fit.ranef()["Subject"]; fit.vcov.to_frame()
fit.anova().to_frame(); fit.VarCorr().to_frame(); fit.icc().groups.to_frame()
"""
    nothing = "ABSENT = ('numpy', 'pandas', 'polars', 'pyarrow')\nDATA = lambda: 'sleepstudy'\n"
    no_pyarrow = (
        "ABSENT = ('polars', 'pyarrow')\n"
        "def DATA():\n"
        "    import pandas as pd\n"
        "    frame = rf.data('sleepstudy').to_pandas()\n"
        "    frame['s'] = frame['Subject'].astype(str)\n"
        "    big = pd.concat([frame] * 100)\n"
        "    assert rf.lm('Reaction ~ Days + s', big).nobs == 18000\n"
        "    return frame\n"
    )
    for setting in (nothing, no_pyarrow):
        done = subprocess.run(
            [sys.executable, "-c", setting + code], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
