//! Fixed effects for groups instead of random ones, beside the multilevel model.
//!
//! The within estimator (also called the fixed-effects estimator) lets every group have its own
//! intercept and uses only differences within groups. It needs no assumption on how groups differ,
//! and cannot say anything on what is constant in a group. The multilevel model uses both sources
//! and assumes that group effects have nothing to do with the predictors; where that is wrong its
//! slopes mix effects within and between groups. Three tests say whether it is:
//!
//! - Hausman's (1978, *Econometrica* 46:1251): d'(V_FE − V_RE)⁻¹d on χ², with d the difference of
//!   the slopes. It believes the variances of both models, and V_FE − V_RE may fail to be positive;
//!   then both take the residual variance of the multilevel model.
//! - Wu's or Mundlak's: group means of the predictors join the model, and their coefficients are
//!   tested. For one level of groups that is the same question with a variance that cannot fail.
//! - The same with the cluster-robust covariance (CR2, HTZ): right where groups have different
//!   variances or related residuals, too.
//!
//! Standard errors of the within estimator are cluster-robust; absorbing the group intercepts
//! leaves CR2 unchanged (Pustejovsky and Tipton 2018, theorem 2).

mod mundlak;
mod table;
mod within;

use ranef_design::Coding;
use ranef_engine::distributions::ChiSquared;
use ranef_engine::optimize::symmetric_eigen;
use ranef_engine::sandwich::Sandwich;
use ranef_frame::Source;
use serde::Serialize;

use crate::robust::{Clusters, RobustTest, RobustType, listed, unknown};
use crate::{Error, Fit, Note, RobustCoefficient};
use within::Within;

/// What a question for fixed effects can say.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedEffectsOptions {
    /// The groups that get an intercept each; without it, the lowest level, or where there is none
    /// the grouping factor with the most levels.
    pub group: Option<String>,
    /// The clusters of the robust standard errors; without it, the highest level, or where there
    /// is none the parts of the data that share no level, or the groups themselves.
    pub cluster: Option<String>,
    /// The kind of sandwich.
    pub kind: RobustType,
    /// Share that the intervals are to hold.
    pub level: f64,
}

impl Default for FixedEffectsOptions {
    fn default() -> Self {
        Self {
            group: None,
            cluster: None,
            kind: RobustType::default(),
            level: 0.95,
        }
    }
}

/// The within estimator beside a multilevel model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedEffects {
    /// The formula of the multilevel model.
    pub formula: String,
    /// The groups that have an intercept each.
    pub group: String,
    /// Why these, where none were named and the model has several grouping factors.
    pub group_reason: Option<String>,
    /// How many.
    pub groups: usize,
    /// Those with one row, which say nothing on differences within groups.
    pub singletons: usize,
    /// The clusters of the robust standard errors.
    pub cluster: String,
    /// Why these, where none were named and the model has several grouping factors.
    pub cluster_reason: Option<String>,
    /// How many of them inform the estimates.
    pub clusters: usize,
    /// The kind of sandwich.
    #[serde(rename = "type")]
    pub kind: RobustType,
    /// Share that the intervals hold.
    pub level: f64,
    /// Rows used.
    pub nobs: usize,
    /// Residual standard deviation of the within estimator.
    pub sigma: f64,
    /// Its residual degrees of freedom.
    pub df_residual: usize,
    /// The coefficients of what varies within groups.
    pub rows: Vec<FixedEffect>,
    /// Coefficients that the group intercepts take in.
    pub absorbed: Vec<String>,
    /// Hausman's test, Wu's (Mundlak's), and Wu's with robust covariance.
    pub tests: Vec<SpecificationTest>,
    /// Remarks.
    pub warnings: Vec<Note>,
}

/// One coefficient by both estimators.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedEffect {
    /// R's name of the column.
    pub term: String,
    /// The within estimate.
    pub estimate: f64,
    /// Its cluster-robust standard error.
    pub std_error: f64,
    /// Satterthwaite's degrees of freedom of that.
    pub df: Option<f64>,
    /// Estimate over robust standard error.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// The classical standard error of the within estimate.
    pub classical_std_error: f64,
    /// The estimate of the multilevel model.
    pub multilevel: f64,
    /// Its standard error there.
    pub multilevel_std_error: f64,
}

/// A test of whether the multilevel slopes are those within groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpecificationTest {
    /// `hausman`, `mundlak` or `mundlak_robust`.
    pub test: &'static str,
    /// `chisq`, or `f` with `den_df`.
    pub kind: &'static str,
    /// The statistic; `None` where the data cannot give it.
    pub statistic: Option<f64>,
    /// Number of coefficients compared.
    pub df: usize,
    /// Denominator degrees of freedom of F.
    pub den_df: Option<f64>,
    /// The p-value.
    pub p_value: Option<f64>,
}

