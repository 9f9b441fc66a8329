//! Coordinates in which one parameter of the covariance stands by itself.
//!
//! The user's standard deviation of effect i is that of one combination w of the effects in
//! standard units: the effect times its scale or, for the effect of a column of ones beside columns
//! that were centred, that effect less the means of the others. So the effects of its term are
//! written b* = Tw with that combination first (two of them, for a correlation), Var w = σ²MM' with
//! M lower triangular, and holding a parameter means holding elements of M:
//!
//! - a standard deviation s: M₁₁ = s/σ;
//! - a correlation sin φ: M₁₁ = e^u, M₂₁ = e^v sin φ, M₂₂ = e^v cos φ. The angle and not the
//!   correlation, because the deviance is even in cos φ: at ±1 it is smooth in φ and has an
//!   infinite slope in the correlation. Logarithms, because the signs of M₁₁ and e^v decide that of
//!   the correlation;
//! - σ = e^τ itself, or a combination of the fixed effects: M is as free as ever.
//!
//! All other elements of M, all other terms, and τ are free. Criterion and covariance are even in
//! every other column of M, so no bounds are needed.

use std::cmp::Ordering;

use super::Parameter;
use crate::DependentEffect;
use crate::blocks::{Direction, multiply_rows, sandwich, transpose};
use crate::coordinates::{Coordinates, lower_factor};
use crate::layout::{Layout, Term};

/// Levels up to which rivals are looked for in any case. Of 600 ends on designs of 16 to 32 rows
/// two were missed without.
const FEW: usize = 50;

/// One coordinate: the held one is the first of [`Form::variables`], the free ones follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Variable {
    /// The parameter that is held.
    Held,
    /// An element of M of a term.
    Entry {
        term: usize,
        row: usize,
        column: usize,
    },
    /// u = log M₁₁ of the term of a correlation.
    LogFirst,
    /// v, the logarithm of the second relative standard deviation.
    LogSecond,
    /// τ = log σ.
    LogSigma,
}

/// The coordinates of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    layout: Layout,
    pub parameter: Parameter,
    /// The term of a standard deviation or correlation.
    term: Option<usize>,
    /// T of that term, k × k by rows, and its inverse.
    to_standard: Vec<f64>,
    from_standard: Vec<f64>,
    pub variables: Vec<Variable>,
    /// By how much a standard deviation in the user's units exceeds that of w.
    scale: f64,
    /// What a fixed effect lacks of the user's.
    shift: f64,
}

/// A point in the coordinates of a form, unfolded.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// M of each term, k × k by rows.
    pub factors: Vec<Vec<f64>>,
    /// log σ, in standard units.
    pub log_sigma: f64,
}

impl Form {
    /// `dependent`: effects that stay without variance, because their columns follow from others of
    /// their term. The parameter involves none of them.
    pub fn new(
        layout: &Layout,
        coordinates: &Coordinates,
        parameter: Parameter,
        dependent: &[DependentEffect],
    ) -> Self {
        let (term, first): (Option<usize>, Vec<usize>) = match parameter {
            Parameter::StandardDeviation { term, effect } => (Some(term), vec![effect]),
            Parameter::Correlation { term, effects } => (Some(term), effects.to_vec()),
            Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => (None, Vec::new()),
        };
        let mut form = Self {
            layout: layout.clone(),
            parameter,
            term,
            to_standard: Vec::new(),
            from_standard: Vec::new(),
            variables: vec![Variable::Held],
            scale: coordinates.response.scale,
            shift: match parameter {
                Parameter::Fixed(effect) if layout.intercept == Some(effect) => {
                    coordinates.response.shift
                }
                _ => 0.0,
            },
        };
        if let Some(term) = term {
            form.lead_with(coordinates, term, &first);
        }
        for (index, term) in layout.terms.iter().enumerate() {
            let special = Some(index) == form.term;
            if special && first.len() == 2 {
                form.variables.push(Variable::LogFirst);
                form.variables.push(Variable::LogSecond);
            }
            let held_rows = if special { first.len() } else { 0 };
            let order = match special {
                true => leading(&first, term.width),
                false => (0..term.width).collect(),
            };
            let still = |at: usize| {
                let is = |d: &DependentEffect| d.term == index && d.effect == order[at];
                dependent.iter().any(is)
            };
            for column in (0..term.width).filter(|&c| !still(c)) {
                for row in (column.max(held_rows)..term.width).filter(|&r| !still(r)) {
                    form.variables.push(Variable::Entry {
                        term: index,
                        row,
                        column,
                    });
                }
            }
        }
        if parameter != Parameter::Sigma {
            form.variables.push(Variable::LogSigma);
        }
        form
    }

