//! Models side by side: likelihood-ratio tests, information criteria, fixed effects.

use std::fmt;

use ranef_engine::distributions::{ChiSquared, chi_bar_squared};
use serde::Serialize;

use super::nesting::{Nesting, nesting};
use crate::format::{align_left, align_right, common};
use crate::table::{Answer, Style, Table};
use crate::{BootstrapTest, Error, Fit, Note, tests};

/// Models compared, those with fewest parameters first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// `ML` where models by REML were refitted for this; `None` where nothing was refitted.
    pub refit: Option<&'static str>,
    /// The likelihood that is compared: `ML` or `REML`.
    pub method: &'static str,
    /// One model a row.
    pub rows: Vec<ModelRow>,
    /// The fixed effects of all models, as they were fitted.
    pub fixed: Vec<ComparedCoefficient>,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// One model, and its test against the one above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelRow {
    /// `m1`, `m2`, …: the models in the order they were given.
    pub model: String,
    /// Its formula.
    pub formula: String,
    /// Its column of weights.
    pub weights: Option<String>,
    /// Its offset: the column and those of the formula.
    pub offset: Option<String>,
    /// Number of parameters.
    pub npar: usize,
    /// Akaike's criterion.
    pub aic: f64,
    /// The same with Hurvich and Tsai's correction for few rows; `None` with next to none.
    pub aicc: Option<f64>,
    /// Schwarz' criterion.
    pub bic: f64,
    /// Log-likelihood.
    pub loglik: f64,
    /// −2 log-likelihood.
    pub deviance: f64,
    /// Whether the model above is a special case of this one; `None` in the first row.
    pub nested: Option<bool>,
    /// Twice the difference of the log-likelihoods; `None` where the models are not nested.
    pub chisq: Option<f64>,
    /// Difference of the numbers of parameters.
    pub df: Option<usize>,
    /// The p-value by χ² on `df`.
    pub p_value: Option<f64>,
    /// The p-value that takes in that a variance cannot be negative, where one variance more is
    /// tested: the mean of those by χ² on `df − 1` and `df` (Self and Liang 1987; Stram and Lee
    /// 1994). `None` where no variance is tested, or several at once.
    pub p_boundary: Option<f64>,
    /// The p-value by parametric bootstrap, from [`crate::compare_bootstrap`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_bootstrap: Option<f64>,
    /// The replicates behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapTest>,
    /// Whether the fit is singular.
    pub singular: bool,
}

/// One fixed effect in every model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedCoefficient {
    /// Name of the coefficient.
    pub term: String,
    /// For each model in the order of the rows its estimate; `None` where it has none.
    pub estimates: Vec<Option<f64>>,
    /// For each model in the order of the rows its standard error.
    pub std_errors: Vec<Option<f64>>,
}

