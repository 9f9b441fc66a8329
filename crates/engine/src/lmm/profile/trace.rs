//! Walking along a profile and finding where it ends.
//!
//! Each point is a minimisation from the nearest point known, moved along the tangent of the ridge
//! ∂x/∂ψ = −H_xx⁻¹H_xψ; on smooth profiles two or three evaluations are then enough. The roots of
//! ζ − z are found by Newton's method in the coordinates of `form`, in which ζ is nearly straight,
//! inside a bracket; three or four points an end.

use std::f64::consts::FRAC_PI_2;

use super::form::Form;
use super::{End, Parameter, Profile, ProfilePoint};
use crate::optimize::{CurvedObjective, Options, bfgs, newton_step, symmetric_eigen, trust_region};

/// How near, relative to the distance from the estimate, a root must be before the last Newton
/// step, which squares it: 10⁻⁷ is left.
const NEAR: f64 = 3e-4;
/// ζ that rounding may leave of zero.
const FLAT: f64 = 1e-4;
/// Points of one search after which it is given up.
const MOST_POINTS: usize = 60;
/// Steps, in standard errors, beyond which a side has no end.
const FURTHEST: f64 = 1e6;
/// How far log σ is followed down: beyond it nothing but rounding is left of the residuals.
const LEAST_LOG_SIGMA: f64 = 9.0;

/// A deviance with one parameter held: a function of the free coordinates, with derivatives in the
/// held coordinate too. That of a linear model has exact second derivatives, that of a generalised
/// one a model of them.
pub(crate) trait HeldDeviance: CurvedObjective {
    /// The coordinates of the parameter.
    fn form(&self) -> &Form;

    /// Moves the parameter.
    fn hold(&mut self, held: f64);

    /// After an evaluation: the estimate of a held fixed effect with the other coordinates where
    /// they are, if it is not the held value itself.
    fn free_estimate(&self) -> Option<f64>;

    /// θ in standard units at a point.
    fn theta(&self, held: f64, free: &[f64]) -> Vec<f64>;

    /// A first step of a standard deviation where no curvature says one.
    fn ordinary(&self, free: &[f64]) -> f64;

    /// Where rivals of a minimum are looked for.
    fn rivals(&self, free: &[f64]) -> Vec<Vec<f64>>;

    /// Gives a point the residual variance that suits its other coordinates, where there is one.
    fn suit_sigma(&mut self, free: &mut [f64]) {
        let _ = free;
    }

    /// Whether the work is to stop.
    fn interrupted(&self) -> bool;

    /// Takes gradient and Hessian in all coordinates, the held one first, at the last evaluation.
    fn differentiate(&mut self);

    /// Whether that was done since the parameter was moved.
    fn derived(&self) -> bool;

    /// The free coordinates where it was done last.
    fn derived_at(&self) -> &[f64];

    /// The last gradient.
    fn gradient(&self) -> &[f64];

    /// The last Hessian.
    fn hessian(&self) -> &[f64];

    /// Evaluations so far.
    fn evaluations(&self) -> usize;

    /// A point below one, where no gradient leads down but some curvature does.
    fn way_down(&mut self, free: &[f64], value: f64) -> Option<Vec<f64>>
    where
        Self: Sized,
    {
        way_down(self, free, value)
    }

    /// The part of the last Hessian that belongs to the free coordinates.
    fn free_hessian(&self) -> Vec<f64> {
        let m = self.dimension();
        let size = m + 1;
        (0..m * m)
            .map(|at| self.hessian()[(at / m + 1) * size + at % m + 1])
            .collect()
    }

    /// Its column of the held coordinate against the free ones.
    fn mixed(&self) -> &[f64] {
        &self.hessian()[1..=self.dimension()]
    }
}

/// Why a profile cannot be made.
pub(crate) enum Failure {
    /// A deviance below the fit's was found on the way.
    Lower {
        /// It.
        value: f64,
        /// θ there, in standard units.
        theta: Vec<f64>,
    },
}

/// A minimum of the deviance over the free coordinates.
#[derive(Clone)]
struct Point {
    held: f64,
    free: Vec<f64>,
    value: f64,
    /// ∂d/∂ψ.
    slope: f64,
    /// ∂(free)/∂ψ.
    tangent: Vec<f64>,
    converged: bool,
}

/// The search along one profile.
pub(crate) struct Trace<O> {
    objective: O,
    centre: Point,
    points: Vec<Point>,
    /// ∂²d/∂ψ² along the profile, at the estimate.
    curvature: f64,
    z: f64,
    /// What the deviance along the profile can rise to at most.
    cap: f64,
}

