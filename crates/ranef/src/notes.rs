//! What a fit wants to say in plain words: rows dropped, singular fits, few groups, and models
//! that are refused because the data cannot tell their parts apart.

use ranef_design::{Note as DesignNote, Parts, Predictor, PredictorValues, Recipe, Relation};
use ranef_formula::{Expr, Terms};
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::fit::{Collinear, Facts};
use crate::format::{exponential, scientific};
use crate::random::RandomBlock;
use crate::{Error, few_groups};

/// A remark on a fit, with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Such as `singular` or `few_groups`.
    pub code: String,
    /// One or two sentences.
    pub message: String,
}

impl Note {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// Refuses models whose residual variance cannot be told from the random effects, as lme4 does.
pub(crate) fn refuse_unidentified(
    recipe: &Recipe,
    terms: &Terms,
    rows: usize,
    formula: &str,
) -> Result<(), Error> {
    for (index, term) in terms.random.iter().enumerate() {
        // Each column of a `||` term is a term of its own, as in lme4.
        let designs = recipe.random().iter().filter(|d| d.term == index);
        let Some(design) = designs.max_by_key(|d| d.names.len()) else {
            continue;
        };
        let factor = &recipe.factors()[design.factor];
        let width = design.names.len();
        if factor.levels >= rows {
            return Err(Error::new(
                "group_per_row",
                format!(
                    "the grouping factor `{}` has {} levels in {rows} rows: with one row a level, \
                     its variance cannot be told from the residual variance",
                    factor.name, factor.levels
                ),
            )
            .with_hint("group by something that occurs in several rows, or leave this term out")
            .with_span(formula, term.span));
        }
        if factor.levels * width >= rows {
            return Err(Error::new(
                "too_many_random_effects",
                format!(
                    "the term {term} has {} random effects ({width} for each of {} levels of \
                     `{}`), but there are {rows} rows: its variances cannot be told from the \
                     residual variance",
                    factor.levels * width,
                    factor.levels,
                    factor.name
                ),
            )
            .with_hint(format!(
                "use a simpler term, such as (1 | {})",
                term.group_label()
            ))
            .with_span(formula, term.span));
        }
    }
    Ok(())
}

/// The refusal of a model with more coefficients than rows, with the category that makes them so
/// many: mostly a column of numbers that was read as text, or the names of groups.
pub(crate) fn too_few_rows(
    rows: usize,
    fixed: usize,
    recipe: &Recipe,
    source: &dyn Source,
) -> Error {
    let message = format!("{rows} rows are too few for {fixed} fixed effects");
    let used = recipe.columns(Parts::FIXED);
    let levels = |p: &Predictor| match &p.values {
        PredictorValues::Levels(levels) => levels.len(),
        PredictorValues::Numbers(_) => 0,
    };
    let widest = recipe
        .predictors()
        .iter()
        .filter(|p| used.contains(&p.name.as_str()))
        .max_by_key(|p| levels(p));
    let Some(column) = widest.filter(|p| levels(p) > 2 && 2 * levels(p) >= rows) else {
        return Error::new("too_few_rows", message).with_hint("use fewer predictors or more data");
    };
    let name = &column.name;
    let message = format!(
        "{message}: `{name}` is a category with {} levels, all but one of which have a coefficient \
         of their own",
        levels(column)
    );
    let why = source
        .note(name)
        .filter(|note| note.contains(" is text because "));
    Error::new("too_few_rows", message).with_hint(match why {
        Some(why) => format!("the {why}; if such cells are missing values, say so with `--na`"),
        None => format!(
            "if `{name}` should be numbers, look at its cells; if its levels are groups with several \
             rows each, write (1 | {name})"
        ),
    })
}

/// Columns that were meant to be numbers, most of which are, and became categories for the sake of
/// a few cells: the model fits all the same, and answers another question.
pub(crate) fn of_columns(recipe: &Recipe, terms: &Terms, source: &dyn Source) -> Vec<Note> {
    let random = terms.random.iter().flat_map(|term| &term.effects.terms);
    let mut columns: Vec<&str> = Vec::new();
    for column in (terms.fixed.terms.iter().chain(random))
        .flat_map(|term| &term.factors)
        .filter_map(Expr::as_column)
    {
        if recipe.is_text(column) && !columns.contains(&column) {
            columns.push(column);
        }
    }
    // A column may have two remarks, on its cells and then on its name.
    let text = columns.iter().filter_map(|column| {
        let all = source.note(column)?;
        let reason = all.split("; column `").next()?;
        if !reason.contains(" is text because ") {
            return None;
        }
        Some(Note::new(
            "text_column",
            format!(
                "Is this meant? The {reason}, so that each of its values has a coefficient of its \
                 own. If such cells are missing values, say so with `--na`."
            ),
        ))
    });
    let used = recipe.columns(Parts::ALL);
    let doubled = used.iter().filter_map(|column| {
        let all = source.note(column)?;
        let which = all
            .rsplit("; ")
            .find(|one| one.contains(" of the file, "))?;
        Some(Note::new(
            "duplicate_column",
            format!("Is this the one that is meant? The {which}."),
        ))
    });
    text.chain(doubled).collect()
}

/// The remarks on rows, columns and groups.
pub(crate) fn of_data(facts: &Facts, design: &[DesignNote]) -> Vec<Note> {
    let mut notes = Vec::new();
    let rows = &facts.rows;
    if rows.dropped > 0 {
        let by: Vec<String> = rows
            .dropped_by
            .iter()
            .map(|(column, count)| format!("{column} ({count})"))
            .collect();
        notes.push(Note::new(
            "rows_dropped",
            format!(
                "{} of {} rows are left out because a value is missing in: {}.",
                rows.dropped,
                rows.read,
                by.join(", ")
            ),
        ));
    }
    notes.extend(design.iter().map(|n| Note::new(&n.code, n.message.clone())));
    let names = facts.recipe.fixed_names();
    let aliased: Vec<&str> = facts
        .recipe
        .aliased()
        .iter()
        .map(|&j| names[j].as_str())
        .collect();
    let narrow = narrow(&facts.recipe, &aliased);
    let aliased: Vec<&str> = aliased
        .into_iter()
        .filter(|name| !narrow.iter().any(|(other, ..)| other == name))
        .collect();
    for (name, mean, sd) in narrow {
        notes.push(Note::new(
            "aliased",
            format!(
                "`{name}` not estimated: it varies by {} around {}, so little beside its size that \
                 it cannot be told from the intercept. Centre it: write `scale({name})`, or \
                 `I({name} - {})`.",
                short(sd),
                short(mean),
                short(mean)
            ),
        ));
    }
    if !aliased.is_empty() {
        notes.push(Note::new(
            "aliased",
            format!(
                "{} not estimated: {} fully determined by the columns before {}.",
                quoted(&aliased),
                if aliased.len() == 1 {
                    "it is"
                } else {
                    "they are"
                },
                if aliased.len() == 1 { "it" } else { "them" },
            ),
        ));
    }
    notes.extend(facts.collinear.iter().map(|found| collinear(facts, found)));
    for pair in facts
        .structure
        .pairs
        .iter()
        .filter(|p| p.relation == Relation::Same)
    {
        let factors = &facts.structure.factors;
        notes.push(Note::new(
            "same_groups",
            format!(
                "`{}` and `{}` form the same groups: the data cannot tell their variances apart, \
                 only the sum.",
                factors[pair.first].name, factors[pair.second].name
            ),
        ));
    }
    for (factor, shape) in facts.structure.factors.iter().enumerate() {
        let used = facts
            .estimates
            .random
            .iter()
            .any(|block| block.factor == factor);
        if used {
            let reml = facts.family.is_gaussian().then_some(facts.reml);
            let note = few_groups::note(&shape.name, shape.levels, reml, facts.df);
            notes.extend(note);
        }
    }
    notes
}

/// Aliased columns that vary, but by less than a millionth of their mean: name, mean, standard
/// deviation.
fn narrow<'a>(recipe: &Recipe, aliased: &[&'a str]) -> Vec<(&'a str, f64, f64)> {
    let spread = |name: &'a str| {
        let predictor = recipe.predictors().iter().find(|p| p.name == name)?;
        let PredictorValues::Numbers(moments) = &predictor.values else {
            return None;
        };
        let (mean, sd) = (moments.mean, moments.sd());
        (sd > 0.0 && sd < 1e-6 * mean.abs()).then_some((name, mean, sd))
    };
    aliased.iter().filter_map(|&name| spread(name)).collect()
}

