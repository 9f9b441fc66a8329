//! The arguments of questions that are answered by joint draws of all effects.

use clap::Args;

use crate::arguments::{count, level, number_of};

/// Level of intervals, number of draws and their seed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct DrawArguments {
    /// The probability that an interval holds its target
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub level: f64,

    /// Joint draws of all effects behind what has no formula: places, probabilities, means of other
    /// families than the gaussian
    #[arg(long, value_name = "N", value_parser = number_of, default_value_t = 2000)]
    pub draws: u32,

    /// Seed of the draws: the same seed gives the same numbers
    #[arg(long, value_name = "N", value_parser = count, default_value_t = 1)]
    pub seed: u64,
}

impl DrawArguments {
    /// Options with what the arguments say, by the methods that they have for it.
    pub fn told<T>(
        &self,
        options: T,
        level: fn(T, f64) -> T,
        draws: fn(T, u32) -> T,
        seed: fn(T, u64) -> T,
    ) -> T {
        seed(draws(level(options, self.level), self.draws), self.seed)
    }
}