impl<O: HeldDeviance> Trace<O> {
    /// At the coordinates of the fit.
    pub fn new(mut objective: O, held: f64, free: Vec<f64>, z: f64) -> Self {
        objective.hold(held);
        let mut value = objective.value(&free);
        let mut held = held;
        if let Some(estimate) = objective.free_estimate() {
            held = estimate;
            objective.hold(held);
            value = objective.value(&free);
        }
        let centre = point(&mut objective, held, free, value, true);
        let bent: f64 = centre
            .tangent
            .iter()
            .zip(objective.mixed())
            .map(|(t, h)| t * h)
            .sum();
        Self {
            curvature: objective.hessian().first().map_or(0.0, |own| own + bent),
            objective,
            points: vec![centre.clone()],
            centre,
            z,
            cap: f64::INFINITY,
        }
    }

    /// The least deviance with the parameter at a value.
    pub fn value_at(&mut self, held: f64) -> f64 {
        self.settle(held).value
    }

    /// Says what the deviance can rise to at most.
    pub fn cap(&mut self, value: f64) {
        self.cap = self.cap.min(value);
    }

    /// Finds both ends.
    pub fn run(mut self, further: usize) -> Result<Profile, Failure> {
        let (low, high) = match self.objective.form().parameter {
            Parameter::StandardDeviation { .. } => (Some(0.0), None),
            Parameter::Correlation { .. } => (Some(-FRAC_PI_2), Some(FRAC_PI_2)),
            Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => (None, None),
        };
        let (lower, mut monotone) = self.end(-1.0, low)?;
        let (upper, rising) = self.end(1.0, high)?;
        monotone &= rising;
        if further > 0 {
            self.fill(further, lower, low)?;
            self.fill(further, upper, high)?;
        }
        let form = self.objective.form();
        let user = |end: Coordinate| match end {
            Coordinate::At(held) => End::At(form.to_user(held)),
            Coordinate::Edge(held) => End::Edge(form.to_user(held)),
            Coordinate::Open if form.parameter == Parameter::Sigma => End::Edge(0.0),
            Coordinate::Open => End::Unbounded,
            Coordinate::NotFound => End::NotFound,
        };
        self.points.sort_by(|a, b| a.held.total_cmp(&b.held));
        Ok(Profile {
            parameter: form.parameter,
            estimate: Some(form.to_user(self.centre.held)),
            lower: user(lower),
            upper: user(upper),
            monotone,
            points: self.points.iter().map(|p| self.as_seen(p)).collect(),
            evaluations: self.objective.evaluations(),
        })
    }

    /// d − d̂ where that is more than rounding, else 0.
    fn rise(&self, value: f64) -> f64 {
        (value.min(self.cap) - self.centre.value).max(0.0)
    }

    /// A deviance so far below that of the fit that it is no rounding.
    fn check(&self, point: &Point) -> Result<(), Failure> {
        let noise = 1e-6f64.max(1e-11 * self.centre.value.abs());
        if point.value >= self.centre.value - noise {
            return Ok(());
        }
        Err(Failure::Lower {
            value: point.value,
            theta: self.objective.theta(point.held, &point.free),
        })
    }

