//! Reports in a browser: opened from a file they say nothing on the console and ask for nothing from
//! outside, nothing runs out of the page or over its neighbour at the width of a desk and of a
//! telephone, and figures show what the PNG of the same chart shows.
//!
//! Letters differ from machine to machine, and with them where lines break: a stored picture of a
//! page would differ everywhere. Boxes of the layout must hold with any font, and figures, whose
//! texts have the lengths they were measured with, are compared as pictures, with the project's own
//! pixels as the reference.
//!
//! Where there is no Chromium these tests are left out, and say so.
#![allow(missing_docs)]

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::path::{Path, PathBuf};

use browser::{Browser, Frame, Grey, difference};
use ranef_figures::{Chart, Format, RenderOptions, render};
use ranef_report::{Document, Form};
use serde_json::Value;
use support::{Case, cbpp, nasty, penicillin, sleepstudy};

/// Columns that figures are shrunk to before they are compared.
const COLUMNS: usize = 64;
/// Mean difference of grey values, of 255, that letters and edges may make. Measured: 0.5 to 1.5;
/// between two different figures 5 and more.
const TOLERANCE: f64 = 3.0;

/// A folder for one test, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ranef-report-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.0.join(name), content).expect("a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn browser() -> Option<Browser> {
    let found = Browser::find();
    if found.is_none() {
        eprintln!("left out: there is no Chromium; install one, or name it in RANEF_BROWSER");
    }
    found
}

fn cases() -> Vec<(Case, Document)> {
    [sleepstudy(), cbpp(), penicillin(), nasty()]
        .into_iter()
        .map(|case| {
            let document = case.document();
            (case, document)
        })
        .collect()
}

#[test]
fn reports_are_silent_and_ask_for_nothing() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new("silent");
    let dump = ["--dump-dom".to_owned()];
    for (case, document) in cases() {
        folder.write("report.html", &document.write(Form::Html, "report").text);
        let visit = browser.visit(&folder.0, "report.html", &dump);
        assert!(
            visit.dom.contains("id=\"references\""),
            "{}: {}",
            case.name,
            visit.dom
        );
        assert_eq!(visit.console, [""; 0], "{}", case.name);
        assert_eq!(visit.requests, [""; 0], "{}", case.name);
    }
    // The same eyes see what they should see.
    folder.write(
        "loud.html",
        "<!DOCTYPE html><title>x</title><img src=\"http://127.0.0.1:9/x.png\">\
         <script>console.error('seen')</script>",
    );
    let visit = browser.visit(&folder.0, "loud.html", &dump);
    assert!(
        visit.console.iter().any(|line| line.contains("seen")),
        "{visit:?}"
    );
    assert_eq!(visit.requests, ["http://127.0.0.1:9/x.png"]);
}

/// Sends the boxes of a page to the page that holds it.
const PROBE: &str = "<script>addEventListener('load', () => {
  const box = (e, name) => { const b = e.getBoundingClientRect();
    return {name, left: b.left, right: b.right, top: b.top + scrollY, bottom: b.bottom + scrollY}; };
  const all = (q, of) => [...(of || document).querySelectorAll(q)];
  parent.postMessage(JSON.stringify({
    width: document.documentElement.clientWidth,
    needs: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    blocks: all('h1, nav, main > section > *').map(e => box(e, e.tagName)),
    pieces: all('p, li, h2, h3, figcaption, .drawing, .equation math:not(:has(mtable))').map(e => box(e, e.tagName)),
    figures: all('figure svg').map(e => ({box: box(e, 'svg'),
      texts: all('text', e).map(t => box(t, 'text'))}))}), '*'); });</script></body>";

/// A page that holds a report at a width and writes down what its boxes are.
fn layout(browser: &Browser, folder: &Path, html: &str, width: usize) -> Value {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("probe.html", &html.replace("</body>", PROBE));
    write(
        "frame.html",
        &format!(
            "<!DOCTYPE html><title>x</title><style>iframe {{ border: 0 }}</style>\
             <iframe src=\"probe.html\" width=\"{width}\" height=\"900\"></iframe>\
             <pre id=\"boxes\"></pre><script>onmessage = e => \
             document.getElementById('boxes').textContent = e.data;</script>"
        ),
    );
    let arguments = [
        "--dump-dom".to_owned(),
        "--virtual-time-budget=8000".to_owned(),
        "--window-size=1300,1000".to_owned(),
    ];
    let visit = browser.visit(folder, "frame.html", &arguments);
    let (_, rest) = visit
        .dom
        .split_once("<pre id=\"boxes\">")
        .expect("the boxes");
    let boxes = rest.split("</pre>").next().expect("their end");
    serde_json::from_str(boxes).unwrap_or_else(|e| panic!("{e}: {}", visit.dom))
}

