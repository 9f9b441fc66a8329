"""Frames of every kind with the same rows."""

from __future__ import annotations

from typing import Any, Callable, Dict

import pytest

import ranef as rf

SLEEP = "Reaction ~ Days + (Days | Subject)"


def _kinds() -> Dict[str, Callable[[rf.Data], Any]]:
    import duckdb
    import narwhals

    return {
        "name": lambda data: data,
        "dict of lists": lambda data: dict(data),
        "dict of arrays": _arrays,
        "pandas": lambda data: data.to_pandas(),
        "polars": lambda data: data.to_polars(),
        "polars lazy": lambda data: data.to_polars().lazy(),
        "pyarrow": lambda data: data.to_arrow(),
        "duckdb": lambda data: duckdb.from_arrow(data.to_arrow()),
        "narwhals": lambda data: narwhals.from_native(data.to_polars()),
        "narwhals of pandas": lambda data: narwhals.from_native(data.to_pandas()),
    }


def _arrays(data: rf.Data) -> Any:
    import numpy

    return {name: numpy.asarray(cells) for name, cells in data.items()}


KINDS = list(_kinds())


@pytest.fixture(params=KINDS)
def frame(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """A built-in data set as a frame of one kind after the other."""
    made = _kinds()[request.param]
    return lambda name: made(rf.data(name))


@pytest.fixture(scope="session")
def sleep() -> rf.Fit:
    return rf.lmer(SLEEP, "sleepstudy")


@pytest.fixture(scope="session")
def cbpp() -> rf.Fit:
    return rf.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp")