impl Fit {
    /// The within estimator with cluster-robust standard errors beside this model, and tests of
    /// whether the two agree: two passes over the rows.
    ///
    /// # Errors
    /// `needs_group` where the model has no grouping factor; `unknown_group`;
    /// `nothing_within` where nothing varies within groups; `group_not_in_cluster`; and as
    /// [`Fit::robust`].
    pub fn fixed_effects(
        &self,
        source: &dyn Source,
        options: &FixedEffectsOptions,
    ) -> Result<FixedEffects, Error> {
        self.refuse_generalised(
            "the within estimator is least squares, and intercepts of their own for many small groups \
             bias other families",
            "`ranef within-between` tells effects within groups from those between them",
        )?;
        let (group, group_reason) = self.lowest(options.group.as_deref())?;
        let name = self.recipe().factors()[group].name.clone();
        let clusters = match &options.cluster {
            Some(asked) => {
                let chosen = Clusters::of(self, Some(asked), source)?;
                if chosen.crossed.contains(&name) {
                    return Err(Error::new(
                        "group_not_in_cluster",
                        format!(
                            "groups of `{name}` reach over clusters of `{}`",
                            chosen.name
                        ),
                    )
                    .with_hint("cluster by the groups themselves, or by something they lie in"));
                }
                chosen
            }
            None => match Clusters::independent(self, source)? {
                Some(chosen) => chosen,
                None => Clusters::of_factor(self, group).because(
                    "no grouping factor holds all others, and the rows do not fall apart into \
                     parts that share no level; these are the groups themselves",
                ),
            },
        };
        let within = Within::of(self, source, group, &clusters)?;
        let mut warnings = Vec::new();
        let robust = within.sandwich(options.kind, &clusters.name, &mut warnings)?;
        let rows = self.both(&within, &robust, options.level);
        let names = self.fixed_names();
        let absorbed = within
            .absorbed
            .iter()
            .map(|&at| names[at].to_owned())
            .filter(|name| name != "(Intercept)")
            .collect();
        if !within.dependent.is_empty() {
            let dropped: Vec<&str> = within.dependent.iter().map(|&at| names[at]).collect();
            warnings.push(Note::new(
                "dependent_within",
                format!(
                    "within groups {} follows from the other predictors and is left out",
                    listed(&dropped)
                ),
            ));
        }
        let mut tests = Vec::new();
        if self.has_constant() {
            tests.push(self.hausman(&within, &mut warnings));
            tests.extend(mundlak::tests(
                self,
                source,
                &within,
                &clusters,
                options.kind,
                &mut warnings,
            )?);
        } else {
            // Group means, and every difference from the within estimator, would stand in for the
            // missing constant and say nothing of groups.
            warnings.push(Note::new(
                "no_intercept",
                "the model has no intercept, and an intercept for each group brings one: the \
                 estimates differ for that reason alone, so there is no test of what lies between \
                 groups",
            ));
        }
        Ok(FixedEffects {
            formula: self.formula().to_owned(),
            groups: within.groups,
            singletons: within.singletons,
            cluster: clusters.name,
            cluster_reason: clusters.reason,
            clusters: robust.clusters(),
            group: name,
            group_reason,
            kind: options.kind,
            level: options.level,
            nobs: self.nobs(),
            sigma: within.sigma,
            df_residual: within.df_residual,
            rows,
            absorbed,
            tests,
            warnings,
        })
    }

    /// The grouping factor that is meant: the named one, or that which lies in all others, or the
    /// one with the most levels; and why, where it was not named and there are several.
    fn lowest(&self, name: Option<&str>) -> Result<(usize, Option<String>), Error> {
        let factors = self.recipe().factors();
        let names: Vec<&str> = factors.iter().map(|f| f.name.as_str()).collect();
        if names.is_empty() {
            return Err(Error::new(
                "needs_group",
                "the model has no grouping factor: which groups are to have an intercept each?",
            )
            .with_hint("add a random term, such as `(1 | school)`"));
        }
        if let Some(name) = name {
            return names
                .iter()
                .position(|n| *n == name)
                .map(|group| (group, None))
                .ok_or_else(|| unknown("unknown_group", "grouping factor", name, &names));
        }
        let lies_in = |inner: usize, outer: usize| {
            let crossed = Clusters::of_factor(self, outer).crossed;
            inner == outer || crossed.iter().all(|n| n != names[inner])
        };
        let lowest =
            (0..names.len()).find(|&inner| (0..names.len()).all(|outer| lies_in(inner, outer)));
        if let Some(lowest) = lowest {
            let several = names.len() > 1;
            let reason = format!("`{}` lies in all other grouping factors", names[lowest]);
            return Ok((lowest, several.then_some(reason)));
        }
        let most = (0..names.len())
            .rev()
            .max_by_key(|&f| factors[f].levels)
            .unwrap_or(0);
        let reason = format!(
            "none of the grouping factors {} lies in all others; `{}` has the most levels",
            listed(&names),
            names[most]
        );
        Ok((most, Some(reason)))
    }

