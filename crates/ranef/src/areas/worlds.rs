//! Worlds: all effects of a model at once, as estimated or as drawn from what the data leave open.
//!
//! A world begins with its variances: one of the points of θ that the data leave open
//! ([`ranef_engine::posterior`]), with the probability that they give it, and a σ² from its
//! distribution there. Given these, the effects are normal around their estimates at that point with
//! the joint covariance of (β̂ − β, b̂ − b). A level that the model has not seen has an effect drawn
//! from the distribution of the groups, the same for everything that is asked of one world. The
//! parameters of the family (thresholds, the probability of a zero) are normal on their scale without
//! bounds, and the effects move along with them ([`ranef_engine::glmm::Fit::drift`]). Draws come in
//! pairs, one the mirror image of the other around the estimates (antithetic variates:
//! Hammersley and Morton 1956).

use std::borrow::Cow;

use ranef_engine::distributions::ChiSquared;
use ranef_engine::glmm::family::Family;
use ranef_engine::lmm::{Drawn, Joint};
use ranef_engine::posterior::{self, Node};
use ranef_engine::random::Stream;

use crate::rows::layout;
use crate::{Error, Fit, Note};

/// All effects, in the user's units.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Fixed effects.
    pub fixed: Vec<f64>,
    /// Random effects by grouping factor, a face a level; new levels stand behind the known ones.
    pub random: Vec<Vec<f64>>,
    /// Parameters of the family.
    pub nuisance: Vec<f64>,
}

/// One point of the variances.
pub(super) struct Point<'a> {
    /// Its probability.
    pub weight: f64,
    /// The estimates there, with new levels at zero.
    pub estimated: World,
    /// Their joint covariance.
    pub joint: Cow<'a, Joint>,
    /// Degrees of freedom of σ², where there is one that is not known.
    pub degrees: Option<f64>,
    /// The factor of the covariance of each grouping factor, by rows.
    scale: Vec<Vec<f64>>,
}

/// Makes worlds.
pub(super) struct Worlds<'a> {
    fit: &'a Fit,
    seed: u64,
    estimated: World,
    points: Vec<Point<'a>>,
    widths: Vec<usize>,
    /// New levels of each grouping factor.
    new: Vec<usize>,
    /// Why there is only one point, where there is.
    known: Option<&'static str>,
    /// The lower triangular root of the covariance of the parameters of the family, by rows, and how the
    /// effects move with these.
    family: Vec<f64>,
    drift: &'a [Drawn],
    /// Whether these parameters are thresholds, which stay in order.
    ordered: bool,
}

