//! What predictions are shown of.

use ranef::ResponseScale;

/// What predictions are shown of.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedOptions {
    pub(super) x: Option<String>,
    pub(super) by: Option<String>,
    pub(super) at: Vec<(String, Vec<String>)>,
    pub(super) group: Option<String>,
    pub(super) levels: Vec<String>,
    pub(super) groups: Option<usize>,
    pub(super) scale: ResponseScale,
    pub(super) average: bool,
    pub(super) level: f64,
    pub(super) points: usize,
}

impl Default for PredictedOptions {
    fn default() -> Self {
        Self {
            x: None,
            by: None,
            at: Vec::new(),
            group: None,
            levels: Vec::new(),
            groups: None,
            scale: ResponseScale::Response,
            average: false,
            level: 0.95,
            points: 0,
        }
    }
}

impl PredictedOptions {
    /// The predictor along the horizontal axis: the first of numbers unless told.
    pub fn x(mut self, x: impl Into<String>) -> Self {
        self.x = Some(x.into());
        self
    }

    /// The moderator, a line for each of its levels or values.
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = Some(by.into());
        self
    }

    /// Values of a predictor: of the moderator, or where another is held.
    pub fn at<S: Into<String>>(
        mut self,
        predictor: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.at.push((predictor.into(), values));
        self
    }

    /// In facets by the groups of a factor.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// These groups, in this order.
    pub fn levels<S: Into<String> + Clone>(mut self, levels: &[S]) -> Self {
        self.levels = levels.iter().cloned().map(Into::into).collect();
        self
    }

    /// How many groups have a facet: 12 unless told.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = Some(groups);
        self
    }

    /// In a generalised model: the response (unless told), or the scale of the link.
    pub fn scale(mut self, scale: ResponseScale) -> Self {
        self.scale = scale;
        self
    }

    /// In a generalised model: averaged over the random effects of all groups that might be drawn.
    pub fn average(mut self, average: bool) -> Self {
        self.average = average;
        self
    }

    /// The probability that a band holds its target, at each value by itself: 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// So many rows of the data behind the lines, at most: none unless told.
    pub fn points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }
}
