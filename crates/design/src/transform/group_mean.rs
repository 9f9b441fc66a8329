//! `between(x, g)`, the mean of x in the group, and `within(x, g)`, the distance from it: the pair
//! that tells a within-group effect from a between-group one (Mundlak 1978, *Econometrica* 46:69).

use serde::{Deserialize, Serialize};

use crate::coder::NONE;
use crate::column::Value;

/// The means of a variable in the groups of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupMean {
    /// The groups.
    pub(crate) category: usize,
    /// True for `within`: the distance from the mean; false for `between`: the mean.
    pub(crate) centred: bool,
    /// The mean of each level.
    pub(crate) means: Vec<f64>,
}

impl GroupMean {
    /// Takes over the means, from the order of first sight to the sorted one.
    pub(crate) fn learn(&mut self, sums: &GroupSums, places: &[u32]) {
        let levels = places.iter().filter(|&&place| place != NONE).count();
        self.means = vec![f64::NAN; levels];
        for (code, &(mean, count)) in sums.0.iter().enumerate() {
            if count > 0.0 && places[code] != NONE {
                self.means[places[code] as usize] = mean;
            }
        }
    }

    /// The transformed numbers; the first row whose group is unknown is an error.
    pub(crate) fn apply(&self, x: Value, codes: &[u32]) -> Result<Value, usize> {
        let unknown = |code: u32| {
            self.means
                .get(code as usize)
                .is_none_or(|mean| mean.is_nan())
        };
        if let Some(row) = codes.iter().position(|&code| unknown(code)) {
            return Err(row);
        }
        let mean = |code: u32| self.means[code as usize];
        let values = if self.centred {
            codes
                .iter()
                .enumerate()
                .map(|(row, &code)| x.at(row) - mean(code))
                .collect()
        } else {
            codes.iter().map(|&code| mean(code)).collect()
        };
        Ok(Value::Owned(values))
    }
}

/// Mean and count of each code, updated row by row (Welford 1962): a sum of a variable far from
/// zero would lose digits that its distances from the mean need.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupSums(pub(crate) Vec<(f64, f64)>);

impl GroupSums {
    /// The means of the codes from `first` on.
    pub(crate) fn means_from(&self, first: usize) -> impl Iterator<Item = f64> {
        self.0
            .iter()
            .skip(first)
            .map(|&(mean, count)| if count > 0.0 { mean } else { f64::NAN })
    }

    /// Adds rows.
    pub(crate) fn add(&mut self, x: &Value, codes: &[u32]) {
        for (row, &code) in codes.iter().enumerate() {
            if code == NONE {
                continue;
            }
            let code = code as usize;
            if code >= self.0.len() {
                self.0.resize(code + 1, (0.0, 0.0));
            }
            let (mean, count) = &mut self.0[code];
            *count += 1.0;
            *mean += (x.at(row) - *mean) / *count;
        }
    }
}
