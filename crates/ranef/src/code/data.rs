//! Where the rows of an analysis lie, for code that reads them.

use ranef_frame::datasets;

use crate::Fit;

/// The data as other programs may read them.
pub(super) struct Data {
    /// The file.
    pub file: String,
    /// What to do before, where the file is not there yet or cannot be read.
    pub before: Option<String>,
    /// A name for the data: letters, digits and `_`.
    pub name: String,
    /// Spellings of missing values beyond the usual ones.
    pub na: Vec<String>,
    pub separator: Option<char>,
    pub decimal: Option<char>,
}

/// Spellings of missing values that this project takes as such.
pub(super) const MISSING: [&str; 5] = ["", "NA", "NaN", "null", "."];

impl Data {
    /// The data of a fit; `also` are endings other than those of text that the language reads.
    pub fn of(fit: &Fit, also: &[&str]) -> Self {
        let Some(origin) = fit.origin() else {
            return Self {
                file: "data.csv".to_owned(),
                before: Some(
                    "The model does not say where its data came from: save them as data.csv."
                        .to_owned(),
                ),
                name: "data".to_owned(),
                na: Vec::new(),
                separator: None,
                decimal: None,
            };
        };
        let options = origin.read_options();
        let name = &origin.name;
        let built_in = datasets().iter().any(|d| d.name == name);
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = file.split('.').next().unwrap_or(file);
        let ending = file.rsplit_once('.').map_or("", |(_, e)| e).to_lowercase();
        let text = ["csv", "tsv", "txt"].contains(&ending.as_str());
        let (file, before) = if built_in {
            let file = format!("{name}.csv");
            let before = format!("Write the data first: ranef data {name} --csv > {file}");
            (file, Some(before))
        } else if text || also.contains(&ending.as_str()) {
            (name.clone(), None)
        } else {
            let file = format!("{stem}.csv");
            let before = format!("Save {name} as {file} first.");
            (file, Some(before))
        };
        let mut clean: String = stem
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(24)
            .collect();
        if !clean.starts_with(|c: char| c.is_ascii_alphabetic()) {
            clean.insert_str(0, "d_");
        }
        Self {
            file,
            before,
            name: clean,
            na: options.na,
            separator: options
                .separator
                .or_else(|| (ending == "tsv").then_some('\t')),
            decimal: options.decimal,
        }
    }
}
