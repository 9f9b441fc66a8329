//! The numbers.

use ranef_design::Relation;
use ranef_engine::distributions::{Normal, StudentT};
use ranef_engine::lmm::LevelColumns;
use ranef_engine::{LeastSquares, NoPooling};

use super::fixed::{Basis, fixed};
use super::terms::term;
use super::{PooledCoefficient, PooledFixed, Pooling, PoolingSigma, PoolingTerm, words};
use crate::{Error, Fit, Note, RandomBlock};

/// One column of the face of the chosen factor.
pub(super) struct Column<'a> {
    pub block: usize,
    pub within: usize,
    pub term: &'a str,
    pub variance: f64,
}

/// A factor in whose levels those of the chosen one lie.
struct Outer {
    factor: usize,
    /// The outer level of each level.
    parent: Vec<u32>,
    /// For each column of the chosen face, the column of the outer one of the same name and the row
    /// of the outer face that is 1 there.
    columns: Vec<Option<(usize, Vec<f64>)>>,
    width: usize,
}

/// The columns of the face of a factor.
fn columns_of(fit: &Fit, factor: usize) -> Vec<Column<'_>> {
    let blocks = fit.varcorr();
    blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| b.factor == factor)
        .flat_map(|(block, b)| {
            let column = move |(within, term): (usize, &'_ String)| (block, within, term.clone());
            b.terms.iter().enumerate().map(column).collect::<Vec<_>>()
        })
        .map(|(block, within, _)| Column {
            block,
            within,
            term: &blocks[block].terms[within],
            variance: blocks[block].cov[within][within],
        })
        .collect()
}

/// The coefficients of all groups, without the standard errors of partial pooling.
pub(super) fn coefficients(
    fit: &Fit,
    group: Option<&str>,
) -> Result<Vec<PooledCoefficient>, Error> {
    let factor = choose(fit, group)?;
    let statistics = fit.statistics()?;
    let columns = columns_of(fit, factor);
    let (none, complete) = (statistics.no_pooling(factor), statistics.complete_pooling());
    let outers = outers(fit, factor, &columns)?;
    let asked = Asked {
        fit,
        factor,
        outers: &outers,
        columns: &columns,
        none: &none,
        complete: complete.as_ref(),
        quantiles: (None, 0.0),
        errors: false,
    };
    asked.groups()
}

/// The fixed effects under the three poolings.
pub(super) fn fixed_effects(fit: &Fit, group: Option<&str>) -> Result<Vec<PooledFixed>, Error> {
    let factor = choose(fit, group)?;
    let statistics = fit.statistics()?;
    let columns = columns_of(fit, factor);
    let (none, complete) = (statistics.no_pooling(factor), statistics.complete_pooling());
    let bases: Vec<Basis> = (0..columns.len())
        .map(|at| Basis::of(fit, &columns, at, &none))
        .collect();
    Ok(fixed(fit, &columns, &none, complete.as_ref(), &bases))
}

pub(super) fn pooling(fit: &Fit, group: Option<&str>, confidence: f64) -> Result<Pooling, Error> {
    let factor = choose(fit, group)?;
    let statistics = fit.statistics()?;
    let blocks = fit.varcorr();
    let columns = columns_of(fit, factor);
    let k = columns.len();
    let none = statistics.no_pooling(factor);
    let complete = statistics.complete_pooling();
    let outers = outers(fit, factor, &columns)?;
    let t = (none.degrees > 0)
        .then(|| StudentT::new(none.degrees as f64).quantile(0.5 + 0.5 * confidence));
    let z = Normal::STANDARD.quantile(0.5 + 0.5 * confidence);
    let asked = Asked {
        fit,
        factor,
        columns: &columns,
        outers: &outers,
        none: &none,
        complete: complete.as_ref(),
        quantiles: (t, z),
        errors: true,
    };
    let groups = asked.groups()?;
    let terms: Vec<PoolingTerm> = (0..k)
        .map(|at| term(fit, factor, &columns, at, &groups, t, z))
        .collect();
    let bases: Vec<Basis> = (0..k)
        .map(|at| Basis::of(fit, &columns, at, &none))
        .collect();
    let fixed = fixed(fit, &columns, &none, complete.as_ref(), &bases);
    let mut pooling = Pooling {
        group: blocks[columns[0].block].group.clone(),
        other_groups: other_groups(fit, factor),
        equal_weight_n: terms[0].equal_weight_n,
        sigma: PoolingSigma {
            no_pooling: none.sigma,
            complete_pooling: complete.as_ref().map(|c| c.sigma),
            partial_pooling: fit.sigma(),
        },
        confidence,
        groups,
        terms,
        fixed,
        reading: String::new(),
        notes: notes(fit, &outers, &columns, &bases),
    };
    pooling.reading = words::reading(&pooling);
    Ok(pooling)
}

