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
    /// REML rather than ML.
    pub reml: bool,
}

/// All of them. The four spellings of `chem97` are one model.
pub const CASES: [Case; 10] = [
    Case {
        name: "million",
        data: "million",
        make: generate::million,
        formula: "y ~ x1 + x2 + x3 + x4 + x5 + (x1 | g)",
        reml: true,
    },
    Case {
        name: "insteval",
        data: "insteval",
        make: generate::insteval,
        formula: "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        reml: false,
    },
    Case {
        name: "chem97-nested",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea/school)",
        reml: true,
    },
    Case {
        name: "chem97-interaction",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea:school) + (1 | lea)",
        reml: true,
    },
    Case {
        name: "chem97-sum",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | lea) + (1 | school)",
        reml: true,
    },
    Case {
        name: "chem97-swapped",
        data: "chem97",
        make: generate::chem97,
        formula: "score ~ gcsecnt + (1 | school) + (1 | lea)",
        reml: true,
    },
    Case {
        name: "classes",
        data: "classes",
        make: generate::classes,
        formula: "y ~ x + (1 | school/class)",
        reml: true,
    },
    Case {
        name: "growth",
        data: "growth",
        make: generate::growth,
        formula: "math ~ year + (year | school/child)",
        reml: true,
    },
    Case {
        name: "maximal",
        data: "maximal",
        make: generate::maximal,
        formula: "y ~ x1 + x2 + x3 + x4 + (x1 + x2 + x3 + x4 | subject) + (x1 + x2 + x3 + x4 | item)",
        reml: true,
    },
    Case {
        name: "sleepstudy",
        data: "sleepstudy",
        make: generate::sleepstudy,
        formula: "Reaction ~ Days + (Days | Subject)",
        reml: true,
    },
];
