//! How draws are made and summed up: the same choices for every question about areas.

use crate::Error;

/// Level of intervals, number of draws and their seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawing {
    pub level: f64,
    pub draws: u32,
    pub seed: u64,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            level: 0.95,
            draws: 2000,
            seed: 1,
        }
    }
}

impl Drawing {
    /// Refuses numbers of draws that say nothing or do not fit.
    pub fn check(&self, targets: usize) -> Result<(), Error> {
        const LEAST: u32 = 100;
        const MOST: usize = 200_000_000;
        let draws = self.draws;
        if draws < LEAST {
            return Err(Error::new(
                "too_few_draws",
                format!("{draws} draws are too few to see a distribution"),
            )
            .with_hint("use at least 100; 2000 are usual"));
        }
        if (draws as usize).saturating_mul(targets) > MOST {
            return Err(Error::new(
                "too_many_draws",
                format!("{draws} draws of {targets} estimates would not fit into memory"),
            )
            .with_hint(format!(
                "{} draws would",
                (MOST / targets.max(1)).max(LEAST as usize)
            )));
        }
        Ok(())
    }
}

/// The builder's methods for a field `drawing`.
macro_rules! drawing_options {
    ($options:ty) => {
        impl $options {
            /// The probability that an interval holds its target, 0.95 unless told.
            pub fn level(mut self, level: f64) -> Self {
                self.drawing.level = level;
                self
            }

            /// Number of joint draws, 2000 unless told; see the field `draws` of the answer for what
            /// they are used for.
            pub fn draws(mut self, draws: u32) -> Self {
                self.drawing.draws = draws;
                self
            }

            /// Seed of the draws: the same seed gives the same numbers, on any number of threads.
            pub fn seed(mut self, seed: u64) -> Self {
                self.drawing.seed = seed;
                self
            }
        }
    };
}

pub(super) use drawing_options;
