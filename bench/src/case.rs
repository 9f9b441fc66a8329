//! The models that are fitted.

use crate::data::Data;
use crate::generate;

/// A model on a data set.
pub struct Case {
    /// Its name, on the command line and in the results.
    pub name: &'static str,
    /// The folder of its data.
    pub data: &'static str,
    /// What writes them.
    pub make: fn() -> Data,
    /// The model.
    pub formula: &'static str,
    /// The same model for glmm, where its formulas do not know the other spelling.
    pub glmm: Option<&'static str>,
    /// REML rather than ML.
    pub reml: bool,
}

/// All of them. The four spellings of `chem97` are one model.
pub const CASES: [Case; 11] = [
    Case {
        name: "million",
        data: "million",
        make: generate::million,
        formula: "y ~ x1 + x2 + x3 + x4 + x5 + (x1 | g)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "insteval",
        data: "insteval",
        make: generate::insteval,
        formula: "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        glmm: None,
        reml: false,
    },
    Case {
        name: "chem97-nested",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea/school)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "chem97-interaction",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea:school) + (1 | lea)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "chem97-sum",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea) + (1 | school)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "chem97-swapped",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | school) + (1 | lea)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "classes",
        data: "classes",
        make: generate::classes,
        formula: "y ~ x + (1 | school/class)",
        glmm: None,
        reml: true,
    },
    Case {
        name: "growth",
        data: "growth",
        make: generate::growth,
        formula: "math ~ year + (year | school/child)",
        glmm: Some("math ~ year + (year | school) + (year | child)"),
        reml: true,
    },
    Case {
        name: "maximal",
        data: "maximal",
        make: generate::maximal,
        formula: MAXIMAL,
        glmm: None,
        reml: true,
    },
    Case {
        name: "maximal-singular",
        data: "maximal-singular",
        make: generate::maximal_singular,
        formula: MAXIMAL,
        glmm: None,
        reml: true,
    },
    Case {
        name: "sleepstudy",
        data: "sleepstudy",
        make: generate::sleepstudy,
        formula: "Reaction ~ Days + (Days | Subject)",
        glmm: None,
        reml: true,
    },
];

const MAXIMAL: &str =
    "y ~ x1 + x2 + x3 + x4 + (x1 + x2 + x3 + x4 | subject) + (x1 + x2 + x3 + x4 | item)";
