//! Tests: of contrasts of the fixed effects, of whole terms, of models against each other.
//!
//! [`Fit::coefficients`](crate::Fit::coefficients) tests each coefficient, `Fit::test` any
//! contrasts of them, `Fit::anova` whole terms by types I, II and III. All come down to one F test,
//! [`Fit::f_test`](crate::Fit::f_test), by the fit's method for degrees of freedom. `compare` sets
//! models side by side with likelihood-ratio tests, and `Fit::deletions` leaves out one random
//! effect after the other.

mod anova;
mod cells;
mod combination;
mod compare;
mod contrast;
mod deletion;
mod hypotheses;
mod joint;
pub(crate) mod kenward_roger;
mod linear;
mod nesting;

pub use anova::{Anova, AnovaRow, AnovaType};
pub use compare::{ComparedCoefficient, Comparison, ModelRow, compare};
pub use contrast::{ContrastRow, ContrastTest, Hypothesis};
pub use deletion::{Deletion, Deletions};
pub use joint::JointTest;
pub use kenward_roger::KenwardRoger;

use crate::format::write_text;
use crate::{DfMethod, Fit, Note, few_groups};

/// Writes sentences below a table, each on lines of its own.
fn write_words(f: &mut std::fmt::Formatter<'_>, words: &[String]) -> std::fmt::Result {
    for sentence in words {
        write_text(f, sentence)?;
    }
    Ok(())
}

/// What to say where Kenward and Roger's F has no answer.
pub(crate) fn no_denominator(what: &str) -> Note {
    Note::new(
        "no_denominator",
        format!(
            "Kenward and Roger's F of {what} does not exist: there are too few groups for so many \
             random effects. Simplify the random effects, or test single coefficients."
        ),
    )
}

/// Note on the tests of a fit by maximum likelihood.
pub(crate) fn refitted(fit: &Fit, df: DfMethod) -> Option<Note> {
    let refit = fit.effective_df(df) == DfMethod::KenwardRoger && !fit.reml();
    refit.then(|| {
        Note::new(
            "refitted_by_reml",
            "Kenward and Roger's tests are about REML: the model was refitted by REML for them.",
        )
    })
}

/// The rule for few groups ([`crate::few_groups`]), for each grouping factor that has few.
pub(crate) fn few_groups(fit: &Fit, df: DfMethod) -> Vec<Note> {
    let factors = fit.structure().factors.iter().enumerate();
    let used = |factor: usize| fit.varcorr().iter().any(|block| block.factor == factor);
    let reml = fit.family().is_gaussian().then(|| fit.reml());
    factors
        .filter(|&(factor, _)| used(factor))
        .filter_map(|(_, shape)| few_groups::note(&shape.name, shape.levels, reml, df))
        .collect()
}
