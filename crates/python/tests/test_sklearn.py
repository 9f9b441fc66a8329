"""The estimator among those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import ranef as rf
from ranef.sklearn import MixedModel


EXACT = {
    # A response that is a column of X leaves no residual variance, and a mixed model says so.
    "check_regressors_no_decision_function": "y is X[:, 0]",
}


@parametrize_with_checks([MixedModel()], expected_failed_checks=lambda estimator: EXACT)
def test_as_scikit_learn_wants_it(estimator: MixedModel, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.fixture
def sleep() -> "object":
    return rf.data("sleepstudy").to_pandas()


def test_it_is_the_same_model(sleep) -> None:  # type: ignore[no-untyped-def]
    model = MixedModel("Days + (Days | Subject)").fit(sleep[["Days", "Subject"]], sleep["Reaction"])
    fit = rf.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    assert model.fit_.deviance == fit.deviance
    assert model.intercept_ == fit.fixef["(Intercept)"] and model.coef_[0] == fit.fixef["Days"]
    assert model.predict(sleep[["Days", "Subject"]]) == pytest.approx(fit.fitted.to_numpy())
    grouped = MixedModel(groups="Subject").fit(sleep[["Days", "Subject"]], sleep["Reaction"])
    plain = rf.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    assert grouped.fit_.deviance == plain.deviance
    outside = MixedModel().fit(sleep[["Days"]], sleep["Reaction"], groups=sleep["Subject"])
    assert outside.fit_.deviance == pytest.approx(plain.deviance)
    assert outside.predict(sleep[["Days"]], groups=sleep["Subject"]) == pytest.approx(
        plain.fitted.to_numpy()
    )
    assert outside.predict(sleep[["Days"]]) == pytest.approx(plain.predict(re="none").to_numpy())


def test_cross_validation_over_groups(sleep) -> None:  # type: ignore[no-untyped-def]
    X, y, groups = sleep[["Days", "Subject"]], sleep["Reaction"], sleep["Subject"]
    model = MixedModel("Days + (Days | Subject)")
    folds = GroupKFold(6)
    assert len(cross_val_score(model, X, y, groups=groups, cv=folds)) == 6
    held_out = cross_val_predict(model, X, y, groups=groups, cv=folds)
    # Nothing is known of a subject that was held out: ten days, ten predictions a fold.
    train, test = next(folds.split(X, y, groups))
    fit = rf.lmer("Reaction ~ Days + (Days | Subject)", sleep.iloc[train])
    want = fit.predict(sleep.iloc[test], re="none")
    assert held_out[test] == pytest.approx(want.to_numpy())


def test_pipelines_and_searches(sleep) -> None:  # type: ignore[no-untyped-def]
    sleep["noise"] = np.arange(len(sleep)) % 7
    X, y = sleep[["Days", "noise", "Subject"]], sleep["Reaction"]
    prepare = make_column_transformer(
        (StandardScaler(), ["Days", "noise"]), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    pipeline = make_pipeline(prepare, MixedModel(groups="Subject"))
    search = GridSearchCV(pipeline, {"mixedmodel__re": ["all", "none"]}, cv=3).fit(X, y)
    assert search.best_params_["mixedmodel__re"] in ("all", "none")
    assert pipeline.fit(X, y).score(X, y) > 0.6


def test_other_families() -> None:
    data = rf.data("VerbAgg").to_pandas().head(2000)
    model = MixedModel("Anger + (1 | item)", family="binomial")
    model.fit(data[["Anger", "item"]], (data["r2"] == "Y").astype(float))
    share = model.predict(data[["Anger", "item"]])
    assert ((share > 0) & (share < 1)).all()
    with pytest.raises(TypeError, match="data frame"):
        MixedModel("x0").fit(np.zeros((5, 1)), np.zeros(5))
