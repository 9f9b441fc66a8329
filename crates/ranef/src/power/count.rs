//! From simulated studies to a power, its interval and its error.

use ranef_engine::distributions::Normal;

use super::simulate::Simulated;
use super::test::{Finding, PowerTest};
use super::{PowerOptions, PowerResult};

/// What all simulations of a study gave.
pub(super) struct Simulations {
    pub found: Vec<Simulated>,
    pub failed: u32,
    pub interrupted: bool,
    pub pictures: u32,
}

impl Simulations {
    /// Counts those that find an effect of this size.
    pub fn fill(&self, point: &mut PowerResult, options: &PowerOptions, effect: f64) {
        let rule = options.rule();
        let n = self.found.len();
        let mut by_picture = vec![(0u32, 0u32); self.pictures as usize];
        let (mut significant, mut size, mut wrong) = (0u32, 0.0, 0u32);
        for simulated in &self.found {
            let found = rule.found(&simulated.finding, effect);
            let picture = &mut by_picture[simulated.picture as usize];
            picture.0 += 1;
            if !found {
                continue;
            }
            picture.1 += 1;
            significant += 1;
            if let Finding::Estimate { missed, .. } = simulated.finding {
                size += (effect + missed).abs();
                wrong += u32::from((effect + missed) * effect < 0.0);
            }
        }
        let share = f64::from(significant) / n.max(1) as f64;
        // Studies that share their predictors are alike: the error is that between pictures.
        let clusters = by_picture.iter().filter(|p| p.0 > 0).count() as f64;
        let plain = share * (1.0 - share) / n.max(1) as f64;
        let between: f64 = by_picture
            .iter()
            .map(|(all, found)| (f64::from(*found) - share * f64::from(*all)).powi(2))
            .sum::<f64>()
            / (n.max(1) as f64).powi(2)
            * clusters
            / (clusters - 1.0).max(1.0);
        let inflation = match clusters > 1.0 && plain > 0.0 {
            true => (between / plain).max(1.0),
            false => 1.0,
        };
        let (lower, upper) = wilson(share, n as f64 / inflation, options.level);
        point.power = Some(share);
        point.lower = Some(lower);
        point.upper = Some(upper);
        point.std_error = Some((plain * inflation).sqrt());
        point.significant = significant;
        point.simulations = n as u32;
        point.failed = self.failed;
        point.singular = self.found.iter().filter(|s| s.singular).count() as u32;
        point.pictures = self.pictures;
        let estimates =
            matches!(self.found.first(), Some(s) if matches!(s.finding, Finding::Estimate { .. }));
        if estimates && significant > 0 && effect != 0.0 && options.test == PowerTest::Coefficient {
            point.exaggeration = Some(size / f64::from(significant) / effect.abs());
            point.wrong_sign = Some(f64::from(wrong) / f64::from(significant));
        }
    }
}

/// Wilson's interval of a share of n (1927, *JASA* 22:209).
fn wilson(share: f64, n: f64, level: f64) -> (f64, f64) {
    let z = Normal::STANDARD.upper_quantile(0.5 * (1.0 - level));
    let z2 = z * z / n;
    let centre = (share + 0.5 * z2) / (1.0 + z2);
    let half = z / (1.0 + z2) * (share * (1.0 - share) / n + 0.25 * z2 / n).sqrt();
    // The ends of no and of all successes are known.
    let lower = if share <= 0.0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let upper = if share >= 1.0 {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    (lower, upper)
}