/// Compares models of the same rows. Models by REML are refitted by maximum likelihood, as their
/// restricted likelihoods are about different data where the fixed effects differ; with
/// `refit = false` they are compared as they are, which is right for equal fixed effects only.
///
/// ```
/// use ranef::frame::{ReadOptions, open};
///
/// let data = open("sleepstudy", &ReadOptions::default())?;
/// let small = ranef::lmer("Reaction ~ Days + (1 | Subject)", &*data)?;
/// let large = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data)?;
/// let comparison = ranef::compare(&[&large, &small], true)?;
/// assert!((comparison.rows[1].chisq.unwrap() - 42.139).abs() < 1e-3);
/// # Ok::<(), ranef::Error>(())
/// ```
///
/// # Errors
/// `one_model` for fewer than two; `different_response` and `different_rows` where a comparison
/// would mean nothing; `different_fixed_effects` and `different_methods` without a refit;
/// `needs_rows` for saved models without their rows.
pub fn compare(fits: &[&Fit], refit: bool) -> Result<Comparison, Error> {
    let Some((first, others)) = fits.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err(Error::new(
            "one_model",
            "a comparison needs two models or more",
        ));
    };
    for other in others {
        same_rows(first, other)?;
    }
    let any_reml = fits.iter().any(|fit| fit.reml());
    if any_reml && !refit {
        comparable_by_reml(fits)?;
    }
    let refitted: Vec<Option<Fit>> = fits
        .iter()
        .map(|fit| (refit && fit.reml()).then(|| fit.refit(false)).transpose())
        .collect::<Result<_, _>>()?;
    let compared: Vec<&Fit> = refitted
        .iter()
        .zip(fits)
        .map(|(new, old)| new.as_ref().unwrap_or(old))
        .collect();
    let mut order: Vec<usize> = (0..fits.len()).collect();
    order.sort_by_key(|&i| compared[i].parameters());
    let mut notes = Vec::new();
    let mut rows: Vec<ModelRow> = Vec::with_capacity(fits.len());
    for (place, &i) in order.iter().enumerate() {
        let fit = compared[i];
        let (k, n) = (fit.parameters() as f64, fit.nobs() as f64);
        let mut row = ModelRow {
            model: format!("m{}", i + 1),
            formula: fit.formula().to_owned(),
            weights: fit.options().design.weights.clone(),
            offset: offset(fit),
            npar: fit.parameters(),
            aic: fit.aic(),
            aicc: (n - k - 1.0 > 0.0).then(|| fit.aic() + 2.0 * k * (k + 1.0) / (n - k - 1.0)),
            bic: fit.bic(),
            loglik: fit.log_likelihood(),
            deviance: fit.criterion(),
            nested: None,
            chisq: None,
            df: None,
            p_value: None,
            p_boundary: None,
            p_bootstrap: None,
            bootstrap: None,
            singular: fit.singular(),
        };
        if let Some(before) = place.checked_sub(1).map(|b| compared[order[b]]) {
            row.test_against(before, fit, &mut notes);
        }
        rows.push(row);
    }
    notes.extend(remarks(&order, &compared, &rows));
    let in_order: Vec<&Fit> = order.iter().map(|&i| fits[i]).collect();
    Ok(Comparison {
        refit: refitted.iter().any(Option::is_some).then_some("ML"),
        method: if any_reml && !refit { "REML" } else { "ML" },
        rows,
        fixed: fixed_effects(&in_order)?,
        notes,
    })
}

impl ModelRow {
    /// Adds the test against the model in the row above.
    fn test_against(&mut self, before: &Fit, fit: &Fit, notes: &mut Vec<Note>) {
        let df = fit.parameters() - before.parameters();
        self.df = Some(df);
        let same_known_parts = weights(before) == weights(fit) && offset(before) == offset(fit);
        // A Poisson model is a negative binomial one whose dispersion is at the end of its range, as
        // a variance of zero is.
        let dispersion = usize::from(before.family() != fit.family());
        let same_family = dispersion == 0 || poisson_within(before, fit);
        let lies = if df > 0 && same_known_parts && same_family {
            nesting(before, fit)
        } else {
            Nesting::None
        };
        let Nesting::In { variances } = lies else {
            self.nested = Some(false);
            return;
        };
        self.nested = Some(true);
        // Rounding may leave a larger model a little below.
        let chisq = (before.criterion() - fit.criterion()).max(0.0);
        self.chisq = Some(chisq);
        self.p_value = Some(if chisq > 0.0 {
            ChiSquared::new(df as f64).upper_tail(chisq)
        } else {
            1.0
        });
        match variances + dispersion {
            0 => {}
            1 => self.p_boundary = Some(chi_bar_squared(chisq, df as f64 - 1.0)),
            n => notes.push(Note::new(
                "several_variances",
                format!(
                    "The test of {} is of {n} variances at once. They cannot be negative, so its \
                     p-value is too large; no simple distribution is right. Compare models that \
                     differ by one variance.",
                    self.model
                ),
            )),
        }
    }
}

/// Whether `small` is Poisson and `large` negative binomial with the same link.
fn poisson_within(small: &Fit, large: &Fit) -> bool {
    let same_link = small.family().link() == large.family().link();
    let negative = ["nbinom", "negative"];
    let large = large.family().name();
    same_link && small.family().name() == "poisson" && negative.iter().any(|n| large.contains(n))
}

fn weights(fit: &Fit) -> Option<String> {
    fit.options().design.weights.clone()
}

/// What is added to the prediction as it is.
fn offset(fit: &Fit) -> Option<String> {
    let column = fit.options().design.offset.clone();
    let terms = fit.terms().offsets.iter().map(|o| o.to_string());
    let all: Vec<String> = column.into_iter().chain(terms).collect();
    (!all.is_empty()).then(|| all.join(" + "))
}

