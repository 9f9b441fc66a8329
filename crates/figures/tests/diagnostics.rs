//! Figures of residuals, random effects and influence: their data against R 4.2.2 with lme4 1.1-31 and
//! against ranef's own answers.

mod models;
mod support;

use models::{drawn, near, sleep, ticks};
use ranef::smooth::lowess;
use ranef::{
    Answer, CheckOptions, DeletionMethod, Diagnostics, DiagnosticsOptions, Fit, Model, Simulate,
    lmer,
};
use ranef_figures::chart::{Mark, Scale};
use ranef_figures::{
    CheckPanel, CooksDistances, LeveragePlot, QuantileFigure, ResidualPlot, ScaleLocation,
    SimulatedPlot,
};
use support::data;

fn all() -> DiagnosticsOptions {
    DiagnosticsOptions::default()
        .simulate(Simulate::default())
        .rows()
        .groups(DeletionMethod::Exact)
}

fn of_sleep(options: &DiagnosticsOptions) -> (Fit, Diagnostics) {
    let (fit, rows) = sleep();
    let found = fit.diagnostics(&*rows, options).expect("diagnostics");
    (fit, found)
}

#[test]
fn residuals_and_their_smooth_as_in_r() {
    let (_, found) = of_sleep(&DiagnosticsOptions::default());
    let figure = ResidualPlot::of(&found);
    assert_eq!(figure.row.len(), 180);
    // r = residuals(m) / (sigma(m) * sqrt(1 - hatvalues(m)))
    near(figure.fitted[59], 352.200653429, 1e-5);
    near(figure.residual[59], -4.57043586071, 1e-6);
    // lowess(fitted(m), r, f = 2/3, iter = 3, delta = 0)
    assert_eq!(figure.smooth.x.len(), 180);
    near(figure.smooth.x[89], 296.039185025, 1e-5);
    for (at, want) in [
        (0, -0.105586121208),
        (44, -0.0705992067011),
        (89, -0.0926932658222),
        (134, 0.182343589965),
        (179, 0.417383387802),
    ] {
        near(figure.smooth.y[at], want, 1e-5);
    }
    let chart = drawn(&figure);
    assert_eq!(chart.name, "residuals");
    // The three farthest rows are named.
    let texts = models::labels(&chart.panels[0]);
    assert_eq!(texts, ["57", "60", "8"]);
    // Rows, then the smooth.
    assert_eq!(figure.table().rows(), 360);
}

#[test]
fn scale_location_as_in_r() {
    let (_, found) = of_sleep(&DiagnosticsOptions::default());
    let figure = ScaleLocation::of(&found);
    near(figure.root[59], 4.57043586071f64.sqrt(), 1e-6);
    for (at, want) in [
        (0, 0.59210743442),
        (89, 0.77907784916),
        (179, 0.478566134137),
    ] {
        near(figure.smooth.y[at], want, 1e-5);
    }
    assert_eq!(
        figure.finding.as_ref().map(|f| f.name.as_str()),
        Some("variance_fitted")
    );
    drawn(&figure);
}

#[test]
fn quantiles_of_residuals_with_their_band() {
    let (_, found) = of_sleep(&DiagnosticsOptions::default());
    let figure = QuantileFigure::of_residuals(&found).expect("a gaussian model");
    let points = &figure.plots[0].points;
    assert_eq!(points.len(), 180);
    // qnorm(ppoints(180, 3/8))
    near(points[0].expected, -2.69995849194, 1e-10);
    near(points[89].expected, -0.00695325512609, 1e-10);
    assert_eq!((points[0].name.as_str(), points[0].rank), ("60", 1));
    near(points[0].observed, -4.57043586071, 1e-6);
    // Symmetric, and wider than pointwise: qnorm(qbeta(c(.025, .975), 1, 180)).
    near(points[0].lower, -points[179].upper, 1e-9);
    assert!(points[0].lower < -3.6 && points[0].upper > -2.04);
    assert!(points.windows(2).all(|w| w[0].observed <= w[1].observed));
    assert_eq!(figure.plots[0].outside, 3);
    let chart = drawn(&figure);
    let mut outside = models::labels(&chart.panels[0]);
    outside.sort();
    assert_eq!(outside, ["57", "60", "8"]);
}

