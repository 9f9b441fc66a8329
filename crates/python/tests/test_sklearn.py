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


# The data of these checks are reproduced exactly: the residual variance is zero, where the likelihood
# has no maximum, and ranef says so instead of giving a model whose standard errors are all zero.
# What they check of weights is checked below, on data that no model reproduces.
EXACT = {
    "check_regressors_no_decision_function": "its response is a column of X",
    "check_sample_weights_shape": "its response is a linear function of X",
    "check_sample_weights_not_overwritten": "its response is a linear function of X",
    "check_sample_weight_equivalence_on_dense_data": "it has 15 rows and 30 predictors",
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


def test_sample_weights(sleep) -> None:  # type: ignore[no-untyped-def]
    X, y = sleep[["Days", "Subject"]], sleep["Reaction"]
    weights = np.tile([1.0, 2.0, 0.0], 60)
    model = MixedModel("Days + (1 | Subject)").fit(X, y, sample_weight=weights)
    kept = sleep.assign(w=weights)[weights > 0]
    want = rf.lmer("Reaction ~ Days + (1 | Subject)", kept, weights="w")
    assert model.fit_.deviance == pytest.approx(want.deviance)
    assert model.n_features_in_ == 2 and list(model.feature_names_in_) == ["Days", "Subject"]
    # Without groups a weight is as good as so many rows, as scikit-learn wants it.
    plain = MixedModel().fit(sleep[["Days"]], y, sample_weight=weights)
    times = np.repeat(np.arange(len(sleep)), weights.astype(int))
    repeated = MixedModel().fit(sleep[["Days"]].iloc[times], y.iloc[times])
    assert plain.predict(sleep[["Days"]]) == pytest.approx(repeated.predict(sleep[["Days"]]))
    before = weights.copy()
    model.fit(X, y, sample_weight=weights)
    assert (weights == before).all()
    for wrong in (weights[:5], np.ones((len(y), 2))):
        with pytest.raises(ValueError, match="shape"):
            model.fit(X, y, sample_weight=wrong)
    with pytest.raises(ValueError, match="zero for all"):
        model.fit(X, y, sample_weight=0 * weights)
    with pytest.raises(rf.DataError):
        model.fit(X, y, sample_weight=-weights)


def test_columns_may_have_any_name(sleep) -> None:  # type: ignore[no-untyped-def]
    y, groups, weights = sleep["Reaction"], sleep["Subject"], np.linspace(1, 2, len(sleep))
    plain = MixedModel().fit(sleep[["Days"]], y, groups=groups, sample_weight=weights)
    for name in ("y", "_groups", "_weights"):
        X = sleep[["Days"]].rename(columns={"Days": name})
        model = MixedModel().fit(X, y, groups=groups, sample_weight=weights)
        assert model.coef_ == pytest.approx(plain.coef_)
        assert model.predict(X, groups=groups) == pytest.approx(plain.predict(sleep[["Days"]], groups=groups))


def test_groups_and_weights_are_routed(sleep) -> None:  # type: ignore[no-untyped-def]
    import sklearn

    X, y, groups = sleep[["Days"]], sleep["Reaction"], sleep["Subject"]
    weights = np.linspace(0.5, 1.5, len(sleep))
    with sklearn.config_context(enable_metadata_routing=True):
        model = MixedModel().set_fit_request(groups=True, sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        pipeline.fit(X, y, groups=groups, sample_weight=weights)
        assert pipeline[-1].fit_.ngrps == {"_groups": 18}
        routed = MixedModel().set_fit_request(groups=True, sample_weight=False)
        routed.set_predict_request(groups=False).set_score_request(sample_weight=False)
        scores = cross_val_score(routed, X, y, cv=GroupKFold(6), params={"groups": groups})
        assert len(scores) == 6


def test_copies_and_frames_of_polars(sleep) -> None:  # type: ignore[no-untyped-def]
    import pickle

    import polars as pl
    from sklearn.base import clone

    model = MixedModel("Days + (Days | Subject)", REML=False)
    copy = clone(model)
    assert copy.get_params() == model.get_params() and not hasattr(copy, "fit_")
    frame = pl.from_pandas(sleep)
    X = frame.select("Days", "Subject")
    model.fit(X, frame["Reaction"])
    again = pickle.loads(pickle.dumps(model))
    assert again.predict(X) == pytest.approx(model.fit(sleep[["Days", "Subject"]], sleep["Reaction"]).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(sleep[["Subject", "Days"]].rename(columns={"Days": "days"}))
    # A frame that comes out of a transformer, in polars.
    prepare = make_column_transformer(
        (StandardScaler(), ["Days"]), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="polars")
    pipeline = make_pipeline(prepare, MixedModel(groups="Subject")).fit(X, frame["Reaction"])
    assert pipeline[-1].fit_.ngrps == {"Subject": 18}


def test_other_families() -> None:
    data = rf.data("VerbAgg").to_pandas().head(2000)
    model = MixedModel("Anger + (1 | item)", family="binomial")
    model.fit(data[["Anger", "item"]], (data["r2"] == "Y").astype(float))
    share = model.predict(data[["Anger", "item"]])
    assert ((share > 0) & (share < 1)).all()
    with pytest.raises(TypeError, match="data frame"):
        MixedModel("x0").fit(np.zeros((5, 1)), np.zeros(5))
