//! Rows to clusters.
//!
//! A sandwich takes clusters as independent, so in a multilevel model they must hold whole groups:
//! the default is the grouping factor that all others lie in. Where factors are crossed there is
//! none. The rows may still fall apart into parts that share no level of any factor (the children
//! of one town with its schools and its quarters); then these parts are independent and V is
//! block-diagonal over them. Where they do not, no clusters are independent under the model, and
//! what is left is the uncorrected sandwich over the factor with the fewest levels, with a warning.

use std::borrow::Cow;

use ranef_design::{DesignRows, Parts, Recipe, Relation, Structure, survey};
use ranef_engine::sandwich::{Cluster, Collector, Correction, Sandwich};
use ranef_formula::Formula;
use ranef_frame::Source;

use super::{RobustType, listed};
use crate::rows::{for_each_batch, layout, refuse_new_levels, response, with_engine_rows};
use crate::{Error, Fit, Note};

/// More rows than this, after compression, and CR2 and CR3 take minutes a cluster: they decompose
/// matrices of that size.
const MOST_ROWS: usize = 3000;

/// The clusters of a model.
pub(crate) struct Clusters {
    /// As the formula writes them.
    pub name: String,
    /// The recipe that codes them: that of the model, or one with a factor more.
    pub recipe: Recipe,
    /// Position of the clusters among the factors of the recipe; for parts of the data, that of a
    /// factor that lies in them.
    factor: usize,
    /// The cluster of each level of that factor, where clusters are parts of the data.
    parts: Option<Vec<u32>>,
    /// Grouping factors of the model that are not nested in the clusters.
    pub crossed: Vec<String>,
    /// Why these are the clusters, where nobody named them and there was a choice.
    pub reason: Option<String>,
}

impl Clusters {
    pub fn of(fit: &Fit, name: Option<&str>, source: &dyn Source) -> Result<Self, Error> {
        let Some(name) = name else {
            return Self::default_of(fit, source);
        };
        let factors = fit.recipe().factors();
        if let Some(factor) = factors.iter().position(|f| f.name == name) {
            return Ok(Self::of_factor(fit, factor));
        }
        // A column that the model does not group by: the model with one more random term has a
        // recipe that codes it beside everything else.
        let text = format!("~ (1 | {name})");
        let parsed = Formula::parse(&text).map_err(|e| Error::formula(&e, &text))?;
        let added = parsed
            .terms::<&str>(&[])
            .map_err(|e| Error::formula(&e, &text))?;
        let [term] = added.random.as_slice() else {
            return Err(Error::new(
                "not_a_cluster",
                format!(
                    "`{name}` stands for {} grouping factors",
                    added.random.len()
                ),
            )
            .with_hint("name one, such as `school` or `school:class`"));
        };
        let mut terms = fit.terms().clone();
        terms.random.push(term.clone());
        let found =
            survey(&terms, source, &fit.options().design).map_err(|e| Error::design(&e, &text))?;
        let missing = fit.nobs().saturating_sub(found.rows.used);
        if missing > 0 {
            return Err(Error::new(
                "missing_clusters",
                format!(
                    "{missing} of the {} rows of the model have no value of `{name}`",
                    fit.nobs()
                ),
            )
            .with_hint("leave these rows out of the data, and fit the model again"));
        }
        let mut recipe = found.recipe;
        let own = fit.recipe();
        if recipe.fixed_names() != own.fixed_names() {
            return Err(Error::new(
                "other_rows",
                "these are not the rows that the model was fitted to: its fixed effects come out \
                 differently",
            )
            .with_hint("give the data that the model was fitted to, or fit it again"));
        }
        recipe.drop_fixed(own.aliased());
        let factor = recipe.random().last().map_or(0, |design| design.factor);
        let crossed = not_nested(&recipe, &found.structure, factor);
        Ok(Self {
            name: term.group_label(),
            recipe,
            factor,
            parts: None,
            crossed,
            reason: None,
        })
    }