    /// The coordinates of a model without a residual variance: σ is 1 and stays it.
    pub fn without_sigma(layout: &Layout, coordinates: &Coordinates, parameter: Parameter) -> Self {
        let mut form = Self::new(layout, coordinates, parameter, &[]);
        form.variables.retain(|v| *v != Variable::LogSigma);
        form
    }

    /// T and its inverse, with the effects `first` of the term leading.
    fn lead_with(&mut self, coordinates: &Coordinates, index: usize, first: &[usize]) {
        let term = &self.layout.terms[index];
        let k = term.width;
        let standards = &coordinates.random[term.factor][term.offset..term.offset + k];
        let order = leading(first, k);
        let (mut to, mut from) = (vec![0.0; k * k], vec![0.0; k * k]);
        for (at, &effect) in order.iter().enumerate() {
            to[effect * k + at] = 1.0;
            from[at * k + effect] = 1.0;
            if at < first.len() && Some(effect) == term.intercept {
                for (other_at, &other) in order.iter().enumerate().filter(|(_, o)| **o != effect) {
                    let moved = standards[other].shift / standards[other].scale;
                    to[effect * k + other_at] += moved;
                    from[at * k + other] -= moved;
                }
            }
        }
        self.to_standard = to;
        self.from_standard = from;
        self.scale /= standards[first[0]].scale;
    }

    /// Number of free coordinates.
    pub fn free(&self) -> usize {
        self.variables.len() - 1
    }

    /// The parameter as the user knows it from the held coordinate.
    pub fn to_user(&self, held: f64) -> f64 {
        match self.parameter {
            Parameter::StandardDeviation { .. } => self.scale * held,
            Parameter::Correlation { .. } => held.sin(),
            Parameter::Sigma => self.scale * held.exp(),
            Parameter::Fixed(_) | Parameter::Nuisance(_) => held + self.shift,
        }
    }

    /// The derivative of the user's parameter with the held coordinate.
    pub fn user_slope(&self, held: f64) -> f64 {
        match self.parameter {
            Parameter::StandardDeviation { .. } => self.scale,
            Parameter::Correlation { .. } => cosine(held),
            Parameter::Sigma => self.scale * held.exp(),
            Parameter::Fixed(_) | Parameter::Nuisance(_) => 1.0,
        }
    }

    /// The coordinates (held, free) of θ and σ in standard units; `None` for a correlation where
    /// there is none because a standard deviation is zero. The held coordinate of a fixed effect
    /// is not in θ and comes out as zero.
    pub fn coordinates_of(&self, theta: &[f64], sigma: f64) -> Option<(f64, Vec<f64>)> {
        let mut factors = self.factors_of_theta(theta);
        let mut held = 0.0;
        let (mut log_first, mut log_second) = (0.0, 0.0);
        if let Some(index) = self.term {
            let k = self.layout.terms[index].width;
            let mut special = multiply_rows(&self.from_standard, &factors[index], k);
            lower_factor(&mut special, k);
            match self.parameter {
                Parameter::StandardDeviation { .. } => held = special[0] * sigma,
                Parameter::Correlation { .. } => {
                    let (first, second) = (special[0], special[k].hypot(special[k + 1]));
                    if !(first > 0.0 && second > 0.0) {
                        return None;
                    }
                    (log_first, log_second) = (first.ln(), second.ln());
                    held = special[k].atan2(special[k + 1]);
                }
                Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => {}
            }
            factors[index] = special;
        }
        if self.parameter == Parameter::Sigma {
            held = sigma.ln();
        }
        let free = self.variables[1..].iter().map(|variable| match *variable {
            Variable::Entry { term, row, column } => {
                factors[term][row * self.layout.terms[term].width + column]
            }
            Variable::LogFirst => log_first,
            Variable::LogSecond => log_second,
            Variable::LogSigma => sigma.ln(),
            Variable::Held => held,
        });
        Some((held, free.collect()))
    }

