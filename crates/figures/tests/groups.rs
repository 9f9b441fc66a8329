//! Figures of groups, coefficients and predictions: their data against R and other answers, their
//! charts for structure.

mod support;

use ranef::{Fit, GroupLinesOptions, MeansOptions, SlopesOptions, glmer, lmer};
use ranef_figures::chart::{Mark, Scale};
use ranef_figures::{
    Caterpillar, CaterpillarOptions, Coefficients, CoefficientsOptions, Figure, Lines,
    PoolingFacets, PredictedOptions, PredictedValues, Shrinkage, SlopeCurve,
};
use support::{data, is_sound, near};

fn sleep() -> Fit {
    lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap()
}

fn agreeing() -> Fit {
    let formula = "r2 ~ Anger + Gender + situ + (1 | id) + (1 | item)";
    glmer(formula, "binomial".parse().unwrap(), &*data("VerbAgg")).unwrap()
}

#[test]
fn a_caterpillar_is_sorted() {
    let figure = Caterpillar::of(&sleep(), &CaterpillarOptions::default()).unwrap();
    assert_eq!(figure.rows.len(), 36);
    let (intercepts, slopes) = figure.rows.split_at(18);
    assert!(intercepts.is_sorted_by(|a, b| a.estimate <= b.estimate));
    // One order for both panels.
    assert!(
        intercepts
            .iter()
            .zip(slopes)
            .all(|(a, b)| a.level == b.level)
    );
    let of = |level: &str| slopes.iter().find(|r| r.level == level).unwrap();
    // lme4 1.1-31, ranef(fit, condVar = TRUE): 9.19898 and its conditional deviation 2.30484.
    near(of("308").estimate, 9.198975766, 2e-4);
    near(of("308").std_error, 2.304839021, 2e-4);
    near(
        of("308").lower,
        9.198975766 - 1.959963985 * 2.304839021,
        1e-3,
    );
    assert_eq!((figure.terms[1].below, figure.terms[1].above), (4, 4));
    is_sound(&figure);
    assert!(figure.to_string().contains("8 of 18 intervals leave out"));
    let own = CaterpillarOptions::default()
        .own_order(true)
        .terms(&["Days"]);
    let figure = Caterpillar::of(&sleep(), &own).unwrap();
    assert!(figure.rows.is_sorted_by(|a, b| a.estimate <= b.estimate));
    is_sound(&figure);
}

