//! A drawing as pixels and as a page: both by way of its SVG, so that they show the same.

use std::sync::{Arc, LazyLock};

use krilla::Document;
use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use ranef::Error;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::drawing::Drawing;
use super::svg::{Reader, write};

/// The font that is compiled in, and no other: what a figure looks like must not depend on what is
/// installed.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for face in [notosans::REGULAR_TTF, notosans::BOLD_TTF] {
        let data: &'static [u8] = face;
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(data)));
    }
    fonts.set_sans_serif_family("Noto Sans");
    Arc::new(fonts)
});

fn tree(drawing: &Drawing) -> Result<Tree, Error> {
    let options = Options {
        font_family: "Noto Sans".to_owned(),
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    Tree::from_str(&write(drawing, Reader::Own), &options).map_err(|error| {
        Error::new(
            "figure_not_drawn",
            format!("the figure cannot be drawn: {error}"),
        )
    })
}

/// Pixels, `resolution` to the inch.
pub(crate) fn png(drawing: &Drawing, resolution: f64) -> Result<Vec<u8>, Error> {
    if !(20.0..=2400.0).contains(&resolution) {
        return Err(Error::new(
            "figure_resolution",
            format!("a figure cannot have {resolution} pixels per inch"),
        )
        .with_hint("give between 20 and 2400; journals ask for 300 to 600"));
    }
    let scale = resolution / 72.0;
    let (width, height) = (
        (drawing.width * scale).round(),
        (drawing.height * scale).round(),
    );
    // 4 bytes a pixel: 800 MB.
    if width * height > 2e8 {
        return Err(too_large(width, height));
    }
    let mut pixels =
        Pixmap::new(width as u32, height as u32).ok_or_else(|| too_large(width, height))?;
    pixels.fill(Color::WHITE);
    let tree = tree(drawing)?;
    let transform = Transform::from_scale(
        (width / f64::from(tree.size().width())) as f32,
        (height / f64::from(tree.size().height())) as f32,
    );
    resvg::render(&tree, transform, &mut pixels.as_mut());
    encode(&pixels, resolution).map_err(|error| {
        Error::new(
            "figure_not_drawn",
            format!("the figure cannot be written: {error}"),
        )
    })
}

fn too_large(width: f64, height: f64) -> Error {
    Error::new(
        "figure_too_large",
        format!("{width} by {height} pixels are too many"),
    )
    .with_hint("ask for fewer pixels per inch, or for SVG or PDF, which have none")
}

/// PNG with the resolution written into it, so that programs place it in its true size.
fn encode(pixels: &Pixmap, resolution: f64) -> Result<Vec<u8>, png::EncodingError> {
    // The page is opaque: three channels.
    let mut data = Vec::with_capacity(pixels.data().len() / 4 * 3);
    for pixel in pixels.data().chunks_exact(4) {
        data.extend_from_slice(&pixel[..3]);
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let per_metre = (resolution / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}

/// One page of the size of the drawing.
pub(crate) fn pdf(drawing: &Drawing) -> Result<Vec<u8>, Error> {
    let failed = |what: String| {
        Error::new(
            "figure_not_drawn",
            format!("the figure cannot be written: {what}"),
        )
    };
    let tree = tree(drawing)?;
    let size = Size::from_wh(drawing.width as f32, drawing.height as f32)
        .ok_or_else(|| failed("its page has no size".to_owned()))?;
    let mut document = Document::new();
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    surface
        .draw_svg(&tree, size, SvgSettings::default())
        .ok_or_else(|| failed("the page was not drawn".to_owned()))?;
    surface.finish();
    page.finish();
    document
        .finish()
        .map_err(|error| failed(format!("{error:?}")))
}