    /// Searches on one side (`sign`), up to the edge of the range if there is one; and whether ζ
    /// rose all the way.
    fn end(&mut self, sign: f64, edge: Option<f64>) -> Result<(Coordinate, bool), Failure> {
        let centre = self.centre.held;
        let mut beyond = None;
        if let Some(edge) = edge {
            if (edge - centre).abs() < 1e-9 {
                return Ok((Coordinate::Edge(edge), true));
            }
            let mut there = self.settle(edge);
            if let Some(better) = self.other_valley(&there) {
                there = better;
            }
            self.check(&there)?;
            let rise = self.rise(there.value);
            if rise <= self.z * self.z {
                self.points.push(there);
                return Ok((Coordinate::Edge(edge), true));
            }
            beyond = Some(edge);
        }
        let step = self.first_step();
        let mut inside = centre;
        let mut rising = true;
        let mut next = centre + sign * self.z * step;
        if let Some(edge) = beyond
            && (next - centre) * sign >= (edge - centre) * sign
        {
            next = 0.5 * (centre + edge);
        }
        for round in 1..=MOST_POINTS {
            if self.objective.interrupted() {
                break;
            }
            let here = self.settle(next);
            self.check(&here)?;
            let zeta = self.rise(here.value).sqrt();
            let (held, slope, converged) = (here.held, here.slope, here.converged);
            self.points.push(here.clone());
            // dζ/dψ = d'/2ζ, outwards; of a flat profile there is none.
            let outward = if zeta > FLAT {
                sign * slope / (2.0 * zeta)
            } else {
                0.0
            };
            rising &= outward > 0.0 || zeta <= FLAT;
            let root = held + sign * (self.z - zeta) / outward;
            let distance = (held - centre).abs();
            if outward > 0.0 && (root - held).abs() <= NEAR * distance {
                if let Some(better) = self.other_valley(&here) {
                    // From here on in that valley: what is known of this side was in another.
                    self.points.retain(|p| (p.held - centre) * sign <= 0.0);
                    self.points.push(better);
                    (inside, beyond, next) = (centre, edge, held);
                    continue;
                }
                let found = if converged {
                    Coordinate::At(root)
                } else {
                    Coordinate::NotFound
                };
                return Ok((found, rising));
            }
            if zeta < self.z {
                inside = held;
            } else {
                beyond = Some(held);
            }
            let usable = outward > 0.0 && root.is_finite();
            next = match beyond {
                Some(beyond) if (beyond - inside).abs() <= 1e-9 * (beyond - centre).abs() => {
                    // A jump: the deviance has two valleys and the profile changes over.
                    return Ok((Coordinate::At(inside), false));
                }
                Some(beyond) if usable && round % 8 > 0 && between(inside, root, beyond) => root,
                Some(beyond) => 0.5 * (inside + beyond),
                None => {
                    let furthest = centre + sign * 4.0 * distance;
                    if usable && (furthest - root) * sign > 0.0 {
                        root
                    } else {
                        furthest
                    }
                }
            };
            let too_far = match self.objective.form().parameter {
                Parameter::Sigma => centre - next > LEAST_LOG_SIGMA,
                _ => (next - centre).abs() > FURTHEST * step,
            };
            if too_far {
                return Ok((Coordinate::Open, rising));
            }
        }
        Ok((Coordinate::NotFound, false))
    }

    /// The standard error of the held coordinate, from the curvature of its profile at the
    /// estimate; where there is none, an ordinary length to begin with.
    fn first_step(&self) -> f64 {
        if self.curvature > 0.0 {
            return (2.0 / self.curvature).sqrt();
        }
        match self.objective.form().parameter {
            Parameter::StandardDeviation { .. } => self.objective.ordinary(&self.centre.free),
            _ => 0.1,
        }
    }

    /// Points on one side, evenly from the estimate to a quarter beyond the end.
    fn fill(&mut self, count: usize, end: Coordinate, edge: Option<f64>) -> Result<(), Failure> {
        let Some(last) = (match end {
            Coordinate::At(at) => Some(at + 0.25 * (at - self.centre.held)),
            Coordinate::Edge(at) => Some(at),
            Coordinate::Open | Coordinate::NotFound => None,
        }) else {
            return Ok(());
        };
        let last = match edge {
            Some(edge) if edge < self.centre.held => last.max(edge),
            Some(edge) => last.min(edge),
            None => last,
        };
        for i in 1..=count {
            let share = i as f64 / count as f64;
            let here = self.settle(self.centre.held + share * (last - self.centre.held));
            self.check(&here)?;
            self.points.push(here);
        }
        Ok(())
    }

    /// A point in the user's units.
    fn as_seen(&self, point: &Point) -> ProfilePoint {
        let rise = self.rise(point.value).sqrt();
        let sign = (point.held - self.centre.held).signum();
        let slope = if rise > FLAT {
            point.slope / (2.0 * sign * rise)
        } else {
            (0.5 * self.curvature).sqrt()
        };
        let form = self.objective.form();
        let slope = slope / form.user_slope(point.held);
        ProfilePoint {
            value: form.to_user(point.held),
            zeta: if rise > 0.0 { sign * rise } else { 0.0 },
            slope: slope.is_finite().then_some(slope),
        }
    }

    /// A lower minimum at the same place. Singular covariances and few levels have rivals, of the
    /// other sign of a correlation above all, that no continuous path leads to.
    fn other_valley(&mut self, point: &Point) -> Option<Point> {
        let starts = self.objective.rivals(&point.free);
        let mut best: Option<Point> = None;
        for mut start in starts {
            self.objective.hold(point.held);
            self.objective.suit_sigma(&mut start);
            let other = minimise(&mut self.objective, point.held, start);
            let least = best.as_ref().map_or(point.value - 1e-7, |b| b.value);
            if other.converged && other.value < least {
                best = Some(other);
            }
        }
        best
    }

