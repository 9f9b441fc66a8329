//! Charts that nobody would draw on purpose: each is a drawing without faults or an error, never a
//! panic.

mod charts;

use proptest::prelude::*;
use ranef_figures::chart::*;
use ranef_figures::draw::drawing::Role;
use ranef_figures::{Chart, Format, RenderOptions, layout, render};

fn one(x: Axis, y: Axis, layers: Vec<Layer>) -> Chart {
    Chart {
        name: "test",
        title: "Test".into(),
        description: "A test.".into(),
        panels: vec![Panel {
            title: None,
            x,
            y,
            layers,
        }],
        ..Chart::default()
    }
}

fn points(x: &[f64], y: &[f64]) -> Layer {
    Mark::Points {
        x: x.to_vec(),
        y: y.to_vec(),
        names: vec![],
    }
    .styled(Style::default())
}

/// Lays it out at three widths, and writes it in every form at one of them.
#[track_caller]
fn sound(chart: &Chart) {
    for width in [85.0, 150.0, 180.0] {
        let options = RenderOptions {
            width: Some(width),
            ..RenderOptions::default()
        };
        let drawing = layout(chart, &options).unwrap();
        assert_eq!(drawing.faults(), Vec::<String>::new(), "{width} mm");
    }
    for format in [Format::Svg, Format::Png, Format::Pdf, Format::VegaLite] {
        let options = RenderOptions {
            resolution: Some(72.0),
            ..RenderOptions::default()
        };
        assert!(!render(chart, format, &options).unwrap().is_empty());
    }
}

#[test]
fn nothing_to_show() {
    let error = layout(&Chart::default(), &RenderOptions::default()).unwrap_err();
    assert_eq!(error.code(), "figure_without_panels");
    let chart = one(Axis::new("x"), Axis::new("y"), vec![]);
    sound(&chart);
    let drawing = layout(&chart, &RenderOptions::default()).unwrap();
    assert_eq!(
        drawing.texts_of(Role::Label).next().unwrap().content,
        "no data"
    );
    sound(&one(
        Axis::new("x"),
        Axis::new("y"),
        vec![points(&[f64::NAN; 3], &[f64::NAN; 3])],
    ));
    sound(&one(
        Axis::categories("x", vec![]),
        Axis::categories("y", vec![]),
        vec![],
    ));
    let empty_log = Axis {
        scale: Scale::Log,
        ..Axis::new("x")
    };
    sound(&one(
        empty_log,
        Axis::new("y"),
        vec![points(&[-1.0, 0.0], &[1.0, 2.0])],
    ));
}

#[test]
fn domains_without_width_and_reversed_ones() {
    sound(&one(
        Axis::new("x"),
        Axis::new("y"),
        vec![points(&[3.0], &[0.0])],
    ));
    sound(&one(
        Axis::new("x"),
        Axis::new("y"),
        vec![points(&[1e-320], &[-4e-310])],
    ));
    let stated = |domain| Axis {
        domain: Some(domain),
        ..Axis::new("x")
    };
    for domain in [
        (2.0, 2.0),
        (5.0, -5.0),
        (f64::NAN, 1.0),
        (f64::NEG_INFINITY, 0.0),
    ] {
        sound(&one(
            stated(domain),
            stated(domain),
            vec![points(&[1.0, 2.0], &[0.5, 3.0])],
        ));
    }
    let drawing = layout(
        &one(
            stated((5.0, -5.0)),
            Axis::new("y"),
            vec![points(&[1.0, 2.0], &[0.5, 3.0])],
        ),
        &RenderOptions::default(),
    )
    .unwrap();
    let ticks = &drawing.panels[0].x.ticks;
    assert!(ticks[0].value < ticks[1].value && ticks[0].place > ticks[1].place);
}

