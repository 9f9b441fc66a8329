//! The published planners and their inputs.

use std::collections::BTreeMap;

use ranef::formula::did_you_mean;
use ranef::{
    Answer, ClusterTrialPlan, CrossLevelPlan, PilotTest, PowerOptions, SummaryStatisticsPlan,
};

use super::{PowerArguments, Preset, usage};
use crate::error::Failure;
use crate::output;
use crate::progress::Progress;

pub fn run(
    preset: Preset,
    arguments: &PowerArguments,
    options: &PowerOptions,
    progress: Progress,
) -> Result<(), Failure> {
    let mut inputs = Inputs::of(&arguments.set)?;
    let target = arguments.test.target.unwrap_or(0.8);
    match preset {
        Preset::CrossLevel => {
            let usual = CrossLevelPlan::default();
            if inputs.given.contains_key("vu1j") {
                return Err(usage(
                    "vu1j is a variance in one edition of the planner and a standard deviation in another",
                    "give tau11, the variance of the slopes",
                ));
            }
            let plan = CrossLevelPlan {
                l2n: inputs.whole("l2n", usual.l2n)?,
                l1n: inputs.whole("l1n", usual.l1n)?,
                iccx: inputs.number("iccx", usual.iccx)?,
                g00: inputs.number("g00", usual.g00)?,
                g01: inputs.number("g01", usual.g01)?,
                g02: inputs.number("g02", usual.g02)?,
                g03: inputs.number("g03", usual.g03)?,
                g10: inputs.number("g10", usual.g10)?,
                g11: inputs.number("g11", usual.g11)?,
                tau00: inputs.number("vu0j", usual.tau00)?,
                tau11: inputs.number("tau11", usual.tau11)?,
                vresid: inputs.number("vresid", usual.vresid)?,
            };
            inputs.end()?;
            let mut counter =
                |done: u32, all: u32| progress.phase(format!("{done} of {all} simulations"));
            let answer = plan.power(options, &mut counter)?;
            finish(&answer, arguments, progress)
        }
        Preset::SummaryStatistics => {
            let usual = SummaryStatisticsPlan::default();
            let take = match inputs.text("take").as_deref() {
                None | Some("raw") => PilotTest::Raw,
                Some("shrunk") => PilotTest::Shrunk,
                Some(text) => PilotTest::Lower(text.parse().map_err(|_| {
                    usage(
                        &format!("take={text} is not understood"),
                        "give raw, shrunk, or a level such as 0.8",
                    )
                })?),
            };
            let groups = inputs.whole("groups", 0)?;
            let plan = SummaryStatisticsPlan {
                t: inputs.number("t", f64::NAN)?,
                pilot: inputs.whole("pilot", 0)?,
                groups: (groups > 0).then_some(groups),
                level: inputs.whole("level", 1)?.min(9) as u8,
                predictors: inputs.whole("predictors", usual.predictors)?,
                take,
                alpha: options.alpha,
                target,
            };
            inputs.end()?;
            let answer = plan.power()?;
            finish(&answer, arguments, progress)
        }
        Preset::ClusterTrial => {
            let usual = ClusterTrialPlan::default();
            let some = |n: usize| (n > 0).then_some(n);
            let size = inputs.whole("size", 0)?;
            let clusters = inputs.whole("clusters", 0)?;
            let budget = inputs.number("budget", f64::NAN)?;
            let plan = ClusterTrialPlan {
                effect: inputs.number("effect", usual.effect)?,
                sd: inputs.number("sd", usual.sd)?,
                icc: inputs.number("icc", usual.icc)?,
                cost_cluster: inputs.number("cost_cluster", usual.cost_cluster)?,
                cost_person: inputs.number("cost_person", usual.cost_person)?,
                size: some(size),
                clusters: some(clusters),
                budget: Some(budget).filter(|b| !b.is_nan()),
                target,
                alpha: options.alpha,
            };
            inputs.end()?;
            let answer = plan.power()?;
            finish(&answer, arguments, progress)
        }
    }
}

fn finish(
    answer: &impl Answer,
    arguments: &PowerArguments,
    progress: Progress,
) -> Result<(), Failure> {
    drop(progress);
    output::answer(answer, &arguments.answer)
}

/// The inputs of a preset.
struct Inputs {
    given: BTreeMap<String, String>,
    known: Vec<&'static str>,
}

impl Inputs {
    fn of(set: &[String]) -> Result<Self, Failure> {
        let mut given = BTreeMap::new();
        for text in set {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                usage(
                    &format!("--set {text} is not understood"),
                    "write --set l2n=62,l1n=7",
                )
            })?;
            given.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Self {
            given,
            known: Vec::new(),
        })
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.given.remove(name)
    }

    fn number(&mut self, name: &'static str, usual: f64) -> Result<f64, Failure> {
        match self.text(name) {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| {
                usage(
                    &format!("{name}={text} is no number"),
                    "write a number, such as 0.5",
                )
            }),
        }
    }

    fn whole(&mut self, name: &'static str, usual: usize) -> Result<usize, Failure> {
        match self.text(name) {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| {
                usage(
                    &format!("{name}={text} is no whole number"),
                    "write a whole number, such as 40",
                )
            }),
        }
    }

    /// Refuses what no input took.
    fn end(&self) -> Result<(), Failure> {
        let Some(name) = self.given.keys().next() else {
            return Ok(());
        };
        let hint = match did_you_mean(name, &self.known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", self.known.join(", ")),
        };
        Err(usage(&format!("the preset has no input `{name}`"), &hint))
    }
}
