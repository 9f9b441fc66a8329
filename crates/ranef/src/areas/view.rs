//! Areas to be read.

use std::fmt;

use super::{Area, Areas};
use crate::Note;
use crate::format::wrap;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

/// Columns of running text.
const COLUMNS: usize = 80;

/// Rows of a table that are printed for people.
const MOST: usize = 60;

impl Answer for Areas {
    fn table(&self) -> Table {
        let rows = &self.areas;
        let numbers = |table: Table, name: &str, f: &dyn Fn(&Area) -> Option<f64>| {
            table.numbers(name, Style::Estimate, rows.iter().map(f))
        };
        let shares = |table: Table, name: &str, f: &dyn Fn(&Area) -> Option<f64>| {
            table.numbers(name, Style::Share, rows.iter().map(f))
        };
        let counts = |table: Table, name: &str, f: &dyn Fn(&Area) -> usize| {
            table.numbers(name, Style::Count, rows.iter().map(|r| f(r) as f64))
        };
        let flag = |x: bool| if x { "yes" } else { "no" }.to_owned();
        let table = Table::new().text("level", rows.iter().map(|r| r.level.clone()));
        let table = counts(table, "n", &|r| r.n);
        let table = numbers(table, "raw", &|r| Some(r.raw));
        let table = numbers(table, "raw_std_error", &|r| r.raw_std_error);
        let table = numbers(table, "raw_lower", &|r| r.raw_lower);
        let table = numbers(table, "raw_upper", &|r| r.raw_upper);
        let table = numbers(table, "complete_pooling", &|r| Some(r.complete_pooling));
        let table = numbers(table, "synthetic", &|r| Some(r.synthetic));
        let table = numbers(table, "estimate", &|r| Some(r.estimate));
        let table = numbers(table, "std_error", &|r| Some(r.std_error));
        let table = numbers(table, "lower", &|r| Some(r.lower));
        let table = numbers(table, "upper", &|r| Some(r.upper));
        let table = counts(table, "raw_rank", &|r| r.raw_rank);
        let table = counts(table, "rank", &|r| r.rank);
        let table = counts(table, "rank_lower", &|r| r.rank_lower);
        let table = counts(table, "rank_upper", &|r| r.rank_upper);
        let table = shares(table, "p_top", &|r| Some(r.p_top));
        let table = shares(table, "p_bottom", &|r| Some(r.p_bottom));
        let mut table = shares(table, "p_above_average", &|r| Some(r.p_above_average));
        for (at, threshold) in self.thresholds.iter().enumerate() {
            table = shares(table, &format!("p_above_{threshold}"), &|r| {
                Some(r.above[at])
            });
        }
        let table = table
            .text("raw_flagged", rows.iter().map(|r| r.raw_flagged.map(flag)))
            .text("flagged", rows.iter().map(|r| flag(r.flagged)));
        let table = shares(table, "raw_sign_wrong", &|r| Some(r.raw_sign_wrong));
        let table = shares(table, "type_s", &|r| r.type_s);
        table.numbers("type_m", Style::Digits, rows.iter().map(|r| r.type_m))
    }
}

impl fmt::Display for Areas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The {} groups of {}\n\n{}\n",
            self.areas.len(),
            self.group,
            wrap(&self.reading, COLUMNS)
        )?;
        let mut rows: Vec<&Area> = self.areas.iter().collect();
        rows.sort_by(|a, b| b.estimate.total_cmp(&a.estimate));
        let shown = &rows[..rows.len().min(MOST)];
        writeln!(f, "Means, the highest estimate first:")?;
        write!(f, "{}", means(shown))?;
        if rows.len() > shown.len() {
            writeln!(
                f,
                " … and {} groups more; --csv or --json has all of them",
                rows.len() - shown.len()
            )?;
        }
        writeln!(f, "\nPlaces:")?;
        writeln!(f, "{}", self.places(shown))?;
        let legend = format!(
            "Raw: mean of the group's own rows. Synthetic: from the predictors alone. Estimate: \
             {}, with partial pooling. Intervals and places of {}%, places and probabilities from \
             {} joint draws of all effects{} (seed {}). Flags: whose interval leaves out the \
             average. Sign wrong: probability that the raw difference from the average points the \
             wrong way.",
            self.target,
            percent(self.level),
            self.draws,
            behind(&self.notes),
            self.seed
        );
        writeln!(f, "{}", wrap(&legend, COLUMNS))?;
        for note in &self.notes {
            writeln!(f, "{}", wrap(&note.message, COLUMNS))?;
        }
        Ok(())
    }
}

fn means(rows: &[&Area]) -> Table {
    let numbers = |table: Table, name: &str, title: &str, f: &dyn Fn(&Area) -> Option<f64>| {
        table
            .numbers(name, Style::Estimate, rows.iter().map(|r| f(r)))
            .titled(title)
    };
    let table = Table::new()
        .text("level", rows.iter().map(|r| r.level.clone()))
        .titled("Group")
        .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64));
    let table = numbers(table, "raw", "Raw", &|r| Some(r.raw));
    let table = numbers(table, "raw_std_error", "Std. Error", &|r| r.raw_std_error);
    let table = numbers(table, "synthetic", "Synthetic", &|r| Some(r.synthetic));
    let table = numbers(table, "estimate", "Estimate", &|r| Some(r.estimate));
    let table = numbers(table, "std_error", "Std. Error", &|r| Some(r.std_error));
    let table = numbers(table, "lower", "Lower", &|r| Some(r.lower));
    numbers(table, "upper", "Upper", &|r| Some(r.upper))
}