/// Two digits.
fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.1e}").parse().unwrap_or(x);
    if (1e-4..1e6).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        exponential(rounded, 1).replace(".0e", "e")
    }
}

/// Codes of [`of_estimates`].
const OF_ESTIMATES: [&str; 3] = ["no_information", "singular", "not_converged"];

/// Whether a remark depends on the estimates and not only on the data.
pub(crate) fn is_of_estimates(note: &Note) -> bool {
    OF_ESTIMATES.contains(&note.code.as_str())
}

/// The remarks on the estimates.
pub(crate) fn of_estimates(facts: &Facts) -> Vec<Note> {
    let mut notes = Vec::new();
    let estimates = &facts.estimates;
    for &index in &estimates.certificate.uninformed {
        let block = &estimates.random[index];
        notes.push(Note::new(
            "no_information",
            format!(
                "The variance of {} between levels of `{}` cannot be estimated: the fixed effects \
                 already give every level its own mean. Leave the term out.",
                quoted(&block.terms.iter().map(String::as_str).collect::<Vec<_>>()),
                block.group
            ),
        ));
    }
    let informed =
        |(index, _): &(usize, &RandomBlock)| !estimates.certificate.uninformed.contains(index);
    notes.extend(
        estimates
            .random
            .iter()
            .enumerate()
            .filter(informed)
            .filter(|(_, block)| block.singular)
            .map(|(_, block)| singular(block)),
    );
    if !estimates.certificate.converged {
        notes.push(Note::new(
            "not_converged",
            format!(
                "The optimiser `{}` stopped where the tests of a minimum fail: the criterion may \
                 fall by about {} more (smallest score {}, largest slope {}). Do not use these \
                 estimates.",
                facts.optimizer,
                scientific(estimates.certificate.newton_decrement, 2),
                scientific(estimates.certificate.smallest_score, 1),
                scientific(estimates.certificate.largest_slope, 1)
            ),
        ));
    }
    notes
}

