//! Every kind of chart, laid out and written in every form.

mod charts;

use ranef_figures::{Format, RenderOptions, layout, render};

fn options() -> RenderOptions {
    RenderOptions::default()
}

#[test]
fn typical_charts_have_no_faults() {
    let mut all = Vec::new();
    for (name, chart) in charts::all() {
        let drawing = layout(&chart, &options()).unwrap();
        all.extend(
            drawing
                .faults()
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn every_chart_is_written_in_every_form() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, chart) in charts::all() {
        for (format, ending, first) in [
            (Format::Svg, "svg", &b"<svg"[..]),
            (Format::Png, "png", &b"\x89PNG"[..]),
            (Format::Pdf, "pdf", &b"%PDF"[..]),
            (Format::VegaLite, "json", &b"{"[..]),
        ] {
            let written = render(&chart, format, &options()).unwrap();
            assert!(written.starts_with(first), "{name}.{ending}");
            // To be looked at.
            std::fs::write(folder.join(format!("{name}.{ending}")), written).unwrap();
        }
    }
}

/// Numbers at the axes of a Vega-Lite specification are those of the other forms: left to itself Vega
/// writes 0.25, 0.5 and 0.75 as 0.3, 0.5 and 0.8.
#[test]
fn vega_lite_has_the_same_numbers_at_its_axes() {
    let mut seen = 0;
    for (name, chart) in charts::all() {
        let written = render(&chart, Format::VegaLite, &options()).unwrap();
        let specification: serde_json::Value = serde_json::from_slice(&written).unwrap();
        let text = specification.to_string();
        let drawing = layout(&chart, &options()).unwrap();
        for axis in drawing.panels.iter().flat_map(|p| [&p.x, &p.y]) {
            let plain = |value: f64| value == 0.0 || (1e-6..1e15).contains(&value.abs());
            for tick in axis.ticks.iter().filter(|_| !axis.names) {
                let Some(label) = tick.label.as_ref().filter(|_| plain(tick.value)) else {
                    continue;
                };
                // A string within a string: its quotes are escaped.
                let entry = format!("\\\"{}\\\":\\\"{label}\\\"", tick.value + 0.0);
                assert!(text.contains(&entry), "{name}: {entry}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}