impl Areas {
    fn places(&self, rows: &[&Area]) -> Table {
        let kind = |which: &str| match self.top {
            1 => format!("P({which})"),
            k => format!("P({which} {k})"),
        };
        let flags = |r: &Area| -> Option<String> {
            match (r.raw_flagged == Some(true), r.flagged) {
                (true, true) => Some("raw, pooled".to_owned()),
                (true, false) => Some("raw only".to_owned()),
                (false, true) => Some("pooled only".to_owned()),
                (false, false) => None,
            }
        };
        let mut table = Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .titled("Group")
            .numbers(
                "raw_rank",
                Style::Count,
                rows.iter().map(|r| r.raw_rank as f64),
            )
            .titled("Raw")
            .numbers("rank", Style::Count, rows.iter().map(|r| r.rank as f64))
            .titled("Place")
            .text(
                "interval",
                rows.iter()
                    .map(|r| format!("{} to {}", r.rank_lower, r.rank_upper)),
            )
            .titled("Interval")
            .numbers("p_top", Style::Share, rows.iter().map(|r| r.p_top))
            .titled(&kind("top"))
            .numbers("p_bottom", Style::Share, rows.iter().map(|r| r.p_bottom))
            .titled(&kind("bottom"));
        for (at, threshold) in self.thresholds.iter().enumerate() {
            table = table
                .numbers("above", Style::Share, rows.iter().map(|r| r.above[at]))
                .titled(&format!("P(> {threshold})"));
        }
        table
            .text("flags", rows.iter().map(|r| flags(r)))
            .titled("Flags")
            .numbers(
                "raw_sign_wrong",
                Style::Share,
                rows.iter().map(|r| r.raw_sign_wrong),
            )
            .titled("Sign wrong")
    }
}

/// One paragraph.
pub(super) fn reading(areas: &Areas) -> String {
    let rows = &areas.areas;
    let j = rows.len();
    let mut out = Vec::new();
    if let Some(raw) = areas.raw_spread {
        out.push(if areas.spread == 0.0 {
            format!(
                "The raw means of the {j} groups spread with a standard deviation of {}, all of \
                 which the model takes for noise: by its estimates the groups do not differ. Their \
                 intervals say how much they may differ all the same.",
                short(raw)
            )
        } else if areas.spread < 0.98 * raw {
            format!(
                "The raw means of the {j} groups spread with a standard deviation of {}, the true \
                 means, as the model has it, with {}: the rest is noise.",
                short(raw),
                short(areas.spread)
            )
        } else {
            format!(
                "The raw means of the {j} groups spread with a standard deviation of {}, the true \
                 means, as the model has it, with {}.",
                short(raw),
                short(areas.spread)
            )
        });
    }
    let flags = &areas.flags;
    out.push(format!(
        "By their own rows {} from the average of {}{}, with partial pooling {}{}.",
        differ(flags.raw),
        short(areas.average),
        names(rows, &|a| a.raw_flagged == Some(true)),
        match flags.model {
            0 => "none".to_owned(),
            n => n.to_string(),
        },
        names(rows, &|a| a.flagged),
    ));
    if flags.raw_expected > 0.0 {
        let many = format!(
            "Raw means of groups like these would differ from the average {} times in {j}",
            short(flags.raw_expected)
        );
        out.push(match (flags.type_s, flags.type_m) {
            (Some(s), Some(m)) => format!(
                "{many}; of these differences {} would have the wrong sign, and they would be {} \
                 times too large.",
                share(s),
                short(m)
            ),
            _ => format!("{many}, all of them by chance."),
        });
    }
    let best = rows.iter().max_by(|a, b| a.estimate.total_cmp(&b.estimate));
    if let Some(best) = best.filter(|_| areas.spread > 0.0 && j > 1) {
        let place = match (best.rank_lower, best.rank_upper) {
            (low, high) if low == high => format!("is hardly in doubt ({low})"),
            (low, high) => format!("lies between {low} and {high}"),
        };
        out.push(format!(
            "{} has the highest estimate; its place {place}.",
            best.level
        ));
    }
    out.join(" ")
}

fn differ(count: usize) -> String {
    match count {
        0 => "no group differs".to_owned(),
        1 => "1 group differs".to_owned(),
        n => format!("{n} groups differ"),
    }
}

fn names(rows: &[Area], of: &dyn Fn(&Area) -> bool) -> String {
    let names: Vec<&str> = rows
        .iter()
        .filter(|a| of(a))
        .map(|a| a.level.as_str())
        .collect();
    match names.len() {
        0 => String::new(),
        n if n <= 6 => format!(" ({})", names.join(", ")),
        n => format!(" ({}, and {} more)", names[..5].join(", "), n - 5),
    }
}

/// What draws are drawn from beside the effects.
pub(super) fn behind(notes: &[Note]) -> &'static str {
    match notes.iter().any(|note| note.code == "variances_known") {
        true => "",
        false => " and of the variances behind them",
    }
}

/// Three significant digits, those of the whole part kept.
pub(super) fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (2 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{x:.decimals$}")
}

pub(super) fn share(x: f64) -> String {
    let percent = 100.0 * x;
    if percent < 0.1 {
        "less than 0.1%".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.0}%")
    }
}
