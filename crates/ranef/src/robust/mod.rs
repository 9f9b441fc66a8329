//! Standard errors that hold when the model has the variances wrong: the cluster-robust sandwich,
//! with the corrections and degrees of freedom that few clusters need.
//!
//! A multilevel model gets its standard errors from its own variances. Where these are wrong, for
//! want of a random slope, or because residuals of a group are related in time, the fixed effects
//! are still right and their standard errors are not. The sandwich asks the rows: clusters are
//! independent, and whatever happens within one is taken as it is (Liang and Zeger 1986). With
//! CR2 it is unbiased where the model is right (Bell and McCaffrey 2002), and its degrees of
//! freedom say how few clusters stand behind a coefficient (Pustejovsky and Tipton 2018).
//!
//! The arithmetic is the engine's ([`ranef_engine::sandwich`]); here rows are brought to clusters
//! (`clusters`) and numbers to words (`table`).

mod clusters;
mod table;

use ranef_engine::distributions::{FisherF, StudentT};
use ranef_engine::sandwich::{Correction, Sandwich};
use ranef_frame::Source;
use serde::{Serialize, Serializer};

use crate::{Error, Fit, Note};
pub(crate) use clusters::{Clusters, sandwich};

/// The kind of sandwich.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum RobustType {
    /// No correction for few clusters.
    #[serde(rename = "CR0")]
    Cr0,
    /// CR0 times J/(J−1).
    #[serde(rename = "CR1")]
    Cr1,
    /// CR0 times J/(J−1) · (N−1)/(N−p), as Stata does for regressions.
    #[serde(rename = "CR1S")]
    Cr1s,
    /// Unbiased where the model's variances are right.
    #[default]
    #[serde(rename = "CR2")]
    Cr2,
    /// Nearly the jackknife over clusters: errs on the side of caution.
    #[serde(rename = "CR3")]
    Cr3,
}

impl RobustType {
    /// As the field writes it: `CR2`.
    pub fn name(self) -> &'static str {
        match self {
            RobustType::Cr0 => "CR0",
            RobustType::Cr1 => "CR1",
            RobustType::Cr1s => "CR1S",
            RobustType::Cr2 => "CR2",
            RobustType::Cr3 => "CR3",
        }
    }

    pub(crate) fn correction(self) -> Correction {
        match self {
            RobustType::Cr0 => Correction::Cr0,
            RobustType::Cr1 => Correction::Cr1,
            RobustType::Cr1s => Correction::Cr1s,
            RobustType::Cr2 => Correction::Cr2,
            RobustType::Cr3 => Correction::Cr3,
        }
    }
}

/// What a question for robust standard errors can say.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustOptions {
    /// The kind of sandwich; by default CR2, or CR0 where clusters share random effects and CR2 is
    /// not defined.
    pub kind: Option<RobustType>,
    /// What the clusters are, as a formula would write a grouping factor: a factor of the model or
    /// another column. Without it, the grouping factor that all others are nested in; where there
    /// is none, the parts of the data that share no level; where there are none, the grouping
    /// factor with the fewest levels.
    pub cluster: Option<String>,
    /// Joint tests: each a list of terms or coefficients that are all zero under the hypothesis.
    /// Terms of several columns are tested without being named.
    pub tests: Vec<Vec<String>>,
    /// Share that the intervals are to hold, such as 0.95.
    pub level: f64,
}

impl Default for RobustOptions {
    fn default() -> Self {
        Self {
            kind: None,
            cluster: None,
            tests: Vec::new(),
            level: 0.95,
        }
    }
}

/// Fixed effects with cluster-robust standard errors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Robust {
    /// The formula.
    pub formula: String,
    /// The kind of sandwich.
    #[serde(rename = "type")]
    pub kind: RobustType,
    /// What the clusters are.
    pub cluster: String,
    /// Why these, where none were named and the model has several grouping factors.
    pub cluster_reason: Option<String>,
    /// Number of clusters, J.
    pub clusters: usize,
    /// Share that the intervals hold.
    pub level: f64,
    /// `satterthwaite`, or `clusters` for J − 1.
    pub df_method: &'static str,
    /// The coefficients, aliased ones with nulls.
    pub fixed: Vec<RobustCoefficient>,
    /// Robust covariance of the coefficients that are not aliased.
    #[serde(serialize_with = "by_rows")]
    pub vcov: Vec<f64>,
    /// Joint tests.
    pub tests: Vec<RobustTest>,
    /// Remarks.
    pub warnings: Vec<Note>,
}

