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
pub const QUESTIONS: [Question; 48] = [
    ask("satterthwaite", "sleepstudy", "", true),
    ask("kenward-roger", "sleepstudy", "", true),
    ask("anova", "sleepstudy", "", true),
    ask("profile", "sleepstudy", "", true),
    ask("modes", "sleepstudy", "", true),
    ask("r2", "sleepstudy", "", true),
    ask("bootstrap", "sleepstudy", "1000", true),
    ask("influence", "sleepstudy", "Subject", true),
    ask("anova", "cake", "", true),
    ask("kenward-roger", "cake", "", true),
    ask("means", "cake", "recipe", true),
    ask("satterthwaite", "growth", "", true),
    ask("kenward-roger", "growth", "", true),
    ask("profile", "growth", "", true),
    ask("modes", "growth", "", true),
    ask("r2", "growth", "", true),
    ask("bootstrap", "growth", "100", true),
    ask("influence", "growth", "school", true),
    ask("anova", "growth", "", true),
    ask("means", "growth", "year", true),
    ask("pool", "growth", "child:school", false),
    ask("satterthwaite", "insteval", "", true),
    ask("kenward-roger", "insteval", "", false),
    ask("satterthwaite", "insteval-reml", "", true),
    ask("kenward-roger", "insteval-reml", "", false),
    ask("r2", "insteval-reml", "", false),
    ask("check", "insteval", "", false),
    ask("modes", "insteval", "", true),
    ask("r2", "insteval", "", true),
    ask("satterthwaite", "million", "", true),
    ask("kenward-roger", "million", "", false),
    ask("anova", "million", "", true),
    ask("profile", "million", "", false),
    ask("modes", "million", "", true),
    ask("r2", "million", "", true),
    ask("icc", "million", "", true),
    ask("means", "million", "x1", true),
    ask("slopes", "million", "x1", false),
    ask("pool", "million", "g", false),
    ask("wald", "million", "", false),
    ask("tests", "million", "", false),
    ask("glance", "million", "", false),
    ask("tidy", "million", "", false),
    ask("equations", "million", "", false),
    ask("joint", "million", "", false),
    ask("drop", "million", "", false),
    ask("augment", "million", "", false),
    ask("influence-rows", "million", "", false),
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

/// Kenward and Roger's is of the REML fit: from the fit by ML it takes a refit.
const INSTEVAL_REML: Case = Case {
    name: "insteval-reml",
    data: "insteval",
    make: generate::insteval,
    formula: "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
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
        const MORE: [&Case; 2] = [&CAKE, &INSTEVAL_REML];
        let mut all = CASES.iter().chain(MORE);
        all.find(|c| c.name == self.case)
            .expect("every question names a case")
    }
}
