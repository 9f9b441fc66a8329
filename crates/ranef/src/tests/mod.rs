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

use crate::format::wrap;
use crate::{DfMethod, Fit, Note};

/// Columns that text is set in.
const COLUMNS: usize = 80;

/// Writes sentences below a table, each on lines of its own.
fn write_words(f: &mut std::fmt::Formatter<'_>, words: &[String]) -> std::fmt::Result {
    for sentence in words {
        writeln!(f, "{}", wrap(sentence, COLUMNS))?;
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

/// Groups below this number: tests by Kenward and Roger.
const FEW: usize = 10;
/// Groups below this number: no variance between them to speak of.
const VERY_FEW: usize = 5;

/// The rule for few groups (Elff, Heisig, Schaeffer and Shikano 2021, BJPS 51:412, in answer to
/// Stegmueller 2013): REML and degrees of freedom that count groups keep the error rates of tests
/// of fixed effects also with few groups; ML with z tests does not.
pub(crate) fn few_groups(fit: &Fit, df: DfMethod) -> Vec<Note> {
    let structure = fit.structure();
    let used = |factor: usize| fit.varcorr().iter().any(|block| block.factor == factor);
    let few = structure
        .factors
        .iter()
        .enumerate()
        .filter(|&(factor, shape)| used(factor) && shape.levels < FEW);
    few.map(|(_, shape)| {
        let advice = if shape.levels < VERY_FEW {
            format!(
                "with so few, `{}` is better a fixed effect than a random one",
                shape.name
            )
        } else if !fit.family().is_gaussian() {
            "z tests count on many groups and find too much here; see also profile intervals".to_owned()
        } else {
            match (fit.reml(), df) {
                (true, DfMethod::KenwardRoger) => {
                    "tests by REML with Kenward and Roger's degrees of freedom, as here, are the \
                     ones to trust"
                        .to_owned()
                }
                (true, _) => {
                    "prefer Kenward and Roger's degrees of freedom (--df kenward-roger)".to_owned()
                }
                (false, _) => "prefer REML with Kenward and Roger's degrees of freedom (without \
                               --ml, --df kenward-roger)"
                    .to_owned(),
            }
        };
        Note::new(
            "few_groups",
            format!(
                "Rule for few groups: `{}` has {} levels; {advice}.",
                shape.name, shape.levels
            ),
        )
    })
    .collect()
}