    /// The clusters where none are named: independent ones, or the factor with the fewest levels.
    fn default_of(fit: &Fit, source: &dyn Source) -> Result<Self, Error> {
        if let Some(independent) = Self::independent(fit, source)? {
            return Ok(independent);
        }
        let factors = fit.recipe().factors();
        let Some(factor) = (0..factors.len()).min_by_key(|&f| factors[f].levels) else {
            return Err(Error::new(
                "needs_cluster",
                "the model has no grouping factor: say which rows belong together",
            )
            .with_hint("name the clusters, such as `--cluster school`"));
        };
        let chosen = Self::of_factor(fit, factor);
        let reason = format!(
            "no grouping factor holds all others, and the rows do not fall apart into parts that \
             share no level; `{}` has the fewest levels",
            chosen.name
        );
        Ok(chosen.because(reason))
    }

    /// Clusters that share no random effects: the levels of the factor that all others lie in
    /// (with the fewest levels, should there be several), or the parts of the data. `None` where
    /// all rows hang together.
    pub fn independent(fit: &Fit, source: &dyn Source) -> Result<Option<Self>, Error> {
        let factors = fit.recipe().factors();
        let highest = (0..factors.len())
            .map(|factor| Self::of_factor(fit, factor))
            .filter(|clusters| clusters.crossed.is_empty())
            .min_by_key(|clusters| factors[clusters.factor].levels);
        if let Some(highest) = highest {
            let reason = (factors.len() > 1)
                .then(|| format!("all other grouping factors lie in `{}`", highest.name));
            return Ok(Some(Self { reason, ..highest }));
        }
        if factors.is_empty() {
            return Ok(None);
        }
        let (parts, count) = parts_of(fit, source)?;
        let names: Vec<&str> = factors.iter().map(|f| f.name.as_str()).collect();
        Ok((count > 1).then(|| Self {
            name: format!("parts({})", names.join(", ")),
            recipe: fit.recipe().clone(),
            factor: 0,
            parts: Some(parts),
            crossed: Vec::new(),
            reason: Some(format!(
                "no grouping factor holds all others, but the rows fall into {count} parts that \
                 share no level of {}",
                listed(&names)
            )),
        }))
    }

    /// The same, with the reason why these.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// How many clusters there may be; their codes are below.
    fn count(&self) -> usize {
        match &self.parts {
            None => self.recipe.factors()[self.factor].levels,
            Some(parts) => parts.iter().max().map_or(0, |last| *last as usize + 1),
        }
    }