/// What the coefficients of all groups are made of.
struct Asked<'a> {
    fit: &'a Fit,
    factor: usize,
    columns: &'a [Column<'a>],
    outers: &'a [Outer],
    none: &'a NoPooling,
    complete: Option<&'a LeastSquares>,
    /// Quantiles of t and of the normal distribution that decide what is significant.
    quantiles: (Option<f64>, f64),
    /// With the standard errors of partial pooling, which need the covariance of all effects with
    /// each other: with many crossed groups most of the work.
    errors: bool,
}

impl Asked<'_> {
    /// One row a level and term.
    fn groups(&self) -> Result<Vec<PooledCoefficient>, Error> {
        let Self {
            fit,
            factor,
            columns,
            outers,
            none,
            complete,
            quantiles: (t, z),
            errors,
        } = *self;
        let recipe = fit.recipe();
        let k = columns.len();
        let effects = fit.random_effects();
        let asked = match errors {
            true => Some(fit.joint()?.rows()),
            false => None,
        };
        let widths = fit.widths();
        let sizes = &fit.moments().sizes[factor];
        let p = fit.fixef().len();
        let levels = recipe.factors()[factor].levels;
        let mut groups = Vec::with_capacity(levels * k);
        let units: Vec<Vec<f64>> = (0..k).map(|at| unit(k, at)).collect();
        let mut line = vec![0.0; p];
        let mut touched: Vec<LevelColumns<'_>> = Vec::new();
        for level in 0..levels {
            let own = none.level(level);
            let label = recipe.level(factor, level);
            let n = sizes[level] as usize;
            for (at, column) in columns.iter().enumerate() {
                // What the fixed effects are multiplied with in this coefficient, if that is known.
                let told = (0..p).all(|j| {
                    let found = own.line(j).map(|line| line[at]);
                    line[j] = found.unwrap_or(0.0);
                    found.is_some()
                });
                let read = |beta: &[f64]| -> Option<f64> {
                    told.then(|| line.iter().zip(beta).map(|(c, b)| c * b).sum())
                };
                let post = effects.covariances[factor][level * k * k + at * k + at];
                let weight = if column.variance > 0.0 {
                    (1.0 - post / column.variance).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let mut partial = read(fit.fixef());
                let mut partial_se = None;
                if let Some(value) = &mut partial {
                    *value += effects.modes[factor][level * k + at];
                    touched.clear();
                    touched.push((factor, level, &units[at]));
                    for outer in outers {
                        if let Some((column, unit)) = &outer.columns[at] {
                            let parent = outer.parent[level] as usize;
                            *value += effects.modes[outer.factor][parent * outer.width + column];
                            touched.push((outer.factor, parent, unit));
                        }
                    }
                    debug_assert_eq!(widths[factor], k);
                    partial_se = asked
                        .as_ref()
                        .map(|asked| asked.variance(&line, &touched).total.max(0.0).sqrt());
                }
                let (no, no_se) = (own.estimates[at], own.std_errors[at]);
                let clear = |x: Option<f64>, se: Option<f64>, times: Option<f64>| {
                    Some(x?.abs() > times? * se?)
                };
                let before = clear(no, no_se, t);
                let after = clear(partial, partial_se, Some(z));
                let both = |f: fn(bool, bool) -> bool| Some(f(before?, after?));
                groups.push(PooledCoefficient {
                    level: label.clone(),
                    term: column.term.to_owned(),
                    n,
                    no_pooling: no,
                    no_pooling_std_error: no_se,
                    complete_pooling: complete.and_then(|c| read(&c.beta)),
                    partial_pooling: partial,
                    partial_pooling_std_error: partial_se,
                    weight,
                    sign_changed: no.zip(partial).map(|(a, b)| a * b < 0.0),
                    significance_lost: both(|before, after| before && !after),
                    significance_gained: both(|before, after| !before && after),
                    reason: reason(column.term, n, k, no, partial),
                });
            }
        }
        Ok(groups)
    }
}

