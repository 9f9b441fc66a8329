//! Analysis of variance: an F test of each term of the fixed effects.

use std::fmt;

use ranef_design::VariableValues;
use serde::{Serialize, Serializer};

use super::contrast::method_sentence;
use super::hypotheses;
use crate::format::write_text;
use crate::table::{Answer, Style, Table};
use crate::{DfMethod, Error, Fit, Note, tests};

/// What a term is tested after, or averaged over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnovaType {
    /// Each term after those before it in the formula.
    I,
    /// Each term after all others that do not contain it.
    II,
    /// Each term after all others, averaged over the terms that contain it with equal weights for
    /// their cells.
    #[default]
    III,
}

/// As the number 1, 2 or 3.
impl Serialize for AnovaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl AnovaType {
    fn number(self) -> u8 {
        match self {
            AnovaType::I => 1,
            AnovaType::II => 2,
            AnovaType::III => 3,
        }
    }

    fn roman(self) -> &'static str {
        match self {
            AnovaType::I => "I",
            AnovaType::II => "II",
            AnovaType::III => "III",
        }
    }

    /// What is tested, in one sentence.
    fn in_words(self, fit: &Fit) -> String {
        let variables = fit.recipe().variables();
        let number = |v: usize| matches!(variables[v].values, VariableValues::Numbers { .. });
        let mut interactions = (fit.recipe().fixed_terms().iter())
            .map(|t| &t.variables)
            .filter(|v| v.len() > 1)
            .peekable();
        let any = interactions.peek().is_some();
        let with_number = interactions.any(|v| v.iter().any(|x| number(x.0)));
        match (self, any) {
            (AnovaType::I, _) => {
                "Each term is tested after those above it: the order matters.".to_owned()
            }
            (_, false) => "Each term is tested after all others.".to_owned(),
            (AnovaType::II, true) => {
                "Each term is tested after all others that do not contain it; that of a main effect \
                 supposes that its interactions are zero."
                    .to_owned()
            }
            (AnovaType::III, true) => {
                let at_zero = if with_number {
                    "; where it interacts with a number, at zero of that number"
                } else {
                    ""
                };
                format!(
                    "Each term is tested after all others and averaged over the cells of its \
                     interactions with equal weights{at_zero}."
                )
            }
        }
    }
}

/// The F tests of all terms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Anova {
    /// The type of the hypotheses.
    #[serde(rename = "type")]
    pub kind: AnovaType,
    /// The method for degrees of freedom.
    pub method: DfMethod,
    /// What is tested, in one sentence.
    pub tested: String,
    /// One row a term, in the order of the formula.
    pub rows: Vec<AnovaRow>,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// The F test of one term.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnovaRow {
    /// The term: `recipe:temperature`.
    pub term: String,
    /// σ²·F·(numerator df), F before any scaling: no sum of squares of the data, but what lmerTest
    /// calls one.
    pub sum_sq: Option<f64>,
    /// The same over the numerator's degrees of freedom.
    pub mean_sq: Option<f64>,
    /// Independent contrasts of the term that can be estimated.
    pub num_df: f64,
    /// Degrees of freedom of the denominator; `None` for a χ² test.
    pub den_df: Option<f64>,
    /// The statistic; `None` where nothing of the term can be estimated.
    pub f: Option<f64>,
    /// F times its numerator's degrees of freedom, where that is what is tested: without degrees of
    /// freedom of the denominator.
    pub chisq: Option<f64>,
    /// The p-value.
    pub p_value: Option<f64>,
}