#[test]
fn quantiles_of_random_effects_are_standardised() {
    let (fit, rows) = sleep();
    let figure = QuantileFigure::of_random_effects(&fit, None).expect("random effects");
    assert_eq!(figure.plots.len(), 2);
    let intercepts = &figure.plots[0];
    // ranef(m)$Subject[, 1] / sqrt(tau^2 - postVar[1, 1, ])
    for (name, want) in [
        ("308", 0.104581086426),
        ("309", -1.87064361719),
        ("310", -1.8040424975),
    ] {
        let point = intercepts.points.iter().find(|p| p.name == name);
        near(point.expect("a subject").observed, want, 1e-4);
    }
    let chart = drawn(&figure);
    assert!(chart.shared.x && chart.shared.y);
    // The answer of `normality` on the same numbers.
    let normality = fit.normality(&*rows).expect("an answer");
    let own: Vec<f64> = normality.samples[1].qq.iter().map(|p| p.1).collect();
    let drawn: Vec<f64> = intercepts.points.iter().map(|p| p.observed).collect();
    assert_eq!(own, drawn);
}

#[test]
fn leverages_and_contours_of_cooks_distance() {
    let (_, found) = of_sleep(&DiagnosticsOptions::default());
    let figure = LeveragePlot::of(&found);
    near(figure.leverage[59], 0.293177188099, 1e-6);
    // cooks.distance(m)
    for (row, want) in [(60, 4.33216370346), (57, 2.11988907463), (8, 1.80768369801)] {
        near(
            figure.cooks_distance[row - 1].expect("a distance"),
            want,
            1e-4,
        );
    }
    let chart = drawn(&figure);
    // On a contour r²h/((1 − h)p) is its distance.
    let contour = chart.panels[0]
        .layers
        .iter()
        .find_map(|layer| match &layer.mark {
            Mark::Lines(curves) if layer.key.as_deref() == Some("Cook's distance 1") => {
                Some(curves)
            }
            _ => None,
        });
    let curve = &contour.expect("a contour")[0];
    for (h, r) in curve.x.iter().zip(&curve.y) {
        near(r * r * h / ((1.0 - h) * 2.0), 1.0, 1e-9);
    }
}

#[test]
fn distances_of_groups_and_rows_the_largest_named() {
    let (fit, rows) = sleep();
    let found = fit.diagnostics(&*rows, &all()).expect("diagnostics");
    let figure = CooksDistances::of(&found).expect("fixed effects");
    let levels = &figure.groups[0].levels;
    // cooks.distance(influence(m, "Subject")) * 18/16: lme4 stops a little before the minimum.
    for (at, level, want) in [
        (0, "309", 0.148523397702),
        (1, "335", 0.129480388245),
        (2, "337", 0.125996279763),
        (3, "310", 0.110520837328),
    ] {
        assert_eq!(levels[at].level, level);
        near(levels[at].cooks_distance.expect("a distance"), want, 5e-4);
    }
    let influence = fit.row_influence(&*rows).expect("an answer");
    for (row, own) in figure.rows.iter().zip(&influence.rows) {
        assert_eq!((row.row, row.cooks_distance), (own.row, own.cooks_fixed));
    }
    let chart = drawn(&figure);
    let Scale::Categories(names) = &chart.panels[0].y.scale else {
        panic!("groups by name");
    };
    assert_eq!(names[0], "309");
    assert_eq!(models::labels(&chart.panels[1])[0], "60");
}

#[test]
fn simulated_residuals_are_those_of_the_answer() {
    let (fit, rows) = sleep();
    let found = fit.diagnostics(&*rows, &all()).expect("diagnostics");
    let figure = SimulatedPlot::of(&found).expect("simulated");
    let answer = fit
        .simulated_residuals(&*rows, Simulate::default())
        .expect("an answer");
    assert_eq!(figure.residual, answer.residuals);
    for (curve, own) in figure.quartiles.iter().zip(&answer.quantiles) {
        assert_eq!(
            (curve.quantile, curve.p_value),
            (own.quantile, Some(own.p_value))
        );
        assert!(curve.curve.y.iter().all(|y| (0.0..=1.0).contains(y)));
    }
    // Ten days a subject: ten expected values.
    let mut ranks = figure.rank.clone();
    ranks.sort_by(f64::total_cmp);
    ranks.dedup();
    assert_eq!(ranks.len(), 10);
    near(ranks[0], 0.05, 1e-12);
    // Leverages draw the expected ends inwards.
    let first = &figure.quantiles.points[0];
    assert!(first.expected > 0.5 / 180.0, "{}", first.expected);
    drawn(&figure);
    let without = fit
        .diagnostics(&*rows, &DiagnosticsOptions::default())
        .expect("diagnostics");
    let error = SimulatedPlot::of(&without).expect_err("nothing simulated");
    assert_eq!(error.code(), "not_simulated");
}