#[test]
fn extreme_numbers() {
    for scale in [1e300, 1e-300, f64::MAX, 1e15, 123456789.0] {
        let values = [-scale, 0.0, 0.3 * scale, scale];
        sound(&one(
            Axis::new("x"),
            Axis::new("y"),
            vec![points(&values, &values)],
        ));
    }
    // Numbers that differ in their last digits only.
    let near = [1e9, 1e9 + 1e-6, 1e9 + 2e-6];
    sound(&one(
        Axis::new("x"),
        Axis::new("y"),
        vec![points(&near, &near)],
    ));
    let log = Axis {
        scale: Scale::Log,
        ..Axis::new("x")
    };
    for values in [
        [1e-300, 1.0, 1e300],
        [0.9, 1.0, 1.1],
        [1.0, 1.0, 1.0],
        [3e-8, 2e-5, 7e4],
    ] {
        sound(&one(
            log.clone(),
            log.clone(),
            vec![points(&values, &values)],
        ));
    }
}

#[test]
fn names_of_all_kinds() {
    let names = [
        "a < b & \"c\" > 'd'",
        "bell\u{7} and\u{0} null\nnew line",
        "Москва и Ελλάδα",
        "北京市第一中学 東京",
        "مدرسة القاهرة",
        "\u{202e}reversed",
        "👩‍🏫 teacher",
        "",
        "  ",
        "a name that is much longer than anybody has the patience to read through to its very end",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller",
        "\u{ffff}\u{fffe}",
    ];
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let at: Vec<f64> = (0..names.len()).map(|i| i as f64).collect();
    for swapped in [false, true] {
        let mut x = Axis::new("value & <unit>");
        let mut y = Axis::categories("name", names.clone());
        let mut layer = Mark::Points {
            x: at.clone(),
            y: at.clone(),
            names: names.clone(),
        }
        .styled(Style::default())
        .keyed(names[0].clone());
        if swapped {
            std::mem::swap(&mut x, &mut y);
            layer = layer.keyed(names[9].clone());
        }
        let mut chart = one(
            x,
            y,
            vec![
                layer,
                Mark::Labels {
                    x: at.clone(),
                    y: at.clone(),
                    texts: names.clone(),
                }
                .styled(Style::default()),
            ],
        );
        chart.title = names.join(" ");
        chart.panels[0].title = Some(names[1].clone());
        chart.notes = names.clone();
        sound(&chart);
        let svg = render(&chart, Format::Svg, &RenderOptions::default()).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
        assert!(svg.contains("a &lt; b &amp; &quot;c&quot; &gt; 'd'"));
        assert!(svg.contains("北京市第一中学"));
        assert!(!svg.contains('\u{7}') && !svg.contains('\u{202e}') && !svg.contains('\u{ffff}'));
    }
}

#[test]
fn sizes_that_cannot_be() {
    let chart = charts::facets(18);
    let code = |options: RenderOptions, format| match render(&chart, format, &options) {
        Ok(_) => "none",
        Err(error) => error.code(),
    };
    let options = RenderOptions::default;
    for width in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e9] {
        let options = RenderOptions {
            width: Some(width),
            ..options()
        };
        assert_eq!(code(options, Format::Svg), "figure_size", "{width}");
    }
    let low = RenderOptions {
        height: Some(25.0),
        ..options()
    };
    assert_eq!(code(low, Format::Svg), "figure_too_small");
    for (resolution, expected) in [
        (0.0, "figure_resolution"),
        (f64::NAN, "figure_resolution"),
        (1e5, "figure_resolution"),
        (2400.0, "figure_too_large"),
    ] {
        let options = RenderOptions {
            resolution: Some(resolution),
            width: Some(1000.0),
            ..options()
        };
        assert_eq!(code(options, Format::Png), expected, "{resolution}");
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -100.0..100.0f64,
        2 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => -1e12..1e12f64,
        1 => 1e-9..1e-6f64,
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,12}( [a-z]{1,12}){0,4}",
        1 => "[A-Za-z0-9 _.:*()\\[\\]]{0,60}",
        1 => "\\PC{0,20}",
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    let scale = prop_oneof![
        4 => Just(Scale::Linear),
        2 => Just(Scale::Log),
        3 => proptest::collection::vec(text(), 0..40).prop_map(Scale::Categories),
    ];
    let domain = proptest::option::weighted(0.2, (number(), number()));
    let include = proptest::collection::vec(number(), 0..2);
    (text(), scale, domain, include, any::<bool>(), any::<bool>()).prop_map(
        |(title, scale, domain, include, percent, grid)| Axis {
            title,
            scale,
            domain,
            include,
            percent,
            grid,
        },
    )
}