    /// Λ of each term from θ, k × k by rows.
    fn factors_of_theta(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut at = 0;
        self.layout
            .terms
            .iter()
            .map(|term| {
                let k = term.width;
                let mut factor = vec![0.0; k * k];
                for column in 0..k {
                    for row in column..k {
                        factor[row * k + column] = theta[at];
                        at += 1;
                    }
                }
                factor
            })
            .collect()
    }

    /// Unfolds a point.
    pub fn state(&self, held: f64, free: &[f64]) -> State {
        let mut factors: Vec<Vec<f64>> = self
            .layout
            .terms
            .iter()
            .map(|t| vec![0.0; t.width * t.width])
            .collect();
        let mut log_sigma = match self.parameter {
            Parameter::Sigma => held,
            _ => 0.0,
        };
        let (mut log_first, mut log_second) = (0.0, 0.0);
        for (variable, &value) in self.variables[1..].iter().zip(free) {
            match *variable {
                Variable::Entry { term, row, column } => {
                    factors[term][row * self.layout.terms[term].width + column] = value;
                }
                Variable::LogFirst => log_first = value,
                Variable::LogSecond => log_second = value,
                Variable::LogSigma => log_sigma = value,
                Variable::Held => {}
            }
        }
        if let Some(index) = self.term {
            let k = self.layout.terms[index].width;
            let factor = &mut factors[index];
            if let Parameter::Correlation { .. } = self.parameter {
                factor[0] = log_first.exp();
                factor[k] = log_second.exp() * held.sin();
                factor[k + 1] = log_second.exp() * cosine(held);
            } else {
                factor[0] = held * (-log_sigma).exp();
            }
        }
        State { factors, log_sigma }
    }

    /// θ in standard units: TM of each term as a lower triangular factor.
    pub fn theta(&self, state: &State) -> Vec<f64> {
        let mut theta = Vec::new();
        for (index, term) in self.layout.terms.iter().enumerate() {
            let k = term.width;
            let mut factor = match self.term {
                Some(special) if special == index => {
                    multiply_rows(&self.to_standard, &state.factors[index], k)
                }
                _ => state.factors[index].clone(),
            };
            if Some(index) == self.term {
                lower_factor(&mut factor, k);
            }
            for column in 0..k {
                for row in column..k {
                    theta.push(factor[row * k + column]);
                }
            }
        }
        theta
    }

