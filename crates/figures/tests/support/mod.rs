//! What the tests of figures share.
#![allow(dead_code, missing_docs)]

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{Fit, lmer};
use ranef_figures::{Figure, RenderOptions, layout};

pub fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

#[track_caller]
pub fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

/// A figure says what it shows, has data, and comes out well at the widths of a column and a page.
#[track_caller]
pub fn is_sound(figure: &impl Figure) {
    let chart = figure.chart();
    assert!(
        !chart.title.is_empty() && chart.description.len() > 40,
        "{chart:?}"
    );
    assert!(!chart.panels.is_empty());
    assert!(figure.table().rows() > 0);
    serde_json::to_string(figure).unwrap();
    for width in [85.0, 180.0] {
        let options = RenderOptions {
            width: Some(width),
            ..RenderOptions::default()
        };
        let drawing = layout(&chart, &options).unwrap();
        assert_eq!(drawing.faults(), Vec::<String>::new(), "at {width} mm");
    }
}

/// A model with an interaction of numbers whose slope differs from zero for some values only.
pub fn interaction() -> Fit {
    let (mut y, mut x, mut w, mut g) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut state = 17u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    for group in 0..20 {
        let own = 2.0 * random();
        for _ in 0..10 {
            let (a, b) = (4.0 * random(), 6.0 * random());
            x.push(a);
            w.push(b);
            y.push(1.0 + own + 0.2 * a + 0.3 * a * b + 3.0 * random());
            g.push(format!("g{group}"));
        }
    }
    let data = Table::new()
        .number("y", y)
        .number("x", x)
        .number("w", w)
        .text("g", g);
    lmer("y ~ x * w + (1 | g)", &data.source().unwrap()).unwrap()
}
