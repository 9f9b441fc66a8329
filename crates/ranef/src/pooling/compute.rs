//! The numbers.

use ranef_design::Relation;
use ranef_engine::distributions::{Normal, StudentT};
use ranef_engine::lmm::LevelColumns;
use ranef_engine::{LeastSquares, NoPooling};

use super::{PooledCoefficient, PooledFixed, Pooling, PoolingSigma, PoolingTerm, words};
use crate::robust::listed;
use crate::variance::solve;
use crate::{Error, Fit, Note, RandomBlock};

/// One column of the face of the chosen factor.
struct Column<'a> {
    block: usize,
    within: usize,
    term: &'a str,
    variance: f64,
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

fn term(
    fit: &Fit,
    factor: usize,
    columns: &[Column],
    at: usize,
    groups: &[PooledCoefficient],
    t: Option<f64>,
    z: f64,
) -> PoolingTerm {
    let k = columns.len();
    let column = &columns[at];
    let rows: Vec<&PooledCoefficient> = groups.iter().skip(at).step_by(k).collect();
    let levels = rows.len() as f64;
    let effects = fit.random_effects();
    let modes: Vec<f64> = effects.modes[factor]
        .iter()
        .skip(at)
        .step_by(k)
        .copied()
        .collect();
    let posts: Vec<f64> = effects.covariances[factor]
        .chunks_exact(k * k)
        .map(|c| c[at * k + at].max(0.0))
        .collect();
    let post = posts.iter().sum::<f64>() / levels;
    let (between, all) = (variance(&modes), variance(&modes).unwrap_or(0.0) + post);
    // No variance between the groups at all: they are one.
    let pooling_factor = if all > 0.0 {
        1.0 - between.unwrap_or(0.0) / all
    } else {
        1.0
    };
    let partial: Option<Vec<f64>> = rows.iter().map(|r| r.partial_pooling).collect();
    let coefficients = partial.as_deref().and_then(variance);
    let own: Vec<f64> = rows.iter().filter_map(|r| r.no_pooling).collect();
    let count = |f: &dyn Fn(&PooledCoefficient) -> Option<bool>| {
        rows.iter().filter(|&&r| f(r) == Some(true)).count()
    };
    let squares = fit.moments().random_product[column.block]
        [column.within * fit.varcorr()[column.block].terms.len() + column.within];
    let sigma_squared = fit.sigma() * fit.sigma();
    let information = column.variance * squares;
    PoolingTerm {
        term: column.term.to_owned(),
        sd: column.variance.sqrt(),
        equal_weight_n: (information > 0.0).then(|| sigma_squared / information),
        half_weight_n: half_weight_n(fit, factor, columns, at),
        mean_weight: rows.iter().map(|r| r.weight).sum::<f64>() / levels,
        pooling_factor,
        explained: coefficients
            .map(|v| v + post)
            .filter(|v| *v > 0.0)
            .map(|v| 1.0 - all / v),
        no_pooling_spread: variance(&own).map(f64::sqrt),
        partial_pooling_spread: coefficients.map(f64::sqrt),
        without: rows.len() - own.len(),
        sign_changed: count(&|r| r.sign_changed),
        significance_lost: count(&|r| r.significance_lost),
        significance_gained: count(&|r| r.significance_gained),
        stand_out_no_pooling: count(&|r| {
            let distance = r.no_pooling? - r.complete_pooling?;
            Some(distance.abs() > t? * r.no_pooling_std_error?)
        }),
        stand_out_partial_pooling: modes
            .iter()
            .zip(&posts)
            .filter(|(b, v)| b.abs() > z * v.sqrt() && b.abs() > 0.0)
            .count(),
    }
}

/// Variance over the groups, divisor J − 1.
fn variance(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sum: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (values.len() > 1).then(|| sum / (n - 1.0))
}