    fn both(&self, within: &Within, robust: &Sandwich, level: f64) -> Vec<FixedEffect> {
        let (k, p) = (within.columns.len(), self.fixef().len());
        within
            .columns
            .iter()
            .enumerate()
            .map(|(at, &column)| {
                let mut unit = vec![0.0; k];
                unit[at] = 1.0;
                let std_error = robust.vcov()[at * k + at].max(0.0).sqrt();
                let term = self.fixed_names()[column].to_owned();
                let estimate = within.beta[at];
                let row =
                    RobustCoefficient::new(term, estimate, std_error, robust.df(&unit), level);
                FixedEffect {
                    term: row.term,
                    estimate,
                    std_error,
                    df: row.df,
                    statistic: row.statistic,
                    p_value: row.p_value,
                    lower: row.lower,
                    upper: row.upper,
                    classical_std_error: within.sigma * within.phi[at * k + at].sqrt(),
                    multilevel: self.fixef()[column],
                    multilevel_std_error: self.vcov()[column * p + column].sqrt(),
                }
            })
            .collect()
    }

    /// Whether the fixed effects hold a constant: an intercept, or all levels of a factor.
    fn has_constant(&self) -> bool {
        let recipe = self.recipe();
        recipe.has_intercept()
            || recipe
                .fixed_terms()
                .iter()
                .any(|term| matches!(term.variables.as_slice(), [(_, Coding::Dummies)]))
    }

    /// d'(V_FE − V_RE)⁻¹d.
    fn hausman(&self, within: &Within, warnings: &mut Vec<Note>) -> SpecificationTest {
        let (k, p) = (within.columns.len(), self.fixef().len());
        let difference: Vec<f64> = within
            .columns
            .iter()
            .zip(&within.beta)
            .map(|(&column, b)| b - self.fixef()[column])
            .collect();
        let form = |sigma: f64| -> Option<f64> {
            let matrix: Vec<f64> = (0..k * k)
                .map(|at| {
                    let (i, j) = (within.columns[at / k], within.columns[at % k]);
                    sigma * sigma * within.phi[at] - self.vcov()[i * p + j]
                })
                .collect();
            inverse_form(&matrix, &difference)
        };
        let own = form(within.sigma);
        let statistic = own.or_else(|| form(self.sigma()));
        match (own, statistic) {
            (None, Some(_)) => warnings.push(Note::new(
                "hausman_common_variance",
                "the difference of the two covariance matrices is not positive, so Hausman's test \
                 takes the residual variance of the multilevel model for both",
            )),
            (None, None) => warnings.push(Note::new(
                "hausman_undefined",
                "the difference of the two covariance matrices is not positive, so Hausman's test \
                 is not defined; the tests with group means are",
            )),
            _ => {}
        }
        SpecificationTest::chi_squared("hausman", statistic, k)
    }
}

impl SpecificationTest {
    fn chi_squared(test: &'static str, statistic: Option<f64>, df: usize) -> Self {
        Self {
            test,
            kind: "chisq",
            statistic,
            df,
            den_df: None,
            p_value: statistic.map(|x| ChiSquared::new(df as f64).upper_tail(x)),
        }
    }

    fn f(test: &'static str, joint: &RobustTest) -> Self {
        Self {
            test,
            kind: "f",
            statistic: joint.f,
            df: joint.num_df as usize,
            den_df: joint.den_df,
            p_value: joint.p_value,
        }
    }
}

/// d'M⁻¹d for a positive definite M; `None` for others. Scaled to unit diagonal first.
fn inverse_form(matrix: &[f64], d: &[f64]) -> Option<f64> {
    let k = d.len();
    let scale: Vec<f64> = (0..k).map(|i| matrix[i * k + i]).collect();
    if scale.iter().any(|s| s.is_nan() || *s <= 0.0) {
        return None;
    }
    let scaled: Vec<f64> = (0..k * k)
        .map(|at| matrix[at] / (scale[at / k] * scale[at % k]).sqrt())
        .collect();
    let (values, vectors) = symmetric_eigen(&scaled, k)?;
    if values.iter().any(|v| v.is_nan() || *v <= 1e-10) {
        return None;
    }
    let form = values
        .iter()
        .zip(vectors.chunks_exact(k))
        .map(|(value, v)| {
            let along: f64 = (0..k).map(|i| v[i] * d[i] / scale[i].sqrt()).sum();
            along * along / value
        })
        .sum();
    Some(form)
}
