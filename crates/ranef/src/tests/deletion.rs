//! Random effects left out one at a time: what each is worth.

use std::fmt;

use ranef_engine::distributions::{ChiSquared, chi_bar_squared};
use ranef_formula::Terms;
use ranef_frame::Source;
use serde::Serialize;

use crate::table::{Answer, Style, Table};
use crate::{DfMethod, Error, Fit, Note, tests};

/// The model and, below it, the same without one of its random effects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deletions {
    /// The formula of the model.
    pub formula: String,
    /// The likelihood compared: that of the fit, `REML` or `ML`. Fixed effects stay, so REML will do.
    pub method: &'static str,
    /// The model, then one row a deletion.
    pub rows: Vec<Deletion>,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// The model without one random effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deletion {
    /// What is left out: `Days in (Days | Subject)`; `<none>` for the model itself.
    pub term: String,
    /// The formula without it.
    pub formula: String,
    /// Number of parameters that are left.
    pub npar: usize,
    /// Log-likelihood.
    pub loglik: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Twice what the log-likelihood falls by.
    pub lrt: Option<f64>,
    /// Parameters fewer.
    pub df: Option<usize>,
    /// The p-value by χ² on `df`, as lmerTest's `ranova` has it: too large, as a variance cannot be
    /// negative.
    pub p_value: Option<f64>,
    /// The p-value by the mean of χ² on `df − 1` and on `df` (Self and Liang 1987; Stram and Lee
    /// 1994); `None` where several variances go at once.
    pub p_boundary: Option<f64>,
}

/// A random effect and the model without it.
struct Candidate {
    term: String,
    terms: Terms,
}

impl Fit {
    /// Leaves out one random effect at a time and compares: of a term with correlated effects each
    /// effect beside the intercept, of other terms each effect.
    ///
    /// # Errors
    /// `no_random_effects`; `different_rows` where a smaller model would use other rows.
    pub fn deletions(&self, source: &dyn Source) -> Result<Deletions, Error> {
        let candidates = self.deletable();
        if candidates.is_empty() {
            return Err(Error::new(
                "no_random_effects",
                "the model has no random effects to leave out",
            ));
        }
        let mut rows = vec![Deletion {
            term: "<none>".to_owned(),
            formula: self.formula().to_owned(),
            npar: self.parameters(),
            loglik: self.log_likelihood(),
            aic: self.aic(),
            lrt: None,
            df: None,
            p_value: None,
            p_boundary: None,
        }];
        let mut notes = Vec::new();
        for candidate in candidates {
            let formula = candidate.terms.to_string();
            let options = self.options().with_formula(&formula);
            let smaller = options.df(DfMethod::None).fit(source)?;
            if smaller.nobs() != self.nobs() {
                return Err(Error::new(
                    "different_rows",
                    format!(
                        "without {} the model would use {} rows instead of {}",
                        candidate.term,
                        smaller.nobs(),
                        self.nobs()
                    ),
                )
                .with_hint("drop the rows with missing values first"));
            }
            let lrt = (smaller.criterion() - self.criterion()).max(0.0);
            let df = self.parameters() - smaller.parameters();
            let width = |fit: &Fit| fit.varcorr().iter().map(|b| b.terms.len()).sum::<usize>();
            let variances = width(self) - width(&smaller);
            if variances > 1 {
                notes.push(Note::new(
                    "several_variances",
                    format!(
                        "{} has {variances} variances, which cannot be negative: its p-value is too \
                         large, and no simple distribution is right.",
                        candidate.term
                    ),
                ));
            }
            if !smaller.certificate().converged {
                notes.push(Note::new(
                    "not_converged",
                    format!("The model without {} has not converged.", candidate.term),
                ));
            }
            rows.push(Deletion {
                term: candidate.term,
                formula: smaller.formula().to_owned(),
                npar: smaller.parameters(),
                loglik: smaller.log_likelihood(),
                aic: smaller.aic(),
                lrt: Some(lrt),
                df: Some(df),
                p_value: Some(if lrt > 0.0 {
                    ChiSquared::new(df as f64).upper_tail(lrt)
                } else {
                    1.0
                }),
                p_boundary: (variances == 1).then(|| chi_bar_squared(lrt, df as f64 - 1.0)),
            });
        }
        Ok(Deletions {
            formula: self.formula().to_owned(),
            method: if self.reml() { "REML" } else { "ML" },
            rows,
            notes,
        })
    }

    /// The random effects that can go by themselves.
    fn deletable(&self) -> Vec<Candidate> {
        let terms = self.terms();
        let mut out = Vec::new();
        for (index, term) in terms.random.iter().enumerate() {
            let effects = &term.effects;
            let alone = effects.terms.len() + usize::from(effects.intercept) == 1;
            if alone {
                out.push(Candidate {
                    term: term.to_string(),
                    terms: terms.without_random(index),
                });
                continue;
            }
            if effects.intercept && !term.correlated {
                let mut smaller = terms.clone();
                smaller.random[index].effects.intercept = false;
                out.push(Candidate {
                    term: format!("(Intercept) in {term}"),
                    terms: smaller,
                });
            }
            // Marginality: a main effect does not go before its interactions.
            for effect in effects.removable() {
                let Some(without) = term.without(effect) else {
                    continue;
                };
                let mut smaller = terms.clone();
                smaller.random[index] = without;
                out.push(Candidate {
                    term: format!("{} in {term}", effect.label()),
                    terms: smaller,
                });
            }
        }
        out
    }
}

impl Answer for Deletions {
    fn table(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .titled("Left out")
            .numbers("npar", Style::Count, rows.iter().map(|r| r.npar as f64))
            .numbers("loglik", Style::Statistic, rows.iter().map(|r| r.loglik))
            .titled("logLik")
            .numbers("aic", Style::Statistic, rows.iter().map(|r| r.aic))
            .titled("AIC")
            .numbers("lrt", Style::Statistic, rows.iter().map(|r| r.lrt))
            .titled("LRT")
            .numbers(
                "df",
                Style::Count,
                rows.iter().map(|r| r.df.map(|d| d as f64)),
            )
            .titled("Df")
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
            .numbers(
                "p_boundary",
                Style::PValue,
                rows.iter().map(|r| r.p_boundary),
            )
            .titled("p (boundary)")
    }
}

impl fmt::Display for Deletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Random effects left out one at a time ({})\nModel: {}\n\n{}",
            self.method,
            self.formula,
            self.table()
        )?;
        let mut words = vec![
            "A variance cannot be negative: p (boundary) is the right p-value, p the usual one."
                .to_owned(),
        ];
        let idle: Vec<&str> = self
            .rows
            .iter()
            .filter(|r| r.lrt.is_some_and(|x| x < 1e-3))
            .map(|r| r.term.as_str())
            .collect();
        if !idle.is_empty() {
            words.push(format!(
                "Without any loss of fit these can go: {}.",
                idle.join("; ")
            ));
        }
        words.extend(self.notes.iter().map(|n| n.message.clone()));
        tests::write_words(f, &words)
    }
}
