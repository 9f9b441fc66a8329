//! Models of every kind that a report must be right for, and a reader of its HTML.
#![allow(dead_code, missing_docs)]

use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{Fit, Model, Origin};
use ranef_report::{Document, Form, ReportOptions, report};

/// A model with its rows.
pub struct Case {
    pub name: &'static str,
    pub fit: Fit,
    pub data: Box<dyn Source>,
}

impl Case {
    pub fn of(name: &'static str, model: &Model, data: &str) -> Self {
        let options = ReadOptions::default();
        let source = open(data, &options).expect("a built-in data set");
        let mut fit = model.fit(&*source).expect(name);
        fit.remember_origin(Origin::new(data, &options));
        Self {
            name,
            fit,
            data: source,
        }
    }

    pub fn made(name: &'static str, model: &Model, data: MemorySource) -> Self {
        let fit = model.fit(&data).expect(name);
        Self {
            name,
            fit,
            data: Box::new(data),
        }
    }

    pub fn document(&self) -> Document {
        let options = ReportOptions::default();
        report(&self.fit, Some(&*self.data), &options, &mut |_| {}).expect("not interrupted")
    }

    pub fn html(&self) -> String {
        self.document().write(Form::Html, "report").text
    }
}

pub fn sleepstudy() -> Case {
    let model = Model::new("Reaction ~ Days + (Days | Subject)");
    Case::of("sleepstudy", &model, "sleepstudy")
}

pub fn cbpp() -> Case {
    let family = "binomial".parse().expect("a family");
    let model = Model::new("cbind(incidence, size - incidence) ~ period + (1 | herd)");
    Case::of("cbpp", &model.family(family), "cbpp")
}

pub fn penicillin() -> Case {
    let model = Model::new("diameter ~ 1 + (1 | plate) + (1 | sample)");
    Case::of("crossed", &model, "Penicillin")
}

/// Rows with names that every language would take for its own, a missing value and an aliased
/// column.
pub fn nasty() -> Case {
    let n = 120usize;
    let wave = |i: usize| ((i * 37) % 101) as f64 / 25.0;
    let y: Vec<Option<f64>> = (0..n)
        .map(|i| (i != 7).then(|| wave(i) + (i / 12) as f64 + 0.3 * (i % 12) as f64))
        .collect();
    let data = Table::new()
        .number("y <b>&\"'", y)
        .number("x_1$%#\\", (0..n).map(|i| Some((i % 12) as f64)))
        .number("twice", (0..n).map(|i| Some(2.0 * (i % 12) as f64)))
        .text(
            "</script><script>alert(1)</script>",
            (0..n).map(|i| format!("<i>{}&\"'|_{{}}\\", i / 12)),
        )
        .source()
        .expect("columns");
    let model = Model::new(
        "`y <b>&\"'` ~ `x_1$%#\\\\` + twice + (1 | `</script><script>alert(1)</script>`)",
    );
    Case::made("nasty", &model, data)
}

/// The models that all tests of structure run over.
pub fn all() -> Vec<Case> {
    let family = |text: &str| text.parse().expect("a family");
    vec![
        sleepstudy(),
        cbpp(),
        penicillin(),
        Case::of(
            "nested",
            &Model::new("strength ~ 1 + (1 | batch/cask)"),
            "Pastes",
        ),
        Case::of("regression", &Model::new("Reaction ~ Days"), "sleepstudy"),
        Case::of(
            "singular",
            &Model::new("Yield ~ 1 + (1 | Batch)"),
            "Dyestuff2",
        ),
        Case::of(
            "interaction",
            &Model::new("distance ~ age * Sex + (age | Subject)"),
            "Orthodont",
        ),
        Case::of(
            "poisson",
            &Model::new("TICKS ~ YEAR + (1 | BROOD)").family(family("poisson")),
            "grouseticks",
        ),
        Case::made(
            "ordinal",
            &Model::new("answer ~ x + (1 | person)").family(family("ordinal")),
            answers(),
        ),
        Case::made(
            "zero_inflated",
            &Model::new("n ~ x + (1 | person)").family(family("zero-inflated-poisson")),
            answers(),
        ),
        nasty(),
    ]
}

/// Ordered answers and counts with many zeros, of 24 people.
fn answers() -> MemorySource {
    let n = 240usize;
    let noise = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0;
    let person = |i: usize| ((i / 10 * 31) % 24) as f64 / 24.0;
    let x = |i: usize| ((i * 3) % 10) as f64 / 10.0;
    let score = |i: usize| 1.2 * x(i) + person(i) + 2.0 * noise(i);
    Table::new()
        .text(
            "answer",
            (0..n).map(|i| match score(i) {
                s if s < 1.4 => "1 no",
                s if s < 2.4 => "2 perhaps",
                _ => "3 yes",
            }),
        )
        .number(
            "n",
            (0..n).map(|i| match noise(i + 500) {
                u if u < 0.35 => 0.0,
                _ => (2.0 * score(i)).floor(),
            }),
        )
        .number("x", (0..n).map(x))
        .text("person", (0..n).map(|i| format!("p{:02}", i / 10)))
        .source()
        .expect("columns")
}
