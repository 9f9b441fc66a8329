"""The mixed models of statsmodels' own tests and documentation, side by side.

statsmodels' criterion leaves no constant out, so that log-likelihoods agree too. Its optimisers stop
early now and then (and `powell` takes no notice of `free`): ours is never below by more than
rounding. Its standard errors come from the information on all parameters at once, those here and in
lme4 from that on the fixed effects; they differ where the design is unbalanced.
"""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf

import ranef as rf

RESULTS = pathlib.Path(statsmodels.__file__).parent / "regression" / "tests" / "results"


def theirs(formula: str, data: Any, groups: str, re_formula: Any = None, reml: bool = True, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = smf.mixedlm(formula, data, groups=data[groups], re_formula=re_formula, **more)
        return model.fit(reml=reml, method=["lbfgs", "bfgs", "powell"])


def agree(ours: rf.Fit, other: Any, names: Any, within: float = 1e-4) -> None:
    assert ours.loglik >= other.llf - 1e-6
    assert ours.loglik == pytest.approx(other.llf, abs=1e-3)
    for mine, yours in names.items():
        assert ours.fixef[mine] == pytest.approx(other.fe_params[yours], abs=within * ours.se[mine] + 1e-6)
        assert ours.se[mine] == pytest.approx(other.bse_fe[yours], rel=5e-3)
    assert ours.sigma**2 == pytest.approx(other.scale, rel=1e-3)


@pytest.fixture(scope="module")
def dietox() -> Any:
    """The growth of pigs, the example of statsmodels' documentation."""
    return pd.read_csv(RESULTS / "dietox.csv")


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
def test_pigs_with_random_intercepts(dietox: Any, reml: bool) -> None:
    ours = rf.lmer("Weight ~ Time + (1 | Pig)", dietox, REML=reml)
    other = theirs("Weight ~ Time", dietox, "Pig", reml=reml)
    agree(ours, other, {"(Intercept)": "Intercept", "Time": "Time"})
    assert ours.VarCorr()["Pig"].cov[0][0] == pytest.approx(other.cov_re.iloc[0, 0], rel=1e-3)


def test_pigs_with_random_slopes(dietox: Any) -> None:
    ours = rf.lmer("Weight ~ Time + (Time | Pig)", dietox)
    other = theirs("Weight ~ Time", dietox, "Pig", "~Time")
    agree(ours, other, {"(Intercept)": "Intercept", "Time": "Time"}, within=1e-3)
    assert np.asarray(ours.VarCorr()["Pig"].cov) == pytest.approx(other.cov_re.to_numpy(), rel=1e-2)
    wide = ours.ranef()["Pig"]
    blups = pd.DataFrame(other.random_effects).T
    blups.index = blups.index.astype(str)
    for column, name in enumerate(["(Intercept)", "Time"]):
        got = wide[name].sort_index().to_numpy()
        want = blups.sort_index().iloc[:, column].to_numpy()
        assert got == pytest.approx(want, abs=1e-2)


def test_pigs_without_the_correlation(dietox: Any) -> None:
    # sm.MixedLM with a free parameter mask, as in its documentation.
    ours = rf.lmer("Weight ~ Time + (Time || Pig)", dietox)
    free = sm.regression.mixed_linear_model.MixedLMParams.from_components(
        fe_params=np.ones(2), cov_re=np.eye(2)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = smf.mixedlm("Weight ~ Time", dietox, groups=dietox["Pig"], re_formula="~Time")
        other = other.fit(free=free, method="cg")
    agree(ours, other, {"(Intercept)": "Intercept", "Time": "Time"}, within=1e-3)


def test_nested_variance_components() -> None:
    pastes = pd.read_csv(RESULTS / "pastes.csv")
    ours = rf.lmer("strength ~ 1 + (1 | batch / cask)", pastes)
    vcf = {"cask": "0 + cask"}
    other = theirs("strength ~ 1", pastes, "batch", "1", vc_formula=vcf)
    agree(ours, other, {"(Intercept)": "Intercept"}, within=1e-2)


def _examples() -> Any:
    """Files, and whether their random effects are to be independent; with one there is no choice."""
    names = sorted(path.name for path in RESULTS.glob("lme[0-9]*.csv"))
    return [(name, False) for name in names] + [(name, True) for name in names if name >= "lme06"]


def _of_r(name: str, reml: bool, independent: bool) -> Any:
    """What statsmodels holds its results against: lme4's, in its lme_r_results."""
    from statsmodels.regression.tests.results import lme_r_results as results

    key = f"{'reml' if reml else 'ml'}_{'irf' if independent else 'drf'}_{int(name[3:5])}"
    return lambda what: np.asarray(getattr(results, f"{what}_{key}"))


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("name, independent", _examples())
def test_the_simulated_examples(name: str, independent: bool, reml: bool) -> None:
    data = pd.read_csv(RESULTS / name)
    exog = [c for c in data if c.startswith("exog_fe")]
    effects = [c for c in data if c.startswith("exog_re")]
    fixed, random = " + ".join(exog), " + ".join(effects)
    bars = [f"(0 + {c} | groups)" for c in effects] if independent else [f"(0 + {random} | groups)"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = rf.lmer(f"endog ~ 0 + {fixed} + {' + '.join(bars)}", data, REML=reml)
        model = smf.mixedlm(
            f"endog ~ 0 + {fixed}", data, groups=data["groups"], re_formula=f"0 + {random}"
        )
        free = None
        if independent:
            free = sm.regression.mixed_linear_model.MixedLMParams.from_components(
                fe_params=np.ones(len(exog)), cov_re=np.eye(len(effects))
            )
        other = model.fit(reml=reml, gtol=1e-7, free=free)
    assert ours.converged
    of_r = _of_r(name, reml, independent)
    covariance = np.zeros((len(effects), len(effects)))
    for block in ours.VarCorr().blocks:
        at = [effects.index(term) for term in block.terms]
        covariance[np.ix_(at, at)] = block.cov
    fixef = np.array(list(ours.fixef.values()))
    # As near to R as statsmodels asks of itself, and nearer.
    assert fixef == pytest.approx(of_r("coef"), abs=1e-4)
    assert covariance == pytest.approx(of_r("cov_re"), abs=1e-3)
    assert ours.sigma**2 == pytest.approx(of_r("scale")[0], abs=1e-4)
    assert np.asarray(ours.vcov) == pytest.approx(of_r("vcov"), abs=1e-4)
    assert ours.loglik == pytest.approx(of_r("loglike")[0], abs=1e-3)
    assert ours.loglik >= of_r("loglike")[0] - 1e-4
    # And to statsmodels, which must not be above.
    assert ours.loglik >= other.llf - 1e-6
    assert ours.loglik == pytest.approx(other.llf, abs=1e-2)
    assert fixef == pytest.approx(other.fe_params.to_numpy(), abs=1e-3)
