//! What the renderer did not draw as it was given, and how it says so below the figure.

use crate::words::count;

/// What was not drawn as it was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Losses {
    /// Points shown as a density.
    pub binned: usize,
    /// Points in the darkest square.
    pub densest: usize,
    /// Marks given and drawn where only some were drawn.
    pub thinned: Option<(usize, usize)>,
    /// Marks without a place on a logarithmic axis.
    pub not_positive: usize,
    /// Marks beyond the domain that the figure states.
    pub outside: usize,
    /// Labels for which there was no room.
    pub unlabelled: usize,
    /// Texts with letters that the font does not have.
    pub unshown: usize,
    /// Every how manieth name is written at an axis.
    pub stride: usize,
}

impl Losses {
    /// Sentences on what is not shown as it was given.
    pub fn sentences(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.binned > 0 {
            out.push(format!(
                "{} points are shown as a density: the darker a square, the more points it holds (up to {}).",
                count(self.binned),
                count(self.densest)
            ));
        }
        if let Some((given, drawn)) = self.thinned {
            out.push(format!(
                "{} of {} lines are drawn, evenly chosen in their order.",
                count(drawn),
                count(given)
            ));
        }
        let mut say = |n: usize, one: &str, many: &str| match n {
            0 => {}
            1 => out.push(format!("1 {one}.")),
            n => out.push(format!("{} {many}.", count(n))),
        };
        say(
            self.not_positive,
            "point has no place on a logarithmic axis",
            "points have no place on a logarithmic axis",
        );
        say(
            self.outside,
            "point lies outside the axes",
            "points lie outside the axes",
        );
        say(
            self.unlabelled,
            "label is left out for want of room",
            "labels are left out for want of room",
        );
        say(
            self.unshown,
            "text has letters that the font of PNG and PDF lacks; SVG shows them",
            "texts have letters that the font of PNG and PDF lacks; SVG shows them",
        );
        if self.stride > 1 {
            let ending = match (self.stride % 10, self.stride % 100) {
                (1, n) if n != 11 => "st",
                (2, n) if n != 12 => "nd",
                (3, n) if n != 13 => "rd",
                _ => "th",
            };
            out.push(format!(
                "Every {}{ending} name is written at the axis.",
                self.stride
            ));
        }
        out
    }
}
