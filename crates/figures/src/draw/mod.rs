//! The renderer: a [`Chart`] is laid out as a [`Drawing`], and the drawing is written as SVG, PNG or
//! PDF; a Vega-Lite specification takes the domains of its axes from it.
//!
//! Why our own: charton 0.9, kuva 0.6 and plotters 0.3 fail on facets, on hidden scales and on
//! lines and text. Of those found since, ggplot-rs 0.36 shares the axes of facets but writes no
//! titles at them, guesses lengths of text from a table of letters, names no font and has no PDF;
//! plotkit 1.0 has no facets.

mod axes;
mod block;
mod clip;
mod density;
pub mod drawing;
mod faults;
mod grid;
mod labels;
mod layout;
mod legend;
mod losses;
mod marks;
mod output;
mod palette;
mod panels;
mod scale;
mod svg;
mod ticks;
mod typography;
mod vega;

use ranef::Error;

pub use drawing::Drawing;
pub use layout::layout;

use crate::{Chart, Format, RenderOptions};

/// Writes a chart in a format.
///
/// # Errors
/// Those of [`layout`]; `figure_resolution` for pixels per inch that no printer has and
/// `figure_too_large` when the pixels asked for do not fit into memory.
pub fn render(chart: &Chart, format: Format, options: &RenderOptions) -> Result<Vec<u8>, Error> {
    match format {
        Format::Svg => Ok(svg::write(&layout(chart, options)?, svg::Reader::Public).into_bytes()),
        Format::Png => output::png(
            &layout(chart, options)?,
            options.resolution.unwrap_or(300.0),
        ),
        Format::Pdf => output::pdf(&layout(chart, options)?),
        Format::VegaLite => {
            let specification = vega::specification(chart, &layout(chart, options)?, options);
            let mut out = specification.to_string().into_bytes();
            out.push(b'\n');
            Ok(out)
        }
    }
}