impl Fit {
    /// F tests of the terms of the fixed effects. The hypotheses do not depend on the coding of
    /// factors; they are those of SAS and lmerTest (see the module `hypotheses`). In a design with empty
    /// cells, type III averages over the cells that there are as far as they can be compared.
    ///
    /// ```
    /// use ranef::frame::{ReadOptions, open};
    /// use ranef::{AnovaType, DfMethod};
    ///
    /// let data = open("sleep_unbal", &ReadOptions::default())?;
    /// let fit = ranef::lmer("Reaction ~ Days * grp + (Days | Subject)", &*data)?;
    /// let anova = fit.anova(AnovaType::III, DfMethod::Satterthwaite)?;
    /// assert!((anova.rows[0].f.unwrap() - 42.094).abs() < 1e-3);
    /// # Ok::<(), ranef::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Fit::f_test`]; `no_type_three` where a model has more cells than can be listed.
    pub fn anova(&self, kind: AnovaType, df: DfMethod) -> Result<Anova, Error> {
        let p = self.fixef().len();
        let variance = self.sigma() * self.sigma();
        let method = self.effective_df(df);
        // F by Kenward and Roger's method is that of the fit by REML, and so is its variance.
        let variance = match method {
            DfMethod::KenwardRoger if !self.reml() => self.engine_fit(true)?.sigma.powi(2),
            _ => variance,
        };
        let labels = self.recipe().fixed_terms().iter().map(|t| t.label.clone());
        let rows = labels
            .zip(hypotheses::contrasts(self, kind)?)
            .map(|(term, contrasts)| {
                let count = contrasts.len().checked_div(p).unwrap_or(0);
                let test = self.f_test(&contrasts, &vec![0.0; count], df)?;
                // Without residuals there are no sums of squares.
                let squares = test.f.filter(|_| self.family().is_gaussian());
                Ok(AnovaRow {
                    term,
                    sum_sq: squares.map(|f| f / test.scaling * variance * test.num_df),
                    mean_sq: squares.map(|f| f / test.scaling * variance),
                    num_df: test.num_df,
                    den_df: test.den_df,
                    f: test.f,
                    chisq: (method == DfMethod::None)
                        .then(|| test.f.map(|f| f * test.num_df))
                        .flatten(),
                    p_value: test.p_value,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let mut notes: Vec<Note> = tests::refitted(self, df).into_iter().collect();
        if !self.recipe().aliased().is_empty() {
            notes.push(Note::new(
                "aliased",
                "Columns without an estimate are left out: terms with empty cells or repeated columns \
                 are tested by what the data can compare.",
            ));
        }
        let missing = rows.iter().filter(|r| r.f.is_some() && r.p_value.is_none());
        notes.extend(missing.map(|r| tests::no_denominator(&format!("`{}`", r.term))));
        notes.extend(tests::few_groups(self, df));
        Ok(Anova {
            kind,
            method,
            tested: kind.in_words(self),
            rows,
            notes,
        })
    }
}

impl Answer for Anova {
    fn table(&self) -> Table {
        let rows = &self.rows;
        let table = Table::new().text("term", rows.iter().map(|r| r.term.clone()));
        let squares = rows.is_empty() || rows.iter().any(|r| r.sum_sq.is_some() || r.f.is_none());
        let table = if squares {
            table
                .numbers("sum_sq", Style::Estimate, rows.iter().map(|r| r.sum_sq))
                .titled("Sum Sq")
                .numbers("mean_sq", Style::Estimate, rows.iter().map(|r| r.mean_sq))
                .titled("Mean Sq")
        } else {
            table
        };
        let table = table.numbers("num_df", Style::Count, rows.iter().map(|r| r.num_df));
        let p_values = || rows.iter().map(|r| r.p_value);
        if self.method == DfMethod::None {
            return table
                .titled("Df")
                .numbers("chisq", Style::Statistic, rows.iter().map(|r| r.chisq))
                .titled("Chisq")
                .numbers("p_value", Style::PValue, p_values())
                .titled("Pr(>Chisq)");
        }
        table
            .titled("NumDF")
            .numbers("den_df", Style::Df, rows.iter().map(|r| r.den_df))
            .titled("DenDF")
            .numbers("f", Style::Statistic, rows.iter().map(|r| r.f))
            .titled("F value")
            .numbers("p_value", Style::PValue, p_values())
            .titled("Pr(>F)")
    }
}

impl fmt::Display for Anova {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return write_text(
                f,
                "The model has no terms to test: no fixed effects beside the intercept.",
            );
        }
        let method = match self.method {
            DfMethod::Satterthwaite => "Satterthwaite's method",
            DfMethod::KenwardRoger => "Kenward and Roger's method",
            DfMethod::Residual => "residual degrees of freedom",
            DfMethod::None => "χ² tests",
        };
        writeln!(
            f,
            "Type {} analysis of variance with {method}\n\n{}",
            self.kind.roman(),
            self.table()
        )?;
        let mut words = vec![self.tested.clone()];
        if self.method == DfMethod::None {
            words.push(method_sentence(self.method).to_owned());
        }
        if let Some(row) = self.rows.iter().find(|r| r.num_df == 0.0) {
            words.push(format!(
                "`{}` cannot be tested: the data compare none of its levels.",
                row.term
            ));
        }
        words.extend(self.notes.iter().map(|n| n.message.clone()));
        tests::write_words(f, &words)
    }
}
