"""What a stranger types first: habits from elsewhere, frames as they come, mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ranef as rf

from .conftest import SLEEP


@pytest.fixture
def data() -> pd.DataFrame:
    return rf.data("sleepstudy").to_pandas()


def test_a_misspelt_column_is_recognised_in_every_frame(data: pd.DataFrame) -> None:
    # pandas hands over only what the formula names: the error must know the others too.
    for frame in (data, pl.from_pandas(data), dict(data)):
        with pytest.raises(rf.DataError) as caught:
            rf.lmer("Reaction ~ Dayz + (1 | Subject)", frame)
        assert "`Days`" in str(caught.value), type(frame)
    with pytest.raises(rf.DataError, match="`Days`"):
        rf.lmer("Reaction ~ Days + (1 | Subject)", data, weights="days")


def test_columns_in_the_index_are_found(data: pd.DataFrame) -> None:
    with pytest.raises(rf.DataError, match="reset_index"):
        rf.lmer(SLEEP, data.set_index(["Subject", "Days"]))
    with pytest.raises(rf.DataError, match="reset_index") as caught:
        rf.lmer(SLEEP, data.set_index("Subject"))
    assert caught.value.code == "unknown_column" and caught.value.place is not None


def test_names_that_no_formula_can_say(data: pd.DataFrame) -> None:
    several = data.copy()
    several.columns = pd.MultiIndex.from_product([["a"], data.columns])
    with pytest.raises(rf.DataError, match='"_".join'):
        rf.lmer(SLEEP, several)
    several.columns = ["_".join(names) for names in several.columns]
    assert rf.lmer("a_Reaction ~ a_Days + (a_Days | a_Subject)", several).nobs == 180
    numbered = data.copy()
    numbered.columns = [0, 1, 2]
    with pytest.raises(rf.DataError, match="map\\(str\\)"):
        rf.lmer(SLEEP, numbered)


def test_nothing_to_fit(data: pd.DataFrame) -> None:
    for nothing in (pd.DataFrame(), {}):
        with pytest.raises(rf.DataError, match="no columns"):
            rf.lmer(SLEEP, nothing)
    for nothing in (data.head(0), pl.from_pandas(data).head(0), {name: [] for name in data}):
        with pytest.raises(rf.DataError, match="no rows"):
            rf.lmer(SLEEP, nothing)
    with pytest.raises(TypeError, match="DataFrame, not a Series"):
        rf.lmer(SLEEP, data["Reaction"])
    with pytest.raises(TypeError, match="pandas, polars"):
        rf.lmer(SLEEP, data[["Reaction", "Days"]].to_numpy())


def test_names_of_any_kind(data: pd.DataFrame, sleep: rf.Fit) -> None:
    words = data.rename(columns={"Days": "class", "Subject": "lambda", "Reaction": "def"})
    fit = rf.lmer("def ~ class + (class | lambda)", words)
    assert fit.deviance == sleep.deviance and list(fit.ranef()) == ["lambda"]
    blanks = data.rename(columns={"Days": "days in study", "Subject": "person.id", "Reaction": "größe"})
    fit = rf.lmer("größe ~ `days in study` + (`days in study` | person.id)", blanks)
    assert fit.deviance == sleep.deviance
    twice = pd.concat([data, 2 * data[["Days"]]], axis=1)
    assert rf.lmer(SLEEP, twice).deviance == sleep.deviance


def test_an_index_of_any_kind(data: pd.DataFrame, sleep: rf.Fit) -> None:
    data.index = [f"r{k % 90}" for k in range(180)]
    fit = rf.lmer(SLEEP, data)
    assert fit.deviance == sleep.deviance
    assert fit.residuals().index.equals(data.index) and fit.augment().index.equals(data.index)
    assert list(fit.predict(data.iloc[5:7]).index) == ["r5", "r6"]


def test_habits_from_r(sleep: rf.Fit) -> None:
    assert sleep.anova("III").to_dict() == sleep.anova(3).to_dict()
    assert sleep.anova(2).to_dict() == sleep.anova("ii").to_dict()
    wald = sleep.confint(method="Wald")
    assert wald.to_dict() == sleep.confint(method="wald").to_dict()
    assert rf.lmer(SLEEP, "sleepstudy", df="Kenward-Roger").deviance == sleep.deviance
    probit = rf.glmer("r2 ~ 1 + (1 | item)", "VerbAgg", family='binomial(link = "probit")')
    assert probit.link == "probit"


@pytest.mark.parametrize(
    "name, there",
    [("params", "fixef"), ("bse", "se"), ("llf", "loglik"), ("random_effects", "ranef()"), ("AIC", "aic")],
)
def test_names_from_elsewhere(sleep: rf.Fit, name: str, there: str) -> None:
    with pytest.raises(AttributeError, match="write") as caught:
        getattr(sleep, name)
    assert f"`fit.{there}`" in str(caught.value)
    assert hasattr(sleep, there.rstrip("()"))


def test_every_name_from_elsewhere_is_answered(sleep: rf.Fit) -> None:
    from ranef._fit import _ELSEWHERE

    for name, there in _ELSEWHERE.items():
        assert not hasattr(sleep, name), name
        assert hasattr(sleep, there.partition(".")[0].partition(" ")[0].rstrip("()")), there
    with pytest.raises(AttributeError, match="no attribute 'nonsense'$"):
        sleep.nonsense


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda fit: fit.confint(level="95"), TypeError, "level: give a number, not"),
        (lambda fit: fit.simulate(2.5), TypeError, "n: give a whole number"),
        (lambda fit: fit.simulate(1, seed=-1), ValueError, "seed: give a whole number from 0 up"),
        (lambda fit: fit.bootstrap(replicates="many"), TypeError, "replicates: give a whole"),
        (lambda fit: fit.equations(values="yes"), TypeError, "values: give True or False"),
        (lambda fit: fit.anova(type=4), ValueError, "give 1, 2 or 3"),
        (lambda fit: rf.lmer(SLEEP, "sleepstudy", REML="no"), TypeError, "REML: give True or False"),
        (lambda fit: rf.glmer("r2 ~ 1 + (1 | id)", "VerbAgg", nAGQ=1.5), TypeError, "nAGQ: give a whole"),
        (lambda fit: rf.lmer(SLEEP, "sleepstudy", weights=[1.0]), TypeError, "name of a column"),
    ],
)
def test_arguments_of_another_type(sleep: rf.Fit, call: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call(sleep)
    for rust in ("u32", "u64", "f64", "usize", "line 1", "floating"):
        assert rust not in str(caught.value)


def test_code_keeps_its_commands(sleep: rf.Fit) -> None:
    assert "ranef data sleepstudy --csv" in sleep.code()


def test_dates_say_what_to_do(data: pd.DataFrame) -> None:
    data["when"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(data["Days"], "D")
    for frame in (data, pl.from_pandas(data)):
        assert rf.lmer(SLEEP, frame).nobs == 180
        with pytest.raises(rf.DataError, match="days since a start"):
            rf.lmer("Reaction ~ when + (1 | Subject)", frame)


def test_missing_values_of_every_kind(data: pd.DataFrame) -> None:
    data = data.convert_dtypes()
    data.loc[2, "Days"] = pd.NA
    data["flag"] = data["Days"] > 4
    data.loc[7, "flag"] = pd.NA
    data["mixed"] = pd.Series([1, 2.5, None] * 60, dtype=object)
    assert rf.lmer("Reaction ~ Days + flag + (1 | Subject)", data).nobs == 178
    assert rf.lmer("Reaction ~ mixed + (1 | Subject)", data).nobs == 120
    with pytest.raises(rf.DataError, match="int, str"):
        rf.lmer("Reaction ~ both + (1 | Subject)", data.assign(both=[1, "a"] * 90))


# Large frames go in without being taken apart; they must say the same -------------------------------


def large(rows: int = 30_000) -> "dict[str, Any]":
    rng = np.random.default_rng(3)
    g = rng.integers(0, 800, rows)
    x = rng.normal(size=rows)
    y = 1 + x + rng.normal(size=800)[g] + rng.normal(size=rows)
    return {"y": y, "x": x, "g": np.array([f"group {k}" for k in g])}


def test_large_frames_of_every_kind_say_the_same() -> None:
    formula = "y ~ x + (1 | g)"
    columns = large()
    want = rf.lmer(formula, columns)
    frame = pl.DataFrame(columns)
    kinds = {
        "strings": frame,
        "categorical": frame.with_columns(pl.col("g").cast(pl.Categorical)),
        "small codes": frame.with_columns(
            pl.col("g").cast(pl.Categorical(pl.Categories("large", physical=pl.UInt16)))
        ),
        "pieces": pl.concat([frame[:7000], frame[7000:]]).with_columns(pl.col("g").cast(pl.Categorical)),
        "pieces of strings": pl.concat([frame[:7000], frame[7000:]], rechunk=False),
        "enum": frame.with_columns(pl.col("g").cast(pl.Enum(sorted(set(columns["g"]))))),
        "pandas": pd.DataFrame(columns),
        "pandas categories": pd.DataFrame(columns).astype({"g": "category"}),
        "pandas objects": pd.DataFrame(columns).astype({"g": object}),
        "arrow": frame.to_arrow(),
    }
    for kind, made in kinds.items():
        fit = rf.lmer(formula, made)
        assert fit.deviance == pytest.approx(want.deviance, abs=1e-9), kind
        levels = [row["level"] for row in fit.ranef().to_dict()["random"]]
        assert levels == [row["level"] for row in want.ranef().to_dict()["random"]], kind


def test_large_frames_miss_values() -> None:
    columns = large()
    frame = pl.DataFrame(columns).with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise(pl.col("g")).alias("g"),
        pl.when(pl.int_range(pl.len()) % 7 == 0).then(float("nan")).otherwise(pl.col("x")).alias("x"),
    )
    complete = frame.filter(pl.col("g").is_not_null() & pl.col("x").is_not_nan())
    want = rf.lmer("y ~ x + (1 | g)", complete.to_dict(as_series=False))
    for made in (
        frame,
        frame.with_columns(pl.col("g").cast(pl.Categorical)),
        frame.to_pandas(),
        frame.to_pandas().astype({"g": "category"}),
    ):
        fit = rf.lmer("y ~ x + (1 | g)", made)
        assert fit.nobs == complete.height
        assert fit.deviance == pytest.approx(want.deviance, abs=1e-9)


def test_categories_without_a_row_are_no_groups() -> None:
    # Categoricals of polars may share their words with others of the program.
    pl.Series([f"elsewhere {k}" for k in range(500)]).cast(pl.Categorical)
    frame = pl.DataFrame(large()).with_columns(pl.col("g").cast(pl.Categorical))
    assert rf.lmer("y ~ x + (1 | g)", frame.head(12_000)).ngrps == {"g": frame.head(12_000)["g"].n_unique()}
