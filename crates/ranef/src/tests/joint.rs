//! One F test of several contrasts, by any method for degrees of freedom.

use ranef_engine::distributions::FisherF;
use ranef_engine::lmm::FTest;
use serde::Serialize;

use crate::{DfMethod, Error, Fit};

/// An F test of several contrasts at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct JointTest {
    /// The statistic, scaled; `None` where there is nothing to test.
    pub f: Option<f64>,
    /// What Wald's F was multiplied with: Kenward and Roger's λ, 1 by the other methods.
    pub scaling: f64,
    /// Number of independent contrasts.
    pub num_df: f64,
    /// Degrees of freedom of the denominator; `None` for a χ² test, and, without a p-value, where
    /// groups are too few for Kenward and Roger's formula.
    pub den_df: Option<f64>,
    /// The p-value; `None` where there is none.
    pub p_value: Option<f64>,
}

impl JointTest {
    fn of(test: FTest) -> Self {
        let any = test.num_df > 0.0;
        let f = (any && test.f.is_finite()).then_some(test.f);
        // Kenward and Roger's formula can leave the range of degrees of freedom where groups are
        // next to none.
        let possible = test.den_df > 0.0;
        Self {
            f,
            scaling: test.scaling,
            num_df: test.num_df,
            den_df: (any && possible && test.den_df.is_finite()).then_some(test.den_df),
            p_value: f
                .filter(|_| possible)
                .map(|f| FisherF::new(test.num_df, test.den_df).upper_tail(f.max(0.0))),
        }
    }
}

impl Fit {
    /// The F test of q contrasts of [`Fit::fixef`] (q × p by rows) against the q values `rhs`, by
    /// a method for degrees of freedom: Fai and Cornelius' for Satterthwaite's (1996),
    /// Kenward and Roger's (1997), Wald's on the residual degrees of freedom, or Wald's χ²/q. Contrasts
    /// that depend on others count once.
    ///
    /// # Errors
    /// `needs_rows` for Kenward and Roger's test of a saved model that does not carry it.
    pub fn f_test(&self, contrasts: &[f64], rhs: &[f64], df: DfMethod) -> Result<JointTest, Error> {
        let beta = self.tested_fixef(df)?;
        let p = beta.len();
        let values: Vec<f64> = rhs
            .iter()
            .enumerate()
            .map(|(i, value)| {
                let row = &contrasts[i * p..(i + 1) * p];
                row.iter().zip(beta).map(|(l, b)| l * b).sum::<f64>() - value
            })
            .collect();
        let residual = (self.nobs() - p) as f64;
        let test = match self.effective_df(df) {
            DfMethod::Satterthwaite => self.inference().f_test(contrasts, &values),
            DfMethod::KenwardRoger => self.kenward_roger()?.f_test(contrasts, &values),
            DfMethod::None => FTest::wald(contrasts, &values, self.vcov(), f64::INFINITY),
            DfMethod::Residual => FTest::wald(contrasts, &values, self.vcov(), residual),
        };
        Ok(JointTest::of(test))
    }

    /// Degrees of freedom of the contrast l'β by a method; `None` for a z test.
    ///
    /// # Errors
    /// As [`Fit::f_test`].
    pub fn df_of(&self, contrast: &[f64], df: DfMethod) -> Result<Option<f64>, Error> {
        let found = match self.effective_df(df) {
            DfMethod::Satterthwaite => self.inference().satterthwaite(contrast),
            DfMethod::KenwardRoger => self.kenward_roger()?.df(contrast),
            DfMethod::Residual => (self.nobs() - self.fixef().len()) as f64,
            DfMethod::None => return Ok(None),
        };
        Ok(Some(found))
    }

    /// The method that answers for `df`: without random effects, the residual degrees of freedom
    /// are what Satterthwaite's and Kenward and Roger's formulas give, but for rounding.
    pub(crate) fn effective_df(&self, df: DfMethod) -> DfMethod {
        match df {
            // No degrees of freedom are known for generalised models.
            _ if !self.family().is_gaussian() => DfMethod::None,
            DfMethod::Satterthwaite | DfMethod::KenwardRoger if self.theta().is_empty() => {
                DfMethod::Residual
            }
            df => df,
        }
    }

    /// The fixed effects that tests by a method are about: those of the fit, or, by Kenward and
    /// Roger, those by REML.
    pub(crate) fn tested_fixef(&self, df: DfMethod) -> Result<&[f64], Error> {
        match self.effective_df(df) {
            DfMethod::KenwardRoger => Ok(self.kenward_roger()?.fixef()),
            _ => Ok(self.fixef()),
        }
    }

    /// The covariance matrix of the fixed effects that tests and intervals by a method rest on,
    /// p × p by rows: [`Fit::vcov`], or with Kenward and Roger's degrees of freedom their corrected
    /// one.
    ///
    /// # Errors
    /// As [`Fit::f_test`].
    pub fn tested_vcov(&self, df: DfMethod) -> Result<&[f64], Error> {
        match self.effective_df(df) {
            DfMethod::KenwardRoger => Ok(self.kenward_roger()?.covariance()),
            _ => Ok(self.vcov()),
        }
    }
}