/// One fixed effect with its robust standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobustCoefficient {
    /// R's name of the column.
    pub term: String,
    /// The estimate, that of the model.
    pub estimate: Option<f64>,
    /// The robust standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom of the t test.
    pub df: Option<f64>,
    /// Estimate over robust standard error.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// The standard error of the model, to compare with.
    pub model_std_error: Option<f64>,
}

/// A joint test of several coefficients: the approximate Hotelling test HTZ (Pustejovsky and
/// Tipton 2018), or an F test on J − 1 where that is not defined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobustTest {
    /// What is tested: `recipe`, `grp + Days:grp`.
    pub term: String,
    /// Number of coefficients.
    pub num_df: f64,
    /// Denominator degrees of freedom; `None` where clusters are too few for so many coefficients.
    pub den_df: Option<f64>,
    /// F.
    pub f: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
}

impl Fit {
    /// Fixed effects with cluster-robust standard errors, from one pass over the rows that the
    /// model was fitted to (and one more to learn the clusters, where these are not a grouping
    /// factor of the model).
    ///
    /// # Errors
    /// `needs_cluster` for a model without grouping factors and no cluster named;
    /// `crossed_clusters` where CR2 or CR3 is asked for and clusters share random effects; what
    /// reading the
    /// rows may say; `other_rows` where these are not the rows of the fit; `cluster_too_large`
    /// where CR2 or CR3 would have to decompose a matrix of more than some thousand rows.
    pub fn robust(&self, source: &dyn Source, options: &RobustOptions) -> Result<Robust, Error> {
        self.refuse_generalised(
            "cluster-robust standard errors are of gaussian models here",
            "look at overdispersion with `ranef check`, and at the random effects that are missing",
        )?;
        if self.fixef().is_empty() {
            return Err(Error::new(
                "no_fixed_effects",
                "the model has no fixed effects, so there are no standard errors to make robust",
            ));
        }
        let clusters = Clusters::of(self, options.cluster.as_deref(), source)?;
        let tests = self.joint_tests(&options.tests)?;
        let mut warnings = Vec::new();
        let satterthwaite = clusters.crossed.is_empty();
        let kind = options.kind.unwrap_or(match satterthwaite {
            true => RobustType::Cr2,
            false => RobustType::Cr0,
        });
        let estimated = if satterthwaite {
            clusters.nested(self, source, kind, &mut warnings)?
        } else {
            warnings.push(clusters.crossed_note(self, options.kind));
            clusters.scores(self, source, kind)?
        };
        let count = estimated.clusters();
        if count < 2 {
            return Err(Error::new(
                "too_few_clusters",
                format!(
                    "there is {count} cluster of `{}`: robust standard errors compare clusters",
                    clusters.name
                ),
            )
            .with_hint("cluster by something that the rows differ in"));
        }
        let naive = (count - 1) as f64;
        let (p, beta, vcov) = (self.fixef().len(), self.fixef(), estimated.vcov().to_vec());
        let mut fixed = Vec::new();
        for model in self.coefficients() {
            let at = self.fixed_names().iter().position(|n| *n == model.term);
            fixed.push(match (at, model.estimate) {
                (Some(at), Some(estimate)) => {
                    let mut unit = vec![0.0; p];
                    unit[at] = 1.0;
                    let df = if satterthwaite {
                        estimated.df(&unit)
                    } else {
                        Some(naive)
                    };
                    let std_error = vcov[at * p + at].max(0.0).sqrt();
                    RobustCoefficient::new(model.term, estimate, std_error, df, options.level)
                        .beside(model.std_error)
                }
                _ => RobustCoefficient::unknown(model.term),
            });
        }
        let tests = tests
            .into_iter()
            .map(|(term, columns)| joint(&estimated, term, &columns, beta, satterthwaite, naive))
            .collect();
        warnings.extend(few(&fixed, count, &clusters.name));
        Ok(Robust {
            formula: self.formula().to_owned(),
            kind,
            cluster: clusters.name,
            cluster_reason: clusters.reason,
            clusters: count,
            level: options.level,
            df_method: if satterthwaite {
                "satterthwaite"
            } else {
                "clusters"
            },
            fixed,
            vcov,
            tests,
            warnings,
        })
    }

