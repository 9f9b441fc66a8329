//! Published planners: cross-level interactions (Mathieu, Aguinis, Culpepper and Chen 2012, *Journal of
//! Applied Psychology* 97:951), summary statistics of a pilot (Murayama, Usami and Sakaki 2022,
//! *Psychological Methods* 27:1014), and cluster-randomised trials with costs (Raudenbush 1997,
//! *Psychological Methods* 2:173; Moerbeek, van Breukelen and Berger 2000).

use std::collections::BTreeMap;
use std::fmt;

use ranef_engine::distributions::{NoncentralBeta, StudentT};
use serde::Serialize;

use super::analytic::two_sided_t;
use super::design::{Design, Grouping, PerEffect, Predicted, PredictedValues, Size, Variance, bad};
use super::plan::PowerPlan;
use super::{Power, PowerOptions};
use crate::Error;
use crate::format::write_text;
use crate::table::{Answer, Style, Table};

/// The inputs of Mathieu and others, by their names; the illustration of their paper unless told.
///
/// β0j = γ00 + γ01 X̄j + γ02 Wj + γ03 X̄jWj + u0j, β1j = γ10 + γ11 Wj + u1j,
/// Yij = β0j + β1j(Xij − X̄j) + rij, with Wj standard normal, X̄j of variance `iccx` and Xij − X̄j of
/// variance 1 − `iccx`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrossLevelPlan {
    /// Number of groups.
    pub l2n: usize,
    /// Members of each group.
    pub l1n: usize,
    /// Intraclass correlation of the predictor.
    pub iccx: f64,
    /// Intercept.
    pub g00: f64,
    /// Effect of the group mean of X.
    pub g01: f64,
    /// Effect of W.
    pub g02: f64,
    /// Interaction of W and the group mean.
    pub g03: f64,
    /// Effect of X within groups.
    pub g10: f64,
    /// The cross-level interaction.
    pub g11: f64,
    /// Variance of intercepts (`vu0j` of the tool).
    pub tau00: f64,
    /// Variance of slopes, not their standard deviation (`vu1j` of the tool).
    pub tau11: f64,
    /// Residual variance.
    pub vresid: f64,
}

impl Default for CrossLevelPlan {
    fn default() -> Self {
        Self {
            l2n: 62,
            l1n: 7,
            iccx: 0.12,
            g00: -0.068364,
            g01: 0.345048,
            g02: 0.022851,
            g03: 0.184721,
            g10: 0.451612,
            g11: 0.148179,
            tau00: 0.00320,
            tau11: 0.08954,
            vresid: 0.76877,
        }
    }
}

/// Power to find a cross-level interaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrossLevel {
    /// The inputs.
    pub inputs: CrossLevelPlan,
    /// Standard error by the closed form √[(τ11 + σ²/(n s²))/J].
    pub std_error: f64,
    /// Noncentrality γ11/se.
    pub ncp: f64,
    /// J − 2.
    pub df: f64,
    /// Power by the closed form.
    pub formula: f64,
    /// Simulated, as the paper does.
    pub simulated: Power,
}

impl CrossLevelPlan {
    fn check(&self) -> Result<(), Error> {
        if self.l2n < 4 || self.l1n < 2 {
            return Err(bad(
                format!("{} groups of {}", self.l2n, self.l1n),
                "give l2n of 4 or more and l1n of 2 or more",
            ));
        }
        if !(0.0..1.0).contains(&self.iccx) {
            return Err(
                Error::new("impossible_icc", format!("iccx = {}", self.iccx))
                    .with_hint("give a number from 0 to below 1"),
            );
        }
        let variances = [
            ("tau00", self.tau00),
            ("tau11", self.tau11),
            ("vresid", self.vresid),
        ];
        for (name, v) in variances {
            if !(v >= 0.0 && v.is_finite()) || (name == "vresid" && v == 0.0) {
                return Err(bad(
                    format!("{name} = {v}"),
                    "variances are not negative, and that of residuals is above 0",
                ));
            }
        }
        Ok(())
    }

