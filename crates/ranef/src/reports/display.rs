//! A fit as `display()` of R's package arm prints it (Gelman & Hill 2007, appendix C): few digits,
//! no stars.
//!
//! Its last lines are not those of other summaries. `deviance` is −2 log-likelihood of the same
//! model refitted by maximum likelihood, also where the fit is by REML; with D̂ = −2 log-likelihood
//! by the method of the fit, DIC = 2·deviance − D̂ (arm 1.13-1). Of a generalised model `deviance` is the
//! sum of the unit deviances at the conditional modes, which is what R's `deviance` gives there.

use std::fmt;

use crate::format::{align_right, width};
use crate::summary::labels;
use crate::{Error, Fit};

/// A fit in the style of `arm::display`; `Display` prints it.
#[derive(Clone, Debug)]
pub struct ArmDisplay<'a> {
    fit: &'a Fit,
    /// Decimals, two unless told otherwise.
    pub digits: usize,
    /// Whether t values are printed too.
    pub detail: bool,
    /// −2 log-likelihood of the model by maximum likelihood; of a generalised model the sum of the
    /// unit deviances at the modes.
    pub deviance: f64,
}

impl Fit {
    /// The fit in the style of `arm::display`.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit by REML, which has to be fitted again by maximum likelihood.
    pub fn arm_display(&self) -> Result<ArmDisplay<'_>, Error> {
        let deviance = if !self.family().is_gaussian() && !self.varcorr().is_empty() {
            self.ask_generalised(ranef_engine::glmm::Fit::unit_deviance)?
        } else if self.reml() {
            self.refit(false)?.criterion()
        } else {
            self.criterion()
        };
        Ok(ArmDisplay {
            fit: self,
            digits: 2,
            detail: false,
            deviance,
        })
    }
}

impl ArmDisplay<'_> {
    /// The deviance information criterion as arm computes it.
    pub fn dic(&self) -> f64 {
        2.0 * self.deviance - self.fit.criterion()
    }

    /// The call that R would show.
    fn call(&self) -> String {
        let fit = self.fit;
        let design = &fit.options().design;
        let data = fit.origin().map_or("data", |o| stem(&o.name));
        let mut call = format!("formula = {}, data = {data}", fit.formula());
        let (family, link) = (fit.family().name(), fit.family().link().name());
        if !fit.family().is_gaussian() {
            call += &format!(", family = {family}(link = \"{link}\")");
        } else if !fit.reml() {
            call += ", REML = FALSE";
        }
        for (name, column) in [("weights", &design.weights), ("offset", &design.offset)] {
            if let Some(column) = column {
                call += &format!(", {name} = {column}");
            }
        }
        match (fit.varcorr().is_empty(), fit.family().is_gaussian()) {
            (true, true) => format!("lm({call})"),
            (false, true) => format!("lme4::lmer({call})"),
            (true, false) => format!("glm({call})"),
            (false, false) => format!("lme4::glmer({call})"),
        }
    }
}

/// `pupils` of `data/pupils.csv`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match file.split_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}

impl fmt::Display for ArmDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        writeln!(f, "{}", self.call())?;
        self.coefficients(f)?;
        if fit.varcorr().is_empty() {
            writeln!(f, "---")?;
            let df = fit.nobs() - fit.fixef().len();
            writeln!(f, "n = {}, k = {}", fit.nobs(), fit.fixef().len())?;
            if !fit.family().is_gaussian() {
                return writeln!(f, "log-likelihood = {:.1}", fit.log_likelihood());
            }
            return writeln!(
                f,
                "residual sd = {:.*} on {df} degrees of freedom",
                self.digits,
                fit.sigma()
            );
        }
        self.error_terms(f)?;
        let groups: Vec<String> = (fit.recipe().factors().iter())
            .map(|g| format!("{}, {}", g.name, g.levels))
            .collect();
        writeln!(f, "---")?;
        writeln!(
            f,
            "number of obs: {}, groups: {}",
            fit.nobs(),
            groups.join("; ")
        )?;
        let short = |x: f64| {
            let text = format!("{x:.1}");
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        };
        writeln!(f, "AIC = {}, DIC = {}", short(fit.aic()), short(self.dic()))?;
        writeln!(f, "deviance = {:.1} ", self.deviance)
    }
}

