//! R: lme4's formulas are the ones that this project reads, apart from a few functions and from
//! what `||` does to terms with several columns.

use ranef_design::{Coding, Contrast, VariableInfo, VariableValues};
use ranef_formula::{Argument, Effects, Expr, ExprKind, RandomTerm, Term, Terms};

use super::data::{Data, MISSING};
use super::{Script, Tests};
use crate::Fit;

/// More levels than this are not listed.
const LISTED: usize = 24;

pub(super) fn write(fit: &Fit, script: &mut Script) {
    let tests = Tests::of(fit);
    let mixed = !fit.varcorr().is_empty();
    let formula = Rewriter::new(fit).formula();
    script.comment(format!("{} in R", fit.formula()));
    let family = super::generalised::r(fit);
    if let Some(family) = &family {
        if mixed || family.package != "lme4" {
            script.line(format!("library({})", family.package));
        }
    } else if mixed {
        script.line("library(lme4)");
        if matches!(tests, Tests::Satterthwaite | Tests::KenwardRoger) {
            script.line("library(lmerTest)");
        }
    }
    if formula.text.contains("ns(") || formula.text.contains("bs(") {
        script.line("library(splines)");
    }
    let data = Data::of(fit, &["parquet", "pq", "feather", "arrow", "gz"]);
    if let Some(before) = &data.before {
        script.comment(before);
    }
    let name = &data.name;
    if data.file.to_lowercase().ends_with(".txt") && data.separator.is_none() {
        script.comment("Add sep = \"\\t\" or the like where cells are not separated by commas.");
    }
    script.line(format!("{name} <- {}", read(&data)));
    factors(fit, name, script);
    for line in &formula.before {
        script.line(line.replace("DATA", name));
    }
    for note in &formula.notes {
        script.comment(note);
    }
    let design = &fit.options().design;
    let mut arguments = vec![formula.text.clone(), format!("data = {name}")];
    match &family {
        Some(family) => {
            arguments.extend(family.arguments.iter().cloned());
            let agq = fit.options().agq;
            if agq != 1 && mixed {
                let vectors = fit.varcorr().len() != 1 || fit.varcorr()[0].terms.len() > 1;
                match (family.package, agq) {
                    ("glmmTMB", _) => {
                        script.gap("glmmTMB has Laplace's approximation only".to_owned())
                    }
                    ("ordinal", 0) => script.gap(
                        "the fast approximation: clmm has Laplace's and quadrature".to_owned(),
                    ),
                    (_, 2..) if vectors => script.gap(
                        "quadrature over several random effects of a group: R has it for one"
                            .to_owned(),
                    ),
                    _ => arguments.push(format!("nAGQ = {agq}")),
                }
            }
            for gap in
                super::generalised::gaps(fit, family.function(mixed), family.package == "lme4")
            {
                script.gap(gap);
            }
        }
        None if mixed && !fit.reml() => arguments.push("REML = FALSE".to_owned()),
        None => {}
    }
    if let Some(weights) = &design.weights {
        arguments.push(format!("weights = {}", plain(weights)));
    }
    if let Some(offset) = &design.offset {
        arguments.push(format!("offset = {}", plain(offset)));
    }
    let function = match (&family, mixed) {
        (Some(family), mixed) => family.function(mixed),
        (None, true) => "lmer",
        (None, false) => "lm",
    };
    script.line(format!("fit <- {function}({})", arguments.join(", ")));
    if family.is_some() {
        script.line("summary(fit)");
        return;
    }
    match tests {
        Tests::KenwardRoger => script.line("summary(fit, ddf = \"Kenward-Roger\")"),
        Tests::Satterthwaite => script.line("summary(fit)"),
        Tests::Residual if !mixed => script.line("summary(fit)"),
        Tests::Residual | Tests::Normal => {
            script.line("summary(fit)");
            script.line("table <- coef(summary(fit))");
            script.line(match tests {
                Tests::Normal => {
                    "cbind(table, \"Pr(>|z|)\" = 2 * pnorm(-abs(table[, \"t value\"])))"
                }
                _ => {
                    "cbind(table, \"Pr(>|t|)\" = 2 * pt(-abs(table[, \"t value\"]), nobs(fit) - length(fixef(fit))))"
                }
            });
        }
    }
}