#[test]
fn many_groups_are_ranked_and_thinned() {
    let fit = agreeing();
    let figure = Caterpillar::of(&fit, &CaterpillarOptions::default().group("id")).unwrap();
    assert_eq!(figure.rows.len(), 316);
    assert!(matches!(figure.chart().panels[0].y.scale, Scale::Linear));
    assert_eq!(figure.link.as_deref(), Some("logit"));
    is_sound(&figure);
    let few = CaterpillarOptions::default().group("id").most(100);
    let figure = Caterpillar::of(&fit, &few).unwrap();
    assert_eq!(figure.rows.len(), 316, "the table has them all");
    assert!(
        figure
            .notes
            .iter()
            .any(|n| n.starts_with("100 of 316 groups are drawn"))
    );
    let drawn: usize = figure.chart().panels[0]
        .layers
        .iter()
        .map(|l| match &l.mark {
            Mark::Points { x, .. } => x.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(drawn, 100);
    let error =
        Caterpillar::of(&fit, &CaterpillarOptions::default().terms(&["Anger"])).unwrap_err();
    assert_eq!(
        (error.code(), error.hint()),
        ("unknown_term", Some("there are: (Intercept)"))
    );
}

#[test]
fn arrows_run_from_lm_list_to_coef() {
    let figure = Shrinkage::of(&sleep(), None, &[], None).unwrap();
    assert_eq!(figure.terms, ["(Intercept)", "Days"]);
    assert!(!figure.deviations);
    // lme4 1.1-31: fixef, VarCorr, lmList and coef of 308.
    near(figure.centre[0], 251.40510485, 1e-5);
    near(figure.centre[1], 10.46728596, 1e-5);
    near(figure.covariance[0][1], 9.604408951, 2e-2);
    let first = &figure.rows[0];
    near(first.no_pooling[1].unwrap(), 21.764702424, 1e-6);
    near(first.partial_pooling[1], 19.666261725, 2e-4);
    // The outer ellipse: its extent along the intercept is r τ₀ with r² = −2 log 0.05.
    let chart = figure.chart();
    let outlines: Vec<_> = chart.panels[0]
        .layers
        .iter()
        .filter_map(|l| match &l.mark {
            Mark::Outline(curve) => Some(curve),
            _ => None,
        })
        .collect();
    assert_eq!(outlines.len(), 2);
    let widest = outlines[1]
        .x
        .iter()
        .fold(0.0f64, |m, x| m.max(x - figure.centre[0]));
    near(widest, 2.447746831 * 24.740657995, 1e-2);
    is_sound(&figure);
}

#[test]
fn shrinkage_beside_predictors_of_the_group_is_one_of_deviations() {
    let data = data("Orthodont");
    let fit = lmer("distance ~ age * Sex + (age | Subject)", &*data).unwrap();
    let figure = Shrinkage::of(&fit, None, &[], None).unwrap();
    assert!(figure.deviations);
    assert_eq!(figure.centre, [0.0, 0.0]);
    let effects = fit.effects(0.95);
    for row in &figure.rows {
        let own = |term: &str| {
            let own = |e: &&ranef::RandomEffect| e.level == row.level && e.term == term;
            effects.random.iter().find(own).unwrap().estimate
        };
        near(row.partial_pooling[0], own("(Intercept)"), 1e-9);
        near(row.partial_pooling[1], own("age"), 1e-9);
    }
    is_sound(&figure);
}

#[test]
fn shrinkage_of_one_effect_runs_along_one_axis() {
    let data = data("Penicillin");
    let fit = lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", &*data).unwrap();
    let figure = Shrinkage::of(&fit, None, &[], None).unwrap();
    assert_eq!((figure.terms.len(), figure.rows.len()), (1, 24));
    is_sound(&figure);
    let few = Shrinkage::of(&fit, Some("plate"), &[], Some(10)).unwrap();
    assert!(few.notes.iter().any(|n| n.starts_with("10 of 24")));
}

#[test]
fn pooled_coefficients_are_those_of_pooling_without_errors() {
    let data = data("Pastes");
    let fit = lmer("strength ~ 1 + (1 | batch/cask)", &*data).unwrap();
    for group in ["batch", "cask:batch"] {
        let quick = fit.pooled_coefficients(Some(group)).unwrap();
        let whole = fit.pooling(Some(group), 0.95).unwrap().groups;
        assert_eq!(quick.len(), whole.len());
        for (a, b) in quick.iter().zip(&whole) {
            assert_eq!((&a.level, &a.term, a.n), (&b.level, &b.term, b.n));
            assert_eq!(
                (a.no_pooling, a.partial_pooling),
                (b.no_pooling, b.partial_pooling)
            );
            assert_eq!(a.partial_pooling_std_error, None);
            assert!(b.partial_pooling_std_error.is_some());
        }
    }
}

#[test]
fn generalised_models_have_no_shrinkage_but_other_figures() {
    let fit = agreeing();
    let error = Shrinkage::of(&fit, None, &[], None).unwrap_err();
    assert_eq!(error.code(), "linear_only");
    assert!(error.hint().unwrap().contains("caterpillar"));
}

#[test]
fn lines_are_the_answer_s() {
    let fit = sleep();
    let data = data("sleepstudy");
    let options = GroupLinesOptions::default();
    let figure = Lines::of(&fit, &*data, &options, true).unwrap();
    let answer = fit
        .group_lines(&*data, &options.clone().pooling(true))
        .unwrap();
    assert_eq!(figure.lines, answer);
    assert!(figure.complete);
    let chart = figure.chart();
    assert!(
        chart
            .description
            .contains("18 levels of Subject, slopes from −0.3 to 19.7"),
        "{}",
        chart.description
    );
    is_sound(&figure);
}

#[test]
fn facets_share_their_axes() {
    let fit = sleep();
    let data = data("sleepstudy");
    let options = GroupLinesOptions::default();
    let figure = PoolingFacets::of(&fit, &*data, &options, None, None, None).unwrap();
    let lines = figure.lines.as_ref().unwrap();
    assert_eq!(lines.lines.len(), 12);
    let chart = figure.chart();
    assert!(chart.shared.x && chart.shared.y);
    assert_eq!(chart.panels.len(), 12);
    // Data, complete, no and partial pooling in each.
    assert!(chart.panels.iter().all(|p| p.layers.len() == 4));
    is_sound(&figure);
    let all = PoolingFacets::of(&fit, &*data, &options, None, None, Some(usize::MAX)).unwrap();
    assert_eq!(all.chart().panels.len(), 18);
    is_sound(&all);
}

#[test]
fn pooling_without_predictors_is_one_panel() {
    let data = data("Dyestuff");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*data).unwrap();
    let options = GroupLinesOptions::default();
    let figure = PoolingFacets::of(&fit, &*data, &options, None, None, None).unwrap();
    assert!(figure.lines.is_none());
    let means = figure.means.as_ref().unwrap();
    near(means[4].no_pooling.unwrap(), 1600.0, 1e-9);
    let pooling = fit.pooling(None, 0.95).unwrap();
    assert_eq!(*means, pooling.groups);
    is_sound(&figure);
}

#[test]
fn coefficients_of_several_models_stand_side_by_side() {
    let data = data("sleepstudy");
    let (one, two) = (
        sleep(),
        lmer("Reaction ~ Days + (1 | Subject)", &*data).unwrap(),
    );
    let models = [("slopes", &one), ("intercepts", &two)];
    let figure = Coefficients::of(models, &CoefficientsOptions::default()).unwrap();
    let of: Vec<(&str, &str)> = figure
        .rows
        .iter()
        .map(|r| (r.term.as_str(), r.model.as_str()))
        .collect();
    assert_eq!(of, [("Days", "slopes"), ("Days", "intercepts")]);
    let wald = one.coefficients()[1].wald_interval(0.95).unwrap();
    assert_eq!(figure.rows[0].lower, Some(wald[0]));
    is_sound(&figure);
    let whole = CoefficientsOptions::default().intercept(true);
    assert_eq!(Coefficients::of(models, &whole).unwrap().rows.len(), 4);
    let scaled = CoefficientsOptions::default().standardized(true);
    let figure = Coefficients::of([("one", &one)], &scaled).unwrap();
    near(figure.rows[0].estimate.unwrap(), 0.5352302263, 1e-9);
}

#[test]
fn odds_ratios_have_a_logarithmic_axis() {
    let fit = agreeing();
    let figure = Coefficients::of([("m", &fit)], &CoefficientsOptions::default()).unwrap();
    near(
        figure.rows[0].estimate.unwrap(),
        fit.fixef()[1].exp(),
        1e-12,
    );
    let chart = figure.chart();
    assert_eq!(chart.panels[0].x.scale, Scale::Log);
    assert_eq!(chart.panels[0].x.title, "Odds ratio");
    is_sound(&figure);
    let plain = CoefficientsOptions::default().ratios(false);
    let figure = Coefficients::of([("m", &fit)], &plain).unwrap();
    assert_eq!(figure.rows[0].estimate, Some(fit.fixef()[1]));
    assert_eq!(figure.chart().panels[0].x.scale, Scale::Linear);
}

#[test]
fn predicted_values_are_means() {
    let data = data("Orthodont");
    let fit = lmer("distance ~ age * Sex + (age | Subject)", &*data).unwrap();
    let options = PredictedOptions::default().by("Sex").points(1000);
    let figure = PredictedValues::of(&fit, Some(&*data), &options).unwrap();
    assert_eq!((figure.x.as_str(), figure.series.len()), ("age", 2));
    assert_eq!(figure.data.len(), 108);
    let means = MeansOptions::by(["Sex", "age"]).at("age", ["8", "14"]);
    let means = fit.means(&means).unwrap();
    let (first, last) = (&figure.rows[0], &figure.rows[48]);
    let of = |i: usize| means.rows[i].value.unwrap();
    assert_eq!((first.estimate, first.lower), (of(0).estimate, of(0).lower));
    near(last.estimate, of(1).estimate, 1e-9);
    is_sound(&figure);
    // By a number: its mean and one standard deviation to each side.
    let by = PredictedOptions::default().x("Sex").by("age");
    let figure = PredictedValues::of(&fit, None, &by).unwrap();
    assert_eq!(figure.series.len(), 3);
    assert!(figure.series[1].ends_with("(mean)"), "{:?}", figure.series);
    assert_eq!(figure.rows.len(), 6);
    is_sound(&figure);
    let twice = PredictedOptions::default().x("age").by("age");
    let error = PredictedValues::of(&fit, None, &twice).unwrap_err();
    assert_eq!(error.code(), "predictor_twice");
}

#[test]
fn probabilities_are_plugged_in_or_averaged() {
    let fit = agreeing();
    let options = PredictedOptions::default().x("Anger");
    let plain = PredictedValues::of(&fit, None, &options).unwrap();
    let averaged = PredictedValues::of(&fit, None, &options.clone().average(true)).unwrap();
    assert_eq!(plain.outcome, "Probability of r2 = Y");
    assert!(averaged.averaged);
    // Averages are nearer to one half.
    let far = |f: &PredictedValues| (f.rows[48].estimate - 0.5).abs();
    assert!(far(&averaged) < far(&plain));
    is_sound(&plain);
    is_sound(&averaged);
}

#[test]
fn predictions_by_group_are_facets() {
    let data = data("sleepstudy");
    let options = PredictedOptions::default()
        .group("Subject")
        .levels(&["308", "309"]);
    let figure = PredictedValues::of(&sleep(), Some(&*data), &options).unwrap();
    assert_eq!(figure.chart().panels.len(), 2);
    near(
        figure.groups.as_ref().unwrap().lines[0].slope.unwrap(),
        19.666261725,
        2e-4,
    );
    is_sound(&figure);
}

#[test]
fn johnson_and_neyman_s_bounds_part_the_band() {
    let fit = support::interaction();
    let figure = SlopeCurve::of(&fit, None, None, &[], 0.95).unwrap();
    assert_eq!((figure.of.as_str(), figure.over.as_str()), ("x", "w"));
    let found = figure.johnson_neyman.as_ref().unwrap();
    let options = SlopesOptions::new("x", "w");
    let slopes = fit.slopes(&options).unwrap();
    assert_eq!(found.bounds, slopes.johnson_neyman.unwrap().bounds);
    let inside: Vec<f64> = found
        .bounds
        .iter()
        .copied()
        .filter(|b| *b > found.range[0] && *b < found.range[1])
        .collect();
    assert!(!inside.is_empty(), "{found:?}");
    // At a bound the interval ends at zero.
    let at = figure.rows.iter().find(|r| r.at == inside[0]).unwrap();
    near(at.lower.abs().min(at.upper.abs()), 0.0, 1e-6);
    let bands = figure.chart().panels[0]
        .layers
        .iter()
        .filter(|l| matches!(l.mark, Mark::Band { .. }))
        .count();
    assert_eq!(bands, inside.len() + 1);
    is_sound(&figure);
    let error = SlopeCurve::of(&sleep(), None, None, &[], 0.95).unwrap_err();
    assert_eq!(error.code(), "no_interaction");
}