fn number(value: &Value, name: &str) -> f64 {
    value[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

/// What is wrong with a layout.
fn faults(layout: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let width = number(layout, "width");
    if number(layout, "needs") > width {
        out.push(format!("{} wide, of {width}", layout["needs"]));
    }
    let list = |name: &str| layout[name].as_array().expect("a list").clone();
    for piece in list("pieces") {
        if number(&piece, "left") < -0.5 || number(&piece, "right") > width + 0.5 {
            out.push(format!("out of the page: {piece}"));
        }
    }
    for pair in list("blocks").windows(2) {
        if number(&pair[1], "top") < number(&pair[0], "bottom") - 1.0 {
            out.push(format!("{} lies over {}", pair[1], pair[0]));
        }
    }
    for figure in list("figures") {
        let svg = &figure["box"];
        if number(svg, "bottom") - number(svg, "top") < 60.0 {
            out.push(format!("a figure without height: {svg}"));
        }
        for text in figure["texts"].as_array().expect("texts") {
            let within = number(text, "left") >= number(svg, "left") - 1.0
                && number(text, "right") <= number(svg, "right") + 1.0
                && number(text, "top") >= number(svg, "top") - 1.0
                && number(text, "bottom") <= number(svg, "bottom") + 1.0;
            if !within {
                out.push(format!("text out of its figure: {text} in {svg}"));
            }
        }
    }
    out
}

#[test]
fn nothing_runs_out_of_the_page() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new("layout");
    for (case, document) in cases() {
        let html = document.write(Form::Html, "report").text;
        for width in [1200, 390, 320] {
            let layout = layout(&browser, &folder.0, &html, width);
            assert_eq!(number(&layout, "width"), width as f64, "{}", case.name);
            let figures = layout["figures"].as_array().expect("figures");
            assert_eq!(figures.len(), document.figures().count(), "{}", case.name);
            let faults = faults(&layout);
            assert!(faults.is_empty(), "{} at {width}: {faults:#?}", case.name);
        }
    }
    // A page with a word too long is seen.
    let broken = "<!DOCTYPE html><html><body><main><section><p style=\"width: 2000px\">x</p>\
                  <p style=\"margin-top: -3em\">y</p></section></main></body></html>";
    let layout = layout(&browser, &folder.0, broken, 390);
    assert!(faults(&layout).len() >= 3, "{:?}", faults(&layout));
}

#[test]
fn figures_look_as_their_own_pixels() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new("pictures");
    let mut compared = 0;
    for case in [sleepstudy(), cbpp()] {
        let document = case.document();
        let html = document.write(Form::Html, "report").text;
        let width = 1000;
        let layout = layout(&browser, &folder.0, &html, width);
        // Taller pictures than this browsers do not take.
        let height = number(&layout, "height").min(16_000.0);
        folder.write("report.html", &html);
        let file = folder.0.join("page.png");
        let arguments = [
            format!("--screenshot={}", file.display()),
            format!("--window-size={width},{height}"),
        ];
        browser.visit(&folder.0, "report.html", &arguments);
        let page = Grey::of(&std::fs::read(&file).expect("a picture of the page"));
        assert_eq!(
            (page.width, page.height),
            (width, height as usize),
            "{}",
            case.name
        );
        // Words are dark on light: neither blank nor black.
        let mean = page.shrunk(page.frame(), 1, 1)[0];
        assert!(
            (150.0..252.0).contains(&mean),
            "{}: mean grey {mean}",
            case.name
        );
        let boxes = layout["figures"].as_array().expect("figures");
        let mut pictures: Vec<(String, Vec<f64>, Vec<f64>, usize)> = Vec::new();
        for (figure, found) in document.figures().zip(boxes) {
            let svg = &found["box"];
            let frame = Frame {
                left: number(svg, "left"),
                right: number(svg, "right"),
                top: number(svg, "top"),
                bottom: number(svg, "bottom"),
            };
            if frame.bottom > height {
                continue;
            }
            let options = RenderOptions {
                plain: true,
                resolution: Some(150.0),
                ..RenderOptions::default()
            };
            // The notes stand in the caption.
            let chart = Chart {
                notes: Vec::new(),
                ..figure.chart.clone()
            };
            let png = render(&chart, Format::Png, &options).expect("a PNG");
            let own = Grey::of(&png);
            let ratio = (frame.bottom - frame.top) / (frame.right - frame.left);
            let expected = own.height as f64 / own.width as f64;
            assert!(
                (ratio / expected - 1.0).abs() < 0.02,
                "{}: {ratio} {expected}",
                figure.name
            );
            let rows = (COLUMNS as f64 * expected).round().max(1.0) as usize;
            pictures.push((
                figure.name.clone(),
                page.shrunk(frame, COLUMNS, rows),
                own.shrunk(own.frame(), COLUMNS, rows),
                rows,
            ));
        }
        for (name, shown, own, rows) in &pictures {
            let apart = difference(shown, own);
            eprintln!("{}, {name}: {apart:.2}", case.name);
            assert!(apart < TOLERANCE, "{}, {name}: {apart}", case.name);
            // Upside down it is another picture: the tolerance can fail.
            let turned: Vec<f64> = own.iter().rev().copied().collect();
            let other = difference(shown, &turned);
            assert!(
                other > TOLERANCE,
                "{}, {name} turned, {rows} rows: {other}",
                case.name
            );
        }
        compared += pictures.len();
    }
    assert!(compared >= 2, "{compared} figures compared");
}

#[test]
fn reports_print() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new("print");
    let case = sleepstudy();
    let html = case.html();
    folder.write("report.html", &html);
    let file = folder.0.join("report.pdf");
    let arguments = [
        format!("--print-to-pdf={}", file.display()),
        "--no-pdf-header-footer".to_owned(),
    ];
    let visit = browser.visit(&folder.0, "report.html", &arguments);
    assert_eq!(visit.console, [""; 0]);
    let pdf = std::fs::read(&file).expect("a PDF");
    assert!(pdf.starts_with(b"%PDF"));
    let text = String::from_utf8_lossy(&pdf);
    let pages = text
        .matches("/Type /Page\n")
        .count()
        .max(text.matches("/Type /Page ").count());
    assert!((3..30).contains(&pages), "{pages} pages");
}