    /// The same study as a design, for other questions than the paper's.
    pub fn design(&self) -> Design {
        let normal = |level: Option<&str>, sd: f64| Predicted {
            level: level.map(str::to_owned),
            values: PredictedValues::Normal {
                mean: 0.0,
                sd,
                icc: 0.0,
                of: None,
            },
        };
        let mut predictors = BTreeMap::from([
            ("w".to_owned(), normal(Some("group"), 1.0)),
            ("x".to_owned(), normal(None, (1.0 - self.iccx).sqrt())),
        ]);
        // Without differences between group means of X their effects say nothing.
        let means = self.iccx > 0.0;
        let mut effects = vec![
            ("(Intercept)", self.g00),
            ("w", self.g02),
            ("x", self.g10),
            ("w:x", self.g11),
        ];
        if means {
            predictors.insert("xbar".to_owned(), normal(Some("group"), self.iccx.sqrt()));
            effects.extend([("xbar", self.g01), ("w:xbar", self.g03)]);
        }
        let sd = [("(Intercept)", self.tau00.sqrt()), ("x", self.tau11.sqrt())];
        let map = |pairs: &[(&str, f64)]| -> BTreeMap<String, f64> {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect()
        };
        Design {
            formula: match means {
                true => "y ~ w * xbar + x + w:x + (x | group)".to_owned(),
                false => "y ~ w * x + (x | group)".to_owned(),
            },
            family: crate::Family::default(),
            groups: BTreeMap::from([(
                "group".to_owned(),
                Grouping {
                    levels: self.l2n,
                    within: None,
                    size: Some(Size::Each(self.l1n)),
                },
            )]),
            rows: None,
            share: None,
            predictors,
            effects: map(&effects),
            standardized: false,
            variances: BTreeMap::from([(
                "group".to_owned(),
                Variance {
                    sd: Some(PerEffect::Named(map(&sd))),
                    ..Variance::default()
                },
            )]),
            residual_sd: Some(self.vresid.sqrt()),
            parameters: BTreeMap::new(),
            dropout: None,
        }
    }

    /// Power by the closed form and by simulation.
    ///
    /// # Errors
    /// As [`PowerPlan::power`].
    pub fn power(
        &self,
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<CrossLevel, Error> {
        self.check()?;
        options.check()?;
        let options = PowerOptions {
            term: Some("w:x".to_owned()),
            ..options.clone()
        };
        let within = 1.0 - self.iccx;
        let (n, groups) = (self.l1n as f64, self.l2n as f64);
        let std_error = ((self.tau11 + self.vresid / (n * within)) / groups).sqrt();
        let (ncp, df) = (self.g11 / std_error, groups - 2.0);
        let formula = two_sided_t(ncp, df, options.rule().critical(df));
        let simulated = PowerPlan::of_design(self.design())?.power(&options, progress)?;
        Ok(CrossLevel {
            inputs: self.clone(),
            std_error,
            ncp,
            df,
            formula,
            simulated,
        })
    }
}

impl Answer for CrossLevel {
    fn table(&self) -> Table {
        self.simulated.table()
    }
}

impl fmt::Display for CrossLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &self.inputs;
        write_text(
            f,
            &format!(
                "Cross-level interaction g11 = {} with {} groups of {} (Mathieu, Aguinis, Culpepper and Chen 2012). Closed form: standard error {:.4}, noncentrality {:.2} on {} degrees of freedom, power {:.3}.",
                i.g11, i.l2n, i.l1n, self.std_error, self.ncp, self.df, self.formula
            ),
        )?;
        writeln!(f)?;
        write!(f, "{}", self.simulated)
    }
}

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
            .numbers("t", Style::Statistic, [self.t])
            .numbers("effect", Style::Share, [self.effect])
            .numbers("ncp", Style::Statistic, [self.ncp])
            .numbers("df", Style::Df, [self.df])
            .numbers("power", Style::Share, [self.power])
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

/// A trial that randomises whole clusters to two arms of equal size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterTrialPlan {
    /// Difference between the arms, in the units of `sd`.
    pub effect: f64,
    /// Total standard deviation.
    pub sd: f64,
    /// Intraclass correlation.
    pub icc: f64,
    /// Cost of a cluster.
    pub cost_cluster: f64,
    /// Cost of a person.
    pub cost_person: f64,
    /// Persons in each cluster; where left out, the optimal number.
    pub size: Option<usize>,
    /// Clusters in both arms together.
    pub clusters: Option<usize>,
    /// Money there is; it says the number of clusters.
    pub budget: Option<f64>,
    /// Power wanted, which says the number of clusters where neither they nor a budget are given.
    pub target: f64,
    /// The level of the test.
    pub alpha: f64,
}

impl Default for ClusterTrialPlan {
    fn default() -> Self {
        Self {
            effect: 0.0,
            sd: 1.0,
            icc: 0.0,
            cost_cluster: 1.0,
            cost_person: 1.0,
            size: None,
            clusters: None,
            budget: None,
            target: 0.8,
            alpha: 0.05,
        }
    }
}

/// A planned cluster-randomised trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterTrial {
    /// The plan.
    pub plan: ClusterTrialPlan,
    /// n* = √((c_cluster/c_person)(1 − ρ)/ρ) persons in each cluster, before it is made a whole number.
    pub optimal_size: Option<f64>,
    /// Persons in each cluster.
    pub size: usize,
    /// 1 + (n − 1)ρ.
    pub design_effect: f64,
    /// Clusters in both arms.
    pub clusters: usize,
    /// Persons.
    pub persons: usize,
    /// Cost.
    pub cost: f64,
    /// Standard error of the difference.
    pub std_error: f64,
    /// Noncentrality.
    pub ncp: f64,
    /// Degrees of freedom, clusters − 2.
    pub df: f64,
    /// Power, exact for clusters of equal size.
    pub power: f64,
}

