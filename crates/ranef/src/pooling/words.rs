//! The answer to be read.

use std::fmt::{self, Write};

use super::{PooledCoefficient, Pooling, PoolingTerm};
use crate::format::write_text;
use crate::robust::listed;
use crate::table::{Answer, Style, Table};

/// Rows of the table of groups that are printed for people.
const MOST: usize = 60;

impl Answer for Pooling {
    fn table(&self) -> Table {
        let rows = &self.groups;
        let numbers = |table: Table, name: &str, f: &dyn Fn(&PooledCoefficient) -> Option<f64>| {
            table.numbers(name, Style::Estimate, rows.iter().map(f))
        };
        let flag = |x: Option<bool>| x.map(|x| if x { "yes" } else { "no" }.to_owned());
        let table = Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64));
        let table = numbers(table, "no_pooling", &|r| r.no_pooling);
        let table = numbers(table, "no_pooling_std_error", &|r| r.no_pooling_std_error);
        let table = numbers(table, "complete_pooling", &|r| r.complete_pooling);
        let table = numbers(table, "partial_pooling", &|r| r.partial_pooling);
        numbers(table, "partial_pooling_std_error", &|r| {
            r.partial_pooling_std_error
        })
        .numbers("weight", Style::Share, rows.iter().map(|r| r.weight))
        .text("sign_changed", rows.iter().map(|r| flag(r.sign_changed)))
        .text(
            "significance_lost",
            rows.iter().map(|r| flag(r.significance_lost)),
        )
        .text("reason", rows.iter().map(|r| r.reason.clone()))
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = self.groups.len() / self.terms.len().max(1);
        writeln!(f, "Pooling over the {levels} groups of {}\n", self.group)?;
        write_text(f, &self.reading)?;
        writeln!(f)?;
        for (at, term) in self.terms.iter().enumerate() {
            writeln!(f, "{} of each {}:", term.term, self.group)?;
            let rows: Vec<&PooledCoefficient> = self
                .groups
                .iter()
                .skip(at)
                .step_by(self.terms.len())
                .collect();
            write!(f, "{}", of_term(&rows[..rows.len().min(MOST)]))?;
            if rows.len() > MOST {
                writeln!(
                    f,
                    " … and {} groups more; --csv or --json has all of them",
                    rows.len() - MOST
                )?;
            }
            writeln!(f)?;
        }
        writeln!(f, "Over all groups:")?;
        writeln!(f, "{}", self.terms_table())?;
        writeln!(f, "Fixed effects and their standard errors under each:")?;
        writeln!(f, "{}", self.fixed_table())?;
        let legend = "No pooling: the group's own coefficients, the other fixed effects common. \
                      Complete: least squares without groups. Partial: the multilevel model. \
                      Weight: share of the group's own data in its partially pooled coefficient.";
        write_text(f, legend)?;
        for note in &self.notes {
            write_text(f, &note.message)?;
        }
        Ok(())
    }
}

fn of_term(rows: &[&PooledCoefficient]) -> Table {
    let remark = |r: &PooledCoefficient| -> Option<String> {
        let mut words = Vec::new();
        if r.sign_changed == Some(true) {
            words.push("changes sign".to_owned());
        }
        if r.significance_lost == Some(true) {
            words.push("no longer significant".to_owned());
        }
        if r.significance_gained == Some(true) {
            words.push("becomes significant".to_owned());
        }
        words.extend(r.reason.clone());
        (!words.is_empty()).then(|| words.join("; "))
    };
    Table::new()
        .text("level", rows.iter().map(|r| r.level.clone()))
        .titled("Group")
        .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64))
        .numbers(
            "no_pooling",
            Style::Estimate,
            rows.iter().map(|r| r.no_pooling),
        )
        .titled("No pooling")
        .numbers(
            "complete_pooling",
            Style::Estimate,
            rows.iter().map(|r| r.complete_pooling),
        )
        .titled("Complete")
        .numbers(
            "partial_pooling",
            Style::Estimate,
            rows.iter().map(|r| r.partial_pooling),
        )
        .titled("Partial")
        .numbers("weight", Style::Share, rows.iter().map(|r| r.weight))
        .titled("Weight")
        .text("remark", rows.iter().map(|r| remark(r)))
        .titled("")
}

impl Pooling {
    /// What holds for each term over all groups, a row each.
    pub fn terms_table(&self) -> Table {
        let terms = &self.terms;
        Table::new()
            .text("term", terms.iter().map(|t| t.term.clone()))
            .numbers("sd", Style::Estimate, terms.iter().map(|t| t.sd))
            .titled("SD between")
            .numbers(
                "mean_weight",
                Style::Share,
                terms.iter().map(|t| t.mean_weight),
            )
            .titled("Mean weight")
            .numbers(
                "pooling_factor",
                Style::Share,
                terms.iter().map(|t| t.pooling_factor),
            )
            .titled("Pooling factor")
            .numbers(
                "equal_weight_n",
                Style::Estimate,
                terms.iter().map(|t| t.equal_weight_n),
            )
            .titled("Equal-weight n")
            .numbers(
                "half_weight_n",
                Style::Estimate,
                terms.iter().map(|t| t.half_weight_n),
            )
            .titled("Half-weight n")
    }

