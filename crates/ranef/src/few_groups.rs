//! Few groups: one rule and one text for everything that has to say it.
//!
//! Elff, Heisig, Schaeffer and Shikano (2021, BJPS 51:412), in answer to Stegmueller (2013): REML
//! and degrees of freedom that count groups keep the error rates of tests of fixed effects also
//! with few groups; ML with z tests does not. With less than a handful a variance between them is
//! hardly known, and the groups are better fixed effects.

use crate::{DfMethod, Note};

/// Groups below this number: tests by Kenward and Roger.
pub(crate) const FEW: usize = 10;
/// Groups below this number: no variance between them to speak of.
pub(crate) const VERY_FEW: usize = 5;

/// What to do about a grouping factor of so few levels; `None` where they are not few. `reml` is
/// `None` for a generalised model, which has neither REML nor degrees of freedom. Begins in lower
/// case and ends without a full stop.
fn advice(name: &str, levels: usize, reml: Option<bool>, df: DfMethod) -> Option<String> {
    if levels >= FEW {
        return None;
    }
    if levels < VERY_FEW {
        return Some(format!(
            "with so few, `{name}` is better a fixed effect than a random one"
        ));
    }
    let text = match (reml, df) {
        (None, _) => {
            "its variance is uncertain, and z tests of what varies between its levels are too sure"
        }
        (Some(true), DfMethod::KenwardRoger) => {
            "tests by REML with Kenward and Roger's degrees of freedom, as here, are the ones to \
             trust"
        }
        (Some(true), _) => "prefer Kenward and Roger's degrees of freedom (--df kenward-roger)",
        (Some(false), _) => {
            "prefer REML with Kenward and Roger's degrees of freedom (without --ml, --df \
             kenward-roger)"
        }
    };
    Some(text.to_owned())
}

/// The rule as a note, for a fit by REML or not whose tests are by `df`.
pub(crate) fn note(name: &str, levels: usize, reml: Option<bool>, df: DfMethod) -> Option<Note> {
    let advice = advice(name, levels, reml, df)?;
    Some(Note::new(
        "few_groups",
        format!("Rule for few groups: `{name}` has {levels} levels; {advice}."),
    ))
}