/// The call that reads the data.
fn read(data: &Data) -> String {
    let file = text(&data.file);
    let lower = data.file.to_lowercase();
    if lower.ends_with(".parquet") || lower.ends_with(".pq") {
        return format!("as.data.frame(arrow::read_parquet({file}))");
    }
    if lower.ends_with(".feather") || lower.ends_with(".arrow") {
        return format!("as.data.frame(arrow::read_feather({file}))");
    }
    let missing: Vec<String> = MISSING
        .iter()
        .map(|m| text(m))
        .chain(data.na.iter().map(|m| text(m)))
        .collect();
    let mut call = format!(
        "read.csv({file}, na.strings = c({}), check.names = FALSE",
        missing.join(", ")
    );
    if let Some(separator) = data.separator {
        call += &format!(", sep = {}", text(&separator.to_string()));
    }
    if let Some(decimal) = data.decimal {
        call += &format!(", dec = {}", text(&decimal.to_string()));
    }
    call + ")"
}

/// Makes factors with the levels, order and coding of the fit: R would sort them by the rules of
/// the machine's language.
fn factors(fit: &Fit, data: &str, script: &mut Script) {
    let default = fit.options().design.contrasts;
    if default != Contrast::Treatment {
        script.line(format!(
            "options(contrasts = c(\"{}\", \"contr.poly\"))",
            contrast_name(default)
        ));
    }
    let mut done: Vec<String> = Vec::new();
    for variable in fit.recipe().variables() {
        let VariableValues::Factor { levels, .. } = &variable.values else {
            continue;
        };
        let column = match Expr::parse(&variable.name).map(|e| e.kind) {
            Ok(ExprKind::Column(name)) => name,
            // The levels of `factor(x)` are known where x is text: R sorts them its own way.
            _ => match variable.columns.as_slice() {
                [only] if fit.recipe().is_text(only) => {
                    if !done.contains(only) {
                        let place = place(data, only);
                        script.line(format!(
                            "{place} <- factor({place}, levels = sort(unique({place}), method = \"radix\"))"
                        ));
                        done.push(only.clone());
                    }
                    continue;
                }
                _ => continue,
            },
        };
        if done.contains(&column) {
            continue;
        }
        let place = place(data, &column);
        let levels = if levels.len() <= LISTED {
            let listed: Vec<String> = levels.iter().map(|l| text(l)).collect();
            format!("c({})", listed.join(", "))
        } else {
            format!("sort(unique({place}), method = \"radix\")")
        };
        script.line(format!("{place} <- factor({place}, levels = {levels})"));
        done.push(column);
    }
    // The categories of an ordinal response, in their order; a rating of numbers too.
    let categories = crate::family::categories(fit.recipe());
    let response = fit.terms().response.as_ref().map(|e| &e.kind);
    if let (false, Some(ExprKind::Column(column))) = (categories.is_empty(), response) {
        let place = place(data, column);
        let listed: Vec<String> = categories.iter().map(|l| text(l)).collect();
        script.line(format!(
            "{place} <- factor({place}, levels = c({}), ordered = TRUE)",
            listed.join(", ")
        ));
        done.push(column.clone());
    }
    for column in &fit.options().design.factors {
        if !done.contains(column) {
            let place = place(data, column);
            script.line(format!("{place} <- factor({place})"));
        }
    }
}

fn contrast_name(contrast: Contrast) -> &'static str {
    match contrast {
        Contrast::Treatment => "contr.treatment",
        Contrast::Sum => "contr.sum",
        Contrast::Helmert => "contr.helmert",
        Contrast::Poly => "contr.poly",
    }
}

/// A column of a data frame.
fn place(data: &str, column: &str) -> String {
    format!("{data}${}", plain(column))
}