    /// The fixed effects and their standard errors under each, a row each.
    pub fn fixed_table(&self) -> Table {
        let rows = &self.fixed;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers(
                "complete_pooling",
                Style::Estimate,
                rows.iter().map(|r| r.complete_pooling),
            )
            .titled("Complete")
            .numbers(
                "complete_pooling_std_error",
                Style::Estimate,
                rows.iter().map(|r| r.complete_pooling_std_error),
            )
            .titled("Std. Error")
            .numbers(
                "no_pooling",
                Style::Estimate,
                rows.iter().map(|r| r.no_pooling),
            )
            .titled("No pooling")
            .numbers(
                "no_pooling_std_error",
                Style::Estimate,
                rows.iter().map(|r| r.no_pooling_std_error),
            )
            .titled("Std. Error")
            .numbers(
                "partial_pooling",
                Style::Estimate,
                rows.iter().map(|r| r.partial_pooling),
            )
            .titled("Multilevel")
            .numbers(
                "partial_pooling_std_error",
                Style::Estimate,
                rows.iter().map(|r| r.partial_pooling_std_error),
            )
            .titled("Std. Error")
            .numbers(
                "std_error_ratio",
                Style::Statistic,
                rows.iter().map(|r| r.std_error_ratio),
            )
            .titled("Ratio")
    }
}

/// One paragraph.
pub(super) fn reading(pooling: &Pooling) -> String {
    let mut out = String::new();
    for (at, term) in pooling.terms.iter().enumerate() {
        let rows: Vec<&PooledCoefficient> = pooling
            .groups
            .iter()
            .skip(at)
            .step_by(pooling.terms.len())
            .collect();
        // A text is written without fail.
        let _ = of_one(&mut out, pooling, term, &rows);
    }
    let overstated = pooling
        .fixed
        .iter()
        .filter_map(|f| Some((f, f.std_error_ratio?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((fixed, ratio)) = overstated {
        let _ = if ratio > 1.05 {
            write!(
                out,
                "A regression that forgets the groups counts every row as new information: its \
                 standard error of `{}` is too small by a factor of {}.",
                fixed.term,
                short(ratio)
            )
        } else {
            write!(
                out,
                "A regression that forgets the groups states no standard error that is much too \
                 small here; the least it does is for `{}`, by a factor of {}.",
                fixed.term,
                short(ratio)
            )
        };
    }
    out.trim_end().to_owned()
}

fn of_one(
    out: &mut String,
    pooling: &Pooling,
    term: &PoolingTerm,
    rows: &[&PooledCoefficient],
) -> fmt::Result {
    let (name, group) = (&term.term, &pooling.group);
    if term.sd == 0.0 {
        return write!(
            out,
            "The {} groups of `{group}` do not differ in `{name}` as far as the model can tell \
             (its variance is zero): all of them are pooled completely. ",
            rows.len()
        );
    }
    let weights = rows.iter().map(|r| r.weight);
    let (low, high) = weights.fold((f64::INFINITY, 0.0f64), |(l, h), w| (l.min(w), h.max(w)));
    write!(
        out,
        "For `{name}`, the data of a group of `{group}` themselves count {} on average",
        percent(term.mean_weight)
    )?;
    if percent(low) != percent(high) {
        write!(out, " (from {} to {})", percent(low), percent(high))?;
    }
    write!(out, "; the rest comes from all groups together")?;
    if let Some(n) = term.equal_weight_n.filter(|_| pooling.terms.len() == 1) {
        write!(
            out,
            ". A group with {} rows would lie half-way between its own value and that of all \
             groups",
            short(n)
        )?;
    } else if let Some(n) = term.half_weight_n {
        write!(
            out,
            ". With {} rows of the average kind it would be half and half",
            short(n)
        )?;
    }
    write!(out, ". ")?;
    if let (Some(no), Some(partial)) = (term.no_pooling_spread, term.partial_pooling_spread) {
        write!(
            out,
            "Regressions of each group alone spread with a standard deviation of {}, the \
             multilevel coefficients with {}: the difference is noise that pooling takes out. ",
            short(no),
            short(partial)
        )?;
    }
    if term.without > 0 {
        write!(
            out,
            "{} without pooling, because {} rows are too few or too alike; the multilevel model \
             has one for each. ",
            match term.without {
                1 => "1 group has no such coefficient".to_owned(),
                n => format!("{n} groups have no such coefficient"),
            },
            if term.without == 1 { "its" } else { "their" }
        )?;
    }
    let which = |f: &dyn Fn(&PooledCoefficient) -> Option<bool>| -> Vec<&str> {
        let chosen = rows.iter().filter(|&&r| f(r) == Some(true));
        chosen.map(|r| r.level.as_str()).collect()
    };
    // That an intercept differs from zero is seldom a question.
    if name == "(Intercept)" {
        write!(
            out,
            "By their own data alone {} groups would stand out from the average, with partial \
             pooling {}. ",
            term.stand_out_no_pooling, term.stand_out_partial_pooling
        )
    } else {
        write!(
            out,
            "Pooling changes the sign of {}, and {} significant alone but no longer with pooling. ",
            counted(&which(&|r| r.sign_changed), group, "no group", ""),
            counted(&which(&|r| r.significance_lost), group, "none is", " is")
        )
    }
}

/// Groups as a number with their names behind it, as names may be numbers too: `2 groups (`18` and
/// `19`)`. `verb` follows the number, ` is` becoming ` are` for several.
fn counted(names: &[&str], group: &str, none: &str, verb: &str) -> String {
    let verb = match (names.len(), verb) {
        (0 | 1, verb) => verb,
        (_, " is") => " are",
        (_, verb) => verb,
    };
    match names.len() {
        0 => none.to_owned(),
        1 => format!("1 group ({group} {}){verb}", listed(names)),
        n if n <= NAMED => format!("{n} groups ({group} {}){verb}", listed(names)),
        n => format!("{n} groups{verb}"),
    }
}

/// Groups that are named in the text; more are counted, the table shows which.
const NAMED: usize = 6;

/// Three significant digits.
fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (2 - x.abs().log10().floor() as i32).max(0) as usize;
    format!("{x:.decimals$}")
}

fn percent(x: f64) -> String {
    format!("{:.0}%", 100.0 * x)
}
