//! Contrasts of one's own: a t test of each and an F test of all.

use std::fmt;

use ranef_engine::distributions::{Normal, StudentT};
use ranef_engine::optimize::symmetric_eigen;
use serde::Serialize;

use super::combination;
use super::joint::JointTest;
use crate::adjust::{Adjust, Single, pairwise_means};
use crate::format::p_value;
use crate::table::{Answer, Style, Table};
use crate::{DfMethod, Error, Fit, Note, tests};

/// A linear combination of the fixed effects and the value that is tested.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// What people read: `Days - grpB`.
    pub name: String,
    /// A weight for each of [`Fit::fixef`].
    pub weights: Vec<f64>,
    /// The value that the combination has under the hypothesis.
    pub value: f64,
}

/// Tests of contrasts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContrastTest {
    /// The method for degrees of freedom.
    pub method: DfMethod,
    /// How the p-values of the rows are adjusted for their number.
    pub adjustment: Adjust,
    /// One test a contrast.
    pub rows: Vec<ContrastRow>,
    /// All of them at once; its p-value needs no adjustment.
    pub joint: JointTest,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// The test of one contrast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContrastRow {
    /// The contrast as it was named.
    pub contrast: String,
    /// Its estimate.
    pub estimate: f64,
    /// The value it is tested against.
    pub null_value: f64,
    /// Standard error of the estimate.
    pub std_error: f64,
    /// Degrees of freedom; `None` for a z test.
    pub df: Option<f64>,
    /// (Estimate − value)/standard error: t, or z where `df` is `None`.
    pub statistic: f64,
    /// Two-sided p-value, adjusted.
    pub p_value: Option<f64>,
}

impl Fit {
    /// Reads hypotheses about the coefficients from text: `Days - grpB = 0`, `(a + b)/2`, a chain
    /// `a = b = c`, or the name of a term, which stands for all of its coefficients.
    ///
    /// # Errors
    /// `unknown_coefficient`, `contrast_syntax`, `not_linear`, `empty_contrast`, and `aliased` where
    /// a coefficient that the data cannot give is in it.
    pub fn hypotheses(&self, text: &str) -> Result<Vec<Hypothesis>, Error> {
        let recipe = self.recipe();
        let kept = recipe.fixed_kept();
        let names: Vec<&str> = recipe.fixed_names().iter().map(String::as_str).collect();
        let whole = text.trim();
        let term = recipe.fixed_terms().iter().find(|t| t.label == whole);
        let rows: Vec<(String, Vec<f64>, f64)> = match term {
            // A term's name is that of its only coefficient where there is just one.
            Some(term) if !names.contains(&whole) => term
                .columns
                .clone()
                .filter(|j| kept.contains(j))
                .map(|j| {
                    let mut weights = vec![0.0; names.len()];
                    weights[j] = 1.0;
                    (names[j].to_owned(), weights, 0.0)
                })
                .collect(),
            _ => {
                let rows = combination::parse(text, &names)?;
                let several = rows.len() > 1;
                let one = |(i, row): (usize, combination::Combination)| {
                    let name = if several {
                        let sides: Vec<&str> = whole
                            .split('=')
                            .map(str::trim)
                            .filter(|s| !s.is_empty())
                            .collect();
                        format!("{} = {}", sides[i], sides[i + 1])
                    } else {
                        whole.to_owned()
                    };
                    (name, row.weights, row.value)
                };
                rows.into_iter().enumerate().map(one).collect()
            }
        };
        if rows.is_empty() {
            return Err(Error::new(
                "aliased",
                format!("the data cannot give any coefficient of `{whole}`"),
            ));
        }
        rows.into_iter()
            .map(|(name, weights, value)| {
                let lost = recipe.aliased().iter().find(|&&j| weights[j] != 0.0);
                if let Some(&j) = lost {
                    return Err(Error::new(
                        "aliased",
                        format!(
                            "`{}` has no estimate: other columns determine it, so `{name}` cannot \
                             be tested",
                            names[j]
                        ),
                    )
                    .with_hint("test a combination of coefficients that have estimates"));
                }
                Ok(Hypothesis {
                    name,
                    weights: kept.iter().map(|&j| weights[j]).collect(),
                    value,
                })
            })
            .collect()
    }