impl<'a> Worlds<'a> {
    /// Of a fit, with so many new levels of each grouping factor.
    ///
    /// # Errors
    /// `needs_rows` for a saved model that was too large to take its joint covariance along;
    /// `interrupted`.
    pub fn of(fit: &'a Fit, seed: u64, new: Vec<usize>) -> Result<Self, Error> {
        let nodes = fit.variance_points(seed)?;
        let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty()) else {
            let mut out = Self::at_estimates(fit, seed, new)?;
            out.known = Some(match fit.has_rows() {
                true => {
                    "the joint covariance of its effects is too large to be had at more than one"
                }
                false => "a saved model without its rows cannot tell how well they are known",
            });
            return Ok(out);
        };
        let mut out = Self::empty(fit, seed, new)?;
        out.points = nodes.into_iter().map(|node| out.point(node)).collect();
        Ok(out)
    }

    /// The same where the variances are as they are estimated.
    ///
    /// # Errors
    /// `needs_rows` for a saved model that was too large to take its joint covariance along.
    pub fn at_estimates(fit: &'a Fit, seed: u64, new: Vec<usize>) -> Result<Self, Error> {
        let mut out = Self::empty(fit, seed, new)?;
        out.points = vec![Point {
            weight: 1.0,
            estimated: out.estimated.clone(),
            joint: Cow::Borrowed(fit.joint()?),
            degrees: None,
            scale: scale(fit, fit.theta(), fit.sigma()),
        }];
        Ok(out)
    }

    fn empty(fit: &'a Fit, seed: u64, new: Vec<usize>) -> Result<Self, Error> {
        let widths = fit.widths();
        let random = fit.random_effects().modes.clone();
        Ok(Self {
            fit,
            seed,
            estimated: World {
                fixed: fit.fixef().to_vec(),
                random: with_new(random, &new, &widths),
                nuisance: fit.nuisance().to_vec(),
            },
            points: Vec::new(),
            widths,
            new,
            known: None,
            family: root(&fit.family_covariance().own, fit.nuisance().len()),
            drift: fit.drift()?,
            ordered: fit.family().distribution() == Family::Ordinal,
        })
    }

    fn point(&self, node: Node) -> Point<'a> {
        Point {
            weight: node.weight,
            scale: scale(self.fit, &node.theta, node.sigma),
            estimated: World {
                fixed: node.beta,
                random: with_new(node.modes, &self.new, &self.widths),
                // Their covariance has what θ adds to it already.
                nuisance: self.estimated.nuisance.clone(),
            },
            joint: Cow::Owned(node.joint),
            degrees: node.degrees,
        }
    }

    /// The estimates, with new levels at zero.
    pub fn estimated(&self) -> &World {
        &self.estimated
    }

    /// What the data leave open about the variances.
    pub fn points(&self) -> &[Point<'a>] {
        &self.points
    }

    /// What the reader should know where the variances count as known.
    pub fn note(&self) -> Option<Note> {
        let why = self.known?;
        let levels = self.fit.varcorr().iter();
        let levels = levels.map(|b| self.fit.recipe().factors()[b.factor].levels);
        let fewest = levels.min()?;
        let narrow = match fewest {
            ..1000 => format!(
                "; with {fewest} groups to learn them from, intervals are a little too narrow"
            ),
            _ => String::new(),
        };
        Some(Note::new(
            "variances_known",
            format!("The variances of the model count as known{narrow}: {why}."),
        ))
    }

    /// The variance of z'b of a new level at a point.
    pub fn new_variance(&self, point: &Point<'_>, factor: usize, z: &[f64]) -> f64 {
        let (k, scale) = (self.widths[factor], &point.scale[factor]);
        (0..k)
            .map(|c| (c..k).map(|a| scale[a * k + c] * z[a]).sum::<f64>())
            .map(|x| x * x)
            .sum()
    }

    /// What `ask` finds in each of so many worlds; the same for any number of threads.
    ///
    /// # Errors
    /// `interrupted`.
    pub fn map<T: Send>(
        &self,
        count: u32,
        ask: impl Fn(&World) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        let mut out = Vec::with_capacity(count as usize + 1);
        let mut first = 0;
        for (point, last) in self.points.iter().zip(self.shares(count.div_ceil(2))) {
            self.fit.not_interrupted()?;
            if last == first {
                continue;
            }
            let draws = point.joint.draws(self.seed);
            let pairs = draws.map(first..last, |replicate, drawn| {
                let sigma = self.relative_sigma(point, replicate);
                let new = self.new_effects(point, replicate);
                let family = self.family_errors(replicate);
                let world = |sign: f64| {
                    let mut world = point.estimated.clone();
                    add(&mut world.fixed, &drawn.fixed, sign * sigma);
                    for ((effects, drawn), new) in
                        world.random.iter_mut().zip(&drawn.random).zip(&new)
                    {
                        let known = drawn.len();
                        add(&mut effects[..known], drawn, sign * sigma);
                        add(&mut effects[known..], new, sign * sigma);
                    }
                    add(&mut world.nuisance, &family, sign);
                    if self.ordered {
                        world.nuisance.sort_by(f64::total_cmp);
                    }
                    for (error, drift) in family.iter().zip(self.drift) {
                        add(&mut world.fixed, &drift.fixed, sign * error);
                        for (effects, moved) in world.random.iter_mut().zip(&drift.random) {
                            add(effects, moved, sign * error);
                        }
                    }
                    ask(&world)
                };
                [world(1.0), world(-1.0)]
            });
            out.extend(pairs.into_iter().flatten());
            first = last;
        }
        out.truncate(count as usize);
        Ok(out)
    }

    /// Where the draws of each point end: as many as its probability says, by systematic sampling.
    fn shares(&self, pairs: u32) -> Vec<u32> {
        let offset = Stream::new(self.seed, u32::MAX, 2).uniform();
        let last = self.points.len().saturating_sub(1);
        let mut below = 0.0;
        let mut ends: Vec<u32> = self
            .points
            .iter()
            .map(|point| {
                below += point.weight * f64::from(pairs);
                ((below + offset) as u32).min(pairs)
            })
            .collect();
        if let Some(end) = ends.get_mut(last) {
            *end = pairs;
        }
        ends
    }

    /// σ of a draw, relative to that of the point.
    fn relative_sigma(&self, point: &Point<'_>, replicate: u32) -> f64 {
        let Some(degrees) = point.degrees else {
            return 1.0;
        };
        let u = Stream::new(self.seed, replicate, u32::MAX - 1).uniform();
        (degrees / ChiSquared::new(degrees).quantile(u)).sqrt()
    }

    /// What the parameters of the family differ from their estimates by.
    fn family_errors(&self, replicate: u32) -> Vec<f64> {
        let k = self.estimated.nuisance.len();
        if k == 0 {
            return Vec::new();
        }
        let mut stream = Stream::new(self.seed, replicate, u32::MAX);
        let z: Vec<f64> = (0..k).map(|_| stream.normal()).collect();
        (0..k)
            .map(|i| (0..=i).map(|j| self.family[i * k + j] * z[j]).sum())
            .collect()
    }

    /// Effects of the new levels, each level with a stream of its own.
    fn new_effects(&self, point: &Point<'_>, replicate: u32) -> Vec<Vec<f64>> {
        let mut part = 0;
        let mut out = Vec::with_capacity(self.new.len());
        for ((&new, &k), scale) in self.new.iter().zip(&self.widths).zip(&point.scale) {
            let mut effects = vec![0.0; new * k];
            for level in effects.chunks_exact_mut(k.max(1)) {
                part += 1;
                let mut stream = Stream::new(self.seed, replicate, part);
                for c in 0..k {
                    let z = stream.normal();
                    for a in c..k {
                        level[a] += scale[a * k + c] * z;
                    }
                }
            }
            out.push(effects);
        }
        out
    }
}

