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
    /// The family of the response, with its canonical link.
    pub family: &'static str,
}

/// All of them. The four spellings of `chem97` are one model.
pub const CASES: [Case; 15] = [
    Case {
        name: "million",
        data: "million",
        make: generate::million,
        formula: "y ~ x1 + x2 + x3 + x4 + x5 + (x1 | g)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "insteval",
        data: "insteval",
        make: generate::insteval,
        formula: "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        glmm: None,
        reml: false,
        family: "gaussian",
    },
    Case {
        name: "chem97-nested",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea/school)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "chem97-interaction",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea:school) + (1 | lea)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "chem97-sum",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea) + (1 | school)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "chem97-swapped",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | school) + (1 | lea)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "classes",
        data: "classes",
        make: generate::classes,
        formula: "y ~ x + (1 | school/class)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "growth",
        data: "growth",
        make: generate::growth,
        formula: "math ~ year + (year | school/child)",
        glmm: Some("math ~ year + (year | school) + (year | child)"),
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "maximal",
        data: "maximal",
        make: generate::maximal,
        formula: MAXIMAL,
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "maximal-singular",
        data: "maximal-singular",
        make: generate::maximal_singular,
        formula: MAXIMAL,
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "sleepstudy",
        data: "sleepstudy",
        make: generate::sleepstudy,
        formula: "Reaction ~ Days + (Days | Subject)",
        glmm: None,
        reml: true,
        family: "gaussian",
    },
    Case {
        name: "cbpp",
        data: "cbpp",
        make: generate::cbpp,
        formula: "y ~ period + (1 | herd)",
        glmm: None,
        reml: false,
        family: "binomial",
    },
    Case {
        name: "grouseticks",
        data: "grouseticks",
        make: generate::grouseticks,
        formula: "TICKS ~ YEAR + height + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        glmm: None,
        reml: false,
        family: "poisson",
    },
    Case {
        name: "verbagg",
        data: "verbagg",
        make: generate::verbagg,
        formula: "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        glmm: None,
        reml: false,
        family: "binomial",
    },
    Case {
        name: "clinics",
        data: "clinics",
        make: generate::clinics,
        formula: "y ~ x1 + x2 + (x1 | clinic)",
        glmm: None,
        reml: false,
        family: "binomial",
    },
];

const MAXIMAL: &str =
    "y ~ x1 + x2 + x3 + x4 + (x1 + x2 + x3 + x4 | subject) + (x1 + x2 + x3 + x4 | item)";