/// A name, in backticks where it needs them.
fn plain(name: &str) -> String {
    ExprKind::Column(name.to_owned()).to_string()
}

/// A text in quotes.
fn text(value: &str) -> String {
    ExprKind::Text(value.to_owned()).to_string()
}

/// The formula in R.
struct Formula {
    text: String,
    /// Lines that make columns for it; `DATA` stands for the data frame.
    before: Vec<String>,
    notes: Vec<String>,
}

/// Turns what R does not know into what it knows.
struct Rewriter<'a> {
    fit: &'a Fit,
    variables: Vec<VariableInfo>,
    before: Vec<String>,
    notes: Vec<String>,
    changed: bool,
}

impl<'a> Rewriter<'a> {
    fn new(fit: &'a Fit) -> Self {
        Self {
            fit,
            variables: fit.recipe().variables(),
            before: Vec::new(),
            notes: Vec::new(),
            changed: false,
        }
    }

    fn formula(mut self) -> Formula {
        let terms = self.fit.terms();
        let response = terms.response.as_ref().map(|e| self.expression(e));
        let fixed = self.effects(&terms.fixed);
        let offsets = terms.offsets.iter().map(|e| self.expression(e)).collect();
        let mut plain = Vec::new();
        let mut split = Vec::new();
        for (index, term) in terms.random.iter().enumerate() {
            let group = term.group.iter().map(|e| self.expression(e)).collect();
            if !term.correlated && self.has_wide_column(index) {
                self.changed = true;
                split.extend(self.split(index, term));
                continue;
            }
            plain.push(RandomTerm {
                effects: self.effects(&term.effects),
                group,
                ..term.clone()
            });
        }
        let rewritten = Terms {
            response,
            fixed,
            offsets,
            random: plain,
            ignored_powers: Vec::new(),
        };
        // `.` would take the groups in as well.
        let dot = self
            .fit
            .formula()
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '`')))
            .any(|word| word == ".");
        let text = if self.changed || dot {
            let mut text = rewritten.to_string();
            for term in split {
                text += &format!(" + {term}");
            }
            text
        } else {
            self.fit.formula().to_owned()
        };
        Formula {
            text,
            before: self.before,
            notes: self.notes,
        }
    }

    fn effects(&mut self, effects: &Effects) -> Effects {
        let terms = effects.terms.iter().map(|term| Term {
            factors: term.factors.iter().map(|e| self.expression(e)).collect(),
            span: term.span,
        });
        Effects {
            intercept: effects.intercept,
            terms: terms.collect(),
        }
    }

    /// lme4 splits `||` at its terms only: a factor or a polynomial would stay one block with
    /// correlations.
    fn has_wide_column(&self, term: usize) -> bool {
        let designs = self.fit.recipe().random();
        let mut products = designs
            .iter()
            .filter(|d| d.term == term)
            .flat_map(|d| d.products());
        products.any(|product| {
            product.iter().any(|&(variable, coding, _)| {
                coding != Coding::Numbers
                    || matches!(self.variables[variable].values,
                                VariableValues::Numbers { columns } if columns > 1)
            })
        })
    }

    /// A `||` term as one term a column.
    fn split(&mut self, index: usize, term: &RandomTerm) -> Vec<String> {
        let group = term.group_label();
        let designs = self.fit.recipe().random();
        let mut out = Vec::new();
        for product in designs
            .iter()
            .filter(|d| d.term == index)
            .flat_map(|d| d.products())
        {
            let factors: Vec<String> = product
                .iter()
                .map(|&(variable, coding, column)| self.column(variable, coding, column))
                .collect();
            out.push(match factors.as_slice() {
                [] => format!("(1 | {group})"),
                [one] if one.starts_with("as.numeric(") => format!("(0 + {one} | {group})"),
                [one] => format!("(0 + I({one}) | {group})"),
                several => format!("(0 + I({}) | {group})", several.join(" * ")),
            });
        }
        self.notes.push(format!(
            "lme4 keeps the columns of one term correlated in {term}: here each has a term of its own."
        ));
        out
    }

    /// One column of a variable as an expression of numbers.
    fn column(&mut self, variable: usize, coding: Coding, column: usize) -> String {
        let info = self.variables[variable].clone();
        let name = info.name.clone();
        match (&info.values, coding) {
            (VariableValues::Factor { levels, .. }, Coding::Dummies) => {
                format!("as.numeric({name} == {})", text(&levels[column]))
            }
            (VariableValues::Factor { levels, contrast }, _) => match contrast {
                Contrast::Treatment => {
                    format!("as.numeric({name} == {})", text(&levels[column + 1]))
                }
                other => format!(
                    "{}({})[{name}, {}]",
                    contrast_name(*other),
                    levels.len(),
                    column + 1
                ),
            },
            (VariableValues::Numbers { columns }, _) => {
                let written = match Expr::parse(&name) {
                    Ok(expr) => self.expression(&expr).to_string(),
                    Err(_) => name,
                };
                if *columns > 1 {
                    format!("{written}[, {}]", column + 1)
                } else {
                    written
                }
            }
        }
    }

    /// An expression with the functions that R lacks replaced.
    fn expression(&mut self, expr: &Expr) -> Expr {
        let kind = match &expr.kind {
            ExprKind::Call {
                function,
                arguments,
            } => {
                if matches!(function.as_str(), "within" | "between")
                    && let Some(column) = self.group_mean(function, arguments)
                {
                    self.changed = true;
                    return column;
                }
                let mut arguments: Vec<Argument> = arguments
                    .iter()
                    .map(|a| Argument {
                        name: a.name.clone(),
                        value: self.expression(&a.value),
                    })
                    .collect();
                let mut function = function.clone();
                if function == "center" {
                    self.changed = true;
                    function = "scale".to_owned();
                    arguments.push(Argument {
                        name: Some("scale".to_owned()),
                        value: Expr::new(ExprKind::Logical(false), expr.span),
                    });
                }
                ExprKind::Call {
                    function,
                    arguments,
                }
            }
            ExprKind::Unary { operator, operand } => ExprKind::Unary {
                operator: *operator,
                operand: Box::new(self.expression(operand)),
            },
            ExprKind::Binary {
                operator,
                left,
                right,
            } => ExprKind::Binary {
                operator: *operator,
                left: Box::new(self.expression(left)),
                right: Box::new(self.expression(right)),
            },
            ExprKind::Paren(inner) => ExprKind::Paren(Box::new(self.expression(inner))),
            other => other.clone(),
        };
        Expr::new(kind, expr.span)
    }

    /// A column made before the fit for `within(x, g)` and `between(x, g)`.
    fn group_mean(&mut self, function: &str, arguments: &[Argument]) -> Option<Expr> {
        let find = |name: &str, place: usize| {
            let named = arguments.iter().find(|a| a.name.as_deref() == Some(name));
            named
                .or_else(|| arguments.iter().filter(|a| a.name.is_none()).nth(place))
                .map(|a| &a.value)
        };
        let (x, group) = (find("x", 0)?, find("group", 1)?);
        let label = |e: &Expr| -> String {
            let text = e.to_string();
            text.chars()
                .map(|c| {
                    if c.is_alphanumeric() || c == '.' {
                        c
                    } else {
                        '_'
                    }
                })
                .collect()
        };
        let name = format!("{}_{function}_{}", label(x), label(group));
        let (x, group) = (self.expression(x), self.expression(group));
        let place = place("DATA", &name);
        let mean = format!("ave({x}, {group}, FUN = function(v) mean(v, na.rm = TRUE))");
        let value = if function == "within" {
            format!("{x} - {mean}")
        } else {
            mean
        };
        let line = format!("{place} <- with(DATA, {value})");
        if !self.before.contains(&line) {
            self.before.push(line);
        }
        Some(Expr::new(ExprKind::Column(name), x.span))
    }
}
