//! What counts as finding an effect.

use ranef_engine::distributions::{Normal, StudentT};
use serde::{Deserialize, Serialize};

use super::design::{bad, unknown};
use crate::{DfMethod, Error, Fit};

/// What a study is to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerTest {
    /// A coefficient differs from zero: its t test, or z test where there are no degrees of freedom.
    Coefficient,
    /// A term of the fixed effects matters: its F test, or χ² test.
    Term,
    /// The likelihood-ratio test against the model without a term of the fixed effects.
    LikelihoodRatio,
    /// The likelihood-ratio test against a smaller model of one's own, such as one without a random
    /// slope.
    Against(String),
    /// The interval of a coefficient leaves out this value.
    Excludes(f64),
    /// The interval of a coefficient is no wider than this.
    Width(f64),
}

impl PowerTest {
    /// What it is, in words.
    pub fn words(&self, df: DfMethod, level: f64) -> String {
        let by = match df {
            DfMethod::Satterthwaite => " with Satterthwaite's degrees of freedom",
            DfMethod::KenwardRoger => " with Kenward and Roger's degrees of freedom",
            DfMethod::Residual => " on the residual degrees of freedom",
            DfMethod::None => "",
        };
        let plain = df == DfMethod::None;
        let percent = 100.0 * level;
        match self {
            PowerTest::Coefficient if plain => "z test".to_owned(),
            PowerTest::Coefficient => format!("t test{by}"),
            PowerTest::Term if plain => "Wald χ² test".to_owned(),
            PowerTest::Term => format!("F test{by}"),
            PowerTest::LikelihoodRatio | PowerTest::Against(_) => {
                "likelihood-ratio test".to_owned()
            }
            PowerTest::Excludes(bound) => format!("{percent}% interval{by} excludes {bound}"),
            PowerTest::Width(width) => format!("{percent}% interval{by} no wider than {width}"),
        }
    }

    pub(super) fn is_ratio(&self) -> bool {
        matches!(self, PowerTest::LikelihoodRatio | PowerTest::Against(_))
    }
}

/// The columns that a test is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Name of the coefficient or term.
    pub name: String,
    /// Their positions among the fixed effects.
    pub columns: Vec<usize>,
}

impl Target {
    /// Finds what the test is about: what is named, or the only thing there is.
    pub fn of(fit: &Fit, test: &PowerTest, name: Option<&str>) -> Result<Self, Error> {
        if let PowerTest::Against(formula) = test {
            return Ok(Self {
                name: format!("the rest beside {formula}"),
                columns: Vec::new(),
            });
        }
        let of_terms = matches!(test, PowerTest::Term | PowerTest::LikelihoodRatio);
        let (recipe, names) = (fit.recipe(), fit.fixed_names());
        let (kept, assign) = (recipe.fixed_kept(), recipe.fixed_assign());
        let terms: Vec<&str> = recipe
            .fixed_terms()
            .iter()
            .map(|t| t.label.as_str())
            .collect();
        let columns_of = |term: usize| -> Vec<usize> {
            (0..kept.len())
                .filter(|&j| assign[kept[j]] == Some(term))
                .collect()
        };
        if let Some(name) = name {
            if let Some(at) = names
                .iter()
                .position(|n| *n == name)
                .filter(|_| !of_terms || !terms.contains(&name))
            {
                return Ok(Self {
                    name: name.to_owned(),
                    columns: vec![at],
                });
            }
            if let Some(term) = terms.iter().position(|t| *t == name) {
                let columns = columns_of(term);
                if of_terms || columns.len() == 1 {
                    return Ok(Self {
                        name: name.to_owned(),
                        columns,
                    });
                }
                let own: Vec<&str> = columns.iter().map(|&c| names[c]).collect();
                return Err(bad(
                    format!("`{name}` has {} coefficients", columns.len()),
                    format!("name one of {}, or test the term: --test f", own.join(", ")),
                ));
            }
            return Err(unknown(
                if of_terms { "term" } else { "coefficient" },
                name,
                if of_terms { &terms } else { &names },
            ));
        }
        let candidates: Vec<&str> = match of_terms {
            true => terms.clone(),
            false => names
                .iter()
                .copied()
                .filter(|n| *n != "(Intercept)")
                .collect(),
        };
        match candidates.as_slice() {
            [only] => Self::of(fit, test, Some(*only)),
            [] => Self::of(fit, test, Some("(Intercept)")),
            many => Err(
                Error::new("which_term", "nothing says which effect the study is about")
                    .with_hint(format!("give --term with one of {}", many.join(", "))),
            ),
        }
    }

    /// The contrasts, q × p by rows.
    pub fn contrasts(&self, p: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.columns.len() * p];
        for (row, &column) in self.columns.iter().enumerate() {
            out[row * p + column] = 1.0;
        }
        out
    }
}

/// What a simulation found about the effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finding {
    /// An estimate less its true value, its standard error, and degrees of freedom (infinite for z).
    Estimate {
        missed: f64,
        std_error: f64,
        df: f64,
    },
    /// A p-value.
    PValue(f64),
}

/// Turns findings into decisions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'a> {
    pub test: &'a PowerTest,
    pub alpha: f64,
}

impl Rule<'_> {
    /// The value from which the estimate must differ.
    pub fn null(&self) -> f64 {
        match self.test {
            PowerTest::Excludes(bound) => *bound,
            _ => 0.0,
        }
    }

    /// The critical value of t on so many degrees of freedom.
    pub fn critical(&self, df: f64) -> f64 {
        match df.is_finite() && df < 1e7 {
            true => StudentT::new(df).upper_quantile(0.5 * self.alpha),
            false => Normal::STANDARD.upper_quantile(0.5 * self.alpha),
        }
    }

    /// Whether the degrees of freedom matter: a z below the normal's critical value is not
    /// significant by any t.
    pub fn needs_df(&self, effect: f64, missed: f64, std_error: f64, normal: f64) -> bool {
        match self.test {
            PowerTest::Width(width) => 2.0 * normal * std_error <= *width,
            _ => ((effect + missed - self.null()) / std_error).abs() >= normal,
        }
    }

    /// Whether the effect, whose true value is this, was found.
    pub fn found(&self, finding: &Finding, effect: f64) -> bool {
        match *finding {
            Finding::PValue(p) => p < self.alpha,
            Finding::Estimate {
                missed,
                std_error,
                df,
            } => {
                if let PowerTest::Width(width) = self.test {
                    return 2.0 * self.critical(df) * std_error <= *width;
                }
                let t = (effect + missed - self.null()) / std_error;
                // A p-value is found faster than a critical value.
                match df.is_finite() && df < 1e7 {
                    true => StudentT::new(df).two_sided_p(t) < self.alpha,
                    false => Normal::STANDARD.two_sided_p(t) < self.alpha,
                }
            }
        }
    }
}
