//! Links: what the linear predictor is of the mean.

/// How the mean follows from the linear predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// μ = η.
    Identity,
    /// μ = exp η.
    Log,
    /// μ = 1/(1 + exp −η).
    Logit,
    /// μ = Φ(η).
    Probit,
    /// μ = 1 − exp(−exp η).
    Cloglog,
    /// μ = ½ + arctan(η)/π.
    Cauchit,
    /// μ = 1/η.
    Inverse,
    /// μ = η².
    Sqrt,
    /// μ = 1/√η.
    InverseSquare,
}

/// The mean and its derivatives in η.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkValue {
    /// μ.
    pub mean: f64,
    /// dμ/dη.
    pub first: f64,
    /// d²μ/dη².
    pub second: f64,
    /// d³μ/dη³.
    pub third: f64,
}
