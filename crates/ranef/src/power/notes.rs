//! What the reader of a power should know.

use super::plan::PowerPlan;
use super::test::PowerTest;
use super::{Power, PowerOptions};
use crate::Note;

impl PowerPlan {
    pub(super) fn with_notes(&self, mut out: Power, options: &PowerOptions) -> Power {
        let notes = [
            by_formula(&out),
            self.observed_power(&out, options),
            no_effect(&out, options),
            often_singular(&out),
            few_groups(&out),
        ];
        out.notes.extend(notes.into_iter().flatten());
        out
    }

    fn observed_power(&self, out: &Power, options: &PowerOptions) -> Option<Note> {
        if !self.is_of_fit() || matches!(options.test, PowerTest::Width(_)) {
            return None;
        }
        let term = &out.term;
        let estimate = self.observed(term)?;
        // A curve of effects has the estimate nowhere or at one of its values.
        if out
            .across
            .as_deref()
            .is_some_and(|a| a.starts_with("Effect"))
        {
            return None;
        }
        Some(Note::new(
            "observed_power",
            format!(
                "The effect of {term} is the estimate of the fitted model ({estimate:.4}). Such \
                 \"observed power\" says no more than its p-value, and is too high wherever the \
                 estimate was kept for being significant. Give the effect that a study should \
                 be able to find: --effect '{term}=…'."
            ),
        ))
    }
}

fn by_formula(out: &Power) -> Option<Note> {
    let known: Vec<bool> = out.points.iter().filter_map(|p| p.analytic_exact).collect();
    if known.is_empty() {
        return None;
    }
    Some(match known.iter().all(|exact| *exact) {
        true => Note::new(
            "analytic_exact",
            "The answer by formula is exact here: the design is balanced for this effect, but \
             for studies whose estimate of a variance is zero.",
        ),
        false => Note::new(
            "analytic_approximate",
            "The answer by formula is an approximation in this design; the simulations decide.",
        ),
    })
}

fn no_effect(out: &Power, options: &PowerOptions) -> Option<Note> {
    let of_zero = matches!(
        options.test,
        PowerTest::Coefficient | PowerTest::Term | PowerTest::LikelihoodRatio
    );
    let [only] = out.points.as_slice() else {
        return None;
    };
    (of_zero && only.effect == Some(0.0)).then(|| {
        Note::new(
            "no_effect",
            format!(
                "The true effect of {} is 0: this is how often the test rejects without an effect, not \
                 power. Say the effect: --effect '{}=…'.",
                out.term, out.term
            ),
        )
    })
}

fn often_singular(out: &Power) -> Option<Note> {
    let singular: u32 = out.points.iter().map(|p| p.singular).sum();
    let done: u32 = out.points.iter().map(|p| p.simulations).sum();
    (done > 0 && singular * 10 > done).then(|| {
        Note::new(
            "often_singular",
            format!(
                "{} % of the simulated fits are singular: such a study can hardly estimate all of \
                 its variances.",
                (100.0 * f64::from(singular) / f64::from(done)).round()
            ),
        )
    })
}

fn few_groups(out: &Power) -> Option<Note> {
    let groups = out.points.iter().flat_map(|p| &p.groups);
    let (group, n) = groups.filter(|(_, n)| **n < 10).min_by_key(|(_, n)| **n)?;
    let gaussian = out.family.starts_with("gaussian");
    Some(Note::new(
        "few_groups",
        match gaussian {
            true => format!(
                "{n} groups of {group} are few: tests rest on their degrees of freedom. Kenward and \
                 Roger's (--df kenward-roger) keep their level best."
            ),
            false => format!(
                "{n} groups of {group} are few: z tests and likelihood ratios then reject too often, and \
                 part of this power is error."
            ),
        },
    ))
}
