//! Cluster-randomised trials with costs (Raudenbush 1997, *Psychological Methods* 2:173; Moerbeek, van
//! Breukelen and Berger 2000, *Journal of Educational and Behavioral Statistics* 25:271).

use std::fmt;

use ranef_engine::distributions::StudentT;
use serde::Serialize;

use crate::Error;
use crate::format::write_text;
use crate::power::analytic::two_sided_t;
use crate::power::design::bad;
use crate::table::{Answer, Style, Table};

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
            .titled("Clusters")
            .numbers("size", Style::Count, [self.size as f64])
            .titled("Size")
            .numbers("persons", Style::Count, [self.persons as f64])
            .titled("Persons")
            .numbers("design_effect", Style::Share, [self.design_effect])
            .titled("Design effect")
            .numbers("cost", Style::Digits, [self.cost])
            .titled("Cost")
            .numbers("std_error", Style::Digits, [self.std_error])
            .numbers("ncp", Style::Statistic, [self.ncp])
            .titled("Noncentrality")
            .numbers("df", Style::Df, [self.df])
            .titled("df")
            .numbers("power", Style::Share, [self.power])
            .titled("Power")
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
