//! How long figures take. Times mean something in a release build only, so that these run when they
//! are asked for: `cargo test --release --workspace --test speed -- --ignored --nocapture`.

mod charts;

use std::time::Instant;

use ranef_figures::{Chart, Format, RenderOptions, render};

/// The best of five, in milliseconds.
fn time(chart: &Chart, format: Format) -> (f64, usize) {
    let mut best = f64::INFINITY;
    let mut size = 0;
    for _ in 0..5 {
        let start = Instant::now();
        size = render(chart, format, &RenderOptions::default())
            .unwrap()
            .len();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    (best, size)
}

#[test]
#[ignore = "needs a release build"]
fn any_figure_takes_less_than_150_milliseconds() {
    let mut all = charts::all();
    for points in [20_000, 1_000_000] {
        all.push((format!("cloud of {points}"), charts::cloud(points)));
    }
    let mut slow = Vec::new();
    for (name, chart) in &all {
        for (format, called) in [
            (Format::Svg, "SVG"),
            (Format::Png, "PNG"),
            (Format::Pdf, "PDF"),
            (Format::VegaLite, "Vega-Lite"),
        ] {
            let (milliseconds, size) = time(chart, format);
            println!(
                "{name:24} {called:10} {milliseconds:7.1} ms {:6} kB",
                size / 1000
            );
            if milliseconds > 150.0 {
                slow.push(format!("{name} as {called}: {milliseconds:.0} ms"));
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
