//! Summary statistics of a pilot (Murayama, Usami and Sakaki 2022, *Psychological Methods* 27:1014).

use std::fmt;

use ranef_engine::distributions::{NoncentralBeta, StudentT};
use serde::Serialize;

use crate::Error;
use crate::format::write_text;
use crate::power::analytic::two_sided_t;
use crate::power::design::bad;
use crate::table::{Answer, Style, Table};

/// What of a pilot's t statistic is taken for true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PilotTest {
    /// The t as it is: too large wherever pilots are followed up for being promising.
    Raw,
    /// t(1 − 1/t²), and 0 below 1: shrunk towards zero (James and Stein's positive part).
    Shrunk,
    /// The lower end of a one-sided interval of this level for its noncentrality.
    Lower(f64),
}

/// The plan of Murayama and others: a new study as the pilot was, but with more groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummaryStatisticsPlan {
    /// t of the effect in the pilot.
    pub t: f64,
    /// Groups in the pilot.
    pub pilot: usize,
    /// Groups in the new study; where left out, as many as the target needs.
    pub groups: Option<usize>,
    /// The level of the effect: 1 with a random slope, 2 for predictors of groups and cross-level
    /// interactions.
    pub level: u8,
    /// Predictors of the coefficient of the groups, the tested one included (level 2).
    pub predictors: usize,
    /// What of the t is taken for true.
    pub take: PilotTest,
    /// The level of the test.
    pub alpha: f64,
    /// Power wanted, where groups are to be found.
    pub target: f64,
}

impl Default for SummaryStatisticsPlan {
    fn default() -> Self {
        Self {
            t: 0.0,
            pilot: 0,
            groups: None,
            level: 1,
            predictors: 1,
            take: PilotTest::Raw,
            alpha: 0.05,
            target: 0.8,
        }
    }
}

/// Power from the t of a pilot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummaryStatistics {
    /// The plan.
    pub plan: SummaryStatisticsPlan,
    /// The t that was taken for true.
    pub t: f64,
    /// d = t/√J of level 1, r of level 2.
    pub effect: f64,
    /// Groups in the new study.
    pub groups: usize,
    /// Noncentrality there.
    pub ncp: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Power.
    pub power: f64,
}

impl SummaryStatisticsPlan {
    /// The power, or the number of groups with the target.
    ///
    /// # Errors
    /// `bad_design`, `bad_target`, `unreachable` where nothing of the t is left.
    pub fn power(&self) -> Result<SummaryStatistics, Error> {
        let lost = if self.level == 1 {
            1
        } else {
            self.predictors + 1
        };
        if !self.t.is_finite() || self.pilot < lost + 1 {
            return Err(bad(
                format!("a pilot with t = {} and {} groups", self.t, self.pilot),
                format!(
                    "give t and a pilot of {} groups or more, as in t=2.8,pilot=20",
                    lost + 1
                ),
            ));
        }
        if !(1..=2).contains(&self.level) {
            return Err(bad(
                format!("level {}", self.level),
                "give level 1 (a random slope) or 2",
            ));
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0 && self.target > self.alpha && self.target < 1.0)
        {
            return Err(Error::new(
                "bad_target",
                format!("a power of {} at alpha {}", self.target, self.alpha),
            )
            .with_hint("give numbers between 0 and 1, the power above alpha"));
        }
        let pilot_df = (self.pilot - lost) as f64;
        let t = match self.take {
            PilotTest::Raw => self.t.abs(),
            PilotTest::Shrunk => self.t.abs() * (1.0 - 1.0 / (self.t * self.t)).max(0.0),
            PilotTest::Lower(level) => {
                if !(level > 0.0 && level < 1.0) {
                    return Err(Error::new("bad_probability", format!("a level of {level}"))
                        .with_hint("give a number between 0 and 1, such as 0.8"));
                }
                lower_noncentrality(self.t.abs(), pilot_df, level)
            }
        };
        let pilot = self.pilot as f64;
        let of = |groups: usize| {
            let df = groups as f64 - lost as f64;
            let ncp = match self.level {
                1 => t / pilot.sqrt() * (groups as f64).sqrt(),
                // f² = r²/(1 − r²) = t²/df of the pilot, times the groups (Cohen 1988).
                _ => t / pilot_df.sqrt() * (groups as f64).sqrt(),
            };
            let critical = StudentT::new(df).upper_quantile(0.5 * self.alpha);
            (ncp, df, two_sided_t(ncp, df, critical))
        };
        let groups = match self.groups {
            Some(groups) if groups > lost => groups,
            Some(groups) => {
                return Err(bad(
                    format!("{groups} groups"),
                    format!("give {} or more", lost + 1),
                ));
            }
            None => {
                let mut high = lost + 1;
                while of(high).2 < self.target && high < 1 << 24 {
                    high *= 2;
                }
                if of(high).2 < self.target {
                    return Err(Error::new(
                        "unreachable",
                        format!("with t = {t:.3} no number of groups is enough"),
                    )
                    .with_hint(
                        "a pilot with so small a t says nothing of an effect: plan from a design",
                    ));
                }
                let mut low = (high / 2).max(lost);
                while high - low > 1 {
                    let middle = (low + high) / 2;
                    if of(middle).2 >= self.target {
                        high = middle
                    } else {
                        low = middle
                    }
                }
                high
            }
        };
        let (ncp, df, power) = of(groups);
        let effect = match self.level {
            1 => t / pilot.sqrt(),
            _ => t / (t * t + pilot_df).sqrt(),
        };
        Ok(SummaryStatistics {
            plan: self.clone(),
            t,
            effect,
            groups,
            ncp,
            df,
            power,
        })
    }
}

/// The noncentrality at which a |t| so large or larger has this probability of not being reached.
fn lower_noncentrality(t: f64, df: f64, level: f64) -> f64 {
    let x = t * t / (t * t + df);
    let below = |ncp: f64| NoncentralBeta::new(0.5, 0.5 * df, ncp * ncp).cdf(x);
    if below(0.0) <= level {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, t + 10.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if below(middle) > level {
            low = middle
        } else {
            high = middle
        }
    }
    0.5 * (low + high)
}

impl Answer for SummaryStatistics {
    fn table(&self) -> Table {
        Table::new()
            .numbers("groups", Style::Count, [self.groups as f64])
            .titled("Groups")
            .numbers("t", Style::Statistic, [self.t])
            .numbers("effect", Style::Share, [self.effect])
            .titled("Effect")
            .numbers("ncp", Style::Statistic, [self.ncp])
            .titled("Noncentrality")
            .numbers("df", Style::Df, [self.df])
            .titled("df")
            .numbers("power", Style::Share, [self.power])
            .titled("Power")
    }
}

impl fmt::Display for SummaryStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table())?;
        writeln!(f)?;
        let plan = &self.plan;
        let take = match plan.take {
            PilotTest::Raw => "as it is, which is too large wherever a pilot is followed up for being promising (take=shrunk and take=0.8 take less)".to_owned(),
            PilotTest::Shrunk => format!("shrunk to {:.3}", self.t),
            PilotTest::Lower(level) => format!("by the lower end {:.3} of a one-sided {}% interval", self.t, 100.0 * level),
        };
        write_text(
            f,
            &format!(
                "A study like the pilot (t = {} with {} groups) with {} groups finds the effect with probability {:.3} (Murayama, Usami and Sakaki 2022). The t is taken {take}. This holds for a new study with the same groups' sizes and design.",
                plan.t, plan.pilot, self.groups, self.power
            ),
        )
    }
}
