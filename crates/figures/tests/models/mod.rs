//! Models that several tests share, and what must hold for every chart.
#![allow(dead_code, missing_docs)]

use ranef::frame::Source;
use ranef::{Fit, Model, lmer};
use ranef_figures::Figure;
use ranef_figures::chart::{Chart, Mark, Panel};

use crate::support::data;

pub fn sleep() -> (Fit, Box<dyn Source>) {
    let rows = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*rows).expect("a fit");
    (fit, rows)
}

/// Counts with several grouping factors.
pub fn ticks() -> (Fit, Box<dyn Source>) {
    let rows = data("grouseticks");
    let fit = Model::new("TICKS ~ factor(YEAR) + cHEIGHT + (1 | BROOD) + (1 | LOCATION)")
        .family("poisson".parse().expect("a family"))
        .fit(&*rows)
        .expect("a fit");
    (fit, rows)
}

#[track_caller]
pub fn near(got: f64, want: f64, tolerance: f64) {
    let size = want.abs().max(1.0);
    assert!(
        (got - want).abs() <= tolerance * size,
        "{got} is not {want} within {tolerance:e}"
    );
}

/// The texts beside points of a panel.
pub fn labels(panel: &Panel) -> Vec<String> {
    let texts = panel.layers.iter().filter_map(|layer| match &layer.mark {
        Mark::Labels { texts, .. } => Some(texts.clone()),
        _ => None,
    });
    texts.flatten().collect()
}

/// The chart of a figure, after a look at what must hold for every one.
#[track_caller]
pub fn drawn(figure: &impl Figure) -> Chart {
    let chart = figure.chart();
    crate::support::is_sound(figure);
    let texts = [&chart.title, &chart.description];
    for text in texts.into_iter().chain(&chart.notes) {
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        assert!(!text.contains("  "), "{text}");
    }
    for panel in &chart.panels {
        assert!(!panel.layers.is_empty());
        for layer in &panel.layers {
            equal_lengths(&layer.mark);
        }
    }
    assert!(!figure.to_string().contains("NaN"));
    chart
}

fn equal_lengths(mark: &Mark) {
    match mark {
        Mark::Points { x, y, names } => {
            assert_eq!(x.len(), y.len());
            assert!(names.is_empty() || names.len() == x.len());
        }
        Mark::Lines(curves) => curves.iter().for_each(|c| assert_eq!(c.x.len(), c.y.len())),
        Mark::Band { x, lower, upper } => {
            assert_eq!((x.len(), x.len()), (lower.len(), upper.len()));
            assert!(lower.iter().zip(upper).all(|(l, u)| l <= u));
        }
        Mark::Intervals {
            at, lower, upper, ..
        } => {
            assert_eq!((at.len(), at.len()), (lower.len(), upper.len()));
        }
        Mark::Bars { at, from, to, .. } => {
            assert_eq!((at.len(), at.len()), (from.len(), to.len()));
        }
        Mark::Labels { x, y, texts } => {
            assert_eq!((x.len(), x.len()), (y.len(), texts.len()));
        }
        Mark::Rules(_) | Mark::Arrows { .. } | Mark::Outline(_) => {}
    }
}