    /// Names of joint tests with the positions of their coefficients: those asked for, and every
    /// term of several columns.
    fn joint_tests(&self, asked: &[Vec<String>]) -> Result<Vec<(String, Vec<usize>)>, Error> {
        let recipe = self.recipe();
        let kept = recipe.fixed_kept();
        let names = self.fixed_names();
        let of_term = |label: &str| -> Option<Vec<usize>> {
            let term = recipe.fixed_terms().iter().find(|t| t.label == label)?;
            let inside = |at: &usize| term.columns.contains(&kept[*at]);
            Some((0..kept.len()).filter(inside).collect())
        };
        let mut out = Vec::new();
        for term in recipe.fixed_terms() {
            if let Some(columns) = of_term(&term.label).filter(|c| c.len() > 1) {
                out.push((term.label.clone(), columns));
            }
        }
        for parts in asked {
            let mut columns = Vec::new();
            for part in parts {
                let found = of_term(part)
                    .or_else(|| names.iter().position(|n| n == part).map(|at| vec![at]));
                let Some(found) = found else {
                    let known: Vec<&str> = recipe
                        .fixed_terms()
                        .iter()
                        .map(|t| t.label.as_str())
                        .chain(names.iter().copied())
                        .collect();
                    return Err(unknown("unknown_term", "fixed effect", part, &known));
                };
                columns.extend(found);
            }
            columns.sort_unstable();
            columns.dedup();
            let name = parts.join(" + ");
            if !columns.is_empty() && out.iter().all(|(known, _)| *known != name) {
                out.push((name, columns));
            }
        }
        Ok(out)
    }
}

/// The error for a name that is none, with the nearest that is.
pub(crate) fn unknown(code: &'static str, what: &str, name: &str, known: &[&str]) -> Error {
    let error = Error::new(code, format!("the model has no {what} `{name}`"));
    match ranef_formula::did_you_mean(name, known) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(format!("it has {}", listed(known))),
    }
}

/// `a`, `b` and `c`, in backticks.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

impl RobustCoefficient {
    pub(crate) fn new(
        term: String,
        estimate: f64,
        std_error: f64,
        df: Option<f64>,
        level: f64,
    ) -> Self {
        let statistic = (std_error > 0.0).then(|| estimate / std_error);
        let t = df.filter(|df| *df > 0.0).map(StudentT::new);
        let half = t.map(|t| t.quantile(0.5 + 0.5 * level) * std_error);
        Self {
            term,
            estimate: Some(estimate),
            std_error: Some(std_error),
            df,
            statistic,
            p_value: t.zip(statistic).map(|(t, s)| t.two_sided_p(s)),
            lower: half.map(|h| estimate - h),
            upper: half.map(|h| estimate + h),
            model_std_error: None,
        }
    }

    fn beside(mut self, model_std_error: Option<f64>) -> Self {
        self.model_std_error = model_std_error;
        self
    }

    fn unknown(term: String) -> Self {
        Self {
            term,
            estimate: None,
            std_error: None,
            df: None,
            statistic: None,
            p_value: None,
            lower: None,
            upper: None,
            model_std_error: None,
        }
    }
}

/// The joint test of some coefficients.
pub(crate) fn joint(
    sandwich: &Sandwich,
    term: String,
    columns: &[usize],
    beta: &[f64],
    satterthwaite: bool,
    naive: f64,
) -> RobustTest {
    let q = columns.len();
    let contrasts: Vec<Vec<f64>> = columns
        .iter()
        .map(|&at| {
            let mut unit = vec![0.0; beta.len()];
            unit[at] = 1.0;
            unit
        })
        .collect();
    let (f, den_df) = if satterthwaite {
        let test = sandwich.hotelling(&contrasts, beta);
        (test.and_then(|t| t.f), test.and_then(|t| t.den_df))
    } else {
        let f = sandwich.wald(&contrasts, beta).map(|w| w / q as f64);
        (f, f.map(|_| naive))
    };
    RobustTest {
        term,
        num_df: q as f64,
        den_df,
        f,
        p_value: f
            .zip(den_df)
            .map(|(f, df)| FisherF::new(q as f64, df).upper_tail(f)),
    }
}

/// A remark where few clusters stand behind a coefficient.
fn few(fixed: &[RobustCoefficient], clusters: usize, name: &str) -> Option<Note> {
    let terms: Vec<&str> = fixed
        .iter()
        .filter(|c| c.df.is_some_and(|df| df < 4.0))
        .map(|c| c.term.as_str())
        .collect();
    (!terms.is_empty()).then(|| {
        Note::new(
            "few_degrees_of_freedom",
            format!(
                "fewer than 4 degrees of freedom stand behind {}, although there are {clusters} \
                 clusters of `{name}`: the t test is then too bold or too timid (Bell and \
                 McCaffrey 2002), and no robust method mends it",
                listed(&terms)
            ),
        )
    })
}

fn by_rows<S: Serializer>(matrix: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let p = (matrix.len() as f64).sqrt().round() as usize;
    let rows: Vec<&[f64]> = matrix.chunks(p.max(1)).collect();
    rows.serialize(serializer)
}