impl ArmDisplay<'_> {
    fn coefficients(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits;
        let table: Vec<_> = (self.fit.coefficients().into_iter())
            .filter(|c| c.estimate.is_some())
            .collect();
        let z = !self.fit.family().is_gaussian();
        let columns = match (self.detail, z) {
            (false, _) => 2,
            (true, false) => 3,
            (true, true) => 4,
        };
        // R formats all numbers of the table to one width.
        let all = (table.iter())
            .flat_map(|c| {
                [c.estimate, c.std_error, c.statistic, c.p_value]
                    .into_iter()
                    .take(columns)
            })
            .map(|x| x.map_or("NA".to_owned(), |x| format!("{x:.digits$}")))
            .collect();
        let all = align_right(all);
        let statistic = if z { "z value" } else { "t value" };
        let heads = ["coef.est", "coef.se", statistic, "Pr(>|z|)"];
        let names: Vec<&str> = table.iter().map(|c| c.term.as_str()).collect();
        let room = names.iter().map(|n| width(n)).max().unwrap_or(0);
        let rows = all.chunks(columns);
        let cells = std::iter::once(heads[..columns].iter().map(|h| (*h).to_owned()).collect())
            .chain(rows.map(<[String]>::to_vec));
        let cells: Vec<Vec<String>> = cells.collect();
        for (name, line) in std::iter::once("").chain(names).zip(padded(&cells)) {
            writeln!(f, "{name}{}{line}", " ".repeat(room - width(name)))?;
        }
        Ok(())
    }

    fn error_terms(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fit, digits) = (self.fit, self.digits);
        let blocks = fit.varcorr();
        let fixed = |x: &f64| format!("{x:.digits$}");
        let sigma = fit.sigma();
        let deviations = blocks.iter().flat_map(|b| &b.sd).chain([&sigma]);
        let mut deviations = align_right(deviations.map(fixed).collect()).into_iter();
        // As many columns of correlations as the largest block has effects, the last one empty.
        let most = blocks.iter().map(|b| b.terms.len()).max().unwrap_or(1);
        let columns = if most > 1 { most } else { 0 };
        let mut head = vec![
            "Groups".to_owned(),
            "Name".to_owned(),
            "Std.Dev.".to_owned(),
        ];
        head.extend((0..columns).map(|i| if i == 0 { "Corr" } else { "" }.to_owned()));
        let mut rows = vec![head];
        for (block, label) in blocks.iter().zip(labels(blocks)) {
            let k = block.terms.len();
            let cells = block.corr.iter().flatten();
            let cells = cells.map(|r| r.as_ref().map_or("NaN".to_owned(), fixed));
            let cells = align_right(cells.collect());
            for (i, term) in block.terms.iter().enumerate() {
                let group = if i == 0 { label.clone() } else { String::new() };
                let mut row = vec![group, term.clone(), deviations.next().unwrap_or_default()];
                row.extend((0..columns).map(|j| {
                    let below = j < i && j < k;
                    if below {
                        cells[i * k + j].clone()
                    } else {
                        String::new()
                    }
                }));
                rows.push(row);
            }
        }
        // arm prints a residual standard deviation of 1 for families that have none.
        let mut last = vec![
            "Residual".to_owned(),
            String::new(),
            deviations.next().unwrap_or_default(),
        ];
        last.resize(3 + columns, String::new());
        rows.push(last);
        writeln!(f, "\nError terms:")?;
        for line in padded(&rows) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// Left-aligned columns behind a blank each, as R prints a matrix of texts.
fn padded(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|j| rows.iter().map(|r| width(&r[j])).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        row.iter()
            .zip(&widths)
            .map(|(cell, room)| format!(" {cell}{}", " ".repeat(room - width(cell))))
            .collect()
    };
    rows.iter().map(line).collect()
}
