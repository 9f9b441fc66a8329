//! A drawing as SVG: text as text, numbers short, the same bytes for the same drawing.

use std::fmt::Write;

use super::drawing::{Anchor, Drawing, Fill, Geometry, Point, Role, Shape, Stroke, Text};
use super::layout::MILLIMETRE;
use crate::chart::Symbol;

/// For whom the SVG is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// People: with names of marks to point at, and the length of each text.
    Public,
    /// Our own rasteriser and PDF writer, which have the font and point at nothing.
    Own,
}

/// Fonts that look much like ours, for readers who do not have it.
const FAMILY: &str = "'Noto Sans','Open Sans','Segoe UI','Helvetica Neue',Arial,sans-serif";

/// Writes a drawing.
pub(crate) fn write(drawing: &Drawing, reader: Reader) -> String {
    let mut out = String::with_capacity(16_384);
    let (width, height) = (drawing.width, drawing.height);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {} {}\"",
        Short(width / MILLIMETRE),
        Short(height / MILLIMETRE),
        Short(width),
        Short(height)
    );
    if reader == Reader::Public {
        out.push_str(" role=\"img\" aria-labelledby=\"figure-title figure-description\"");
    }
    let _ = writeln!(out, " font-family=\"{FAMILY}\">");
    if reader == Reader::Public {
        out.push_str("<title id=\"figure-title\">");
        escape(&drawing.title, &mut out);
        out.push_str("</title>\n<desc id=\"figure-description\">");
        escape(&drawing.description, &mut out);
        out.push_str("</desc>\n");
    }
    let _ = writeln!(
        out,
        "<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>",
        Short(width),
        Short(height)
    );
    for shape in &drawing.shapes {
        write_shape(shape, reader, &mut out);
    }
    for text in &drawing.texts {
        write_text(text, reader, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(shape: &Shape, reader: Reader, out: &mut String) {
    let look = Look {
        stroke: shape.stroke.as_ref(),
        fill: shape.fill.as_ref(),
    };
    let named =
        |names: &[String]| reader == Reader::Public && names.iter().any(|name| !name.is_empty());
    match &shape.geometry {
        Geometry::Lines { lines, names } => {
            let translucent = shape.stroke.as_ref().is_some_and(|s| s.opacity < 1.0);
            let apart = named(names) || translucent && lines.len() > 1;
            if apart {
                let _ = write!(out, "<g{look} stroke-linejoin=\"round\">");
                for (index, line) in lines.iter().enumerate() {
                    out.push_str("<path d=\"");
                    path(line, false, out);
                    close_with_name(names.get(index).filter(|_| named(names)), "path", out);
                }
                out.push_str("</g>\n");
            } else {
                let _ = write!(out, "<path{look} stroke-linejoin=\"round\" d=\"");
                for line in lines {
                    path(line, false, out);
                }
                out.push_str("\"/>\n");
            }
        }
        Geometry::Areas(areas) => {
            let _ = write!(out, "<path{look} d=\"");
            for area in areas {
                path(area, true, out);
            }
            out.push_str("\"/>\n");
        }
        Geometry::Rects(rects) => {
            let _ = write!(out, "<path{look} d=\"");
            for rect in rects {
                let _ = write!(
                    out,
                    "M{} {}H{}V{}H{}Z",
                    Short(rect.left),
                    Short(rect.top),
                    Short(rect.right),
                    Short(rect.bottom),
                    Short(rect.left)
                );
            }
            out.push_str("\"/>\n");
        }
        Geometry::Symbols {
            symbol,
            radius,
            at,
            names,
        } => {
            let opaque = shape
                .fill
                .as_ref()
                .map(|f| f.opacity)
                .or(shape.stroke.as_ref().map(|s| s.opacity))
                .is_none_or(|o| o >= 1.0);
            if at.len() > 1 && opaque && !named(names) {
                // Opaque symbols of one colour are one path: smaller, and faster to draw.
                let _ = write!(out, "<path{look} d=\"");
                for point in at {
                    symbol_path(*symbol, *radius, *point, out);
                }
                out.push_str("\"/>\n");
                return;
            }
            let _ = write!(out, "<g{look}>");
            for (index, point) in at.iter().enumerate() {
                let name = names.get(index).filter(|_| named(names));
                if matches!(symbol, Symbol::Disc | Symbol::Ring) {
                    let _ = write!(
                        out,
                        "<circle cx=\"{}\" cy=\"{}\" r=\"{}",
                        Short(point.0),
                        Short(point.1),
                        Short(*radius)
                    );
                    close_with_name(name, "circle", out);
                } else {
                    out.push_str("<path d=\"");
                    symbol_path(*symbol, *radius, *point, out);
                    close_with_name(name, "path", out);
                }
            }
            out.push_str("</g>\n");
        }
    }
}

/// Ends an element whose last attribute is open, with a name to be shown when it is pointed at.
fn close_with_name(name: Option<&String>, element: &str, out: &mut String) {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            out.push_str("\"><title>");
            escape(&super::typography::clean(name), out);
            let _ = write!(out, "</title></{element}>");
        }
        None => out.push_str("\"/>"),
    }
}