    /// The cluster of every row.
    pub fn codes<'a>(&self, rows: &'a DesignRows) -> Cow<'a, [u32]> {
        let codes = &rows.codes[self.factor];
        match &self.parts {
            None => Cow::Borrowed(codes),
            // A level that the model has not seen is in no part; such rows are refused.
            Some(parts) => codes
                .iter()
                .map(|&code| parts.get(code as usize).copied().unwrap_or(code))
                .collect(),
        }
    }

    /// The levels of a grouping factor of the model as clusters.
    pub fn of_factor(fit: &Fit, factor: usize) -> Self {
        Self {
            name: fit.recipe().factors()[factor].name.clone(),
            recipe: fit.recipe().clone(),
            factor,
            parts: None,
            crossed: not_nested(fit.recipe(), fit.structure(), factor),
            reason: None,
        }
    }

    /// One pass for a model whose V is block-diagonal over the clusters.
    pub fn nested(
        &self,
        fit: &Fit,
        source: &dyn Source,
        kind: RobustType,
        warnings: &mut Vec<Note>,
    ) -> Result<Sandwich, Error> {
        let own = fit.recipe();
        let layout = layout(own);
        let lambda = layout.lambda(fit.theta());
        let mut collector = Collector::new(layout);
        for_each_batch(
            &self.recipe,
            source,
            Parts::ALL,
            fit.formula(),
            |_, rows| {
                refuse_new_levels(&rows)?;
                with_engine_rows(own, &rows, |batch| {
                    collector.add(batch, &self.codes(&rows));
                });
                Ok(())
            },
        )?;
        let rows = collector.rows();
        self.same_rows(fit, rows)?;
        let phi = relative_covariance(fit);
        let correction = kind.correction();
        if !matches!(correction, Correction::Cr2 | Correction::Cr3)
            && let Some(pieces) = collector.plain_pieces(&lambda, fit.fixef())
        {
            return Ok(Sandwich::new(phi, pieces, correction, rows));
        }
        let clusters = collector.clusters(&lambda);
        sandwich(clusters, rows, fit.fixef(), phi, kind, &self.name, warnings)
    }

    /// CR0 or a multiple of it where the clusters share random effects: the score of a cluster is
    /// X_j'(V⁻¹e)_j, the weighted conditional residuals times the predictors, for
    /// V⁻¹e = R⁻¹(y − Xβ̂ − Zb̂). CR2 and CR3 turn the residuals of a cluster by its own block of
    /// V, and there is no such block where V reaches over clusters.
    pub fn scores(
        &self,
        fit: &Fit,
        source: &dyn Source,
        kind: RobustType,
    ) -> Result<Sandwich, Error> {
        let correction = kind.correction();
        if matches!(correction, Correction::Cr2 | Correction::Cr3) {
            let names: Vec<&str> = self.crossed.iter().map(String::as_str).collect();
            return Err(Error::new(
                "crossed_clusters",
                format!(
                    "{} is not defined for clusters of `{}`: the model's random effects of {} \
                     reach over them, and it needs clusters that are independent of each other",
                    kind.name(),
                    self.name,
                    listed(&names)
                ),
            )
            .with_hint(
                "ask for CR0, CR1 or CR1S, or name as cluster something that all grouping \
                 factors lie in",
            ));
        }
        let p = fit.fixef().len();
        let mut scores = vec![vec![0.0; p]; self.count()];
        let factors = fit.recipe().factors().len();
        let mut seen = 0;
        for_each_batch(
            &self.recipe,
            source,
            Parts::ALL,
            fit.formula(),
            |_, mut rows| {
                refuse_new_levels(&rows)?;
                let clusters = self.codes(&rows).into_owned();
                rows.codes.truncate(factors);
                let observed = response(&rows);
                // The observed come less their offset.
                rows.offset = None;
                let fitted = fit.expected(&rows);
                for (i, &cluster) in clusters.iter().enumerate() {
                    let weight = rows.weights.as_ref().map_or(1.0, |w| w.at(i));
                    let residual = weight * (observed[i] - fitted[i]);
                    let score = &mut scores[cluster as usize];
                    for (s, x) in score.iter_mut().zip(&rows.fixed) {
                        *s += residual * x.at(i);
                    }
                }
                seen += rows.n;
                Ok(())
            },
        )?;
        self.same_rows(fit, seen)?;
        Ok(Sandwich::from_scores(
            relative_covariance(fit),
            scores,
            correction,
            seen,
        ))
    }

    /// What to know where clusters are not independent of each other in the model.
    pub fn crossed_note(&self, fit: &Fit, asked: Option<RobustType>) -> Note {
        let names: Vec<&str> = self.crossed.iter().map(String::as_str).collect();
        let mut message = format!(
            "the model's random effects of {} reach over clusters of `{}`, which are therefore \
             not independent: the robust standard errors leave out what clusters share",
            listed(&names),
            self.name
        );
        if asked.is_none() {
            message += "; CR2 is not defined here, these are CR0, with the number of clusters less \
                        one as degrees of freedom";
        }
        if fit.recipe().factors().len() > 1 {
            message += ". The model's own standard errors take all grouping factors into account";
        }
        Note::new("crossed_clusters", message)
    }

    pub fn same_rows(&self, fit: &Fit, rows: usize) -> Result<(), Error> {
        if rows == fit.nobs() {
            return Ok(());
        }
        Err(Error::new(
            "other_rows",
            format!(
                "these are not the rows that the model was fitted to: {rows} complete rows here, \
                 {} there",
                fit.nobs()
            ),
        )
        .with_hint("give the data that the model was fitted to, or fit it again"))
    }
}