    /// Where rivals of a minimum are looked for: the elements below the diagonal with the other
    /// sign; all of a row's variance on its diagonal; little variance everywhere, so that the
    /// residuals take what a held parameter leaves over; much of it, so that the groups do; and
    /// effects that go along with the first of their term, or against it. None where M is regular,
    /// unless the levels of a term are few: then the likelihood may have several valleys.
    pub fn rivals(&self, free: &[f64], unit: f64) -> Vec<Vec<f64>> {
        let entry = |v: &Variable| match *v {
            Variable::Entry { term, row, column } => Some((term, row, column)),
            _ => None,
        };
        let entries: Vec<_> = self.variables[1..].iter().map(entry).collect();
        let diagonal = |e: &(usize, usize, usize)| e.1 == e.2;
        let singular = |(e, x): (&Option<(usize, usize, usize)>, &f64)| {
            e.as_ref().is_some_and(diagonal) && x.abs() < 1e-3 * unit
        };
        let few = |t: &Term| self.layout.factors[t.factor].levels <= FEW;
        if !entries.iter().zip(free).any(singular) && !self.layout.terms.iter().any(few) {
            return Vec::new();
        }
        let turned = entries.iter().zip(free).map(|(e, &x)| match e {
            Some(e) if !diagonal(e) => -x,
            _ => x,
        });
        let upright = entries.iter().zip(free).map(|(e, &x)| match *e {
            Some((_, row, column)) if row > column => 0.0,
            Some((term, row, _)) => {
                let same = |e: &Option<(usize, usize, usize)>| {
                    e.is_some_and(|(t, r, _)| (t, r) == (term, row))
                };
                let squares: f64 = entries
                    .iter()
                    .zip(free)
                    .filter(|(e, _)| same(e))
                    .map(|(_, x)| x * x)
                    .sum();
                squares.sqrt().max(0.3 * unit)
            }
            None => x,
        });
        let small = |only: Option<usize>| -> Vec<f64> {
            let one = |(e, &x): (&Option<(usize, usize, usize)>, &f64)| match e {
                Some(e) if only.is_some_and(|term| term != e.0) => x,
                Some(e) if diagonal(e) => 0.1 * unit,
                Some(_) => 0.0,
                None => x,
            };
            entries.iter().zip(free).map(one).collect()
        };
        let every = |own: f64, below: f64| -> Vec<f64> {
            let one = |(e, &x): (&Option<(usize, usize, usize)>, &f64)| match e {
                Some(e) if diagonal(e) => own * unit,
                Some(_) => below * unit,
                None => x,
            };
            entries.iter().zip(free).map(one).collect()
        };
        let mut out = vec![
            turned.collect(),
            upright.collect(),
            small(None),
            every(3.0, 0.0),
            every(0.1, 1.0),
            every(0.1, -1.0),
        ];
        if self.layout.terms.len() > 1 {
            out.extend((0..self.layout.terms.len()).map(|term| small(Some(term))));
        }
        out.sort_by(|a: &Vec<f64>, b| a.iter().partial_cmp(b.iter()).unwrap_or(Ordering::Equal));
        out.dedup();
        out.retain(|start| start != free);
        out
    }

    /// The term whose M a variable moves.
    pub fn term_of(&self, variable: Variable) -> Option<usize> {
        let deviation = matches!(self.parameter, Parameter::StandardDeviation { .. });
        match variable {
            Variable::Entry { term, .. } => Some(term),
            Variable::LogFirst | Variable::LogSecond | Variable::Held => self.term,
            // M₁₁ = s/σ.
            Variable::LogSigma if deviation => self.term,
            Variable::LogSigma => None,
        }
    }

    /// ∂M of the variable's term: positions (by rows) and numbers.
    fn change(&self, variable: Variable, state: &State) -> Vec<(usize, f64)> {
        let Some(index) = self.term_of(variable) else {
            return Vec::new();
        };
        let k = self.layout.terms[index].width;
        let m = &state.factors[index];
        match variable {
            Variable::Entry { row, column, .. } => vec![(row * k + column, 1.0)],
            Variable::LogFirst => vec![(0, m[0])],
            Variable::LogSecond => vec![(k, m[k]), (k + 1, m[k + 1])],
            Variable::LogSigma => vec![(0, -m[0])],
            Variable::Held => match self.parameter {
                Parameter::Correlation { .. } => vec![(k, m[k + 1]), (k + 1, -m[k])],
                _ => vec![(0, (-state.log_sigma).exp())],
            },
        }
    }