/// What differs between models beside what is estimated. The likelihoods are still densities of one
/// response (weights enter with their logarithms, an offset moves the mean), so that AIC and BIC
/// compare; but neither model is a special case of the other, and mostly it is a mistake.
fn known_parts(order: &[usize], compared: &[&Fit]) -> Vec<Note> {
    let of = |what: fn(&Fit) -> Option<String>| -> Option<String> {
        let values: Vec<Option<String>> = order.iter().map(|&i| what(compared[i])).collect();
        values.windows(2).any(|v| v[0] != v[1]).then(|| {
            let one = |(i, value): (&usize, &Option<String>)| match value {
                Some(value) => format!("m{} has `{value}`", i + 1),
                None => format!("m{} has none", i + 1),
            };
            let all: Vec<String> = order.iter().zip(&values).map(one).collect();
            all.join(", ")
        })
    };
    let weights = of(weights).map(|which| {
        Note::new(
            "different_weights",
            format!(
                "The models have different weights: {which}. They state different residual \
                 variances for the same rows: AIC and BIC tell which fits better, a \
                 likelihood-ratio test does not. To test fixed or random effects, fit all models \
                 with the same weights."
            ),
        )
    });
    let offset = of(offset).map(|which| {
        Note::new(
            "different_offset",
            format!(
                "The models have different offsets: {which}. AIC and BIC tell which fits better, a \
                 likelihood-ratio test does not. To test effects, fit all models with the same \
                 offset. That their responses are the same could not be checked."
            ),
        )
    });
    let how = |fit: &Fit| {
        let prior = fit.options().prior.map(|sd| format!("penalty {sd}"));
        let parts: Vec<String> = fit.approximation().into_iter().chain(prior).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    };
    let method = of(how).map(|which| {
        Note::new(
            "different_approximations",
            format!(
                "The likelihoods were approximated in different ways: {which}. What separates the \
                 criteria may be the approximation; compare models fitted in the same way."
            ),
        )
    });
    weights.into_iter().chain(offset).chain(method).collect()
}

/// The sentences below a comparison.
fn remarks(order: &[usize], compared: &[&Fit], rows: &[ModelRow]) -> Vec<Note> {
    let mut notes = known_parts(order, compared);
    for (pair, row) in order.windows(2).zip(&rows[1..]) {
        let (before, after) = (compared[pair[0]], compared[pair[1]]);
        let gap = (before.criterion() - after.criterion()).abs();
        if weights(before) != weights(after) || offset(before) != offset(after) {
            // Said above.
        } else if row.df == Some(0) && gap < 1e-7 * after.criterion().abs().max(1.0) {
            notes.push(Note::new(
                "same_fit",
                format!(
                    "m{} and m{} fit alike with as many parameters: the same model in other words, \
                     or the data cannot tell them apart.",
                    pair[0] + 1,
                    pair[1] + 1
                ),
            ));
        } else if row.nested == Some(false) {
            notes.push(Note::new(
                "not_nested",
                format!(
                    "m{} is not a special case of m{}, so there is no likelihood-ratio test \
                     between them: compare AIC or BIC.",
                    pair[0] + 1,
                    pair[1] + 1
                ),
            ));
        }
    }
    let families: Vec<String> = compared
        .iter()
        .map(|fit| fit.family().to_string())
        .collect();
    if families.windows(2).any(|pair| pair[0] != pair[1]) {
        let named: Vec<String> = (rows.iter().zip(order))
            .map(|(row, &i)| format!("{} {}", row.model, families[i]))
            .collect();
        notes.push(Note::new(
            "different_families",
            format!(
                "The models are of different families ({}). Their likelihoods are of the same \
                 responses with all constants included, so AIC and BIC compare; likelihood-ratio tests \
                 are between models of one family only, but for Poisson in negative binomial ones.",
                named.join(", ")
            ),
        ));
    }
    for (&i, row) in order.iter().zip(rows) {
        if !compared[i].certificate().converged {
            notes.push(Note::new(
                "not_converged",
                format!(
                    "{} has not converged: do not use its likelihood.",
                    row.model
                ),
            ));
        }
    }
    notes
}