/// The sandwich of clusters with so many rows in all.
pub(crate) fn sandwich(
    clusters: impl Iterator<Item = Cluster>,
    rows: usize,
    beta: &[f64],
    phi: Vec<f64>,
    kind: RobustType,
    name: &str,
    warnings: &mut Vec<Note>,
) -> Result<Sandwich, Error> {
    let correction = kind.correction();
    let decomposes = matches!(correction, Correction::Cr2 | Correction::Cr3);
    let mut pieces = Vec::new();
    for cluster in clusters {
        if decomposes && cluster.rows() > MOST_ROWS {
            return Err(Error::new(
                "cluster_too_large",
                format!(
                    "a cluster of `{name}` has {} rows that cannot be put together, because their \
                     weights differ or because they belong to as many groups: {} would decompose \
                     matrices of that size",
                    cluster.rows(),
                    kind.name()
                ),
            )
            .with_hint("ask for CR1, which does without and is as good with many clusters"));
        }
        let piece = cluster.piece(beta, &phi, correction).ok_or_else(|| {
            Error::new(
                "not_defined",
                format!("the covariance of a cluster of `{name}` could not be decomposed"),
            )
            .with_hint("look for predictors of extreme size")
        })?;
        pieces.push(piece);
    }
    let alone = pieces.iter().filter(|p| !p.regular).count();
    if alone > 0 {
        let (clusters, them) = if alone == 1 {
            ("1 cluster".to_owned(), "it")
        } else {
            (format!("{alone} clusters"), "them")
        };
        warnings.push(Note::new(
            "leverage_one",
            format!(
                "{clusters} of `{name}` alone decide some combination of the coefficients; {} \
                 leaves no residual there, and what depends on {them} only has no robust standard \
                 error worth the name",
                kind.name()
            ),
        ));
    }
    Ok(Sandwich::new(phi, pieces, correction, rows))
}

/// Φ/σ².
fn relative_covariance(fit: &Fit) -> Vec<f64> {
    let variance = fit.sigma() * fit.sigma();
    fit.vcov().iter().map(|v| v / variance).collect()
}

/// The part of the data that each level of the first factor lies in, and how many there are:
/// rows that share a level of any factor are in one part. One pass.
fn parts_of(fit: &Fit, source: &dyn Source) -> Result<(Vec<u32>, usize), Error> {
    let factors = fit.recipe().factors();
    let (mut starts, mut count) = (Vec::new(), 0);
    for factor in factors {
        starts.push(count);
        count += factor.levels;
    }
    // A forest of levels, each pointing towards the root of its part.
    let mut above: Vec<usize> = (0..count).collect();
    let root = |above: &mut [usize], mut at: usize| {
        while above[at] != at {
            above[at] = above[above[at]];
            at = above[at];
        }
        at
    };
    for_each_batch(
        fit.recipe(),
        source,
        Parts::ALL,
        fit.formula(),
        |_, rows| {
            refuse_new_levels(&rows)?;
            for row in 0..rows.n {
                let mine = root(&mut above, rows.codes[0][row] as usize);
                for (codes, start) in rows.codes.iter().zip(&starts).skip(1) {
                    let other = root(&mut above, start + codes[row] as usize);
                    above[other] = mine;
                }
            }
            Ok(())
        },
    )?;
    let mut known = std::collections::HashMap::new();
    let parts = (0..factors[0].levels)
        .map(|level| {
            let next = known.len() as u32;
            *known.entry(root(&mut above, level)).or_insert(next)
        })
        .collect();
    Ok((parts, known.len()))
}

/// The factors of a recipe that are not nested in one of them.
fn not_nested(recipe: &Recipe, structure: &Structure, within: usize) -> Vec<String> {
    (0..recipe.factors().len())
        .filter(|&factor| factor != within)
        .filter(|&factor| {
            !structure.pairs.iter().any(|pair| {
                (pair.first == factor
                    && pair.second == within
                    && matches!(pair.relation, Relation::Same | Relation::FirstInSecond))
                    || (pair.second == factor
                        && pair.first == within
                        && matches!(pair.relation, Relation::Same | Relation::SecondInFirst))
            })
        })
        .map(|factor| recipe.factors()[factor].name.clone())
        .collect()
}
