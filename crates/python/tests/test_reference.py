"""The named models of crates/ranef/tests/reference.json (R 4.2.2, lme4 1.1-31, lmerTest 3.1-3) and a
generalised one, through Python; tolerances are those of the project."""

from __future__ import annotations

import json
import pathlib
import warnings
from typing import Any, Dict, List

import pytest

import ranef as rf

REFERENCE = pathlib.Path(__file__).parents[2] / "ranef" / "tests" / "reference.json"
CASES: List[Dict[str, Any]] = json.loads(REFERENCE.read_text())


def test_there_are_cases() -> None:
    assert len(CASES) == 15


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_as_lme4(case: Dict[str, Any]) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fit = rf.lmer(
            case["formula"], case["data"], REML=case["reml"], factors=case.get("factors") or ()
        )
    assert fit.deviance <= case["criterion"] + 1e-6
    assert fit.deviance == pytest.approx(case["criterion"], abs=1e-5)
    assert fit.aic == pytest.approx(case["aic"], abs=1e-5)
    assert fit.bic == pytest.approx(case["bic"], abs=1e-5)
    assert fit.nobs == case["nobs"]
    assert fit.converged
    assert fit.singular == case["singular"]
    assert fit.singular == any(w.category is rf.SingularFitWarning for w in seen)
    assert list(fit.fixef) == [row["term"] for row in case["fixed"]]
    for row in case["fixed"]:
        assert abs(fit.fixef[row["term"]] - row["estimate"]) <= 1e-4 * row["std_error"]
        assert fit.se[row["term"]] == pytest.approx(row["std_error"], rel=2e-4)
    assert fit.sigma == pytest.approx(case["sigma"], rel=1e-4)


def test_a_generalised_model(cbpp: rf.Fit) -> None:
    # lme4 1.1-31
    assert cbpp.loglik == pytest.approx(-92.02628186, abs=1e-6)
    assert cbpp.family == "binomial" and cbpp.link == "logit"
    with_quadrature = rf.glmer(cbpp.formula, "cbpp", nAGQ=9)
    assert with_quadrature.fixef["(Intercept)"] == pytest.approx(-1.39922, abs=1e-4)