impl Fit {
    /// What the data leave open about the variances; `None` for a saved model without its rows, and
    /// where it would be too large.
    fn variance_points(&self, seed: u64) -> Result<Option<Vec<Node>>, Error> {
        if !self.has_rows() {
            return Ok(None);
        }
        let interrupt = &self.facts.options.interrupt;
        let found = if self.family().is_gaussian() {
            posterior::of_linear(self.statistics()?, self.theta(), seed, interrupt)
        } else {
            self.ask_generalised(|fit| posterior::of_generalised(fit, seed, interrupt))?
        };
        self.not_interrupted()?;
        Ok(found)
    }
}

/// Factors of the covariances of the random effects at some variances.
fn scale(fit: &Fit, theta: &[f64], sigma: f64) -> Vec<Vec<f64>> {
    let mut scale = layout(fit.recipe()).lambda(theta);
    // θ of a linear model is relative to σ, that of a generalised one stands for itself.
    let sigma = if fit.family().is_gaussian() {
        sigma
    } else {
        1.0
    };
    scale.iter_mut().flatten().for_each(|x| *x *= sigma);
    scale
}

/// Effects with those of new levels at zero.
fn with_new(mut random: Vec<Vec<f64>>, new: &[usize], widths: &[usize]) -> Vec<Vec<f64>> {
    for ((effects, new), k) in random.iter_mut().zip(new).zip(widths) {
        effects.extend(std::iter::repeat_n(0.0, new * k));
    }
    random
}

/// The lower triangular root of a covariance matrix, k × k by rows; a variable without variance has a
/// row of zeros.
fn root(matrix: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let done: f64 = (0..j).map(|c| out[i * k + c] * out[j * k + c]).sum();
            let left = matrix[i * k + j] - done;
            out[i * k + j] = if i == j {
                left.max(0.0).sqrt()
            } else if out[j * k + j] > 0.0 {
                left / out[j * k + j]
            } else {
                0.0
            };
        }
    }
    out
}

fn add(to: &mut [f64], what: &[f64], scale: f64) {
    to.iter_mut().zip(what).for_each(|(x, y)| *x += scale * y);
}