fn path(points: &[Point], closed: bool, out: &mut String) {
    for (index, (x, y)) in points.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{command}{} {}", Short(*x), Short(*y));
    }
    if closed {
        out.push('Z');
    }
}

/// One symbol of about equal weight to the eye whatever its form.
fn symbol_path(symbol: Symbol, radius: f64, (x, y): Point, out: &mut String) {
    let _ = match symbol {
        Symbol::Disc | Symbol::Ring => write!(
            out,
            "M{} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z",
            Short(x - radius),
            Short(y),
            r = Short(radius),
            d = Short(2.0 * radius)
        ),
        Symbol::Square => {
            let half = 0.88 * radius;
            write!(
                out,
                "M{} {}h{s}v{s}h-{s}Z",
                Short(x - half),
                Short(y - half),
                s = Short(2.0 * half)
            )
        }
        Symbol::Triangle => {
            let side = 1.15 * radius;
            write!(
                out,
                "M{} {}L{} {}H{}Z",
                Short(x),
                Short(y - 1.2 * radius),
                Short(x + side),
                Short(y + 0.8 * radius),
                Short(x - side)
            )
        }
        Symbol::Diamond => {
            let half = 1.2 * radius;
            write!(
                out,
                "M{} {}L{} {}L{} {}L{} {}Z",
                Short(x),
                Short(y - half),
                Short(x + half),
                Short(y),
                Short(x),
                Short(y + half),
                Short(x - half),
                Short(y)
            )
        }
        Symbol::Cross => {
            let half = 0.85 * radius;
            write!(
                out,
                "M{} {}l{d} {d}M{} {}l{d} -{d}",
                Short(x - half),
                Short(y - half),
                Short(x - half),
                Short(y + half),
                d = Short(2.0 * half)
            )
        }
    };
}

fn write_text(text: &Text, reader: Reader, out: &mut String) {
    let turned = text.turned;
    if turned {
        let _ = write!(
            out,
            "<text transform=\"translate({} {})rotate(-90)\"",
            Short(text.x),
            Short(text.y)
        );
    } else {
        let _ = write!(out, "<text x=\"{}\" y=\"{}\"", Short(text.x), Short(text.y));
    }
    let _ = write!(
        out,
        " font-size=\"{}\" fill=\"{}\"",
        Short(text.size),
        Hex(text.colour)
    );
    if text.bold {
        out.push_str(" font-weight=\"700\"");
    }
    match text.anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
        Anchor::End => out.push_str(" text-anchor=\"end\""),
    }
    if reader == Reader::Public && text.content.chars().count() > 1 {
        let _ = write!(
            out,
            " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"",
            Short(text.length)
        );
    }
    if text.role == Role::Label {
        // Lines of the figure must not run through a label.
        out.push_str(
            " stroke=\"#fff\" stroke-width=\"2\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
        );
    }
    out.push('>');
    if let Some(whole) = text.whole.as_ref().filter(|_| reader == Reader::Public) {
        out.push_str("<title>");
        escape(whole, out);
        out.push_str("</title>");
    }
    escape(&text.content, out);
    out.push_str("</text>\n");
}

/// Text as XML takes it.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// A number with at most two decimals: a hundredth of a point is a three-hundredth of a millimetre.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round();
        if hundredths == 0.0 {
            return f.write_str("0");
        }
        let hundredths = hundredths as i64;
        if hundredths < 0 {
            f.write_str("-")?;
        }
        let (whole, rest) = (hundredths.abs() / 100, hundredths.abs() % 100);
        match rest {
            0 => write!(f, "{whole}"),
            r if r % 10 == 0 => write!(f, "{whole}.{}", r / 10),
            r => write!(f, "{whole}.{r:02}"),
        }
    }
}

struct Hex(super::drawing::Rgb);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let super::drawing::Rgb(r, g, b) = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// The attributes of line and filling.
struct Look<'a> {
    stroke: Option<&'a Stroke>,
    fill: Option<&'a Fill>,
}

impl std::fmt::Display for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.fill {
            Some(fill) => {
                write!(f, " fill=\"{}\"", Hex(fill.colour))?;
                if fill.opacity < 1.0 {
                    write!(f, " fill-opacity=\"{}\"", Short(fill.opacity))?;
                }
            }
            None => f.write_str(" fill=\"none\"")?,
        }
        if let Some(stroke) = self.stroke {
            write!(
                f,
                " stroke=\"{}\" stroke-width=\"{}\"",
                Hex(stroke.colour),
                Short(stroke.width)
            )?;
            if stroke.opacity < 1.0 {
                write!(f, " stroke-opacity=\"{}\"", Short(stroke.opacity))?;
            }
            if !stroke.dash.is_empty() {
                f.write_str(" stroke-dasharray=\"")?;
                for (index, part) in stroke.dash.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    write!(f, "{}", Short(*part))?;
                }
                f.write_str("\"")?;
            }
        }
        Ok(())
    }
}
