//! One combination of the fixed effects held at a value of one's own.
//!
//! With φ = a'Φa, Φ = (X'V⁻¹X)⁻¹ and λ = (b − a'β̂)/φ, the constraint a'β = b changes little: the
//! fixed effects become β̂ + Φaλ, the residual sum of squares y'Py + φλ², and in everything that
//! follows from them e = Py − λz, z = V⁻¹XΦa, takes the place of Py. In the factor LL' of the root,
//! u = L⁻¹\[0; a\] carries all of it: φ = u'u, and L⁻¹ applied to the right-hand side gains λu. So a
//! value held costs a triangular solve with p numbers and no other statistics.

use super::Information;
use super::root::Root;

/// A combination a'β that is held at a value.
pub(crate) struct Hold {
    /// a, p numbers.
    functional: Vec<f64>,
    /// b.
    pub value: f64,
    /// L⁻¹a over X at the last θ.
    pub root: Vec<f64>,
    /// φ = a'(X'V⁻¹X)⁻¹a at the last θ.
    pub variance: f64,
    /// λ = (b − a'β̂)/φ at the last θ: half the derivative of the residual sum of squares with b.
    pub multiplier: f64,
    /// e'V_iz of each direction V_i of the last derivatives: ∂λ/∂θ_i is this over φ.
    pub slopes: Vec<f64>,
}

impl Hold {
    /// Of a combination of the fixed effects, in standard units.
    pub fn new(functional: Vec<f64>) -> Self {
        Self {
            functional,
            value: 0.0,
            root: Vec::new(),
            variance: f64::NAN,
            multiplier: 0.0,
            slopes: Vec::new(),
        }
    }

    /// What the constraint adds to y'Py, after [`Root::factor`].
    pub fn settle(&mut self, root: &Root) -> f64 {
        self.root = root.half_solve_fixed(&self.functional);
        self.variance = self.root.iter().map(|x| x * x).sum();
        let free: f64 = self
            .root
            .iter()
            .zip(root.half_solution_fixed())
            .map(|(u, y)| u * y)
            .sum();
        self.multiplier = (self.value - free) / self.variance;
        self.multiplier * self.multiplier * self.variance
    }

    /// What the constraint adds to the quadratic forms a_i'Pa_j, given L⁻¹ of their projections on
    /// the root (`lead` numbers each): (a_i'z)(a_j'z)/φ.
    pub fn add_forms(&self, half: &[f64], lead: usize, information: &mut Information) {
        let effects = lead - self.root.len();
        let slope = |h: &[f64]| -> f64 {
            h[effects..]
                .iter()
                .zip(&self.root)
                .map(|(a, b)| a * b)
                .sum()
        };
        let slopes: Vec<f64> = half.chunks_exact(lead).map(slope).collect();
        for i in 0..slopes.len() {
            for h in 0..=i {
                information.add(i, h, slopes[i] * slopes[h] / self.variance);
            }
        }
        information.held = slopes;
    }
}
