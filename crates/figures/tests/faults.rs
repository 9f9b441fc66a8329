//! The checker of drawings finds what is wrong: each fault is made by hand in a good drawing.

mod charts;

use ranef_figures::chart::Symbol;
use ranef_figures::draw::drawing::{Geometry, Part, Rect, Rgb, Role};
use ranef_figures::{Drawing, RenderOptions, layout};

fn good() -> Drawing {
    layout(&charts::facets(6), &RenderOptions::default()).unwrap()
}

/// What is found in the drawing after it was spoiled.
fn found(spoil: impl FnOnce(&mut Drawing)) -> String {
    let mut drawing = good();
    assert_eq!(drawing.faults(), Vec::<String>::new());
    spoil(&mut drawing);
    drawing.faults().join("; ")
}

#[track_caller]
fn says(found: String, what: &str) {
    assert!(found.contains(what), "`{found}` does not say `{what}`");
}

#[test]
fn texts_out_of_place_are_found() {
    says(found(|d| d.texts[0].x = d.width - 10.0), "leaves the page");
    says(found(|d| d.texts[0].y = -3.0), "leaves the page");
    says(found(|d| d.texts[0].x = f64::NAN), "has no place");
    says(
        found(|d| {
            let twin = d.texts[0].clone();
            d.texts.push(twin);
        }),
        "overlaps",
    );
    says(
        found(|d| {
            let frame = d.panels[1].frame;
            let title = d
                .texts
                .iter_mut()
                .find(|t| t.role == Role::AxisTitle)
                .unwrap();
            (title.x, title.y) = (frame.left + 20.0, frame.top + 20.0);
            title.turned = false;
        }),
        "lies upon panel 1",
    );
}

#[test]
fn type_that_cannot_be_read_is_found() {
    says(found(|d| d.texts[0].size = 5.0), "is only 5 pt");
    says(
        found(|d| d.texts[0].colour = Rgb(0xaa, 0xaa, 0xaa)),
        "too pale",
    );
    says(
        found(|d| d.texts[0].content = "a\u{1}b".into()),
        "control characters",
    );
    says(
        found(|d| d.texts[0].content = String::new()),
        "an empty Title",
    );
}

#[test]
fn panels_and_axes_out_of_order_are_found() {
    says(
        found(|d| d.panels[1].x.domain.1 += 1.0),
        "another x axis than panel 0",
    );
    says(
        found(|d| d.panels[4].y.ticks[0].value += 0.5),
        "another y axis than panel 0",
    );
    says(
        found(|d| d.panels[1].frame = d.panels[0].frame),
        "panels 0 and 1 overlap",
    );
    says(found(|d| d.panels[2].frame.right += 30.0), "another size");
    says(
        found(|d| d.panels[0].x.ticks[0].place -= 50.0),
        "lies beyond its ends",
    );
    says(
        found(|d| {
            let place = d.panels[0].y.ticks[0].place;
            d.panels[0].y.ticks[1].place = place;
        }),
        "not in their order",
    );
    says(
        found(|d| {
            let label = d.panels[0].y.ticks[0].label.clone();
            d.panels[0].y.ticks[1].label = label;
        }),
        "both called",
    );
}

#[test]
fn marks_out_of_place_are_found() {
    let of = |part: Part| move |d: &Drawing| d.shapes.iter().position(|s| s.part == part).unwrap();
    says(
        found(|d| {
            let index = of(Part::Marks)(d);
            d.shapes[index].geometry = Geometry::Symbols {
                symbol: Symbol::Disc,
                radius: 2.0,
                at: vec![(0.0, 0.0)],
                names: vec![],
            };
        }),
        "1 points outside",
    );
    says(
        found(|d| {
            let index = of(Part::Legend)(d);
            let text = d.texts_of(Role::Legend).next().unwrap().bounds();
            d.shapes[index].geometry = Geometry::Rects(vec![Rect {
                left: text.left + 3.0,
                top: text.top + 3.0,
                right: text.right - 3.0,
                bottom: text.bottom - 3.0,
            }]);
        }),
        "a sample of the legend lies upon a text",
    );
}
