//! The summary that users of lmerTest know, and below it what the fit has to say.

use std::fmt::{self, Write};

use ranef_design::Relation;

use crate::format::{
    align_left, align_right, common, p_values, round, scientific, stars, width, wrap,
};
use crate::{DfMethod, Fit, RandomBlock};

/// A printable summary of a fit.
pub struct Summary<'a> {
    fit: &'a Fit,
    columns: usize,
}

/// Columns that a summary is set in unless told otherwise.
const COLUMNS: usize = 80;
/// Columns that a name keeps however narrow the page is.
const LEAST_NAME: usize = 12;

/// Above this number of fixed effects their correlations are not printed, as in lme4.
const MOST_CORRELATIONS: usize = 12;

impl Fit {
    /// The summary, to be printed.
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            fit: self,
            columns: COLUMNS,
        }
    }
}

impl Summary<'_> {
    /// Sets the summary for a page of so many columns, such as the width of a terminal: text is
    /// wrapped there, and names too long for their table get lines of their own.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        self.criterion(f)?;
        self.residuals(f)?;
        self.random(f)?;
        self.fixed(f)?;
        self.family_parameters(f)?;
        self.correlations(f)?;
        self.ratios(f)?;
        self.remarks(f)
    }
}

impl Summary<'_> {
    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        if !fit.family().is_gaussian() {
            return self.generalised_headline(f);
        }
        let model = if fit.varcorr().is_empty() {
            "Linear model fit by least squares".to_owned()
        } else if fit.reml() {
            "Linear mixed model fit by REML".to_owned()
        } else {
            "Linear mixed model fit by maximum likelihood".to_owned()
        };
        let tests = match fit.df_method() {
            DfMethod::Satterthwaite if !fit.varcorr().is_empty() => {
                ". t-tests use Satterthwaite's method"
            }
            DfMethod::KenwardRoger if !fit.varcorr().is_empty() => {
                ". t-tests use Kenward and Roger's method"
            }
            DfMethod::None => ". z-tests",
            _ => ". t-tests use the residual degrees of freedom",
        };
        writeln!(f, "{model}{tests}")?;
        writeln!(f, "Formula: {}\n", fit.formula())
    }

    fn generalised_headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        let model = match fit.approximation() {
            None => "Generalized linear model fit by maximum likelihood".to_owned(),
            Some(how) => {
                format!("Generalized linear mixed model fit by maximum likelihood ({how})")
            }
        };
        let family = fit.family();
        writeln!(f, "{}", wrap(&model, self.columns))?;
        writeln!(f, " Family: {} ({})", family.name(), family.link())?;
        writeln!(f, "Formula: {}", fit.formula())?;
        if let Some(sd) = fit.options().prior {
            writeln!(
                f,
                "Penalty: normal prior with sd {sd} on standardised fixed effects"
            )?;
        }
        let categories = crate::family::categories(fit.recipe());
        if !categories.is_empty() {
            let order = format!("Categories: {}", categories.join(" < "));
            writeln!(f, "{}", wrap(&order, self.columns))?;
        }
        if let Some(success) = fit.success().filter(|_| family.name() == "binomial") {
            writeln!(f, "Modelled: the probability of {success}")?;
        }
        writeln!(f)
    }

    /// Dispersions, thresholds, probabilities of zeros.
    fn family_parameters(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.fit.family_parameters();
        if parameters.is_empty() {
            return Ok(());
        }
        let thresholds = parameters
            .iter()
            .all(|p| p.meaning.starts_with("threshold"));
        let title = if thresholds {
            "Thresholds:"
        } else {
            "Parameters of the family, with 95% intervals:"
        };
        writeln!(f, "\n{title}")?;
        // They have scales of their own: each number stands for itself.
        let numbers = |values: Vec<Option<f64>>, head: &str| {
            let own = values.iter().map(|value| common(&[*value], 4).remove(0));
            align_right(std::iter::once(head.to_owned()).chain(own).collect())
        };
        let column = |of: fn(&crate::FamilyParameter) -> f64| -> Vec<Option<f64>> {
            let values = parameters.iter().map(of);
            values.map(|x| x.is_finite().then_some(x)).collect()
        };
        let names = std::iter::once(String::new()).chain(parameters.iter().map(|p| p.name.clone()));
        let columns = [
            align_left(names.collect()),
            numbers(column(|p| p.estimate), "Estimate"),
            numbers(column(|p| p.std_error), "Std. Error"),
            numbers(column(|p| p.lower), "Lower"),
            numbers(column(|p| p.upper), "Upper"),
        ];
        for row in 0..=parameters.len() {
            let cells: Vec<&str> = columns.iter().map(|c| c[row].as_str()).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        if !thresholds {
            for parameter in &parameters {
                let text = format!("{}: {}.", parameter.name, parameter.meaning);
                writeln!(f, "{}", wrap(&text, self.columns))?;
            }
        }
        Ok(())
    }

    /// What coefficients come to as ratios, where they are logarithms of ratios.
    fn ratios(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fit.ratios(0.95) {
            Ok(ratios) if !ratios.rows.is_empty() => {
                writeln!(f)?;
                ratios.write(f, self.columns)
            }
            _ => Ok(()),
        }
    }

    fn criterion(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        if fit.reml() {
            return writeln!(f, "REML criterion at convergence: {:.1}\n", fit.criterion());
        }
        let names = ["AIC", "BIC", "logLik", "-2*log(L)", "df.resid"];
        let values = [
            format!("{:.1}", fit.aic()),
            format!("{:.1}", fit.bic()),
            format!("{:.1}", fit.log_likelihood()),
            format!("{:.1}", fit.criterion()),
            fit.df_residual().to_string(),
        ];
        let (mut head, mut line) = (String::new(), String::new());
        for (name, value) in names.iter().zip(&values) {
            let width = name.len().max(value.len()) + 1;
            write!(head, "{name:>width$}")?;
            write!(line, "{value:>width$}")?;
        }
        writeln!(f, "{head}\n{line}\n")
    }

    fn residuals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(summary) = self.fit.residuals.get() else {
            return Ok(());
        };
        let largest = summary.quantiles.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        let decimals = if largest > 0.0 {
            (5 - largest.log10().ceil() as i32).max(0)
        } else {
            0
        };
        let rounded: Vec<Option<f64>> = summary
            .quantiles
            .iter()
            .map(|&x| Some(round(x, decimals)))
            .collect();
        let values = common(&rounded, 4);
        writeln!(f, "Scaled residuals:")?;
        let names = ["Min", "1Q", "Median", "3Q", "Max"];
        let width = values.iter().map(String::len).max().unwrap_or(0).max(6);
        let line = |texts: &[&str]| {
            texts
                .iter()
                .map(|t| format!("{t:>width$}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        writeln!(f, "{}", line(&names))?;
        writeln!(
            f,
            "{}\n",
            line(&values.iter().map(String::as_str).collect::<Vec<_>>())
        )
    }

    fn random(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        let sigma = fit.sigma();
        let residual = fit.family().is_gaussian();
        if fit.varcorr().is_empty() {
            if !residual {
                return writeln!(f, "Number of obs: {}\n", fit.nobs());
            }
            let text = &common(&[Some(sigma)], 4)[0];
            if fit.reml() {
                let df = fit.nobs() - fit.fixef().len();
                writeln!(
                    f,
                    "Residual standard error: {text} on {df} degrees of freedom"
                )?;
            } else {
                let n = fit.nobs();
                writeln!(
                    f,
                    "Residual standard deviation: {text} by maximum likelihood (divisor {n})"
                )?;
            }
            return writeln!(f, "Number of obs: {}\n", fit.nobs());
        }
        let mut groups = vec!["Groups".to_owned()];
        let mut names = vec!["Name".to_owned()];
        let (mut variances, mut deviations, mut correlations) = (vec![], vec![], vec![]);
        for (block, label) in fit.varcorr().iter().zip(labels(fit.varcorr())) {
            for (i, term) in block.terms.iter().enumerate() {
                groups.push(if i == 0 { label.clone() } else { String::new() });
                names.push(term.clone());
                variances.push(Some(block.cov[i][i]));
                deviations.push(Some(block.sd[i]));
                let row: Vec<String> = block.corr[i][..i]
                    .iter()
                    .map(|r| r.map_or("    -".to_owned(), |r| format!("{r:5.2}")))
                    .collect();
                correlations.push(row.join(" "));
            }
        }
        if residual {
            groups.push("Residual".to_owned());
            names.push(String::new());
            variances.push(Some(sigma * sigma));
            deviations.push(Some(sigma));
            correlations.push(String::new());
        }
        let with_head = |head: &str, values: Vec<String>| {
            align_right(std::iter::once(head.to_owned()).chain(values).collect())
        };
        let variances = with_head("Variance", common(&variances, 4));
        let deviations = with_head("Std.Dev.", common(&deviations, 4));
        let rows = RandomRows {
            groups,
            names,
            variances,
            deviations,
            correlations,
            residual,
        };
        writeln!(f, "Random effects:")?;
        rows.write(f, self.columns)?;
        let levels: Vec<String> = fit
            .recipe()
            .factors()
            .iter()
            .map(|g| format!("{}, {}", g.name, g.levels))
            .collect();
        writeln!(
            f,
            "Number of obs: {}, groups:  {}",
            fit.nobs(),
            levels.join("; ")
        )?;
        writeln!(f, "{}\n", wrap(&self.structure(), self.columns))
    }

    /// Sizes of the groups, and which factor lies within which.
    fn structure(&self) -> String {
        let structure = self.fit.structure();
        let sizes: Vec<String> = structure
            .factors
            .iter()
            .map(|g| {
                if g.smallest == g.largest {
                    format!("{}, {}", g.name, g.largest)
                } else {
                    format!(
                        "{}, {} to {} (median {})",
                        g.name, g.smallest, g.largest, g.median
                    )
                }
            })
            .collect();
        let mut text = format!("Rows a level:  {}", sizes.join("; "));
        for pair in &structure.pairs {
            let (a, b) = (
                &structure.factors[pair.first].name,
                &structure.factors[pair.second].name,
            );
            let relation = match pair.relation {
                Relation::Same => continue,
                Relation::FirstInSecond => format!("{a} is nested in {b}"),
                Relation::SecondInFirst => format!("{b} is nested in {a}"),
                Relation::Crossed => format!("{a} and {b} are crossed"),
                Relation::PartlyCrossed { cells } => {
                    let all = structure.factors[pair.first].levels
                        * structure.factors[pair.second].levels;
                    format!("{a} and {b} are partly crossed ({cells} of {all} pairs occur)")
                }
            };
            text.push_str(". ");
            text.push_str(&relation);
        }
        text
    }

    fn fixed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.fit.coefficients();
        if table.is_empty() {
            return writeln!(f, "No fixed effects");
        }
        let with_df = table.iter().any(|c| c.df.is_some());
        let estimates: Vec<Option<f64>> = table.iter().map(|c| c.estimate).collect();
        let errors: Vec<Option<f64>> = table.iter().map(|c| c.std_error).collect();
        let degrees: Vec<Option<f64>> = table.iter().map(|c| c.df).collect();
        // Estimates, errors and df share their decimals, as in lmerTest, unless that takes powers
        // of ten: then df go by themselves.
        let pair: Vec<Option<f64>> = estimates.iter().chain(&errors).copied().collect();
        let all: Vec<Option<f64>> = pair.iter().chain(&degrees).copied().collect();
        let mut texts = shared_decimals(if with_df { &all } else { &pair });
        if with_df && texts.iter().any(|t| t.contains('e')) {
            texts = shared_decimals(&pair);
            texts.extend(common(&degrees, 4));
        }
        let n = table.len();
        let statistics: Vec<Option<f64>> = table
            .iter()
            .map(|c| c.statistic.map(|t| round(t, 3)))
            .collect();
        let p: Vec<Option<f64>> = table.iter().map(|c| c.p_value).collect();
        let trimmed = |range: std::ops::Range<usize>| {
            texts[range]
                .iter()
                .map(|t| t.trim_start().to_owned())
                .collect::<Vec<_>>()
        };
        let mut columns = vec![
            ("Estimate", trimmed(0..n)),
            ("Std. Error", trimmed(n..2 * n)),
        ];
        if with_df {
            columns.push(("df", trimmed(2 * n..3 * n)));
        }
        columns.push((
            if with_df { "t value" } else { "z value" },
            common(&statistics, 4),
        ));
        columns.push((
            if with_df { "Pr(>|t|)" } else { "Pr(>|z|)" },
            p_values(&p, 3),
        ));
        let columns: Vec<Vec<String>> = columns
            .into_iter()
            .map(|(head, values)| {
                align_right(std::iter::once(head.to_owned()).chain(values).collect())
            })
            .collect();
        // Room for names beside the numbers and the stars; a longer name gets a line of its own.
        let numbers: usize = columns.iter().map(|c| 1 + width(&c[0])).sum();
        let room = self.columns.saturating_sub(numbers + 4).max(LEAST_NAME);
        let (names, long): (Vec<String>, Vec<String>) = std::iter::once("")
            .chain(table.iter().map(|c| c.term.as_str()))
            .map(|name| match width(name) > room {
                true => (String::new(), format!("{name}\n")),
                false => (name.to_owned(), String::new()),
            })
            .unzip();
        writeln!(f, "Fixed effects:")?;
        for (i, name) in align_left(names).iter().enumerate() {
            let mut line = long[i].clone() + name;
            for column in &columns {
                write!(line, " {}", column[i])?;
            }
            if let Some(p) = i.checked_sub(1).and_then(|i| p[i]) {
                write!(line, " {}", stars(p))?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        if p.iter().flatten().any(|p| *p < 0.1) {
            writeln!(
                f,
                "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
            )?;
        }
        Ok(())
    }

    fn correlations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fit.fixed_names();
        let p = names.len();
        if !(2..=MOST_CORRELATIONS).contains(&p) {
            return Ok(());
        }
        let vcov = self.fit.vcov();
        let short: Vec<String> = names
            .iter()
            .map(|n| {
                if *n == "(Intercept)" {
                    "(Intr)".to_owned()
                } else {
                    abbreviate(n, 6)
                }
            })
            .collect();
        let rows = align_left(
            names
                .iter()
                .map(|n| {
                    if *n == "(Intercept)" {
                        (*n).to_owned()
                    } else {
                        abbreviate(n, 11)
                    }
                })
                .collect(),
        );
        writeln!(f, "\nCorrelation of Fixed Effects:")?;
        let room = |j: usize| width(&short[j]).max(6);
        let mut head = " ".repeat(width(&rows[0]));
        for (j, name) in short[..p - 1].iter().enumerate() {
            write!(head, " {name}{}", " ".repeat(room(j) - width(name)))?;
        }
        writeln!(f, "{}", head.trim_end())?;
        for i in 1..p {
            let mut line = rows[i].clone();
            for j in 0..i {
                let r = vcov[i * p + j] / (vcov[i * p + i] * vcov[j * p + j]).sqrt();
                write!(line, " {:<room$}", format!("{r:6.3}"), room = room(j))?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn remarks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        for note in fit.notes() {
            writeln!(f, "\n{}", wrap(&note.message, self.columns))?;
        }
        let separated = fit.notes().iter().any(|note| note.code == "separation");
        if !fit.theta().is_empty() && fit.certificate().converged && !separated {
            let text = format!(
                "Converged: a minimum by its certificate (decrement {}, no variance left to \
                 gain; {} evaluations).",
                scientific(fit.certificate().newton_decrement, 0),
                fit.evaluations()
            );
            writeln!(f, "\n{}", wrap(&text, self.columns))?;
        }
        Ok(())
    }
}

/// The lines of the table of random effects, the first its head.
struct RandomRows {
    groups: Vec<String>,
    names: Vec<String>,
    variances: Vec<String>,
    deviations: Vec<String>,
    /// One fewer: the head has none.
    correlations: Vec<String>,
    /// Whether the last line is that of the residuals.
    residual: bool,
}

impl RandomRows {
    /// As lme4 prints them, or, where that is wider than the page, groups on lines of their own
    /// with their effects below; names and correlations that are still too long get lines too.
    fn write(self, f: &mut fmt::Formatter<'_>, columns: usize) -> fmt::Result {
        let widest = |texts: &[String]| texts.iter().map(|t| width(t)).max().unwrap_or(0);
        let correlations = widest(&self.correlations);
        let head = if correlations > 0 { " Corr" } else { "" };
        let numbers = 2 + width(&self.variances[0]) + width(&self.deviations[0]);
        let beside = numbers + 1 + correlations;
        let correlation = |i: usize| match i {
            0 => head,
            i => self.correlations[i - 1].as_str(),
        };
        if 2 + widest(&self.groups) + widest(&self.names) + beside <= columns {
            let (groups, names) = (align_left(self.groups), align_left(self.names));
            for i in 0..groups.len() {
                let (variance, deviation) = (&self.variances[i], &self.deviations[i]);
                let line = format!(
                    " {} {} {variance} {deviation} {}",
                    groups[i],
                    names[i],
                    correlation(i)
                );
                writeln!(f, "{}", line.trim_end())?;
            }
            return Ok(());
        }
        let apart = columns < beside + LEAST_NAME + 3;
        let room = columns
            .saturating_sub(3 + if apart { numbers } else { beside })
            .max(LEAST_NAME);
        // The head and σ have no name below their group.
        let last = self.groups.len() - 1;
        let labels: Vec<&str> = (0..=last)
            .map(|i| match i {
                0 => "Groups",
                i if i == last && self.residual => self.groups[i].as_str(),
                i => self.names[i].as_str(),
            })
            .collect();
        let indented = |i: usize| i > 0 && (i < last || !self.residual);
        let fitting = (0..=last).filter(|&i| width(labels[i]) <= room);
        let place = fitting
            .map(|i| width(labels[i]) + 2 * usize::from(indented(i)))
            .max()
            .unwrap_or(0);
        for i in 0..=last {
            if indented(i) && !self.groups[i].is_empty() {
                writeln!(f, " {}", self.groups[i])?;
            }
            let mut label = format!("{}{}", if indented(i) { "  " } else { "" }, labels[i]);
            if width(labels[i]) > room {
                writeln!(f, " {label}")?;
                label.clear();
            }
            let pad = " ".repeat(place.saturating_sub(width(&label)));
            let mut line = format!(" {label}{pad} {} {}", self.variances[i], self.deviations[i]);
            if !apart {
                line += " ";
                line += correlation(i);
            }
            writeln!(f, "{}", line.trim_end())?;
            if apart && i > 0 && !self.correlations[i - 1].is_empty() {
                let text = self.correlations[i - 1]
                    .split_whitespace()
                    .collect::<Vec<_>>();
                let text = format!("correlations {}", text.join(" "));
                for part in wrap(&text, columns.saturating_sub(5)).lines() {
                    writeln!(f, "     {part}")?;
                }
            }
        }
        Ok(())
    }
}

/// Numbers rounded so that the smallest keeps four digits, and printed with the same decimals.
fn shared_decimals(values: &[Option<f64>]) -> Vec<String> {
    let smallest = values
        .iter()
        .flatten()
        .filter(|x| x.is_finite() && **x != 0.0)
        .map(|x| x.abs().log10().floor() as i32)
        .min()
        .unwrap_or(0);
    let decimals = (4 - (1 + smallest)).max(1);
    let rounded: Vec<Option<f64>> = values
        .iter()
        .map(|x| x.map(|x| round(x, decimals)))
        .collect();
    common(&rounded, 4)
}

/// Labels of the blocks: a grouping factor that comes again gets `.1`, `.2`, as lme4 labels them.
pub(crate) fn labels(blocks: &[RandomBlock]) -> Vec<String> {
    blocks
        .iter()
        .enumerate()
        .map(|(i, block)| {
            match blocks[..i]
                .iter()
                .filter(|b| b.group == block.group)
                .count()
            {
                0 => block.group.clone(),
                n => format!("{}.{n}", block.group),
            }
        })
        .collect()
}

/// The first characters of a name.
fn abbreviate(name: &str, length: usize) -> String {
    name.chars().take(length).collect()
}