    /// ∂²M of two variables of one term, the same way.
    fn second_change(&self, a: Variable, b: Variable, state: &State) -> Vec<(usize, f64)> {
        use Variable::{Held, LogFirst, LogSecond, LogSigma};
        let Some(index) = self.term else {
            return Vec::new();
        };
        let k = self.layout.terms[index].width;
        let m = &state.factors[index];
        if let Parameter::Correlation { .. } = self.parameter {
            match (a, b) {
                (LogFirst, LogFirst) => vec![(0, m[0])],
                (LogSecond, LogSecond) => vec![(k, m[k]), (k + 1, m[k + 1])],
                (Held, Held) => vec![(k, -m[k]), (k + 1, -m[k + 1])],
                (Held, LogSecond) | (LogSecond, Held) => vec![(k, m[k + 1]), (k + 1, -m[k])],
                _ => Vec::new(),
            }
        } else {
            match (a, b) {
                (LogSigma, LogSigma) => vec![(0, m[0])],
                (Held, LogSigma) | (LogSigma, Held) => vec![(0, -(-state.log_sigma).exp())],
                _ => Vec::new(),
            }
        }
    }

    /// ∂(ΛΛ') of the face with a variable, in standard units; `None` where it moves no M.
    pub fn direction(&self, variable: Variable, state: &State) -> Option<Direction> {
        let index = self.term_of(variable)?;
        let term = &self.layout.terms[index];
        let k = term.width;
        let m = &state.factors[index];
        let mut change = vec![0.0; k * k];
        for (at, x) in self.change(variable, state) {
            let (row, column) = (at / k, at % k);
            for a in 0..k {
                change[row * k + a] += x * m[a * k + column];
                change[a * k + row] += x * m[a * k + column];
            }
        }
        if Some(index) == self.term {
            change = sandwich(&self.to_standard, &change, k);
        }
        let width = self.layout.factors[term.factor].width;
        let mut face = vec![0.0; width * width];
        for i in 0..k {
            for j in 0..k {
                face[(term.offset + i) * width + term.offset + j] = change[i * k + j];
            }
        }
        Some(Direction {
            factor: term.factor,
            change: face,
        })
    }

    /// Q, by grouping factor in standard units, in the coordinates w of each term: T'QT.
    pub fn scores_of_terms(&self, scores: &[Vec<f64>]) -> Vec<Vec<f64>> {
        self.layout
            .terms
            .iter()
            .enumerate()
            .map(|(index, term)| {
                let (k, width) = (term.width, self.layout.factors[term.factor].width);
                let block: Vec<f64> = (0..k * k)
                    .map(|at| {
                        let (i, j) = (term.offset + at / k, term.offset + at % k);
                        scores[term.factor][i * width + j]
                    })
                    .collect();
                if Some(index) == self.term {
                    sandwich(&transpose(&self.to_standard, k), &block, k)
                } else {
                    block
                }
            })
            .collect()
    }

    /// ⟨Q, ∂²(MM')⟩ of two variables: 2 tr(M_a'QM_b) + 2 tr(M_ab'QM).
    pub fn bend(&self, a: Variable, b: Variable, state: &State, scores: &[Vec<f64>]) -> f64 {
        let (Some(index), Some(other)) = (self.term_of(a), self.term_of(b)) else {
            return 0.0;
        };
        if index != other {
            return 0.0;
        }
        let k = self.layout.terms[index].width;
        let (q, m) = (&scores[index], &state.factors[index]);
        let mut sum = 0.0;
        let second = self.change(b, state);
        for (at, x) in self.change(a, state) {
            for &(with, y) in second.iter().filter(|(with, _)| with % k == at % k) {
                sum += x * y * q[at / k * k + with / k];
            }
        }
        if Some(index) == self.term {
            for (at, x) in self.second_change(a, b, state) {
                let (row, column) = (at / k, at % k);
                sum += x
                    * (0..k)
                        .map(|i| q[row * k + i] * m[i * k + column])
                        .sum::<f64>();
            }
        }
        2.0 * sum
    }
}

/// The effects of a term of width k with some of them first.
fn leading(first: &[usize], k: usize) -> Vec<usize> {
    let rest = (0..k).filter(|a| !first.contains(a));
    first.iter().copied().chain(rest).collect()
}

/// cos φ, exactly zero at ±π/2 as the floating-point numbers have them.
fn cosine(angle: f64) -> f64 {
    if angle.abs() >= std::f64::consts::FRAC_PI_2 {
        0.0
    } else {
        angle.cos()
    }
}