#[test]
fn verdicts_are_those_of_check() {
    let options = CheckOptions::default();
    for (fit, rows) in [sleep(), ticks()] {
        let found = fit.diagnostics(&*rows, &all()).expect("diagnostics");
        let check = fit.check(&*rows, &options, &mut |_| {}).expect("a check");
        assert!(found.findings.len() >= 6);
        for finding in &found.findings {
            let own = check.finding(&finding.name).expect("the same question");
            if finding.name != "influence_groups" {
                assert_eq!(finding, own);
            }
        }
    }
}

#[test]
fn the_page_of_a_gaussian_model() {
    let (fit, rows) = sleep();
    let page = CheckPanel::of(&fit, &*rows, None).expect("a page");
    let chart = drawn(&page);
    let heads: Vec<&str> = (chart.panels.iter())
        .map(|p| {
            p.title
                .as_deref()
                .unwrap_or("")
                .lines()
                .next()
                .unwrap_or("")
        })
        .collect();
    assert_eq!(
        heads,
        [
            "Linearity: in order",
            "Equal spread: in order",
            "Normal residuals: worth a look",
            "Normal random effects: in order",
            "Influential rows: worth a look",
            "Distribution: in order"
        ]
    );
    // Each says what to look for.
    assert!(
        chart
            .panels
            .iter()
            .all(|p| p.title.as_deref().is_some_and(|t| t.lines().count() == 2))
    );
    assert!(chart.description.contains("heavy tails"));
}

#[test]
fn the_page_with_two_predictors_shows_collinearity() {
    let rows = data("sleep_unbal");
    let fit = lmer("Reaction ~ Days * grp + (Days | Subject)", &*rows).expect("a fit");
    let page = CheckPanel::of(&fit, &*rows, None).expect("a page");
    assert_eq!(page.inflation.len(), 3);
    let own = fit.collinearity(&*rows).expect("an answer");
    for (shown, own) in page.inflation.iter().zip(&own.inflation) {
        assert_eq!((&shown.term, shown.vif), (&own.term, own.vif));
    }
    let chart = drawn(&page);
    assert!(
        chart.panels[5]
            .title
            .as_deref()
            .is_some_and(|t| t.starts_with("Collinearity"))
    );
}

#[test]
fn the_page_of_a_count_model_has_simulated_residuals() {
    let (fit, rows) = ticks();
    let page = CheckPanel::of(&fit, &*rows, None).expect("a page");
    assert!(page.residuals.is_none() && page.residual_quantiles.is_none());
    let chart = drawn(&page);
    let heads: Vec<&str> = (chart.panels.iter())
        .map(|p| {
            p.title
                .as_deref()
                .unwrap_or("")
                .split(':')
                .next()
                .unwrap_or("")
        })
        .collect();
    assert_eq!(
        heads,
        [
            "Pattern",
            "Dispersion",
            "Distribution",
            "Normal random effects",
            "Influential rows",
            "Collinearity"
        ]
    );
    let error = QuantileFigure::of_residuals(
        &fit.diagnostics(&*rows, &DiagnosticsOptions::default())
            .expect("diagnostics"),
    )
    .expect_err("counts are not normal");
    assert_eq!(error.code(), "linear_only");
}

#[test]
fn odd_models_have_a_page_too() {
    // No variance between batches, no random effects, binomial with few rows, crossed factors.
    for (formula, name) in [
        ("Yield ~ 1 + (1 | Batch)", "Dyestuff2"),
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin"),
        ("Reaction ~ 0 + (1 | Subject)", "sleepstudy"),
    ] {
        let rows = data(name);
        let fit = lmer(formula, &*rows).expect("a fit");
        drawn(&CheckPanel::of(&fit, &*rows, None).expect(formula));
    }
    let rows = data("cbpp");
    let fit = Model::new("cbind(incidence, size - incidence) ~ period + (1 | herd)")
        .family("binomial".parse().expect("a family"))
        .fit(&*rows)
        .expect("a fit");
    drawn(&CheckPanel::of(&fit, &*rows, None).expect("a page"));
}

#[test]
fn curves_of_many_points_are_those_of_cells() {
    let x: Vec<f64> = (0..200_000).map(|i| f64::from(i % 1999)).collect();
    let y: Vec<f64> = x.iter().map(|x| x / 100.0).collect();
    let started = std::time::Instant::now();
    let curve = lowess(&x, &y, 2.0 / 3.0, 3);
    assert!(curve.x.len() <= 400 && started.elapsed().as_secs() < 5);
}
