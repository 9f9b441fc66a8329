//! Shrinkage: arrows from the coefficients of every group's own regression to those of the
//! multilevel model, in the plane of two of them, with the estimated distribution of the groups as
//! ellipses around the fixed effects (Bates 2010, *lme4*, figure 4.4). With one random effect, the
//! same along one axis.
//!
//! Where the fixed effects give groups different coefficients (predictors of the group, or products
//! with them), all is drawn as deviation from what they give, so that one ellipse holds for all.

mod chart;

use std::fmt;

use ranef::{Answer, Error, Fit, Table};
use serde::Serialize;

use crate::words::{self, count, number, percent, write_figure};

/// Arrows that are drawn unless told.
const MOST: usize = 300;
/// The shares of all groups that the ellipses hold.
const SHARES: [f64; 2] = [0.5, 0.95];

/// Arrows from no pooling to partial pooling.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shrinkage {
    /// The grouping factor.
    pub group: String,
    /// The name of the response.
    pub response: String,
    /// The random effects: two, or one.
    pub terms: Vec<String>,
    /// Whether the numbers are deviations from what the fixed effects give each group.
    pub deviations: bool,
    /// What the ellipses are around: the fixed effects, or zeros.
    pub centre: Vec<f64>,
    /// The estimated covariance matrix of the effects, by rows.
    pub covariance: Vec<Vec<f64>>,
    /// The groups.
    pub rows: Vec<ShrunkGroup>,
    /// How many arrows are drawn at most.
    pub most: usize,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One group before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShrunkGroup {
    /// The group.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// From its own rows, an effect each; `None` where they do not give it.
    pub no_pooling: Vec<Option<f64>>,
    /// From the multilevel model.
    pub partial_pooling: Vec<f64>,
}

impl ShrunkGroup {
    fn own(&self) -> Option<Vec<f64>> {
        self.no_pooling.iter().copied().collect()
    }
}

impl Shrinkage {
    /// The arrows of a grouping factor: of its first two random effects unless `terms` names others;
    /// `most` limits the arrows that are drawn.
    ///
    /// # Errors
    /// `linear_only` for generalised models, `no_groups`, `unknown_group`, `unknown_term`,
    /// `many_terms`; `needs_rows` for a loaded fit.
    pub fn of(
        fit: &Fit,
        group: Option<&str>,
        terms: &[String],
        most: Option<usize>,
    ) -> Result<Self, Error> {
        let group = words::group(fit, group)?.to_owned();
        if !fit.family().is_gaussian() {
            let message = format!(
                "no pooling is least squares here, and this is a {} model",
                fit.family()
            );
            return Err(Error::new("linear_only", message)
                .with_hint("draw `caterpillar` or `lines`, which show the groups of any family"));
        }
        let pooled = fit.pooled_coefficients(Some(&group))?;
        let first = pooled.first().map(|row| row.level.clone());
        let own = |row: &&ranef::PooledCoefficient| Some(&row.level) == first.as_ref();
        let known: Vec<String> = pooled
            .iter()
            .take_while(own)
            .map(|row| row.term.clone())
            .collect();
        let what = format!("random effect of {group}");
        let mut chosen = words::choose_terms(&known, terms, &what)?;
        if terms.is_empty() {
            chosen.truncate(2);
        }
        if chosen.len() > 2 {
            return Err(Error::new(
                "many_terms",
                format!(
                    "arrows run in the plane of two effects, and {} are named",
                    chosen.len()
                ),
            )
            .with_hint("name two of them: --term A,B"));
        }
        let k = known.len();
        let at: Vec<usize> = chosen
            .iter()
            .filter_map(|term| known.iter().position(|k| k == term))
            .collect();
        // What the group's own random effect adds to the rest of its coefficient.
        let effects = fit.effects(0.95);
        let modes: Vec<Vec<f64>> = chosen
            .iter()
            .map(|term| {
                let own = effects
                    .random
                    .iter()
                    .filter(|e| e.group == group && e.term == *term);
                own.map(|e| e.estimate).collect()
            })
            .collect();
        let mut without = 0;
        let mut rows = Vec::new();
        let mut rests: Vec<Vec<f64>> = Vec::new();
        for (level, row) in pooled.chunks(k.max(1)).enumerate() {
            let partial: Option<Vec<f64>> = at.iter().map(|&a| row[a].partial_pooling).collect();
            let Some(partial) = partial else {
                without += 1;
                continue;
            };
            let shrunk = ShrunkGroup {
                level: row[0].level.clone(),
                n: row[0].n,
                no_pooling: at.iter().map(|&a| row[a].no_pooling).collect(),
                partial_pooling: partial,
            };
            without += usize::from(shrunk.own().is_none());
            let rest = shrunk.partial_pooling.iter().zip(&modes);
            rests.push(rest.map(|(x, modes)| x - modes[level]).collect());
            rows.push(shrunk);
        }
        let first = rests
            .first()
            .cloned()
            .unwrap_or_else(|| vec![0.0; at.len()]);
        let size = |a: usize| rests.iter().fold(0.0f64, |m, rest| m.max(rest[a].abs()));
        let same = (0..at.len()).all(|a| {
            let tolerance = 1e-8 * size(a);
            rests
                .iter()
                .all(|rest| (rest[a] - first[a]).abs() <= tolerance)
        });
        if !same {
            for (row, rest) in rows.iter_mut().zip(&rests) {
                for (a, rest) in rest.iter().enumerate() {
                    row.partial_pooling[a] -= rest;
                    row.no_pooling[a] = row.no_pooling[a].map(|x| x - rest);
                }
            }
        }
        let mut figure = Self {
            response: words::response(fit),
            covariance: covariance(fit, &group, &chosen),
            centre: if same { first } else { vec![0.0; at.len()] },
            deviations: !same,
            terms: chosen,
            rows,
            most: most.unwrap_or(MOST).max(1),
            notes: Vec::new(),
            group,
        };
        figure.notes = figure.notes_on(k, without);
        figure.notes.extend(shifts(fit, &figure.group, &known)?);
        Ok(figure)
    }

