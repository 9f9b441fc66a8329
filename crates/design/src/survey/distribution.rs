//! The distinct values of a stream and how often they occur: all that quantiles and orthogonal
//! polynomials need, in memory that follows the number of distinct values, not of rows.

/// Distinct values and counts; values wait in a buffer until it pays to sort them in.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    distinct: Vec<(f64, f64)>,
    waiting: Vec<f64>,
    patience: usize,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            distinct: Vec::new(),
            waiting: Vec::new(),
            patience: 1 << 16,
        }
    }
}

impl Distribution {
    /// Adds numbers.
    pub(crate) fn add(&mut self, values: &[f64]) {
        self.waiting.extend_from_slice(values);
        if self.waiting.len() >= self.patience {
            self.settle();
            // Merging costs as much as there are distinct values: wait for as many rows again.
            self.patience = self.patience.max(self.distinct.len());
        }
    }

    /// Distinct values in ascending order, and how often each occurs.
    pub(crate) fn finish(mut self) -> (Vec<f64>, Vec<f64>) {
        self.settle();
        self.distinct.into_iter().unzip()
    }

    fn settle(&mut self) {
        self.waiting.sort_unstable_by(f64::total_cmp);
        let old = std::mem::take(&mut self.distinct);
        let mut old = old.into_iter().peekable();
        let mut merged: Vec<(f64, f64)> = Vec::new();
        let mut push = |x: f64, n: f64| match merged.last_mut() {
            Some((last, count)) if *last == x => *count += n,
            _ => merged.push((x, n)),
        };
        for x in self.waiting.drain(..) {
            while let Some((value, count)) = old.next_if(|(value, _)| *value <= x) {
                push(value, count);
            }
            push(x, 1.0);
        }
        old.for_each(|(value, count)| push(value, count));
        self.distinct = merged;
    }
}