/// What an effect is made of that follows from others of its term, and the way out.
fn collinear(facts: &Facts, found: &Collinear) -> Note {
    let block = &facts.estimates.random[found.block];
    let name = &block.terms[found.effect];
    let mut sum = String::new();
    for (term, &weight) in block.terms.iter().zip(&found.weights) {
        if weight == 0.0 {
            continue;
        }
        let sign = match (weight < 0.0, sum.is_empty()) {
            (true, true) => "−",
            (true, false) => " − ",
            (false, true) => "",
            (false, false) => " + ",
        };
        let size = weight.abs();
        // Without the last digits, which are rounding.
        let size = format!("{size:.6e}").parse().unwrap_or(size);
        sum.push_str(sign);
        match term.as_str() {
            "(Intercept)" => sum.push_str(&size.to_string()),
            term if size == 1.0 => sum.push_str(term),
            term => sum.push_str(&format!("{size}·{term}")),
        }
    }
    if sum.is_empty() {
        sum.push('0');
    }
    let group = &block.group;
    Note::new(
        "collinear_effects",
        format!(
            "The random effect `{name}` of `{group}` follows from the others of its term: {name} = \
             {sum} in every row. The data cannot tell their variances and correlations apart, and \
             those printed are one way of many to the same criterion. Leave `{name}` out of the term: \
             the criterion and the fixed effects stay, and AIC no longer counts parameters that are \
             none."
        ),
    )
}

/// Which effects of which group have no variance of their own.
fn singular(block: &RandomBlock) -> Note {
    let group = &block.group;
    // A lone effect of a singular block has a variance that is zero or next to it.
    let zero: Vec<&str> = block
        .terms
        .iter()
        .zip(&block.sd)
        .filter(|(_, sd)| **sd == 0.0 || block.terms.len() == 1)
        .map(|(term, _)| term.as_str())
        .collect();
    let message = if !zero.is_empty() {
        format!(
            "Singular fit: the estimated variance of {} between levels of `{group}` is zero.",
            quoted(&zero)
        )
    } else if let ([first, second], Some(r)) = (
        block.terms.as_slice(),
        block.corr.get(1).and_then(|row| row[0]),
    ) {
        format!(
            "Singular fit: `{first}` and `{second}` of `{group}` are estimated to be perfectly \
             correlated ({}), so the model has one dimension of differences between levels, not \
             two.",
            if r < 0.0 { "−1" } else { "+1" }
        )
    } else if let Some(weights) = block.weakest_combination() {
        let parts: Vec<String> = block
            .terms
            .iter()
            .zip(&weights)
            .filter(|(_, w)| w.abs() > 0.05)
            .map(|(term, w)| format!("{}{:.2}·{term}", if *w < 0.0 { '−' } else { '+' }, w.abs()))
            .collect();
        format!(
            "Singular fit: this combination of effects, each in units of its standard deviation, \
             does not vary between levels of `{group}`: {}.",
            parts.join(" ")
        )
    } else {
        format!("Singular fit: a combination of the effects of `{group}` has no variance.")
    };
    Note::new("singular", message)
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.join(""),
    }
}
