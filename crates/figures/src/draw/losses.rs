//! What the renderer did not draw as it was given, and how it says so below the figure.

use super::ticks::fixed;

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
    /// Every how manieth name is written at an axis.
    pub stride: usize,
}

impl Losses {
    /// Sentences on what is not shown as it was given.
    pub fn sentences(&self) -> Vec<String> {
        let number = |n: usize| fixed(n as f64, 0);
        let mut out = Vec::new();
        if self.binned > 0 {
            out.push(format!(
                "{} points are shown as a density: the darker a square, the more points it holds (up to {}).",
                number(self.binned),
                number(self.densest)
            ));
        }
        if let Some((given, drawn)) = self.thinned {
            out.push(format!(
                "{} of {} lines are drawn, evenly chosen in their order.",
                number(drawn),
                number(given)
            ));
        }
        if self.not_positive > 0 {
            out.push(format!(
                "{} points have no place on a logarithmic axis.",
                number(self.not_positive)
            ));
        }
        if self.outside > 0 {
            out.push(format!(
                "{} points lie outside the axes.",
                number(self.outside)
            ));
        }
        if self.unlabelled > 0 {
            out.push(format!(
                "{} labels are left out for want of room.",
                number(self.unlabelled)
            ));
        }
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
