//! A fit as one object for programs: the JSON of `ranef fit --json`.

use serde::{Serialize, Serializer};

use crate::{Coefficient, Fit, Note};

/// The numbers of a fit under the names that INTERFACE promises; unknown values are `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The formula, as R would print it.
    pub formula: String,
    /// `REML` or `ML`.
    pub method: &'static str,
    /// The family of the response.
    pub family: &'static str,
    /// The link.
    pub link: &'static str,
    /// How the likelihood of a generalised mixed model is approximated.
    pub approximation: Option<String>,
    /// Rows used.
    pub nobs: usize,
    /// Rows left out for missing values.
    pub dropped: usize,
    /// Levels of each grouping factor, in the order of the formula.
    #[serde(serialize_with = "as_map")]
    pub groups: Vec<(String, usize)>,
    /// REML criterion or −2 log-likelihood.
    pub criterion: f64,
    /// −criterion/2.
    pub loglik: f64,
    /// Number of parameters.
    pub npar: usize,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz' criterion.
    pub bic: f64,
    /// Rows less parameters.
    pub df_residual: usize,
    /// Residual standard deviation.
    pub sigma: f64,
    /// Relative covariance parameters.
    pub theta: Vec<f64>,
    /// Whether the fit carries its certificate.
    pub converged: bool,
    /// Whether a covariance matrix is singular.
    pub singular: bool,
    /// Evaluations of the criterion.
    pub evaluations: usize,
    /// Seconds from formula to fit.
    pub seconds: f64,
    /// The method for degrees of freedom.
    pub df_method: crate::DfMethod,
    /// The certificate in numbers.
    pub certificate: crate::Certificate,
    /// Fixed effects.
    pub fixed: Vec<Coefficient>,
    /// Covariance of the fixed effects that are not aliased.
    pub vcov: Vec<Vec<f64>>,
    /// Parameters of the family beside its mean.
    pub family_parameters: Vec<crate::FamilyParameter>,
    /// Covariances of the random effects.
    pub random: Vec<RandomReport>,
    /// How the grouping factors lie to each other.
    pub structure: ranef_design::Structure,
    /// Remarks.
    pub warnings: Vec<Note>,
}

/// One block of random effects.
#[derive(Clone, Debug, Serialize)]
pub struct RandomReport {
    /// The grouping factor.
    pub group: String,
    /// The effects.
    pub terms: Vec<String>,
    /// Standard deviations.
    pub sd: Vec<f64>,
    /// Covariances.
    pub cov: Vec<Vec<f64>>,
    /// Correlations; `None` beside a zero standard deviation.
    pub corr: Vec<Vec<Option<f64>>>,
}

fn as_map<S: Serializer>(pairs: &[(String, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, levels)| (name, levels)))
}

impl Fit {
    /// The fit as one object for programs.
    pub fn report(&self) -> Report {
        let p = self.fixef().len();
        Report {
            formula: self.formula().to_owned(),
            method: if self.reml() { "REML" } else { "ML" },
            family: self.family().name(),
            link: self.family().link().name(),
            approximation: self.approximation(),
            nobs: self.nobs(),
            dropped: self.row_count().dropped,
            groups: self
                .recipe()
                .factors()
                .iter()
                .map(|f| (f.name.clone(), f.levels))
                .collect(),
            criterion: self.criterion(),
            loglik: self.log_likelihood(),
            npar: self.parameters(),
            aic: self.aic(),
            bic: self.bic(),
            df_residual: self.df_residual(),
            sigma: self.sigma(),
            theta: self.theta().to_vec(),
            converged: self.certificate().converged,
            singular: self.singular(),
            evaluations: self.evaluations(),
            seconds: self.seconds(),
            df_method: self.df_method(),
            certificate: self.certificate().clone(),
            fixed: self.coefficients(),
            vcov: (0..p)
                .map(|i| self.vcov()[i * p..(i + 1) * p].to_vec())
                .collect(),
            family_parameters: self.family_parameters(),
            random: self
                .varcorr()
                .iter()
                .map(|block| RandomReport {
                    group: block.group.clone(),
                    terms: block.terms.clone(),
                    sd: block.sd.clone(),
                    cov: block.cov.clone(),
                    corr: block.corr.clone(),
                })
                .collect(),
            structure: self.structure().clone(),
            warnings: self.notes().to_vec(),
        }
    }
}
