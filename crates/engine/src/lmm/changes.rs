//! How the variance of what predictions miss changes with θ: Satterthwaite's degrees of freedom for
//! (β̂, b̂).
//!
//! With v(θ, σ) = (x, z)C(x, z)' the variance of x'β̂ + z'b̂ − x'β − z'b, ν = 2v²/(g'Ag), g = ∂v/∂(θ, σ) and
//! A the covariance of (θ̂, σ̂), as for fixed effects (Giesbrecht and Burns 1985; SAS's `ddfm=sat` does
//! the same for combinations of fixed and random effects). ∂v/∂σ = 2v/σ, because v is σ² times a
//! function of θ.
//!
//! ∂v/∂θ is known in closed form: for the predictor a'y it is a'V_ia − 2a'k_i + z'G_iz (k = ZGz), since
//! a minimises v. But that reaches over all levels for every row, and what a [`Joint`] keeps gives
//! only Λ'(Z'a − z), which is not enough where Λ is singular. So v is asked for on both sides of θ̂: a
//! pair of joint covariances for each θ_i, at a distance of 10⁻³ of its standard error. The error of
//! the central difference is 10⁻⁶ relative, and rows cost as many numbers as before, 2m + 1 times.

use super::fit::Fit;
use super::inference::Inference;
use super::joint::{Joint, JointRows, LevelColumns};
use crate::layout::Layout;

/// Distance of the two sides from θ̂, in standard errors.
const STEP: f64 = 1e-3;

/// The joint covariance on both sides of θ̂, for every θ on which there is information.
#[derive(Clone, Debug)]
pub struct JointChanges {
    sides: Vec<Option<Sides>>,
}

#[derive(Clone, Debug)]
struct Sides {
    step: f64,
    up: Joint,
    down: Joint,
}

/// What [`JointChanges`] holds for one θ: the distance of the two sides from it, and the parts of
/// the joint covariance on each.
pub type SidesParts = (f64, [(Vec<u32>, Vec<f64>); 2]);

/// Asks [`JointChanges`] about one row after another.
pub struct JointChangesRows<'a> {
    sides: Vec<Option<(f64, JointRows<'a>, JointRows<'a>)>>,
}

impl JointChanges {
    pub(super) fn of(fit: &mut Fit, inference: &Inference) -> Self {
        let m = fit.theta.len();
        let sides = (0..m)
            .map(|i| {
                let step = STEP * inference.covariance[i * (m + 1) + i].sqrt();
                if !(step > 0.0 && step.is_finite()) {
                    return None;
                }
                let mut at = |h: f64| {
                    let mut theta = fit.theta.clone();
                    theta[i] += h;
                    Joint::at(fit, &theta)
                };
                Some(Sides {
                    step,
                    up: at(step)?,
                    down: at(-step)?,
                })
            })
            .collect();
        Self { sides }
    }

    /// Asks about rows.
    pub fn rows(&self) -> JointChangesRows<'_> {
        JointChangesRows {
            sides: self
                .sides
                .iter()
                .map(|sides| {
                    let sides = sides.as_ref()?;
                    Some((sides.step, sides.up.rows(), sides.down.rows()))
                })
                .collect(),
        }
    }

    /// Numbers held.
    pub fn size(&self) -> usize {
        let of = |sides: &Sides| sides.up.size() + sides.down.size();
        self.sides.iter().flatten().map(of).sum()
    }

    /// For each θ the distance of its two sides and these, as [`Joint::parts`] gives them, to be
    /// saved; nothing where there is no information.
    pub fn parts(&self) -> Vec<Option<SidesParts>> {
        let of = |sides: &Sides| (sides.step, [sides.up.parts(), sides.down.parts()]);
        self.sides.iter().map(|s| s.as_ref().map(of)).collect()
    }

    /// The way back from [`JointChanges::parts`]; `None` where they are not those of such a model.
    pub fn from_parts(layout: &Layout, parts: &[Option<SidesParts>]) -> Option<Self> {
        if parts.len() != layout.entries().len() {
            return None;
        }
        let mut sides = Vec::with_capacity(parts.len());
        for part in parts {
            sides.push(match part {
                None => None,
                Some((step, [up, down])) if *step > 0.0 && step.is_finite() => Some(Sides {
                    step: *step,
                    up: Joint::from_parts(layout, &up.0, &up.1)?,
                    down: Joint::from_parts(layout, &down.0, &down.1)?,
                }),
                Some(_) => return None,
            });
        }
        Some(Self { sides })
    }
}

impl JointChangesRows<'_> {
    /// ∂v/∂θ for a row as in [`Joint::variance`]; zero where there is no information on θ.
    ///
    /// # Panics
    /// As [`Joint::variance`].
    pub fn slopes(&self, x: &[f64], levels: &[LevelColumns<'_>]) -> Vec<f64> {
        let one = |sides: &Option<(f64, JointRows<'_>, JointRows<'_>)>| match sides {
            None => 0.0,
            Some((step, up, down)) => {
                (up.variance(x, levels).total - down.variance(x, levels).total) / (2.0 * step)
            }
        };
        self.sides.iter().map(one).collect()
    }
}
