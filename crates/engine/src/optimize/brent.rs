//! Brent's minimisation in one dimension, on a half-line.

use super::{Minimum, Objective, Options};

/// `1 - 1/φ`, the golden section.
const GOLDEN: f64 = 0.381_966_011_250_105_1;

/// Minimises a function of one parameter above its lower bound, without derivatives: walks
/// downhill in growing strides until the minimum is enclosed, then Brent (1973, *Algorithms for
/// Minimization without Derivatives*, chapter 5, `localmin`). The bound itself is a candidate.
pub fn brent(objective: &mut dyn Objective, start: &[f64], options: &Options) -> Minimum {
    let bound = objective.lower_bounds()[0];
    let mut line = Line {
        objective,
        evaluations: 0,
        most: options.max_evaluations,
    };
    let x = start[0].max(bound);
    let (lower, middle, upper) = line.enclose(x, bound);
    let (mut best, converged) = line.contract(lower, middle, upper, options.tolerance);
    if lower.x == bound && lower.value <= best.value {
        best = lower;
    }
    Minimum {
        theta: vec![best.x],
        value: best.value,
        evaluations: line.evaluations,
        gradients: 0,
        converged: converged && best.value.is_finite(),
    }
}

#[derive(Clone, Copy)]
struct Sample {
    x: f64,
    value: f64,
}

struct Line<'a> {
    objective: &'a mut dyn Objective,
    evaluations: usize,
    most: usize,
}

impl Line<'_> {
    fn at(&mut self, x: f64) -> Sample {
        self.evaluations += 1;
        let value = self.objective.value(&[x]);
        Sample {
            x,
            value: if value.is_nan() { f64::INFINITY } else { value },
        }
    }

    /// Three points of which the middle one is lowest, or two at the bound and one beyond.
    fn enclose(&mut self, start: f64, bound: f64) -> (Sample, Sample, Sample) {
        let mut stride = 0.2 * start.abs().max(1.0);
        let mut middle = self.at(start);
        let mut upper = self.at(start + stride);
        let mut lower = middle;
        if upper.value < middle.value {
            while upper.value < middle.value && self.evaluations < self.most {
                lower = middle;
                middle = upper;
                stride *= 1.0 + 2.0 * GOLDEN;
                upper = self.at(middle.x + stride);
            }
            return (lower, middle, upper);
        }
        while lower.x > bound && self.evaluations < self.most {
            lower = self.at((middle.x - stride).max(bound));
            if lower.value > middle.value {
                break;
            }
            if lower.x > bound {
                upper = middle;
                middle = lower;
                stride *= 1.0 + 2.0 * GOLDEN;
            }
        }
        (lower, middle, upper)
    }

    /// Golden sections and parabolas between `lower` and `upper`. Whether it converged, too.
    fn contract(
        &mut self,
        lower: Sample,
        middle: Sample,
        upper: Sample,
        tolerance: f64,
    ) -> (Sample, bool) {
        let (mut a, mut b) = (lower.x, upper.x);
        // The best, the second best and the one before, as in Brent's `localmin`.
        let mut best = middle;
        if best.x <= a || best.x >= b {
            best = self.at(a + GOLDEN * (b - a));
        }
        let (mut second, mut third) = (best, best);
        let (mut step, mut step_before_last) = (0.0_f64, 0.0_f64);
        loop {
            let centre = 0.5 * (a + b);
            let shortest = tolerance.max(1e-9) * best.x.abs().max(1.0) / 3.0;
            if (best.x - centre).abs() <= 2.0 * shortest - 0.5 * (b - a) {
                return (best, true);
            }
            if self.evaluations >= self.most {
                return (best, false);
            }
            let parabola = vertex(best, second, third).filter(|p| {
                p.abs() < 0.5 * step_before_last.abs() && best.x + p > a && best.x + p < b
            });
            match parabola {
                Some(p) => {
                    step_before_last = step;
                    step = p;
                    let x = best.x + p;
                    if x - a < 2.0 * shortest || b - x < 2.0 * shortest {
                        step = shortest.copysign(centre - best.x);
                    }
                }
                None => {
                    step_before_last = if best.x < centre {
                        b - best.x
                    } else {
                        a - best.x
                    };
                    step = GOLDEN * step_before_last;
                }
            }
            let next = self.at(best.x + step.abs().max(shortest).copysign(step));
            if next.value <= best.value {
                if next.x < best.x {
                    b = best.x
                } else {
                    a = best.x
                }
                (third, second, best) = (second, best, next);
            } else {
                if next.x < best.x {
                    a = next.x
                } else {
                    b = next.x
                }
                if next.value <= second.value || second.x == best.x {
                    (third, second) = (second, next);
                } else if next.value <= third.value || third.x == best.x || third.x == second.x {
                    third = next;
                }
            }
        }
    }
}

/// Where the parabola through three points has its vertex, relative to the first.
fn vertex(best: Sample, second: Sample, third: Sample) -> Option<f64> {
    let r = (best.x - second.x) * (best.value - third.value);
    let q = (best.x - third.x) * (best.value - second.value);
    let p = (best.x - third.x) * q - (best.x - second.x) * r;
    let step = -p / (2.0 * (q - r));
    step.is_finite().then_some(step)
}