    /// Minimises with the parameter at a value, from the nearest point known.
    fn settle(&mut self, held: f64) -> Point {
        let distance = |p: &Point| (p.held - held).abs();
        let from = self
            .points
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(&self.centre);
        let objective = &mut self.objective;
        objective.hold(held);
        let ahead: Vec<f64> = from
            .free
            .iter()
            .zip(&from.tangent)
            .map(|(x, t)| x + t * (held - from.held))
            .collect();
        let mut start = ahead;
        let value = objective.value(&start);
        // A tangent that leads astray is not followed.
        let near = value < from.value + 4.0 * self.z * self.z;
        if !near && value > objective.value(&from.free) {
            start.clone_from(&from.free);
        }
        minimise(objective, held, start)
    }
}

/// An end in the coordinates of the form.
#[derive(Clone, Copy)]
enum Coordinate {
    At(f64),
    Edge(f64),
    Open,
    NotFound,
}

fn between(a: f64, x: f64, b: f64) -> bool {
    (x - a) * (x - b) < 0.0
}

/// Minimises over the free coordinates. A point from which some direction leads down is left in
/// that direction: where a column of M is zero the gradient cannot tell.
fn minimise<O: HeldDeviance>(objective: &mut O, held: f64, start: Vec<f64>) -> Point {
    const ROUNDS: usize = 4;
    let options = Options {
        max_evaluations: 300,
        ..Options::default()
    };
    let mut minimum = trust_region(objective, &start, &options);
    for _ in 0..ROUNDS {
        if !minimum.value.is_finite() {
            break;
        }
        if !minimum.converged {
            let moved = bfgs(objective, &minimum.theta, &options);
            minimum = trust_region(objective, &moved.theta, &options);
        }
        match objective.way_down(&minimum.theta, minimum.value) {
            Some(start) => minimum = trust_region(objective, &start, &options),
            None if minimum.converged => break,
            None => {}
        }
    }
    point(
        objective,
        held,
        minimum.theta,
        minimum.value,
        minimum.converged,
    )
}

/// A point below one with a direction of negative curvature in the last Hessian.
fn way_down<O: HeldDeviance>(objective: &mut O, free: &[f64], value: f64) -> Option<Vec<f64>> {
    const LENGTHS: [f64; 7] = [0.3, 1.0, 3.0, 10.0, 0.1, 0.03, 0.01];
    let n = free.len();
    if n == 0 || objective.derived_at().len() != n {
        return None;
    }
    let hessian = objective.free_hessian();
    let scale: Vec<f64> = (0..n)
        .map(|i| hessian[i * n + i].abs().sqrt().max(1e-8))
        .collect();
    let scaled: Vec<f64> = (0..n * n)
        .map(|at| hessian[at] / scale[at / n] / scale[at % n])
        .collect();
    let (values, vectors) = symmetric_eigen(&scaled, n)?;
    if values[0] > -1e-6 {
        return None;
    }
    let mut best: Option<(f64, Vec<f64>)> = None;
    for length in LENGTHS {
        let candidate: Vec<f64> = (0..n)
            .map(|i| free[i] + length * vectors[i] / scale[i])
            .collect();
        let next = objective.value(&candidate);
        if next < best.as_ref().map_or(value - 1e-8, |b| b.0) {
            best = Some((next, candidate));
        } else if best.is_some() {
            break;
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A minimum with its slope and tangent, from the last derivatives.
fn point<O: HeldDeviance>(
    objective: &mut O,
    held: f64,
    free: Vec<f64>,
    value: f64,
    converged: bool,
) -> Point {
    if !value.is_finite() {
        return Point {
            held,
            tangent: vec![0.0; free.len()],
            free,
            value,
            slope: f64::NAN,
            converged: false,
        };
    }
    if free.is_empty() || objective.derived_at().len() != free.len() || !objective.derived() {
        objective.value(&free);
        objective.differentiate();
    }
    let moved: f64 = objective
        .mixed()
        .iter()
        .zip(free.iter().zip(objective.derived_at()))
        .map(|(h, (x, at))| h * (x - at))
        .sum();
    let slope = objective.gradient()[0] + moved;
    let (tangent, _) = newton_step(objective.mixed(), &objective.free_hessian());
    Point {
        held,
        free,
        value,
        slope,
        tangent,
        converged,
    }
}