    /// Tests hypotheses about the fixed effects: a t test of each with adjusted p-values, and an F
    /// test of all at once ([`Fit::f_test`]).
    ///
    /// ```
    /// use ranef::frame::{ReadOptions, open};
    /// use ranef::{Adjust, DfMethod};
    ///
    /// let data = open("Machines", &ReadOptions::default())?;
    /// let fit = ranef::lmer("score ~ Machine + (Machine | Worker)", &*data)?;
    /// let mut pairs = fit.hypotheses("MachineB")?;
    /// pairs.extend(fit.hypotheses("MachineC")?);
    /// pairs.extend(fit.hypotheses("MachineC - MachineB")?);
    /// let test = fit.test(&pairs, DfMethod::KenwardRoger, Adjust::Tukey)?;
    /// assert_eq!(test.joint.num_df, 2.0);
    /// # Ok::<(), ranef::Error>(())
    /// ```
    ///
    /// # Errors
    /// `contradictory` where the hypotheses exclude each other, and those of [`Fit::f_test`].
    pub fn test(
        &self,
        hypotheses: &[Hypothesis],
        df: DfMethod,
        adjustment: Adjust,
    ) -> Result<ContrastTest, Error> {
        let p = self.fixef().len();
        if hypotheses.is_empty() || hypotheses.iter().any(|h| h.weights.len() != p) {
            return Err(Error::new(
                "contrast_size",
                format!("a contrast needs {p} weights, one for each fixed effect"),
            ));
        }
        let contrasts: Vec<f64> = hypotheses.iter().flat_map(|h| h.weights.clone()).collect();
        let values: Vec<f64> = hypotheses.iter().map(|h| h.value).collect();
        consistent(&contrasts, &values)?;
        let joint = self.f_test(&contrasts, &values, df)?;
        let (beta, vcov) = (self.tested_fixef(df)?, self.tested_vcov(df)?);
        let mut rows = Vec::with_capacity(hypotheses.len());
        for hypothesis in hypotheses {
            let l = &hypothesis.weights;
            let estimate: f64 = l.iter().zip(beta).map(|(l, b)| l * b).sum();
            let variance: f64 = (0..p * p).map(|at| l[at / p] * vcov[at] * l[at % p]).sum();
            let std_error = variance.sqrt();
            let df = self.df_of(l, df)?;
            let statistic = (estimate - hypothesis.value) / std_error;
            let p_value = match df {
                Some(df) => StudentT::new(df).two_sided_p(statistic),
                None => Normal::STANDARD.two_sided_p(statistic),
            };
            rows.push(ContrastRow {
                contrast: hypothesis.name.clone(),
                estimate,
                null_value: hypothesis.value,
                std_error,
                df,
                statistic,
                p_value: p_value.is_finite().then_some(p_value),
            });
        }
        let mut notes: Vec<Note> = tests::refitted(self, df).into_iter().collect();
        if joint.f.is_some() && joint.p_value.is_none() {
            notes.push(tests::no_denominator("all at once"));
        }
        notes.extend(tests::few_groups(self, df));
        let means = pairwise_means(&contrasts, p);
        if adjustment == Adjust::Tukey && means.is_none() {
            notes.push(Note::new(
                "tukey_needs_pairs",
                "Tukey's adjustment is for all pairwise differences of some means, which these are \
                 not: the p-values are adjusted by Šidák's rule instead.",
            ));
        }
        let singles: Vec<Single> = rows
            .iter()
            .map(|row| Single {
                statistic: row.statistic,
                df: row.df,
                p_value: row.p_value,
            })
            .collect();
        let adjusted = adjustment.apply(&singles, means);
        for (row, p_value) in rows.iter_mut().zip(adjusted) {
            row.p_value = p_value;
        }
        Ok(ContrastTest {
            method: self.effective_df(df),
            adjustment,
            rows,
            joint,
            notes,
        })
    }
}

