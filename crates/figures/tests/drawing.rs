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