impl ClusterTrialPlan {
    /// The trial.
    ///
    /// # Errors
    /// `bad_design`, `impossible_icc`, `bad_target`, `unreachable`.
    pub fn power(&self) -> Result<ClusterTrial, Error> {
        if !(0.0..1.0).contains(&self.icc) {
            return Err(Error::new(
                "impossible_icc",
                format!("an intraclass correlation of {}", self.icc),
            )
            .with_hint("it is a share of variance: give a number from 0 to below 1"));
        }
        for (name, x) in [
            ("sd", self.sd),
            ("cost-cluster", self.cost_cluster),
            ("cost-person", self.cost_person),
        ] {
            if !(x > 0.0 && x.is_finite()) {
                return Err(bad(format!("{name} = {x}"), "give a number above 0"));
            }
        }
        if !self.effect.is_finite() || self.effect == 0.0 {
            return Err(bad(
                format!("an effect of {}", self.effect),
                "give the difference that the trial is to find: --effect 0.3",
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
        let optimal = (self.icc > 0.0)
            .then(|| ((self.cost_cluster / self.cost_person) * (1.0 - self.icc) / self.icc).sqrt());
        let size = match (self.size, optimal) {
            (Some(0), _) => return Err(bad("clusters without persons", "give --size 1 or more")),
            (Some(n), _) => n,
            (None, Some(n)) => (n.round() as usize).max(1),
            (None, None) => {
                return Err(bad(
                    "without an intraclass correlation the optimal cluster is as large as can be",
                    "give --icc above 0, or --size",
                ));
            }
        };
        let of = |clusters: usize| {
            let effect = 1.0 + (size as f64 - 1.0) * self.icc;
            let std_error = self.sd * (4.0 * effect / (size * clusters) as f64).sqrt();
            let (ncp, df) = (self.effect / std_error, clusters as f64 - 2.0);
            let critical = StudentT::new(df).upper_quantile(0.5 * self.alpha);
            (std_error, ncp, df, two_sided_t(ncp, df, critical))
        };
        let each = self.cost_cluster + size as f64 * self.cost_person;
        let clusters = match (self.clusters, self.budget) {
            (Some(clusters), _) if clusters < 4 || clusters % 2 == 1 => {
                return Err(bad(
                    format!("{clusters} clusters in two arms of equal size"),
                    "give an even number from 4",
                ));
            }
            (Some(clusters), _) => clusters,
            (None, Some(budget)) => {
                let most = (budget / each).floor();
                if !(4.0..1e9).contains(&most) {
                    return Err(bad(
                        format!("{budget} pays for {most} clusters of {size}"),
                        format!("4 cost {}", 4.0 * each),
                    ));
                }
                (most as usize) / 2 * 2
            }
            (None, None) => {
                let mut clusters = 4;
                while of(clusters).3 < self.target && clusters < 1 << 24 {
                    clusters *= 2;
                }
                if of(clusters).3 < self.target {
                    return Err(Error::new("unreachable", "no number of clusters is enough")
                        .with_hint("plan for a larger effect"));
                }
                let mut low = clusters / 2;
                while clusters - low > 2 {
                    let middle = (low + clusters) / 4 * 2;
                    if of(middle).3 >= self.target {
                        clusters = middle
                    } else {
                        low = middle
                    }
                }
                clusters
            }
        };
        let (std_error, ncp, df, power) = of(clusters);
        Ok(ClusterTrial {
            plan: self.clone(),
            optimal_size: optimal,
            size,
            design_effect: 1.0 + (size as f64 - 1.0) * self.icc,
            clusters,
            persons: clusters * size,
            cost: clusters as f64 * each,
            std_error,
            ncp,
            df,
            power,
        })
    }
}

impl Answer for ClusterTrial {
    fn table(&self) -> Table {
        Table::new()
            .numbers("clusters", Style::Count, [self.clusters as f64])
            .numbers("size", Style::Count, [self.size as f64])
            .numbers("persons", Style::Count, [self.persons as f64])
            .numbers("design_effect", Style::Share, [self.design_effect])
            .numbers("cost", Style::Digits, [self.cost])
            .numbers("std_error", Style::Digits, [self.std_error])
            .numbers("ncp", Style::Statistic, [self.ncp])
            .numbers("df", Style::Df, [self.df])
            .numbers("power", Style::Share, [self.power])
    }
}

impl fmt::Display for ClusterTrial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table())?;
        writeln!(f)?;
        let mut text = format!(
            "{} clusters of {}, half of them in each arm, find a difference of {} with probability {:.3} and cost {}.",
            self.clusters, self.size, self.plan.effect, self.power, self.cost
        );
        if let Some(n) = self.optimal_size {
            text += &format!(
                " For the same money most is found with {n:.1} persons in each cluster: the root of the ratio of costs, {}, times (1 - ICC)/ICC (Raudenbush 1997).",
                self.plan.cost_cluster / self.plan.cost_person
            );
        }
        text += &format!(
            " A person in a cluster counts as 1/{:.2} of one drawn alone (the design effect). Clusters of unequal size find a little less.",
            self.design_effect
        );
        write_text(f, &text)
    }
}