/// Refuses hypotheses of which one excludes another: a = 0 and a = 1.
fn consistent(contrasts: &[f64], values: &[f64]) -> Result<(), Error> {
    let n = values.len();
    let p = contrasts.len() / n;
    let row = |i: usize| &contrasts[i * p..(i + 1) * p];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let lengths: Vec<f64> = (0..n).map(|i| dot(row(i), row(i)).sqrt()).collect();
    if lengths.iter().any(|x| *x == 0.0 || !x.is_finite()) {
        return Err(Error::new(
            "empty_contrast",
            "a contrast has no coefficient in it, so there is nothing to test",
        ));
    }
    let gram: Vec<f64> = (0..n * n)
        .map(|at| dot(row(at / n), row(at % n)) / (lengths[at / n] * lengths[at % n]))
        .collect();
    let scaled: Vec<f64> = values.iter().zip(&lengths).map(|(v, l)| v / l).collect();
    let size = scaled.iter().fold(0.0f64, |s, x| s.max(x.abs()));
    let Some((eigenvalues, vectors)) = symmetric_eigen(&gram, n) else {
        return Ok(());
    };
    let excluded = eigenvalues
        .iter()
        .zip(vectors.chunks_exact(n))
        .any(|(value, vector)| *value < 1e-10 && dot(vector, &scaled).abs() > 1e-7 * size);
    if excluded {
        return Err(Error::new(
            "contradictory",
            "these hypotheses exclude each other: no coefficients could fulfil all of them",
        )
        .with_hint("test them one at a time"));
    }
    Ok(())
}

impl Answer for ContrastTest {
    fn table(&self) -> Table {
        let rows = &self.rows;
        let mut table = Table::new()
            .text("contrast", rows.iter().map(|r| r.contrast.clone()))
            .numbers("estimate", Style::Estimate, rows.iter().map(|r| r.estimate));
        if rows.iter().any(|r| r.null_value != 0.0) {
            table = table
                .numbers(
                    "null_value",
                    Style::Estimate,
                    rows.iter().map(|r| r.null_value),
                )
                .titled("Tested");
        }
        table = table.numbers(
            "std_error",
            Style::Estimate,
            rows.iter().map(|r| r.std_error),
        );
        if rows.iter().any(|r| r.df.is_some()) {
            table = table.numbers("df", Style::Df, rows.iter().map(|r| r.df));
        }
        table = table.numbers(
            "statistic",
            Style::Statistic,
            rows.iter().map(|r| r.statistic),
        );
        if rows.iter().all(|r| r.df.is_none()) {
            table = table.titled("z value");
        }
        table.numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
    }
}

impl fmt::Display for ContrastTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table())?;
        writeln!(f)?;
        let mut words = vec![method_sentence(self.method).to_owned()];
        if self.rows.len() > 1 {
            words.push(match self.adjustment {
                Adjust::None => "p-values are not adjusted for their number.".to_owned(),
                how => format!(
                    "p-values are adjusted for {} tests by {}.",
                    self.rows.len(),
                    how.in_words()
                ),
            });
            words.push(self.joint.sentence(if self.rows.len() == 2 {
                "Both at once"
            } else {
                "All at once"
            }));
        }
        words.extend(self.notes.iter().map(|n| n.message.clone()));
        tests::write_words(f, &words)
    }
}

impl JointTest {
    /// `Both at once: F(2, 14.8) = 0.49, p = 0.62.`
    pub(crate) fn sentence(&self, what: &str) -> String {
        let (Some(f), Some(p)) = (self.f, self.p_value) else {
            return format!("{what}: no test.");
        };
        let (name, value, df) = match self.den_df {
            Some(den) => ("F", f, format!("{}, {den:.1}", self.num_df)),
            None => ("χ²", f * self.num_df, format!("{}", self.num_df)),
        };
        format!("{what}: {name}({df}) = {value:.2}, p {}.", p_value(p))
    }
}

/// How the degrees of freedom of an answer came about, in one sentence.
pub(super) fn method_sentence(method: DfMethod) -> &'static str {
    match method {
        DfMethod::Satterthwaite => {
            "Degrees of freedom by Satterthwaite's method (observed information)."
        }
        DfMethod::KenwardRoger => {
            "Standard errors and degrees of freedom by Kenward and Roger's method (expected \
             information)."
        }
        DfMethod::Residual => "Residual degrees of freedom: rows less fixed effects.",
        DfMethod::None => {
            "Tests without degrees of freedom (z and χ²), right for many groups only."
        }
    }
}
