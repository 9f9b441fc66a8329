//! Slopes as JSON, as a table, and in words.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{JohnsonNeyman, Slope, Slopes};
use crate::ResponseScale;
use crate::format::write_text;
use crate::means::{
    Estimate, Point, Probabilities, estimate_columns, point_columns, probability_table,
    serialize_estimate, wide_probabilities, write_held,
};
use crate::predict::percent;
use crate::table::{Answer, Table};

impl Serialize for Slopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Row<'a>(&'a str, &'a Slope, &'a [String]);
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry(self.0, &self.1.at)?;
                map.serialize_entry("label", &self.1.label)?;
                serialize_estimate(&mut map, &self.1.value)?;
                if !self.2.is_empty() {
                    let probabilities = Probabilities {
                        categories: self.2,
                        values: &self.1.probabilities,
                    };
                    map.serialize_entry("probabilities", &probabilities)?;
                }
                map.end()
            }
        }
        let row = |r| Row(&self.over, r, &self.categories);
        let rows: Vec<Row<'_>> = self.rows.iter().map(row).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("of", &self.of)?;
        map.serialize_entry("over", &self.over)?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("scale", &self.scale)?;
        map.serialize_entry("rows", &rows)?;
        map.serialize_entry("depends", &self.depends)?;
        map.serialize_entry("johnson_neyman", &self.johnson_neyman)?;
        map.serialize_entry("held", &self.held)?;
        map.end()
    }
}

impl Slopes {
    /// The slopes without those of the probabilities of categories.
    fn mean_table(&self) -> Table {
        let cells = self.rows.iter().map(|r| std::slice::from_ref(&r.at));
        let mut table = point_columns(Table::new(), std::slice::from_ref(&self.over), cells);
        if self.rows.iter().any(|r| r.label.is_some()) {
            table = table
                .text(
                    "label",
                    self.rows.iter().map(|r| r.label.map(str::to_owned)),
                )
                .titled("");
        }
        let values: Vec<Option<Estimate>> = self.rows.iter().map(|r| r.value).collect();
        estimate_columns(table, &values, true)
    }

    /// The slope of the probability of each category of an ordinal response, in tidy columns; no rows
    /// for other responses.
    pub fn probability_table(&self) -> Table {
        let cells: Vec<_> = (self.rows.iter())
            .map(|row| (std::slice::from_ref(&row.at), row.probabilities.as_slice()))
            .collect();
        let names = std::slice::from_ref(&self.over);
        probability_table(names, &cells, &self.categories, true)
    }
}

impl Answer for Slopes {
    fn table(&self) -> Table {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|r| r.probabilities.as_slice())
            .collect();
        wide_probabilities(self.mean_table(), &self.categories, &rows)
    }
}

impl fmt::Display for Slopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = percent(self.level);
        writeln!(
            f,
            "Slopes of {} over {}, with {percent}% intervals",
            self.of, self.over
        )?;
        if self.categories.is_empty() {
            write!(f, "\n{}", self.mean_table())?;
        } else {
            writeln!(f, "\nProbabilities, change")?;
            write!(f, "{}", self.probability_table())?;
            writeln!(f, "\nMean category, change")?;
            write!(f, "{}", self.mean_table())?;
        }
        if !self.depends {
            let (of, over) = (&self.of, &self.over);
            let place = match self.scale {
                Some(ResponseScale::Response) if !self.identity => " on the scale of the link",
                _ => "",
            };
            writeln!(f)?;
            write_text(
                f,
                &format!(
                    "The model has no interaction of {of} and {over}: the slope of {of} is the \
                     same{place} at every {over}. To let it differ, write `{of} * {over}`."
                ),
            )?;
        } else if let Some(found) = &self.johnson_neyman {
            let sentence = found.sentence(&self.of, &self.over, self.level);
            writeln!(f)?;
            write_text(f, &format!("Johnson-Neyman: {sentence}"))?;
        }
        // The other predictors say something about a slope only where they bear on it; which do is
        // left to the reader.
        if !self.held.is_empty() {
            writeln!(f)?;
        }
        write_held(f, &self.held)?;
        match self.scale {
            None => Ok(()),
            Some(ResponseScale::Link) if self.identity => write_text(
                f,
                "Change of the expected response, since the link is the identity.",
            ),
            Some(ResponseScale::Link) => write_text(
                f,
                "On the scale of the link, as the coefficients are (`--scale response` for the \
                 response).",
            ),
            Some(ResponseScale::Response) => write_text(
                f,
                &format!(
                    "Change of the expected response for one unit more of {}, in an average group \
                     (random effects at zero), averaged over the values above.",
                    self.of
                ),
            ),
        }
    }
}

impl JohnsonNeyman {
    /// Where the slope differs from zero, in words.
    pub fn sentence(&self, of: &str, over: &str, level: f64) -> String {
        let p = format!("p < {}", Point::Number(1.0 - level));
        let number = |x: f64| {
            let text = format!("{x:.4e}").parse::<f64>().unwrap_or(x);
            text.to_string()
        };
        let [min, max] = self.range.map(number);
        let parts: Vec<String> = self
            .regions
            .iter()
            .filter(|r| r.significant && r.meets(self.range))
            .map(|r| {
                let (from, to) = r.within(self.range);
                let sign = if r.sign == Some(1) {
                    "positive"
                } else {
                    "negative"
                };
                match (from, to) {
                    (None, None) => format!("{sign} at all {over} in the data"),
                    (None, Some(to)) => format!("{sign} below {over} = {}", number(to)),
                    (Some(from), None) => format!("{sign} above {over} = {}", number(from)),
                    (Some(from), Some(to)) => {
                        format!(
                            "{sign} between {over} = {} and {}",
                            number(from),
                            number(to)
                        )
                    }
                }
            })
            .collect();
        let said = if parts.is_empty() {
            format!("nowhere in the data does the slope of {of} differ from zero ({p}).")
        } else {
            format!("the slope of {of} is {} ({p}).", parts.join(", and "))
        };
        let outside: Vec<String> = self
            .bounds
            .iter()
            .filter(|b| **b < self.range[0] || **b > self.range[1])
            .map(|b| number(*b))
            .collect();
        let extrapolated = match outside.len() {
            0 => String::new(),
            1 => format!("; a bound at {} lies outside of them", outside[0]),
            _ => format!("; bounds at {} lie outside of them", outside.join(" and ")),
        };
        format!("{said} The data have {over} from {min} to {max}{extrapolated}.")
    }
}