/// Rows of the average kind, Z'Z = n E\[zz'\], at which 1 − Var(b|y)/τ² is one half. The posterior
/// T − TZ'(ZTZ' + σ²)⁻¹ZT falls from τ² to zero (or never to a half), so the place is bracketed by
/// doubling and then halved.
fn half_weight_n(fit: &Fit, factor: usize, columns: &[Column], at: usize) -> Option<f64> {
    let k = columns.len();
    let sigma_squared = fit.sigma() * fit.sigma();
    let (blocks, moments) = (fit.varcorr(), fit.moments());
    if columns[at].variance <= 0.0 {
        return None;
    }
    // Products of the columns of different terms are not kept: they count as they would if the
    // terms' columns were uncorrelated over the rows.
    let mut products = vec![0.0; k * k];
    let mut covariance = vec![0.0; k * k];
    for (i, a) in columns.iter().enumerate() {
        for (j, b) in columns.iter().enumerate() {
            products[i * k + j] = if a.block == b.block {
                let width = blocks[a.block].terms.len();
                covariance[i * k + j] = blocks[a.block].cov[a.within][b.within];
                moments.random_product[a.block][a.within * width + b.within]
            } else {
                moments.random_mean[a.block][a.within] * moments.random_mean[b.block][b.within]
            };
        }
    }
    debug_assert_eq!(blocks[columns[at].block].factor, factor);
    // Var(b|y) = (I + nTM/σ²)⁻¹T.
    let weight = |n: f64| -> Option<f64> {
        let mut system: Vec<f64> = (0..k * k)
            .map(|ij| {
                let (i, j) = (ij / k, ij % k);
                let inner: f64 = (0..k)
                    .map(|m| covariance[i * k + m] * products[m * k + j])
                    .sum();
                f64::from(u8::from(i == j)) + n * inner / sigma_squared
            })
            .collect();
        let mut right: Vec<f64> = (0..k).map(|i| covariance[i * k + at]).collect();
        solve(&mut system, &mut right, 1)?;
        Some(1.0 - right[at] / columns[at].variance)
    };
    let mut high = 1.0;
    while weight(high)? < 0.5 {
        high *= 2.0;
        if high > 1e12 {
            return None;
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if weight(middle)? < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

fn fixed(
    fit: &Fit,
    columns: &[Column],
    none: &NoPooling,
    complete: Option<&LeastSquares>,
    bases: &[Basis],
) -> Vec<PooledFixed> {
    let p = fit.fixef().len();
    fit.fixed_names()
        .iter()
        .enumerate()
        .map(|(j, &term)| {
            let own = columns.iter().position(|c| c.term == term);
            let (no, no_se) = match (none.common[j], own.and_then(|at| none.mean[at])) {
                // It would be a difference from what the groups' own coefficients took up.
                (Some(_), _) if bases.iter().any(|b| b.compared(j)) => (None, None),
                (Some(value), _) => (Some(value), none.common_std_errors[j]),
                (None, Some((value, se))) => (Some(value), se),
                (None, None) => (None, None),
            };
            let std_error = fit.vcov()[j * p + j].sqrt();
            let complete_se = complete.map(|c| c.covariance[j * p + j].sqrt());
            PooledFixed {
                term: term.to_owned(),
                complete_pooling: complete.map(|c| c.beta[j]),
                complete_pooling_std_error: complete_se,
                no_pooling: no,
                no_pooling_std_error: no_se,
                partial_pooling: fit.fixef()[j],
                partial_pooling_std_error: std_error,
                std_error_ratio: complete_se.filter(|s| *s > 0.0).map(|s| std_error / s),
            }
        })
        .collect()
}

/// What the fixed effects have in the place of a column that varies by group.
#[derive(Clone, Debug, PartialEq)]
enum Basis {
    /// The same column.
    Same,
    /// Nothing: on average over all groups it is zero by the model.
    Nothing,
    /// The same in other words, such as an indicator of every level for an intercept: `taken`, the
    /// columns that give the groups theirs, and `others` of the same terms, which stay common and
    /// are differences from them.
    Others {
        taken: Vec<usize>,
        others: Vec<usize>,
    },
}

impl Basis {
    fn of(fit: &Fit, columns: &[Column], at: usize, none: &NoPooling) -> Self {
        let names = fit.fixed_names();
        if names.contains(&columns[at].term) {
            return Self::Same;
        }
        let own = |j: usize| columns.iter().any(|c| c.term == names[j]);
        let factor = fit.varcorr()[columns[at].block].factor;
        let levels = 0..fit.recipe().factors()[factor].levels;
        let gives = |j: usize| {
            let mut lines = levels.clone().filter_map(|level| none.level(level).line(j));
            lines.any(|line| line[at] != 0.0)
        };
        let taken: Vec<usize> = (0..names.len()).filter(|&j| !own(j) && gives(j)).collect();
        if taken.is_empty() {
            return Self::Nothing;
        }
        let recipe = fit.recipe();
        let (kept, assign) = (recipe.fixed_kept(), recipe.fixed_assign());
        let term = |j: usize| assign[kept[j]];
        let others = (0..names.len())
            .filter(|j| !taken.contains(j) && taken.iter().any(|&t| term(t) == term(*j)))
            .collect();
        Self::Others { taken, others }
    }

    /// Whether a fixed effect, without pooling, is a difference from what the groups took up.
    fn compared(&self, j: usize) -> bool {
        matches!(self, Self::Others { others, .. } if others.contains(&j))
    }

    /// What to say of it.
    fn note(&self, fit: &Fit, terms: &[&str]) -> Option<Note> {
        let names = fit.fixed_names();
        let list = |at: &[usize]| {
            let names: Vec<&str> = at.iter().map(|&j| names[j]).collect();
            listed(&names)
        };
        let (missing, many) = (listed(terms), terms.len() > 1);
        let message = match self {
            Self::Same => return None,
            Self::Nothing => format!(
                "The fixed effects have no {missing}: complete pooling takes {} for zero in every \
                 group, and so does the multilevel model on average over the groups.",
                if many { "them" } else { "it" }
            ),
            Self::Others { taken, others } if others.is_empty() => format!(
                "The fixed effects have no {missing} of {} own: {} of a group {} what {} {} it.",
                if many { "their" } else { "its" },
                if many { "those" } else { "that" },
                if many { "are" } else { "is" },
                list(taken),
                if taken.len() > 1 { "give" } else { "gives" },
            ),
            Self::Others { taken, others } => format!(
                "The fixed effects have no {missing} of {} own: {} of a group {} what {} {} it \
                 with {} at zero. Without pooling {} would be {} from {}, and {} left out.",
                if many { "their" } else { "its" },
                if many { "those" } else { "that" },
                if many { "are" } else { "is" },
                list(taken),
                if taken.len() > 1 { "give" } else { "gives" },
                list(others),
                list(others),
                if others.len() > 1 {
                    "differences"
                } else {
                    "a difference"
                },
                list(taken),
                if others.len() > 1 { "are" } else { "is" },
            ),
        };
        Some(Note::new("no_fixed_term", message))
    }
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
