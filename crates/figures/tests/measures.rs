//! The lengths that the layout reckons with are those of the font, as the rasteriser sets it.

mod charts;

use std::sync::Arc;

use ranef_figures::{Format, RenderOptions, layout, render};
use resvg::usvg::{Group, Node, Options, Tree, fontdb};

fn texts(group: &Group, out: &mut Vec<(String, f64, f64)>) {
    for node in group.children() {
        match node {
            Node::Group(group) => texts(group, out),
            Node::Text(text) => {
                let bounds = text.abs_bounding_box();
                let content: String = text.chunks().iter().map(|c| c.text().to_owned()).collect();
                // The unit of the tree is the pixel of CSS.
                let points = 72.0 / 96.0;
                out.push((
                    content,
                    f64::from(bounds.width()) * points,
                    f64::from(bounds.height()) * points,
                ));
            }
            _ => {}
        }
    }
}

#[test]
fn texts_are_as_long_as_they_are_measured() {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    fonts.load_font_data(notosans::BOLD_TTF.to_vec());
    let options = Options {
        font_family: "Noto Sans".into(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let mut compared = 0;
    for (name, chart) in charts::all() {
        if name == "cloud" {
            continue;
        }
        let drawing = layout(&chart, &RenderOptions::default()).unwrap();
        let svg = render(&chart, Format::Svg, &RenderOptions::default()).unwrap();
        // Without the lengths that we state.
        let svg = String::from_utf8(svg)
            .unwrap()
            .replace("textLength", "data-length");
        let tree = Tree::from_str(&svg, &options).unwrap();
        let mut found = Vec::new();
        texts(tree.root(), &mut found);
        assert_eq!(found.len(), drawing.texts.len());
        for ((content, width, height), text) in found.into_iter().zip(&drawing.texts) {
            assert_eq!(content, text.content);
            let long = if text.turned { height } else { width };
            assert!(
                (long - text.length).abs() < 0.02 * text.length + 0.05,
                "`{content}` is {long} long, not {}",
                text.length
            );
            compared += 1;
        }
    }
    assert!(compared > 500);
}
