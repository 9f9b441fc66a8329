//! Questions by name, with their options in JSON.
//!
//! Python calls them with typed arguments and sends those as one JSON object. The options of each
//! question are a structure here whose fields have the same names; a field that it does not know is
//! an error, so that the two sides cannot drift apart unseen.

use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use ranef::frame::{Batches, Column, FrameError, Source};
use ranef::{
    Adjust, AnovaType, AreasOptions, BootstrapInterval, BootstrapOptions, BootstrapType,
    CheckOptions, DeletionMethod, Error, FixedEffectsOptions, Groups, Interval, IntervalMethod,
    Language, LinkVariance, Markup, MeansOptions, NullMean, PoststratifyOptions, PredictOptions,
    ResponseScale, RobustOptions, RobustType, Scale, Simulate, SimulateOptions, SlopesOptions,
    Statistic, TidyEffect, TidyOptions, WithinBetweenForm, WithinBetweenOptions,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::{Predicted, Prepared, Said};
use crate::fit::{df_method, optimizer};
use crate::work::Phase;

/// What a question may look at.
pub(crate) struct Asked<'a> {
    /// The model.
    pub(crate) fit: &'a ranef::Fit,
    /// The rows that it was fitted to.
    pub(crate) rows: Option<&'a dyn Source>,
    /// A further table.
    pub(crate) more: Option<&'a dyn Source>,
    /// A further model.
    pub(crate) other: Option<&'a ranef::Fit>,
}