fn mark() -> impl Strategy<Value = Mark> {
    let along = prop_oneof![Just(Along::X), Just(Along::Y)];
    (
        0..9u8,
        0..30usize,
        along,
        text(),
        proptest::collection::vec(number(), 120),
    )
        .prop_map(|(kind, n, along, name, numbers)| {
            let part = |k: usize| numbers[k * 30..k * 30 + n].to_vec();
            let pairs = |k: usize| part(k).into_iter().zip(part(k + 1)).collect();
            let curve = || Curve {
                x: part(0),
                y: part(1),
                name: name.clone(),
            };
            match kind {
                0 => Mark::Points {
                    x: part(0),
                    y: part(1),
                    names: vec![name; n],
                },
                1 => Mark::Lines(vec![curve(), Curve::default()]),
                2 => Mark::Band {
                    x: part(0),
                    lower: part(1),
                    upper: part(2),
                },
                3 => Mark::Intervals {
                    along,
                    at: part(0),
                    lower: part(1),
                    upper: part(2),
                },
                4 => Mark::Bars {
                    along,
                    at: part(0),
                    from: part(1),
                    to: part(2),
                    width: numbers[100],
                },
                5 => Mark::Rules(vec![
                    Rule::Horizontal(numbers[0]),
                    Rule::Vertical(numbers[1]),
                    Rule::Slope {
                        intercept: numbers[2],
                        slope: numbers[3],
                    },
                ]),
                6 => Mark::Arrows {
                    from: pairs(0),
                    to: pairs(2),
                    names: vec![],
                },
                7 => Mark::Outline(curve()),
                _ => Mark::Labels {
                    x: part(0),
                    y: part(1),
                    texts: vec![name; n],
                },
            }
        })
}

fn chart() -> impl Strategy<Value = Chart> {
    let layer = (
        mark(),
        0..9usize,
        number(),
        number(),
        proptest::option::of(text()),
    )
        .prop_map(|(mark, series, opacity, size, key)| Layer {
            mark,
            style: Style::series(series).opacity(opacity).size(size),
            key,
        });
    let panel = (
        proptest::option::of(text()),
        axis(),
        axis(),
        proptest::collection::vec(layer, 0..4),
    )
        .prop_map(|(title, x, y, layers)| Panel {
            title,
            x,
            y,
            layers,
        });
    (
        text(),
        proptest::option::of(text()),
        proptest::collection::vec(text(), 0..3),
        proptest::collection::vec(panel, 1..10),
        proptest::option::of(0..6usize),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |(title, subtitle, notes, mut panels, columns, (x, y, alike))| {
                if alike {
                    // Facets: the same kind of axis in all panels.
                    let (first_x, first_y) = (panels[0].x.clone(), panels[0].y.clone());
                    for panel in &mut panels {
                        panel.x = first_x.clone();
                        panel.y = first_y.clone();
                    }
                }
                Chart {
                    name: "test",
                    title,
                    subtitle,
                    notes,
                    description: "A test.".into(),
                    panels,
                    columns,
                    shared: Shared { x, y },
                    width: None,
                    height: None,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chart_is_drawn_without_faults_or_refused(
        chart in chart(),
        width in 60.0..250.0f64,
        height in proptest::option::of(40.0..300.0f64),
        plain in any::<bool>(),
    ) {
        let options = RenderOptions { width: Some(width), height, plain, resolution: Some(40.0) };
        match layout(&chart, &options) {
            Ok(drawing) => {
                prop_assert_eq!(drawing.faults(), Vec::<String>::new());
                if let Some(height) = height {
                    prop_assert!((drawing.height - height * 72.0 / 25.4).abs() < 0.1);
                }
                for format in [Format::Svg, Format::Png, Format::VegaLite] {
                    let first = render(&chart, format, &options);
                    prop_assert!(first.is_ok());
                    if format == Format::Svg {
                        prop_assert_eq!(first.unwrap(), render(&chart, format, &options).unwrap());
                    }
                }
            }
            Err(error) => prop_assert_eq!(error.code(), "figure_too_small"),
        }
    }
}
