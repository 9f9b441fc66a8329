//! The smallest study with enough power.
//!
//! Power grows with a size n; its probit is nearly linear in √n (in n for an effect). The answer by
//! formula says where to begin; simulated sizes around it are regressed on, and the size where the
//! line meets the target is tried next, until it moves no more (stochastic approximation by probit
//! regression; Wu 1985, *JASA* 80:974). The uncertainty of the answer is that of the line.

use ranef_engine::distributions::Normal;
use serde::Serialize;

use super::design::bad;
use super::plan::{Knob, PowerPlan};
use super::remedy::is_too_small;
use super::{Power, PowerOptions, PowerResult, Prepared};
use crate::Error;

/// The smallest value with the power that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Smallest {
    /// What was varied.
    pub across: String,
    /// The smallest value with enough power, by the simulations (by formula where there are none).
    pub value: f64,
    /// Lower end of its interval: values that the simulations cannot tell from it.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// The smallest value by formula.
    pub analytic: Option<f64>,
    /// Whether it is a whole number.
    pub whole: bool,
}

/// Rounds of simulation.
const ROUNDS: usize = 7;

impl PowerPlan {
    /// Looks for the smallest value of `knob` between two ends at which the power is `target`.
    ///
    /// # Errors
    /// As [`PowerPlan::curve`]; `bad_target`; `unreachable` where the power stays below the target,
    /// with the power there.
    pub fn smallest(
        &self,
        knob: &Knob,
        target: f64,
        range: Option<(f64, f64)>,
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        options.check()?;
        if !(target > options.alpha && target < 1.0) {
            return Err(Error::new(
                "bad_target",
                format!("a power of {target} cannot be aimed at"),
            )
            .with_hint(format!(
                "give a number between alpha ({}) and 1, such as 0.8",
                options.alpha
            )));
        }
        let search = Search {
            plan: self,
            knob,
            target,
            options,
            whole: knob.whole(),
        };
        let range = match (range, knob) {
            (Some(range), _) => range,
            (None, Knob::Groups(_)) => (2.0, 5000.0),
            (None, Knob::Within(_)) => (2.0, 1000.0),
            (None, Knob::Effect(_)) => (0.0, search.large_effect()?),
            (None, _) => (0.0, 0.0),
        };
        if range.1 <= range.0 || range.1.is_nan() {
            return Err(bad(
                format!("nothing says between which values of `{knob}` to look"),
                "give --from and --to",
            ));
        }
        let (analytic, ends) = search.by_formula(range)?;
        if let (None, Some(power)) = (analytic, ends.filter(|p| p.is_finite())) {
            return Err(search.unreachable(range.1, power));
        }
        let begin = 30f64.clamp(range.0, range.1);
        let prepared = self.with(knob, search.snap(analytic.unwrap_or(begin)))?;
        let mut out = Prepared::of(&prepared, options)?.answer(options);
        out.across = Some(knob.to_string());
        out.target = Some(target);
        if options.simulations == 0 {
            let Some(value) = analytic else {
                return Err(search.unreachable(range.1, ends.unwrap_or(f64::NAN)));
            };
            out.points.push(search.point(value, 0, progress)?.0);
            out.smallest = Some(Smallest {
                across: knob.to_string(),
                value,
                lower: None,
                upper: None,
                analytic,
                whole: search.whole,
            });
            return Ok(self.with_notes(out, options));
        }
        search.by_simulation(analytic, range, out, progress)
    }
}

struct Search<'a> {
    plan: &'a PowerPlan,
    knob: &'a Knob,
    target: f64,
    options: &'a PowerOptions,
    whole: bool,
}

