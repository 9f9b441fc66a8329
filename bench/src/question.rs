//! The questions that are asked of a fitted model, and of which model.

use crate::case::{CASES, Case};
use crate::data::Data;
use crate::generate;

/// A question, its name in the results, and what R needs to know beside the model.
pub struct Question {
    /// Such as `kenward-roger`.
    pub name: &'static str,
    /// The model: the name of a case.
    pub case: &'static str,
    /// A predictor or grouping factor that the question is about.
    pub about: &'static str,
    /// Whether R can be asked at all: it keeps n × n matrices for some.
    pub in_r: bool,
}

const fn ask(name: &'static str, case: &'static str, about: &'static str, in_r: bool) -> Question {
    Question {
        name,
        case,
        about,
        in_r,
    }
}

/// All of them: on a small, a balanced, a middling and a large model.
pub const QUESTIONS: [Question; 27] = [
    ask("satterthwaite", "sleepstudy", "", true),
    ask("kenward-roger", "sleepstudy", "", true),
    ask("anova", "sleepstudy", "", true),
    ask("profile", "sleepstudy", "", true),
    ask("modes", "sleepstudy", "", true),
    ask("r2", "sleepstudy", "", true),
    ask("influence", "sleepstudy", "Subject", true),
    ask("anova", "cake", "", true),
    ask("kenward-roger", "cake", "", true),
    ask("means", "cake", "recipe", true),
    ask("satterthwaite", "growth", "", true),
    ask("kenward-roger", "growth", "", true),
    ask("profile", "growth", "", true),
    ask("modes", "growth", "", true),
    ask("r2", "growth", "", true),
    ask("influence", "growth", "school", true),
    ask("satterthwaite", "insteval", "", true),
    ask("modes", "insteval", "", true),
    ask("r2", "insteval", "", true),
    ask("satterthwaite", "million", "", true),
    ask("kenward-roger", "million", "", false),
    ask("anova", "million", "", true),
    ask("profile", "million", "", false),
    ask("modes", "million", "", true),
    ask("r2", "million", "", true),
    ask("pool", "million", "g", false),
    ask("wald", "million", "", false),
];

const CAKE: Case = Case {
    name: "cake",
    data: "cake",
    make: cake,
    formula: "angle ~ recipe * temp + (1 | recipe:replicate)",
    glmm: None,
    reml: true,
    family: "gaussian",
};

fn cake() -> Data {
    generate::built_in("cake")
}

impl Question {
    /// The name that it is called by: `kenward-roger@growth`.
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.case)
    }

    /// The model.
    pub fn model(&self) -> &'static Case {
        CASES
            .iter()
            .find(|c| c.name == self.case)
            .unwrap_or(const { &CAKE })
    }
}