type Ask = Box<dyn FnOnce(&Asked<'_>, &Phase) -> Result<Box<dyn Said>, Error> + Send>;

/// A question that was understood.
pub(crate) struct Question {
    /// What is going on while it is answered.
    pub(crate) what: &'static str,
    /// Whether there is no answer without the rows of the model.
    pub(crate) needs_rows: bool,
    /// Gives the answer.
    pub(crate) ask: Ask,
}

/// The languages that tables are set in.
pub(crate) const LANGUAGES: [Markup; 4] =
    [Markup::Text, Markup::Markdown, Markup::Latex, Markup::Html];

/// Options from JSON.
pub(crate) fn read<T: DeserializeOwned>(options: &str) -> PyResult<T> {
    serde_json::from_str(options).map_err(|e| PyValueError::new_err(format!("options: {e}")))
}

/// The meaning of a word, or a `ValueError` that lists the words there are.
pub(crate) fn choice<T: Copy>(what: &str, given: &str, all: &[(&str, T)]) -> PyResult<T> {
    if let Some((_, meaning)) = all.iter().find(|(word, _)| *word == given) {
        return Ok(*meaning);
    }
    let words: Vec<String> = all.iter().map(|(word, _)| format!("'{word}'")).collect();
    Err(PyValueError::new_err(format!(
        "{what} {given:?}: give {}",
        words.join(", ")
    )))
}

fn plain(
    what: &'static str,
    ask: impl FnOnce(&ranef::Fit) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    Question {
        what,
        needs_rows: false,
        ask: Box::new(move |asked, _| ask(asked.fit)),
    }
}

/// As [`with_rows`], with all that was asked.
fn with_further(
    what: &'static str,
    ask: impl FnOnce(&Asked<'_>, &dyn Source, &Phase) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    Question {
        what,
        needs_rows: true,
        ask: Box::new(move |asked, phase| match asked.rows {
            Some(rows) => ask(asked, rows, phase),
            None => unreachable!("asked for before the work begins"),
        }),
    }
}

fn with_rows(
    what: &'static str,
    ask: impl FnOnce(&ranef::Fit, &dyn Source, &Phase) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    Question {
        what,
        needs_rows: true,
        ask: Box::new(move |asked, phase| match asked.rows {
            Some(rows) => ask(asked.fit, rows, phase),
            None => unreachable!("asked for before the work begins"),
        }),
    }
}

fn said(answer: impl Said + 'static) -> Result<Box<dyn Said>, Error> {
    Ok(Box::new(answer))
}

/// The question of a name.
pub(crate) fn of(name: &str, options: &str) -> PyResult<Question> {
    Ok(match name {
        "summary" => {
            let Summary { columns } = read(options)?;
            Question {
                what: "summarising",
                needs_rows: false,
                ask: Box::new(move |asked, _| {
                    if let Some(rows) = asked.rows {
                        asked.fit.summarise_residuals(rows)?;
                    }
                    said(summary(asked.fit, columns))
                }),
            }
        }
        "apa" => plain("summarising", |fit| {
            said(Prepared {
                text: fit.apa().to_string(),
                object: fit.report(),
                table: ranef::Answer::table(&fit.glance()),
                set: Vec::new(),
            })
        }),
        "effects" => {
            let Level { level } = read(options)?;
            plain("random effects", move |fit| said(fit.effects(level)))
        }
        "ratios" => {
            let Level { level } = read(options)?;
            plain("ratios", move |fit| said(fit.ratios(level)?))
        }
        "anova" => anova(read(options)?)?,
        "test" => test(read(options)?)?,
        "drop" => with_rows("fitting smaller models", |fit, rows, _| {
            said(fit.deletions(rows)?)
        }),
        "confint" => confint(read(options)?)?,
        "means" => means(read(options)?)?,
        "slopes" => slopes(read(options)?)?,
        "predict" => predict(read(options)?)?,
        "icc" => icc(read(options)?)?,
        "r2" => r2(read(options)?)?,
        "pool" => {
            let Pool { group, level } = read(options)?;
            with_rows("pooling", move |fit, _, _| {
                said(fit.pooling(group.as_deref(), level)?)
            })
        }
        "check" => check(read(options)?)?,
        "influence" => influence(read(options)?)?,
        "residuals" => {
            let Simulated {
                method,
                replicates,
                seed,
            } = read(options)?;
            let simulate = match method {
                None => None,
                Some(method) => Some(simulate(&method, replicates, seed)?),
            };
            with_rows("residuals", move |fit, rows, _| {
                said(fit.residual_table(rows, simulate)?)
            })
        }
        "robust" => robust(read(options)?)?,
        "fixed_effects" => fixed_effects(read(options)?)?,
        "within_between" => within_between(read(options)?)?,
        "simulate" => simulation(read(options)?)?,
        "bootstrap" => bootstrap(read(options)?)?,
        "areas" => areas(read(options)?),
        "poststratify" => poststratify(read(options)?),
        "tidy" => tidy(read(options)?)?,
        "glance" => plain("glance", |fit| said(fit.glance())),
        "equations" => {
            let EquationOptions { values } = read(options)?;
            with_rows("levels of the predictors", move |fit, rows, _| {
                let levels = fit.predictor_levels(rows)?;
                let equations = fit.equations(&levels, values);
                let latex = equations.latex();
                said(Prepared {
                    text: equations.to_string(),
                    table: ranef::Answer::table(&equations),
                    object: equations,
                    set: vec![(Markup::Latex, latex)],
                })
            })
        }
        "code" => {
            let CodeOptions { language } = read(options)?;
            let all = [
                ("r", Language::R),
                ("stata", Language::Stata),
                ("sas", Language::Sas),
            ];
            let language = choice("language", &language.to_lowercase(), &all)?;
            plain("code", move |fit| {
                let code = fit.code(language);
                said(Prepared {
                    text: code.to_string(),
                    object: code,
                    table: ranef::Table::new(),
                    set: Vec::new(),
                })
            })
        }
        other => {
            return Err(PyRuntimeError::new_err(format!("no question {other:?}")));
        }
    })
}

/// The summary: its text, the fit in numbers, the table of fixed effects, and for documents the
/// tables that go into a paper.
fn summary(fit: &ranef::Fit, columns: usize) -> impl Said + use<> {
    let paper = |language| (language, fit.paper(language).to_string());
    let options = TidyOptions {
        effects: vec![TidyEffect::Fixed],
        ..TidyOptions::default()
    };
    Prepared {
        text: fit.summary().columns(columns).to_string(),
        object: fit.report(),
        table: fit
            .tidy(&options)
            .map(|tidy| ranef::Answer::table(&tidy))
            .unwrap_or_default(),
        set: [Markup::Markdown, Markup::Latex, Markup::Html]
            .map(paper)
            .to_vec(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    columns: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    level: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EquationOptions {
    values: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeOptions {
    language: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Anova {
    kind: u8,
    df: Option<String>,
}

fn anova(options: Anova) -> PyResult<Question> {
    let kind = match options.kind {
        1 => AnovaType::I,
        2 => AnovaType::II,
        3 => AnovaType::III,
        other => {
            return Err(PyValueError::new_err(format!(
                "type {other}: give 1, 2 or 3"
            )));
        }
    };
    let df = options.df.as_deref().map(df_method).transpose()?;
    Ok(plain("testing", move |fit| {
        said(fit.anova(kind, df.unwrap_or(fit.df_method()))?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    contrasts: Vec<String>,
    adjust: String,
    df: Option<String>,
}

fn adjustment(name: &str) -> PyResult<Adjust> {
    let all = [
        ("none", Adjust::None),
        ("holm", Adjust::Holm),
        ("bonferroni", Adjust::Bonferroni),
        ("sidak", Adjust::Sidak),
        ("fdr", Adjust::Fdr),
        ("tukey", Adjust::Tukey),
    ];
    choice("adjust", name, &all)
}

fn test(options: Test) -> PyResult<Question> {
    let adjust = adjustment(&options.adjust)?;
    let df = options.df.as_deref().map(df_method).transpose()?;
    Ok(plain("testing", move |fit| {
        let mut hypotheses = Vec::new();
        for text in &options.contrasts {
            hypotheses.extend(fit.hypotheses(text)?);
        }
        said(fit.test(&hypotheses, df.unwrap_or(fit.df_method()), adjust)?)
    }))
}

fn interval_method(name: &str) -> PyResult<IntervalMethod> {
    let all = [
        ("wald", IntervalMethod::Wald),
        ("profile", IntervalMethod::Profile),
        ("bootstrap", IntervalMethod::Bootstrap),
    ];
    choice("method", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confint {
    parameters: Vec<String>,
    method: String,
    level: f64,
}

fn confint(options: Confint) -> PyResult<Question> {
    let method = interval_method(&options.method)?;
    Ok(plain("computing intervals", move |fit| {
        said(fit.confint_of(&options.parameters, method, options.level)?)
    }))
}

fn scale(name: &str) -> PyResult<ResponseScale> {
    let all = [
        ("response", ResponseScale::Response),
        ("link", ResponseScale::Link),
    ];
    choice("scale", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Means {
    by: Vec<String>,
    within: Vec<String>,
    at: Vec<(String, Vec<String>)>,
    trend: Option<String>,
    pairwise: bool,
    adjust: String,
    level: f64,
    scale: String,
    re: String,
}

fn means(asked: Means) -> PyResult<Question> {
    let average = choice("re", &asked.re, &[("none", false), ("average", true)])?;
    let mut options = MeansOptions::by(&asked.by)
        .within(&asked.within)
        .pairwise(asked.pairwise)
        .level(asked.level)
        .scale(scale(&asked.scale)?)
        .average(average)
        .adjust(adjustment(&asked.adjust)?);
    for (predictor, values) in &asked.at {
        options = options.at(predictor, values);
    }
    if let Some(trend) = asked.trend {
        options = options.trend(trend);
    }
    Ok(plain("means", move |fit| said(fit.means(&options)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slopes {
    of: String,
    over: String,
    at: Vec<(String, Vec<String>)>,
    level: f64,
    scale: String,
}

fn slopes(asked: Slopes) -> PyResult<Question> {
    let mut options = SlopesOptions::new(&asked.of, &asked.over)
        .level(asked.level)
        .scale(scale(&asked.scale)?);
    for (predictor, values) in &asked.at {
        options = options.at(predictor, values);
    }
    Ok(plain("slopes", move |fit| said(fit.slopes(&options)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predict {
    re: Vec<String>,
    interval: Option<String>,
    level: f64,
    scale: String,
    trials: Option<f64>,
}

fn predict(asked: Predict) -> PyResult<Question> {
    let words: Vec<&str> = asked.re.iter().map(String::as_str).collect();
    let mut options = match words[..] {
        ["all"] => Groups::All.into(),
        ["none"] => Groups::None.into(),
        ["new"] => Groups::New.into(),
        ["average"] => Groups::Average.into(),
        _ => PredictOptions::terms(words),
    };
    if let Some(interval) = &asked.interval {
        let all = [
            ("confidence", Interval::Confidence),
            ("prediction", Interval::Prediction),
        ];
        options = options.interval(choice("interval", interval, &all)?);
    }
    if let Some(trials) = asked.trials {
        options = options.trials(trials);
    }
    let options = options.scale(scale(&asked.scale)?).level(asked.level);
    Ok(Question {
        what: "predicting",
        needs_rows: false,
        ask: Box::new(move |asked, _| match asked.more.or(asked.rows) {
            Some(rows) => said(Predicted(asked.fit.predict(rows, options)?)),
            None => unreachable!("Python asks for rows to predict for"),
        }),
    })
}

fn link_variance(name: &str, mean: &str) -> PyResult<(LinkVariance, NullMean)> {
    let all = [
        ("theoretical", LinkVariance::Theoretical),
        ("delta", LinkVariance::Delta),
        ("trigamma", LinkVariance::Trigamma),
    ];
    let means = [("average", NullMean::Average), ("median", NullMean::Median)];
    Ok((
        choice("distribution", name, &all)?,
        choice("at_mean", mean, &means)?,
    ))
}

/// The fit, or a copy of it that takes the variance of the distribution otherwise.
fn with_link_variance<T>(
    asked: &Asked<'_>,
    (method, mean): (LinkVariance, NullMean),
    then: impl FnOnce(&ranef::Fit) -> Result<T, Error>,
) -> Result<T, Error> {
    if (method, mean) == <(LinkVariance, NullMean)>::default() {
        return then(asked.fit);
    }
    let mut copy = ranef::Fit::from_json(&asked.fit.to_json()?)?;
    if let Some(rows) = asked.rows {
        copy = copy.with_rows(rows)?;
    }
    then(&copy.with_link_variance(method, mean)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Icc {
    at: Option<Vec<f64>>,
    level: f64,
    distribution: String,
    at_mean: String,
}

fn icc(options: Icc) -> PyResult<Question> {
    let variance = link_variance(&options.distribution, &options.at_mean)?;
    Ok(Question {
        what: "shares of variance",
        needs_rows: false,
        ask: Box::new(move |asked, _| {
            with_link_variance(asked, variance, |fit| {
                said(fit.icc(options.level, options.at.as_deref()))
            })
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct R2 {
    level: f64,
    distribution: String,
    at_mean: String,
}

fn r2(options: R2) -> PyResult<Question> {
    let variance = link_variance(&options.distribution, &options.at_mean)?;
    Ok(Question {
        what: "explaining variance",
        needs_rows: false,
        ask: Box::new(move |asked, _| {
            with_link_variance(asked, variance, |fit| {
                let answer = fit.r_squared(options.level);
                match asked.other {
                    None => said(answer),
                    Some(other) => said(answer.against(fit.variance_against(other)?)),
                }
            })
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    group: Option<String>,
    level: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulated {
    method: Option<String>,
    replicates: u32,
    seed: u64,
}

fn simulate(method: &str, replicates: u32, seed: u64) -> PyResult<Simulate> {
    let all = [("conditional", true), ("unconditional", false)];
    Ok(Simulate {
        replicates,
        conditional: choice("simulate", method, &all)?,
        seed,
    })
}

fn deletions(name: &str) -> PyResult<DeletionMethod> {
    let all = [
        ("automatic", DeletionMethod::Automatic),
        ("exact", DeletionMethod::Exact),
        ("one-step", DeletionMethod::OneStep),
    ];
    choice("deletions", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    simulate: String,
    replicates: u32,
    seed: u64,
    deletions: String,
    optimizers: Option<Vec<String>>,
}

fn check(asked: Check) -> PyResult<Question> {
    let optimizers = match &asked.optimizers {
        None => None,
        Some(names) => Some(
            names
                .iter()
                .map(|name| optimizer(name))
                .collect::<PyResult<_>>()?,
        ),
    };
    let options = CheckOptions {
        simulate: simulate(&asked.simulate, asked.replicates, asked.seed)?,
        deletions: deletions(&asked.deletions)?,
        optimizers,
    };
    Ok(with_rows("checking", move |fit, rows, phase| {
        said(fit.check(rows, &options, &mut |what| phase.set(what))?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Influence {
    group: Option<String>,
    rows: bool,
    deletions: String,
}

fn influence(asked: Influence) -> PyResult<Question> {
    let deletions = deletions(&asked.deletions)?;
    Ok(with_rows("leaving out groups", move |fit, rows, phase| {
        if asked.rows {
            phase.set("leaving out rows");
            return said(fit.row_influence(rows)?);
        }
        let group = asked.group.as_deref();
        said(
            fit.group_influence(rows, group, deletions, &mut |done, all| {
                phase.set(&format!("leaving out group {} of {all}", done + 1));
            })?,
        )
    }))
}

fn robust_type(name: &str) -> PyResult<RobustType> {
    let all = [
        ("cr0", RobustType::Cr0),
        ("cr1", RobustType::Cr1),
        ("cr1s", RobustType::Cr1s),
        ("cr2", RobustType::Cr2),
        ("cr3", RobustType::Cr3),
    ];
    choice("kind", &name.to_lowercase(), &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Robust {
    kind: Option<String>,
    cluster: Option<String>,
    tests: Vec<Vec<String>>,
    level: f64,
}

fn robust(asked: Robust) -> PyResult<Question> {
    let options = RobustOptions {
        kind: asked.kind.as_deref().map(robust_type).transpose()?,
        cluster: asked.cluster,
        tests: asked.tests,
        level: asked.level,
    };
    Ok(with_rows("clusters", move |fit, rows, _| {
        said(fit.robust(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedEffects {
    group: Option<String>,
    cluster: Option<String>,
    kind: String,
    level: f64,
}

fn fixed_effects(asked: FixedEffects) -> PyResult<Question> {
    let options = FixedEffectsOptions {
        group: asked.group,
        cluster: asked.cluster,
        kind: robust_type(&asked.kind)?,
        level: asked.level,
    };
    Ok(with_rows("within groups", move |fit, rows, _| {
        said(fit.fixed_effects(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithinBetween {
    of: Vec<String>,
    group: Option<String>,
    form: String,
}

fn within_between(asked: WithinBetween) -> PyResult<Question> {
    let all = [
        ("rewb", WithinBetweenForm::Rewb),
        ("mundlak", WithinBetweenForm::Mundlak),
    ];
    let options = WithinBetweenOptions {
        form: choice("form", &asked.form, &all)?,
        of: asked.of,
        group: asked.group,
    };
    Ok(with_rows("fitting", move |fit, rows, _| {
        said(fit.options().within_between(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewResponses {
    n: u32,
    seed: u64,
    re: String,
}

fn simulation(asked: NewResponses) -> PyResult<Question> {
    let options = SimulateOptions {
        count: asked.n,
        seed: asked.seed,
        kept: choice("re", &asked.re, &[("new", false), ("kept", true)])?,
    };
    Ok(Question {
        what: "simulating",
        needs_rows: false,
        ask: Box::new(move |asked, _| match (asked.more, asked.rows) {
            (Some(rows), _) => said(asked.fit.simulate_new(rows, &options)?),
            (None, Some(rows)) => said(asked.fit.simulate(rows, &options)?),
            (None, None) => unreachable!("Python asks for rows to draw for"),
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replicates {
    of: Vec<String>,
    parameters: Vec<String>,
    contrasts: Vec<String>,
    replicates: u32,
    seed: u64,
    kind: String,
    interval: String,
    group: Option<String>,
    level: f64,
}

/// Bootstrap distributions with the replicates behind them.
struct Bootstrapped(ranef::Bootstrap);

impl Said for Bootstrapped {
    fn text(&self, columns: usize) -> String {
        self.0.text(columns)
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        self.0.json()
    }

    fn table(&self) -> ranef::Table {
        ranef::Answer::table(&self.0)
    }

    fn draws(&self) -> Option<ranef::Table> {
        Some(self.0.draws())
    }
}

fn bootstrap(asked: Replicates) -> PyResult<Question> {
    let kinds = [
        ("parametric", BootstrapType::Parametric),
        ("kept", BootstrapType::Kept),
        ("residual", BootstrapType::Residual),
        ("cases", BootstrapType::Cases),
        ("cluster", BootstrapType::Cluster),
    ];
    let ends = [
        ("percentile", BootstrapInterval::Percentile),
        ("basic", BootstrapInterval::Basic),
        ("bca", BootstrapInterval::Bca),
        ("normal", BootstrapInterval::Normal),
    ];
    let options = BootstrapOptions {
        replicates: asked.replicates,
        seed: asked.seed,
        kind: choice("type", &asked.kind, &kinds)?,
        interval: choice("interval", &asked.interval, &ends)?,
        level: asked.level,
        group: asked.group,
    };
    let mut statistics = Vec::new();
    for what in &asked.of {
        let all = [("parameters", 0), ("icc", 1), ("r2", 2)];
        statistics.push(match choice("of", what, &all)? {
            0 => Statistic::Parameters(asked.parameters.clone()),
            1 => Statistic::Icc,
            _ => Statistic::RSquared,
        });
    }
    let contrasts = asked.contrasts;
    Ok(with_further("replicates", move |asked, rows, phase| {
        let mut statistics = statistics;
        let mut hypotheses = Vec::new();
        for text in &contrasts {
            hypotheses.extend(asked.fit.hypotheses(text)?);
        }
        if !hypotheses.is_empty() {
            statistics.push(Statistic::Contrasts(hypotheses));
        }
        if let Some(new) = asked.more {
            statistics.push(asked.fit.statistic_of_rows(new)?);
        }
        let mut count = |done, all| phase.set(&format!("replicate {done} of {all}"));
        let found = asked
            .fit
            .bootstrap(Some(rows), &statistics, &options, &mut count)?;
        said(Bootstrapped(found))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Areas {
    group: Option<String>,
    top: usize,
    thresholds: Vec<f64>,
    level: f64,
    draws: u32,
    seed: u64,
}

fn areas(asked: Areas) -> Question {
    let mut options = AreasOptions::default()
        .top(asked.top)
        .level(asked.level)
        .draws(asked.draws)
        .seed(asked.seed);
    if let Some(group) = asked.group {
        options = options.group(group);
    }
    for value in asked.thresholds {
        options = options.threshold(value);
    }
    with_rows("drawing", move |fit, rows, _| {
        said(fit.areas(rows, &options)?)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Poststratify {
    by: Vec<String>,
    count: Option<String>,
    level: f64,
    draws: u32,
    seed: u64,
}

fn poststratify(asked: Poststratify) -> Question {
    let mut options = PoststratifyOptions::by(asked.by)
        .level(asked.level)
        .draws(asked.draws)
        .seed(asked.seed);
    if let Some(count) = asked.count {
        options = options.count(count);
    }
    Question {
        what: "poststratifying",
        needs_rows: false,
        ask: Box::new(move |asked, _| match asked.more {
            Some(frame) => said(asked.fit.poststratify(frame, asked.rows, &options)?),
            None => unreachable!("Python asks for a frame"),
        }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tidy {
    effects: Vec<String>,
    scale: String,
    interval: Option<String>,
    level: f64,
}

fn tidy(asked: Tidy) -> PyResult<Question> {
    let kinds = [
        ("fixed", TidyEffect::Fixed),
        ("ran_pars", TidyEffect::RanPars),
        ("ran_vals", TidyEffect::RanVals),
        ("ran_coefs", TidyEffect::RanCoefs),
    ];
    let scales = [("sdcor", Scale::Sdcor), ("vcov", Scale::Vcov)];
    let method = asked.interval.as_deref().map(interval_method).transpose()?;
    let options = TidyOptions {
        effects: asked
            .effects
            .iter()
            .map(|kind| choice("effects", kind, &kinds))
            .collect::<PyResult<_>>()?,
        scale: choice("scale", &asked.scale, &scales)?,
        interval: method.map(|method| (method, asked.level)),
    };
    Ok(plain("tidying", move |fit| said(fit.tidy(&options)?)))
}

/// A source of which only some columns are to be seen, so that no other is read.
pub(crate) struct Narrow<'a> {
    inner: &'a dyn Source,
    columns: Vec<Column>,
    places: Vec<usize>,
}

impl<'a> Narrow<'a> {
    /// The named columns of a source.
    pub(crate) fn new(inner: &'a dyn Source, names: &[&str]) -> Self {
        let all = inner.columns();
        let places: Vec<usize> = (0..all.len())
            .filter(|&k| names.contains(&all[k].name.as_str()))
            .collect();
        Self {
            inner,
            columns: places.iter().map(|&k| all[k].clone()).collect(),
            places,
        }
    }
}

impl Source for Narrow<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        self.inner.rows()
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        let places: Vec<usize> = projection.iter().map(|&p| self.places[p]).collect();
        self.inner.read(&places)
    }

    fn note(&self, column: &str) -> Option<String> {
        self.inner.note(column)
    }
}

/// Models are asked from several threads at once.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<ranef::Fit>>();
};
