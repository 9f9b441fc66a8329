//! What a profile curve says at any level: where ζ reaches ±z.

use ranef_engine::distributions::Normal;

use super::ProfileCurve;

impl ProfileCurve {
    /// The interval of this level, {ψ : |ζ(ψ)| ≤ z} around the estimate: between the points of the
    /// curve values follow ζ by a monotone cubic (Fritsch and Carlson 1980, *SIAM J. Numer. Anal.*
    /// 17:238), as lme4 follows it by a spline. `None` where the curve ends before it gets there,
    /// because no value on that side is excluded or the curve was not followed so far.
    pub fn interval(&self, level: f64) -> (Option<f64>, Option<f64>) {
        let z = Self::zeta(level);
        (self.value_at(-z), self.value_at(z))
    }

    /// |ζ| at the ends of the interval of a level: 1.96 for 0.95.
    pub fn zeta(level: f64) -> f64 {
        Normal::STANDARD.quantile(0.5 + 0.5 * level)
    }

    /// The value nearest to the estimate at which ζ is `zeta`.
    fn value_at(&self, zeta: f64) -> Option<f64> {
        let points = &self.points;
        // Outwards from the estimate, where ζ is zero.
        let middle = points.partition_point(|p| p.1 < 0.0);
        let crosses = |i: usize| {
            let (a, b) = (points[i].1, points[i + 1].1);
            (a <= zeta && zeta <= b) || (b <= zeta && zeta <= a)
        };
        let last = points.len().checked_sub(1)?;
        let at = if zeta < 0.0 {
            (0..middle.min(last)).rev().find(|&i| crosses(i))
        } else {
            (middle.saturating_sub(1)..last).find(|&i| crosses(i))
        }?;
        let (from, to) = (points[at], points[at + 1]);
        let step = to.1 - from.1;
        if step == 0.0 {
            return Some(from.0);
        }
        let share = (zeta - from.1) / step;
        let secant = (to.0 - from.0) / step;
        let (left, right) = (self.slope(at), self.slope(at + 1));
        let (Some(left), Some(right)) = (left, right) else {
            return Some(from.0 + share * (to.0 - from.0));
        };
        // Hermite's cubic in ζ.
        let (s, t) = (share, 1.0 - share);
        let bend = s * t * step * (t * (left - secant) - s * (right - secant));
        Some(from.0 + share * (to.0 - from.0) + bend)
    }

    /// dψ/dζ at a point: the weighted harmonic mean of both sides where these rise, so that the
    /// cubic does not turn; at the ends that of the only side. `None` where the curve falls.
    fn slope(&self, at: usize) -> Option<f64> {
        let side = |i: usize| {
            let (a, b) = (*self.points.get(i)?, *self.points.get(i + 1)?);
            let step = b.1 - a.1;
            (step > 0.0 && b.0 > a.0).then(|| (step, (b.0 - a.0) / step))
        };
        let before = at.checked_sub(1).map(side);
        let after = (at + 1 < self.points.len()).then(|| side(at));
        match (before, after) {
            (Some(before), Some(after)) => {
                let ((h0, d0), (h1, d1)) = (before?, after?);
                let (w0, w1) = (h0 + 2.0 * h1, 2.0 * h0 + h1);
                Some((w0 + w1) / (w0 / d0 + w1 / d1))
            }
            (Some(one), None) | (None, Some(one)) => Some(one?.1),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: Vec<(f64, f64)>) -> ProfileCurve {
        ProfileCurve {
            group: None,
            parameter: "x".to_owned(),
            estimate: Some(1.0),
            points,
        }
    }

    #[test]
    fn a_straight_profile_gives_normal_intervals() {
        let points = (-6..=6).map(|i| (1.0 + f64::from(i) * 0.5, f64::from(i) * 0.5));
        let (lower, upper) = curve(points.collect()).interval(0.95);
        assert!((lower.expect("an end") + 0.959_963_984_540_054).abs() < 1e-12);
        assert!((upper.expect("an end") - 2.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn a_curved_profile_between_its_points() {
        // ζ = 2 ln ψ, so that ψ = exp(ζ/2).
        let points = (-12..=12).map(|i| ((f64::from(i) * 0.15).exp(), f64::from(i) * 0.3));
        let (lower, upper) = curve(points.collect()).interval(0.9);
        assert!((lower.expect("an end") - (-0.822_426_8f64).exp()).abs() < 2e-4);
        assert!((upper.expect("an end") - 0.822_426_8f64.exp()).abs() < 2e-3);
    }

    #[test]
    fn an_end_that_the_curve_does_not_reach_is_none() {
        let (lower, upper) = curve(vec![(0.0, -1.0), (1.0, 0.0), (3.0, 2.5)]).interval(0.95);
        assert_eq!(lower, None);
        assert!(upper.is_some_and(|x| x > 2.0 && x < 3.0));
        assert_eq!(curve(Vec::new()).interval(0.95), (None, None));
    }
}