/// Refuses models of different responses or rows.
fn same_rows(a: &Fit, b: &Fit) -> Result<(), Error> {
    let name = |fit: &Fit| fit.recipe().response_name().unwrap_or_default().to_owned();
    if name(a) != name(b) {
        return Err(Error::new(
            "different_response",
            format!(
                "the models have different responses, `{}` and `{}`: their likelihoods cannot be \
                 compared",
                name(a),
                name(b)
            ),
        )
        .with_hint("compare models of one response on one scale"));
    }
    let (kind, other) = (a.family().response_kind(), b.family().response_kind());
    if kind != other {
        return Err(Error::new(
            "different_families",
            format!(
                "the models are of different kinds of responses: {} ({}) and {} ({}); a density of \
                 the one and a probability of the other cannot be compared",
                kind.words(),
                a.family(),
                other.words(),
                b.family()
            ),
        )
        .with_hint("compare models whose families describe the same kind of response"));
    }
    let different = |what: String| {
        Error::new(
            "different_rows",
            format!("the models were not fitted to the same rows: {what}"),
        )
        .with_hint(
            "rows with a missing value in any used column are left out: drop rows that lack a \
             value of any model's variables first",
        )
    };
    if a.nobs() != b.nobs() {
        return Err(different(format!("{} and {}", a.nobs(), b.nobs())));
    }
    // The response is known less its offset: with different offsets it says nothing.
    let (x, y) = (a.moments(), b.moments());
    let near = |p: f64, q: f64, size: f64| (p - q).abs() <= 1e-8 * size;
    let spread = x.response_variance.max(y.response_variance);
    if offset(a) == offset(b)
        && !(near(x.response_mean, y.response_mean, spread.sqrt())
            && near(x.response_variance, y.response_variance, spread))
    {
        return Err(different("as many, but with other values".to_owned()));
    }
    Ok(())
}

/// Restricted likelihoods of one kind and of equal fixed effects only.
fn comparable_by_reml(fits: &[&Fit]) -> Result<(), Error> {
    if fits.iter().any(|fit| !fit.reml()) {
        return Err(Error::new(
            "different_methods",
            "some of the models are by REML and some by maximum likelihood",
        )
        .with_hint("let them be refitted by maximum likelihood"));
    }
    let names = |fit: &Fit| fit.fixed_names().join("\n");
    if fits.iter().any(|fit| names(fit) != names(fits[0])) {
        return Err(Error::new(
            "different_fixed_effects",
            "REML likelihoods of models with different fixed effects cannot be compared",
        )
        .with_hint("let the models be refitted by maximum likelihood"));
    }
    Ok(())
}

fn fixed_effects(fits: &[&Fit]) -> Result<Vec<ComparedCoefficient>, Error> {
    let mut out: Vec<ComparedCoefficient> = Vec::new();
    for (i, fit) in fits.iter().enumerate() {
        for row in fit.coefficients() {
            let found = out.iter().position(|c| c.term == row.term);
            let at = found.unwrap_or_else(|| {
                out.push(ComparedCoefficient {
                    term: row.term.clone(),
                    estimates: vec![None; fits.len()],
                    std_errors: vec![None; fits.len()],
                });
                out.len() - 1
            });
            out[at].estimates[i] = row.estimate;
            out[at].std_errors[i] = row.std_error;
        }
    }
    Ok(out)
}

impl Answer for Comparison {
    fn table(&self) -> Table {
        let rows = &self.rows;
        let table = Table::new()
            .text("model", rows.iter().map(|r| r.model.clone()))
            .titled("Model")
            .text("formula", rows.iter().map(|r| r.formula.clone()))
            .titled("Formula");
        self.numbers(table)
    }
}

