//! Cross-level interactions (Mathieu, Aguinis, Culpepper and Chen 2012, *Journal of Applied Psychology*
//! 97:951).

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::Error;
use crate::format::write_text;
use crate::power::analytic::two_sided_t;
use crate::power::design::{
    Design, Grouping, PerEffect, Predicted, PredictedValues, Size, Variance, bad,
};
use crate::power::{Power, PowerOptions, PowerPlan};
use crate::table::{Answer, Table};

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
