//! Which of the random effects a prediction takes in.

use ranef_formula::did_you_mean;

use crate::{Error, Fit};

impl Fit {
    /// For each block of [`Fit::varcorr`], and each of its effects, whether it is among those
    /// named. A name is a grouping factor (`Subject`), for all its effects, or a term with a bar
    /// (`1 | Subject`, `0 + Days | Subject`), for those of its effects that are columns of the
    /// model, as in lme4's `re.form`.
    pub(super) fn named_effects(&self, names: &[String]) -> Result<Vec<Vec<bool>>, Error> {
        let blocks = self.varcorr();
        let mut out: Vec<Vec<bool>> = blocks.iter().map(|b| vec![false; b.terms.len()]).collect();
        for name in names {
            let name = name.trim();
            let inner = name
                .strip_prefix('(')
                .and_then(|n| n.strip_suffix(')'))
                .unwrap_or(name);
            let mut found = false;
            match inner.split_once('|') {
                None => {
                    for (block, chosen) in blocks.iter().zip(&mut out) {
                        if block.group == inner {
                            chosen.fill(true);
                            found = true;
                        }
                    }
                }
                Some((effects, group)) => {
                    let group = group.trim_start_matches('|').trim();
                    let wanted = columns(effects);
                    let mut left = wanted.clone();
                    for (block, chosen) in blocks.iter().zip(&mut out) {
                        for (term, chosen) in block.terms.iter().zip(chosen) {
                            if block.group == group && wanted.iter().any(|w| w == term) {
                                *chosen = true;
                                left.retain(|w| w != term);
                            }
                        }
                    }
                    found = left.is_empty() && !wanted.is_empty();
                }
            }
            if !found {
                return Err(self.unknown_effects(name));
            }
        }
        Ok(out)
    }

    fn unknown_effects(&self, name: &str) -> Error {
        let mut known: Vec<String> = Vec::new();
        for block in self.varcorr() {
            let effects: Vec<&str> = block
                .terms
                .iter()
                .map(|t| if t == "(Intercept)" { "1" } else { t })
                .collect();
            for text in [
                block.group.clone(),
                format!("{} | {}", effects.join(" + "), block.group),
            ] {
                if !known.contains(&text) {
                    known.push(text);
                }
            }
        }
        let error = Error::new(
            "unknown_random_effects",
            format!("the model has no random effects `{name}`"),
        );
        if known.is_empty() {
            return error.with_hint("it has none at all: give `none`");
        }
        let quoted: Vec<String> = known.iter().map(|k| format!("`{k}`")).collect();
        error.with_hint(match did_you_mean(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "give `all`, `none`, `new`, or some of {}",
                quoted.join(", ")
            ),
        })
    }
}

/// The columns that the left side of a bar names, with R's intercept: `Days` has it, `0 + Days`
/// has not.
fn columns(effects: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut intercept = true;
    for part in effects.split('+').map(str::trim) {
        match part {
            "0" | "-1" => intercept = false,
            "1" | "(Intercept)" | "" => intercept = true,
            column => out.push(column.to_owned()),
        }
    }
    if intercept {
        out.insert(0, "(Intercept)".to_owned());
    }
    out
}