impl Search<'_> {
    fn snap(&self, value: f64) -> f64 {
        if self.whole { value.ceil() } else { value }
    }

    /// What the probit of power is linear in.
    fn scale(&self, value: f64) -> f64 {
        if self.whole { value.sqrt() } else { value }
    }

    fn unscale(&self, x: f64) -> f64 {
        if self.whole { x.max(0.0).powi(2) } else { x }
    }

    fn point(
        &self,
        value: f64,
        simulations: u32,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<(PowerResult, bool), Error> {
        let plan = self.plan.with(self.knob, value)?;
        let options = PowerOptions {
            simulations,
            ..self.options.clone()
        };
        let (mut point, interrupted) = Prepared::of(&plan, &options)?.point(&options, progress)?;
        point.value = Some(value);
        Ok((point, interrupted))
    }

    /// The smallest value by formula, and the power at the upper end; nothing where there is no
    /// formula.
    fn by_formula(&self, range: (f64, f64)) -> Result<(Option<f64>, Option<f64>), Error> {
        let power = |value: f64| -> Result<Option<f64>, Error> {
            match self.point(value, 0, &mut |_, _| {}) {
                Ok((point, _)) => Ok(Some(point.analytic.unwrap_or(f64::NAN))),
                // A study too small to be fitted has no power; one of another kind is an error.
                Err(e) if is_too_small(&e) => Ok(None),
                Err(e) => Err(e),
            }
        };
        // Outward from small sizes: the upper end may be dear.
        let (mut low, mut high) = (self.snap(range.0), self.snap(range.0).max(8.0).min(range.1));
        if !self.whole {
            (low, high) = range;
        }
        let mut at_high = power(high)?;
        while self.whole && at_high.is_none_or(|p| p < self.target) && high < range.1 {
            low = high;
            high = (2.0 * high).min(range.1);
            at_high = power(high)?;
        }
        match at_high {
            Some(p) if p.is_nan() => return Ok((None, Some(f64::NAN))),
            Some(p) if p < self.target => return Ok((None, Some(p))),
            None => return Ok((None, Some(0.0))),
            Some(_) => {}
        }
        let end = at_high;
        if power(low)?.is_some_and(|p| p >= self.target) {
            return Ok((Some(low), end));
        }
        while (self.whole && high - low > 1.0)
            || (!self.whole && high - low > 1e-4 * high.abs().max(1e-9))
        {
            let middle = match self.whole {
                true => ((low + high) / 2.0).floor(),
                false => (low + high) / 2.0,
            };
            match power(middle)? {
                Some(p) if p >= self.target => high = middle,
                _ => low = middle,
            }
        }
        Ok((Some(high), end))
    }

    /// Four times an effect that is found, by formula; 0 where there is none.
    fn large_effect(&self) -> Result<f64, Error> {
        let enough = |effect: f64| -> Result<Option<bool>, Error> {
            let point = self.point(effect, 0, &mut |_, _| {})?.0;
            Ok(point.analytic.map(|p| p >= self.target))
        };
        let mut effect = 1.0;
        let Some(first) = enough(effect)? else {
            return Ok(0.0);
        };
        let factor = if first { 0.5 } else { 2.0 };
        for _ in 0..60 {
            let next = effect * factor;
            let found = enough(next)?.unwrap_or(false);
            if found != first {
                return Ok(4.0 * if first { effect } else { next });
            }
            effect = next;
        }
        Ok(0.0)
    }

    /// How many groups would do, by formula, where more rows do not.
    fn groups_instead(&self) -> Option<String> {
        let Knob::Within(group) = self.knob else {
            return None;
        };
        let search = Search {
            knob: &Knob::Groups(group.clone()),
            whole: true,
            ..*self
        };
        let n = search.by_formula((2.0, 5000.0)).ok()?.0?;
        Some(format!(
            "more rows within groups do not help once the groups are few: {n} groups with as many rows as \
             now would do (--groups {group}={n})"
        ))
    }

    fn unreachable(&self, end: f64, power: f64) -> Error {
        let has = match power.is_finite() {
            true => format!("the power there is {power:.3}"),
            false => "it cannot be computed by formula".to_owned(),
        };
        let hint = match self.knob {
            Knob::Within(_) => self.groups_instead().unwrap_or_else(|| {
                "more rows within groups do not help once the groups are few: add groups (--find groups)"
                    .to_owned()
            }),
            _ => "widen --to, or ask for a larger effect".to_owned(),
        };
        Error::new(
            "unreachable",
            format!(
                "{}: up to {end} no value has a power of {}: {has}",
                self.knob, self.target
            ),
        )
        .with_hint(hint)
    }

    fn by_simulation(
        &self,
        analytic: Option<f64>,
        range: (f64, f64),
        mut out: Power,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        let n = self.options.simulations;
        let clamp = |value: f64| {
            self.snap(value)
                .clamp(self.snap(range.0), self.snap(range.1))
        };
        let begin = analytic.unwrap_or(if self.whole {
            30f64.clamp(range.0, range.1)
        } else {
            0.5 * (range.0 + range.1)
        });
        let mut tried: Vec<PowerResult> = Vec::new();
        let mut next = clamp(begin);
        let mut line = None;
        for round in 0..ROUNDS {
            let mut done = |d: u32, _: u32| progress(round as u32 * n + d, ROUNDS as u32 * n);
            let (point, interrupted) = self.point(next, n, &mut done)?;
            tried.push(point);
            if interrupted {
                out.interrupted = true;
                break;
            }
            line = self.regression(&tried);
            let root = line.and_then(|l| l.root(self));
            // Two sizes at least on both sides, then where the line says.
            let candidate = match (tried.len(), root) {
                (1, _) | (_, None) => {
                    let power = tried[tried.len() - 1].power.unwrap_or(0.0);
                    let factor = if power < self.target { 1.3 } else { 0.75 };
                    clamp(if self.whole {
                        next * factor
                    } else {
                        range.0 + (next - range.0) * factor
                    })
                }
                (2, Some(root)) => clamp(2.0 * root - next),
                (_, Some(root)) => clamp(root),
            };
            let known = |value: f64| tried.iter().any(|p| p.value == Some(value));
            if known(candidate) && tried.len() > 2 {
                break;
            }
            if known(candidate) {
                // At an end of the range with too little power.
                let power = tried[tried.len() - 1].power.unwrap_or(0.0);
                if candidate >= self.snap(range.1) && power < self.target {
                    return Err(self.unreachable(range.1, power));
                }
                next = clamp(candidate + if power < self.target { 1.0 } else { -1.0 });
                if known(next) {
                    break;
                }
                continue;
            }
            next = candidate;
        }
        let root = line.and_then(|l| l.root(self));
        tried.sort_by(|a, b| a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0)));
        if let Some(value) = root.filter(|v| v.is_finite()) {
            if value > range.1 * 1.05 {
                let last = tried.last().and_then(|p| p.power).unwrap_or(f64::NAN);
                return Err(self.unreachable(range.1, last));
            }
            let spread = line.map_or(f64::NAN, |l| l.spread(self, self.options.level));
            let x = self.scale(value);
            let end = |x: f64| Some(self.snap(self.unscale(x))).filter(|v| v.is_finite());
            out.smallest = Some(Smallest {
                across: self.knob.to_string(),
                value: clamp(value),
                lower: end((x - spread).max(self.scale(range.0))),
                upper: end(x + spread),
                analytic,
                whole: self.whole,
            });
        }
        out.points = tried;
        Ok(self.plan.with_notes(out, self.options))
    }

    /// Probit regression of the powers found so far, by Fisher scoring.
    fn regression(&self, tried: &[PowerResult]) -> Option<Line> {
        if tried.len() < 2 {
            return None;
        }
        let z = Normal::STANDARD;
        let data: Vec<(f64, f64, f64)> = tried
            .iter()
            .filter_map(|p| {
                Some((
                    self.scale(p.value?),
                    f64::from(p.significant),
                    f64::from(p.simulations),
                ))
            })
            .collect();
        let centre = data.iter().map(|d| d.0).sum::<f64>() / data.len() as f64;
        let (mut a, mut b) = (z.quantile(self.target), 0.0);
        let mut covariance = [0.0; 3];
        for _ in 0..50 {
            let (mut saa, mut sab, mut sbb, mut ga, mut gb) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &(x, y, n) in &data {
                let x = x - centre;
                let eta = (a + b * x).clamp(-6.0, 6.0);
                let (p, d) = (z.cdf(eta).clamp(1e-9, 1.0 - 1e-9), z.density(eta));
                let weight = n * d * d / (p * (1.0 - p));
                let score = (y - n * p) * d / (p * (1.0 - p));
                saa += weight;
                sab += weight * x;
                sbb += weight * x * x;
                ga += score;
                gb += score * x;
            }
            let det = saa * sbb - sab * sab;
            if det <= 1e-12 * saa * sbb || det.is_nan() {
                return None;
            }
            let (da, db) = ((sbb * ga - sab * gb) / det, (saa * gb - sab * ga) / det);
            let damp = 1.0 / (1.0f64).max(da.abs()).max(db.abs() * 0.5);
            a += damp * da;
            b += damp * db;
            covariance = [sbb / det, -sab / det, saa / det];
            if da.abs() + db.abs() < 1e-10 {
                break;
            }
        }
        Some(Line {
            a,
            b,
            centre,
            covariance,
        })
    }
}

/// probit(power) = a + b(x − centre).
#[derive(Clone, Copy, Debug)]
struct Line {
    a: f64,
    b: f64,
    centre: f64,
    covariance: [f64; 3],
}

impl Line {
    fn root(&self, search: &Search<'_>) -> Option<f64> {
        let wanted = Normal::STANDARD.quantile(search.target);
        let x = self.centre + (wanted - self.a) / self.b;
        (self.b.abs() > 1e-9 && x.is_finite() && (!search.whole || self.b > 0.0))
            .then(|| search.unscale(x))
    }

    /// Half the width of the interval of the root, by the delta method, on the line's scale.
    fn spread(&self, search: &Search<'_>, level: f64) -> f64 {
        let wanted = Normal::STANDARD.quantile(search.target);
        let x = (wanted - self.a) / self.b;
        let [aa, ab, bb] = self.covariance;
        let variance = (aa + 2.0 * x * ab + x * x * bb) / (self.b * self.b);
        Normal::STANDARD.upper_quantile(0.5 * (1.0 - level)) * variance.max(0.0).sqrt()
    }
}