impl Comparison {
    fn numbers(&self, table: Table) -> Table {
        let rows = &self.rows;
        let df = rows.iter().map(|r| r.df.map(|d| d as f64));
        let table = table
            .numbers("npar", Style::Count, rows.iter().map(|r| r.npar as f64))
            .numbers("aic", Style::Statistic, rows.iter().map(|r| r.aic))
            .titled("AIC")
            .numbers("aicc", Style::Statistic, rows.iter().map(|r| r.aicc))
            .titled("AICc")
            .numbers("bic", Style::Statistic, rows.iter().map(|r| r.bic))
            .titled("BIC")
            .numbers("loglik", Style::Statistic, rows.iter().map(|r| r.loglik))
            .titled("logLik")
            .numbers(
                "deviance",
                Style::Statistic,
                rows.iter().map(|r| r.deviance),
            )
            .numbers("chisq", Style::Statistic, rows.iter().map(|r| r.chisq))
            .titled("Chisq")
            .numbers("df", Style::Count, df)
            .titled("Df")
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value));
        let table = if rows.iter().any(|r| r.p_boundary.is_some()) {
            table
                .numbers(
                    "p_boundary",
                    Style::PValue,
                    rows.iter().map(|r| r.p_boundary),
                )
                .titled("p (boundary)")
        } else {
            table
        };
        if rows.iter().any(|r| r.p_bootstrap.is_some()) {
            table
                .numbers(
                    "p_bootstrap",
                    Style::PValue,
                    rows.iter().map(|r| r.p_bootstrap),
                )
                .titled("p (bootstrap)")
        } else {
            table
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refit.is_some() {
            writeln!(
                f,
                "Models refitted by maximum likelihood for the comparison.\n"
            )?;
        }
        writeln!(f, "Models:")?;
        let widest = self.rows.iter().map(|r| r.model.len()).max().unwrap_or(0);
        for row in &self.rows {
            let mut remarks = Vec::new();
            remarks.extend(row.weights.iter().map(|w| format!("weights {w}")));
            remarks.extend(row.offset.iter().map(|o| format!("offset {o}")));
            remarks.extend(row.singular.then(|| "singular".to_owned()));
            let remarks = match remarks.join(", ") {
                none if none.is_empty() => none,
                some => format!("  ({some})"),
            };
            writeln!(f, " {:widest$}: {}{remarks}", row.model, row.formula)?;
        }
        let names = self.rows.iter().map(|r| r.model.clone());
        let table = Table::new().text("model", names).titled("");
        writeln!(f, "\n{}", self.numbers(table))?;
        self.write_fixed(f)?;
        let mut words = self.in_words();
        words.extend(self.notes.iter().map(|n| n.message.clone()));
        tests::write_words(f, &words)
    }
}

impl Comparison {
    /// The fixed effects of all models: an estimate with its standard error in parentheses.
    fn write_fixed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fixed.is_empty() {
            return Ok(());
        }
        let terms = std::iter::once(String::new())
            .chain(self.fixed.iter().map(|c| c.term.clone()))
            .collect();
        let mut columns = vec![align_left(terms)];
        for (i, row) in self.rows.iter().enumerate() {
            let mut cells = vec![row.model.clone()];
            for coefficient in &self.fixed {
                let cell = match (coefficient.estimates[i], coefficient.std_errors[i]) {
                    (Some(estimate), Some(error)) => {
                        let both = common(&[Some(estimate), Some(error)], 3);
                        format!("{} ({})", both[0].trim(), both[1].trim())
                    }
                    _ => "-".to_owned(),
                };
                cells.push(cell);
            }
            columns.push(align_right(cells));
        }
        writeln!(f, "Fixed effects as fitted, with standard errors:")?;
        for line in 0..=self.fixed.len() {
            let cells: Vec<&str> = columns.iter().map(|c| c[line].as_str()).collect();
            writeln!(f, " {}", cells.join("  ").trim_end())?;
        }
        writeln!(f)
    }

    /// Which model the criteria prefer, and what the boundary did.
    fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let least = |value: fn(&ModelRow) -> f64| {
            self.rows
                .iter()
                .min_by(|a, b| value(a).total_cmp(&value(b)))
        };
        if let (Some(aic), Some(bic)) = (least(|r| r.aic), least(|r| r.bic)) {
            words.push(if aic.model == bic.model {
                format!("AIC and BIC are lowest for {}.", aic.model)
            } else {
                format!("AIC is lowest for {}, BIC for {}.", aic.model, bic.model)
            });
        }
        if self.rows.iter().any(|r| r.p_boundary.is_some()) {
            words.push(
                "A variance cannot be negative: where one is tested, p (boundary) is the right \
                 p-value and p is too large."
                    .to_owned(),
            );
        }
        for row in &self.rows {
            words.extend(row.bootstrap.as_ref().map(|test| test.words(&row.model)));
        }
        words
    }
}