/// The grouping factor of a name, or the first that has a term.
pub(crate) fn choose(fit: &Fit, group: Option<&str>) -> Result<usize, Error> {
    let Some(first) = fit.varcorr().first() else {
        return Err(Error::new(
            "no_groups",
            "the model has no random effects, so there are no groups to pool",
        )
        .with_hint("add a term such as (1 | group)"));
    };
    let Some(name) = group else {
        return Ok(first.factor);
    };
    // `cask:batch` and `batch:cask` are the same groups.
    let parts = |name: &str| {
        let mut parts: Vec<String> = name.split(':').map(str::to_owned).collect();
        parts.sort();
        parts
    };
    let names = |b: &RandomBlock| parts(&b.group) == parts(name);
    fit.varcorr()
        .iter()
        .find(|b| names(b))
        .map(|b| b.factor)
        .ok_or_else(|| {
            let mut known: Vec<&str> = fit.varcorr().iter().map(|b| b.group.as_str()).collect();
            known.dedup();
            Error::new(
                "unknown_group",
                format!("`{name}` is not a grouping factor of the model"),
            )
            .with_hint(format!("it has: {}", known.join(", ")))
        })
}

fn other_groups(fit: &Fit, factor: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for block in fit.varcorr().iter().filter(|b| b.factor != factor) {
        if !names.contains(&block.group) {
            names.push(block.group.clone());
        }
    }
    names
}

/// The factors that each level of the chosen one lies within.
fn outers(fit: &Fit, factor: usize, columns: &[Column]) -> Result<Vec<Outer>, Error> {
    let mut out = Vec::new();
    for pair in &fit.structure().pairs {
        let other = match pair.relation {
            Relation::FirstInSecond if pair.first == factor => pair.second,
            Relation::SecondInFirst if pair.second == factor => pair.first,
            _ => continue,
        };
        let named = |term: &str| {
            fit.varcorr()
                .iter()
                .filter(|b| b.factor == other)
                .find_map(|b| b.terms.iter().position(|t| t == term).map(|a| b.offset + a))
        };
        let width = fit.widths()[other];
        let matching: Vec<_> = columns
            .iter()
            .map(|c| named(c.term).map(|at| (at, unit(width, at))))
            .collect();
        if matching.iter().all(Option::is_none) {
            continue;
        }
        let mut parent = vec![0; fit.recipe().factors()[factor].levels];
        for (level, above) in fit.statistics()?.cells(factor, other) {
            parent[level as usize] = above;
        }
        out.push(Outer {
            factor: other,
            parent,
            columns: matching,
            width,
        });
    }
    Ok(out)
}

/// A row of `size` numbers, of which one is 1 and the others are 0.
fn unit(size: usize, at: usize) -> Vec<f64> {
    (0..size).map(|i| f64::from(u8::from(i == at))).collect()
}

fn reason(term: &str, n: usize, k: usize, no: Option<f64>, partial: Option<f64>) -> Option<String> {
    let rows = if n == 1 { "row" } else { "rows" };
    let tell = if n == 1 { "does" } else { "do" };
    if partial.is_none() {
        return Some(format!(
            "its {n} {rows} {tell} not tell what the fixed effects give its `{term}`"
        ));
    }
    if no.is_some() {
        return None;
    }
    Some(if n < k {
        format!("{n} {rows} for {k} coefficients")
    } else {
        format!("its {n} {rows} {tell} not tell `{term}` from the other coefficients")
    })
}

fn notes(fit: &Fit, outers: &[Outer], columns: &[Column], bases: &[Basis]) -> Vec<Note> {
    // Columns of one kind are said together.
    let mut kinds: Vec<(&Basis, Vec<&str>)> = Vec::new();
    for (column, basis) in columns.iter().zip(bases) {
        match kinds.iter_mut().find(|(kind, _)| *kind == basis) {
            Some((_, terms)) => terms.push(column.term),
            None => kinds.push((basis, vec![column.term])),
        }
    }
    let mut notes: Vec<Note> = kinds
        .iter()
        .filter_map(|(basis, terms)| basis.note(fit, terms))
        .collect();
    for outer in outers {
        let name = &fit.recipe().factors()[outer.factor].name;
        notes.push(Note::new(
            "nested_groups",
            format!(
                "Partial pooling includes the effects of the `{name}` that each group lies in; the \
                 weight is that of the group's own data about its deviation from it."
            ),
        ));
    }
    if fit.options().design.weights.is_some() {
        notes.push(Note::new(
            "weights",
            "Numbers of rows for equal weight are numbers of rows of weight 1.",
        ));
    }
    notes
}
