//! What all optimisers are told.

/// When an optimiser stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The most evaluations of the value. BOBYQA needs at least `2n + 2` and takes them.
    pub max_evaluations: usize,
    /// How near to the minimum every parameter shall come, relative to its size where that is
    /// above 1: the last quasi-Newton step, trust radius, simplex or bracket is about as small.
    /// The value is then off by about the square.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            max_evaluations: 10_000,
            tolerance: 1e-6,
        }
    }
}