    fn notes_on(&self, terms: usize, without: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let ellipses = match self.terms.len() {
            2 => "The ellipses hold",
            _ => "The thin lines hold",
        };
        notes.push(format!(
            "{ellipses} {}% and {}% of all groups by the estimated variances.",
            percent(SHARES[0]),
            percent(SHARES[1])
        ));
        if self.deviations {
            notes.push(format!(
                "Deviations from what the fixed effects give each {}.",
                self.group
            ));
        }
        if without > 0 {
            notes.push(format!(
                "{} of {} groups have no coefficients of their own, and so no arrow.",
                count(without),
                count(self.rows.len().max(without))
            ));
        }
        if self.rows.len() > self.most {
            notes.push(format!(
                "{} of {} groups are drawn, evenly by their number of rows.",
                count(self.most),
                count(self.rows.len())
            ));
        }
        if terms > self.terms.len() && self.terms.len() == 2 {
            notes.push(format!(
                "Two of {terms} random effects; `--term` names others.",
            ));
        }
        notes
    }

    /// By how much the spread of the groups shrinks.
    fn spreads(&self, at: usize) -> Option<(f64, f64)> {
        let sd = |values: Vec<f64>| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            (n > 1.0).then(|| (squares / (n - 1.0)).sqrt())
        };
        let whole = || self.rows.iter().filter(|row| row.no_pooling[at].is_some());
        Some((
            sd(whole().filter_map(|row| row.no_pooling[at]).collect())?,
            sd(whole().map(|row| row.partial_pooling[at]).collect())?,
        ))
    }

    fn description(&self) -> String {
        let mut out = format!(
            "{} levels of {} move from their own regression towards the fixed effects.",
            count(self.rows.len()),
            self.group
        );
        for (at, term) in self.terms.iter().enumerate() {
            if let Some((before, after)) = self.spreads(at) {
                out.push_str(&format!(
                    " {}: standard deviation over the groups {} without pooling, {} with partial \
                     pooling.",
                    words::term(term),
                    number(before, 0.0),
                    number(after, 0.0)
                ));
            }
        }
        if let [first, second] = &self.terms[..] {
            let scale = (self.covariance[0][0] * self.covariance[1][1]).sqrt();
            if scale > 0.0 {
                let r = (self.covariance[0][1] / scale).clamp(-1.0, 1.0);
                out.push_str(&format!(
                    " The estimated correlation of {} and {} is {r:.2}.",
                    words::term(first),
                    words::term(second)
                ));
            }
        }
        out
    }
}

/// How much less sure a coefficient is without pooling, in standard errors, for it to be said.
const UNSURE: f64 = 2.0;

/// What the arrows owe to coefficients that all own regressions have in common. Without pooling
/// these come from differences within the groups alone: where few groups have any, the beginnings of
/// all arrows lean on them.
fn shifts(fit: &Fit, group: &str, own: &[String]) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    for row in fit.pooled_fixed(Some(group))? {
        let (Some(none), Some(error)) = (row.no_pooling, row.no_pooling_std_error) else {
            continue;
        };
        if own.contains(&row.term) || error <= UNSURE * row.partial_pooling_std_error {
            continue;
        }
        notes.push(format!(
            "Without pooling the coefficient of {} comes from differences within groups alone: {} \
             (SE {}), in the model {} (SE {}). Groups that are alike in it begin shifted alike.",
            words::term(&row.term),
            number(none, 0.0),
            number(error, 0.0),
            number(row.partial_pooling, 0.0),
            number(row.partial_pooling_std_error, 0.0)
        ));
    }
    Ok(notes)
}

/// The covariance matrix of effects of a group, by name; zero between terms of their own.
fn covariance(fit: &Fit, group: &str, terms: &[String]) -> Vec<Vec<f64>> {
    let between = |a: &String, b: &String| {
        fit.varcorr()
            .iter()
            .filter(|block| block.group == group)
            .find_map(|block| {
                let i = block.terms.iter().position(|t| t == a)?;
                let j = block.terms.iter().position(|t| t == b)?;
                Some(block.cov[i][j])
            })
    };
    let row = |a: &String| terms.iter().map(|b| between(a, b).unwrap_or(0.0)).collect();
    terms.iter().map(row).collect()
}

impl Answer for Shrinkage {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.rows;
        let mut table = Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64));
        for (at, term) in self.terms.iter().enumerate() {
            table = table
                .numbers(
                    &format!("no_pooling {term}"),
                    Style::Digits,
                    rows.iter().map(|r| r.no_pooling[at]),
                )
                .numbers(
                    &format!("partial_pooling {term}"),
                    Style::Digits,
                    rows.iter().map(|r| r.partial_pooling[at]),
                );
        }
        table
    }
}

impl fmt::Display for Shrinkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("Shrinkage of {}", self.group);
        write_figure(f, &heading, &self.table(), &self.description(), &self.notes)
    }
}
