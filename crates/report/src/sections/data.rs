//! What the model was fitted to: rows, groups, and where the predictors vary.

use ranef::frame::datasets;
use ranef::{Answer, Caption, Error, Style, Table, Text, Varies};

use super::{Material, counted, missing, thousands};
use crate::document::Block;
use crate::references::Work;

/// Share of a predictor's variance between groups from which its coefficient mixes two effects
/// noticeably.
const MIXED: f64 = 0.05;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let mut out = vec![Block::Paragraph(rows(m))];
    if m.fit.recipe().factors().is_empty() {
        out.push(Block::Paragraph(Text::plain(
            "The model has no groups: it takes all rows as independent of each other.",
        )));
        return Ok(out);
    }
    out.push(Block::Table(groups(m).grid(&Caption {
        title: "The groups, and how many rows each has".to_owned(),
        note: String::new(),
    })));
    let relations = relations(m);
    if !relations.is_empty() {
        out.push(Block::List(relations));
    }
    predictors(m, &mut out);
    Ok(out)
}

fn rows(m: &Material<'_>) -> Text {
    let fit = m.fit;
    let count = fit.row_count();
    let mut text = match fit.origin() {
        Some(origin) if datasets().iter().any(|d| d.name == origin.name) => {
            Text::plain("The data are the built-in data set ")
                .then_code(&origin.name)
                .then(". ")
        }
        Some(origin) => Text::plain("The data are ")
            .then_code(&origin.name)
            .then(". "),
        None => Text::default(),
    };
    text = match count.dropped {
        0 => text.then(format!(
            "All {} were used; no value that the model needs is missing.",
            counted(count.used, "row", "rows")
        )),
        dropped => {
            let share = 100.0 * dropped as f64 / count.read as f64;
            let by: Vec<String> = (count.dropped_by.iter())
                .map(|(column, n)| format!("{column} ({})", thousands(*n)))
                .collect();
            text.then(format!(
                "Of {}, {} were used; {} ({share:.1}%) {} left out because a value is missing in {}. \
                 Leaving rows out is harmless only where their being missing has nothing to do with \
                 what they would have been, given the predictors.",
                counted(count.read, "row", "rows"),
                thousands(count.used),
                thousands(dropped),
                if dropped == 1 { "was" } else { "were" },
                ranef::numbers::list(&by)
            ))
        }
    };
    if fit.family().is_gaussian() {
        let moments = fit.moments();
        text = text
            .then(" The response ")
            .then_code(fit.recipe().response_name().unwrap_or("y"))
            .then(format!(
                " has mean {} and standard deviation {}.",
                ranef::numbers::significant(moments.response_mean),
                ranef::numbers::significant(moments.response_variance.sqrt())
            ));
    }
    text
}

fn groups(m: &Material<'_>) -> Table {
    let factors = &m.fit.structure().factors;
    let counts = |name: &str, title: &str, table: Table, pick: fn(&ranef::FactorShape) -> f64| {
        table
            .numbers(name, Style::Count, factors.iter().map(pick))
            .titled(title)
    };
    let table = Table::new().text("group", factors.iter().map(|f| f.name.clone()));
    let table = counts("levels", "Levels", table, |f| f.levels as f64);
    let table = counts("smallest", "Fewest rows", table, |f| f.smallest as f64);
    let table = table
        .numbers("median", Style::Df, factors.iter().map(|f| f.median))
        .titled("Median");
    let table = counts("largest", "Most rows", table, |f| f.largest as f64);
    counts("singletons", "With one row", table, |f| f.singletons as f64)
}

/// How the grouping factors lie to each other.
fn relations(m: &Material<'_>) -> Vec<Text> {
    use ranef::Relation;
    let structure = m.fit.structure();
    let pairs = structure.pairs.iter();
    pairs
        .map(|pair| {
            let first = &structure.factors[pair.first];
            let second = &structure.factors[pair.second];
            let both = Text::default()
                .then_code(&first.name)
                .then(" and ")
                .then_code(&second.name);
            let within = |inner: &str, outer: &str| {
                Text::default()
                    .then_code(inner)
                    .then(" is nested in ")
                    .then_code(outer)
                    .then(": each of its levels belongs to one level of it.")
            };
            match pair.relation {
                Relation::Same => {
                    both.then(" form the same groups: the data cannot tell their variances apart.")
                }
                Relation::FirstInSecond => within(&first.name, &second.name),
                Relation::SecondInFirst => within(&second.name, &first.name),
                Relation::Crossed => both.then(
                    " are crossed: every level of the one occurs with every level of the other.",
                ),
                Relation::PartlyCrossed { cells } => {
                    let all = first.levels * second.levels;
                    both.then(format!(
                        " are crossed in part: {} of {} combinations occur.",
                        thousands(cells),
                        thousands(all)
                    ))
                }
            }
        })
        .collect()
}

/// Where the predictors vary, and which coefficients mix what happens within and between groups.
fn predictors(m: &mut Material<'_>, out: &mut Vec<Block>) {
    let levels = match &m.levels {
        Ok(levels) if levels.rows.is_empty() => return,
        Ok(levels) => levels,
        Err(error) => {
            out.push(missing("Where the predictors vary", error));
            return;
        }
    };
    out.push(Block::Table(levels.table().grid(&Caption {
        title: "Where the predictors vary".to_owned(),
        note: "ICC: the share of a predictor's variance that lies between groups. Reliability: of a \
               group's mean as a measure of the group."
            .to_owned(),
    })));
    let mixed: Vec<&ranef::PredictorLevel> = (levels.rows.iter())
        .filter(|row| row.varies == Varies::Both && row.icc.is_some_and(|icc| icc >= MIXED))
        .collect();
    if mixed.is_empty() {
        return;
    }
    let mut text = Text::default();
    for (at, row) in mixed.iter().enumerate() {
        text = match at {
            0 => text,
            _ if at + 1 == mixed.len() => text.then(" and "),
            _ => text.then(", "),
        };
        text = text
            .then_code(&row.predictor)
            .then(" (groups: ")
            .then_code(&row.group)
            .then(")");
    }
    let cite = m.cited.cite(&[Work::RaudenbushBryk2002]);
    out.push(Block::Paragraph(
        text.then(format!(
            " {} both within and between groups. A single coefficient mixes the effect within groups \
             with that between them, which need not be the same {cite}; ",
            if mixed.len() == 1 { "varies" } else { "vary" }
        ))
        .then_code("ranef within-between")
        .then(" tells them apart."),
    ));
}
