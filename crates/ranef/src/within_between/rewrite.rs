//! The formula with the pair in place of a predictor.

use ranef_design::VariableValues;
use ranef_formula::{Argument, BinaryOperator, Expr, ExprKind, RandomTerm, Term, Terms};

use super::{WithinBetweenForm, WithinBetweenOptions};
use crate::robust::{listed, unknown};
use crate::{Error, Fit};

/// The predictors to take apart and the groups to take them apart by.
pub(super) struct Split {
    /// Label of the grouping factor.
    pub group: String,
    /// The groups as the second argument of `within()`.
    by: Expr,
    predictors: Vec<Predictor>,
}

struct Predictor {
    /// As the formula writes it.
    expr: Expr,
    /// The numbers to centre: the predictor, or a dummy for each level but the first.
    columns: Vec<Expr>,
    categorical: bool,
}

impl Split {
    pub fn of(fit: &Fit, options: &WithinBetweenOptions) -> Result<Self, Error> {
        let (group, by) = group(fit.terms(), options.group.as_deref())?;
        if options.of.is_empty() {
            return Err(Error::new("needs_predictor", "no predictor is named")
                .with_hint("name those to take apart, such as `--of ses`"));
        }
        let mut known: Vec<&Expr> = Vec::new();
        for expr in fit.terms().fixed.terms.iter().flat_map(|t| &t.factors) {
            if !known.contains(&expr) {
                known.push(expr);
            }
        }
        let mut predictors = Vec::new();
        for name in &options.of {
            let wanted = Expr::parse(name).map_err(|e| Error::formula(&e, name))?;
            let Some(expr) = known.iter().find(|expr| ***expr == wanted) else {
                let names: Vec<String> = known.iter().map(|e| e.to_string()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(unknown(
                    "unknown_predictor",
                    "fixed effect of",
                    name,
                    &names,
                ));
            };
            predictors.push(Predictor::of(fit, expr)?);
        }
        Ok(Self {
            group,
            by,
            predictors,
        })
    }

    /// The predictors as the formula writes them.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.predictors.iter().map(|p| p.expr.to_string())
    }

    fn call(&self, function: &str, column: &Expr) -> Expr {
        let argument = |value: &Expr| Argument {
            name: None,
            value: value.clone(),
        };
        Expr::new(
            ExprKind::Call {
                function: function.to_owned(),
                arguments: vec![argument(column), argument(&self.by)],
            },
            column.span,
        )
    }
}

/// The grouping factor that is meant, and how `within()` takes it.
fn group(terms: &Terms, name: Option<&str>) -> Result<(String, Expr), Error> {
    let mut known: Vec<(String, &[Expr])> = Vec::new();
    for term in &terms.random {
        if known.iter().all(|(label, _)| *label != term.group_label()) {
            known.push((term.group_label(), &term.group));
        }
    }
    let labels: Vec<&str> = known.iter().map(|(label, _)| label.as_str()).collect();
    let found = match (name, known.as_slice()) {
        (_, []) => {
            return Err(Error::new(
                "needs_group",
                "the formula has no grouping factor: within and between what?",
            )
            .with_hint("add a random term, such as `(1 | school)`"));
        }
        (Some(name), _) => known
            .iter()
            .find(|(label, _)| label == name)
            .ok_or_else(|| unknown("unknown_group", "grouping factor", name, &labels))?,
        (None, [one]) => one,
        (None, _) => {
            return Err(Error::new(
                "needs_group",
                format!("the formula has the grouping factors {}", listed(&labels)),
            )
            .with_hint(format!(
                "say which is meant, such as `--group {}`",
                labels[0]
            )));
        }
    };
    let by = match found.1 {
        [one] => one.clone(),
        several => Expr::new(
            ExprKind::Call {
                function: "interaction".to_owned(),
                arguments: several
                    .iter()
                    .map(|value| Argument {
                        name: None,
                        value: value.clone(),
                    })
                    .collect(),
            },
            several[0].span,
        ),
    };
    Ok((found.0.clone(), by))
}

impl Predictor {
    fn of(fit: &Fit, expr: &Expr) -> Result<Self, Error> {
        let name = expr.to_string();
        let info = fit
            .recipe()
            .variables()
            .into_iter()
            .find(|v| v.name == name);
        let one = |columns: Vec<Expr>, categorical| Self {
            expr: expr.clone(),
            columns,
            categorical,
        };
        match info.map(|info| info.values) {
            Some(VariableValues::Factor { levels, .. }) => {
                let columns = expr.columns();
                let [(column, span)] = columns.as_slice() else {
                    return Err(not_one_column(&name));
                };
                let text = fit.recipe().is_text(column);
                let dummy = |level: &String| {
                    let value = match level.parse() {
                        Ok(number) if !text => ExprKind::Number(number),
                        _ => ExprKind::Text(level.clone()),
                    };
                    Expr::new(
                        ExprKind::Binary {
                            operator: BinaryOperator::Equal,
                            left: Box::new(Expr::new(
                                ExprKind::Column((*column).to_owned()),
                                *span,
                            )),
                            right: Box::new(Expr::new(value, *span)),
                        },
                        *span,
                    )
                };
                Ok(one(levels.iter().skip(1).map(dummy).collect(), true))
            }
            Some(VariableValues::Numbers { columns: 1 }) | None => {
                Ok(one(vec![expr.clone()], false))
            }
            Some(VariableValues::Numbers { .. }) => Err(not_one_column(&name)),
        }
    }
}

fn not_one_column(name: &str) -> Error {
    Error::new(
        "not_one_column",
        format!("`{name}` is not one column of numbers or one factor: it has no one group mean"),
    )
    .with_hint("take apart the columns it is made of, such as `x` and `I(x^2)`")
}

/// The terms of the model with the pair, and which of them belong together.
pub(super) struct Rewritten {
    pub terms: Terms,
    form: WithinBetweenForm,
    families: Vec<Family>,
}

/// The terms that one term of the plain model became, for one choice of dummies.
struct Family {
    /// Position of the plain term.
    plain: usize,
    /// Which dummy of each factor of the term that is taken apart.
    dummies: Vec<usize>,
    /// Whether any of them is categorical, and where among the factors of the term.
    categorical: Vec<bool>,
    /// Positions among the new terms of the variants: bit k set where factor k is `between`.
    variants: Vec<usize>,
}

/// The contrasts of the two slopes of one coefficient of the plain model.
pub(super) struct Pair {
    pub term: String,
    pub within: Option<Vec<f64>>,
    pub between: Option<Vec<f64>>,
}

impl Rewritten {
    pub fn of(fit: &Fit, split: &Split, form: WithinBetweenForm) -> Self {
        let plain = fit.terms();
        let mut fixed: Vec<Term> = Vec::new();
        let mut families = Vec::new();
        for (index, term) in plain.fixed.terms.iter().enumerate() {
            let parts: Vec<&Predictor> = term
                .factors
                .iter()
                .filter_map(|f| split.predictors.iter().find(|p| p.expr == *f))
                .collect();
            if parts.is_empty() {
                fixed.push(term.clone());
                continue;
            }
            for dummies in choices(&parts) {
                let mut variants = Vec::new();
                for kinds in 0..1usize << parts.len() {
                    let mut next = 0;
                    let factors = term
                        .factors
                        .iter()
                        .map(|factor| {
                            let Some(part) = split.predictors.iter().find(|p| p.expr == *factor)
                            else {
                                return factor.clone();
                            };
                            let column = &part.columns[dummies[next]];
                            let between = kinds >> next & 1 == 1;
                            next += 1;
                            variant(split, part, column, between, form)
                        })
                        .collect();
                    variants.push(fixed.len());
                    fixed.push(Term {
                        factors,
                        span: term.span,
                    });
                }
                families.push(Family {
                    plain: index,
                    dummies,
                    categorical: parts.iter().map(|p| p.categorical).collect(),
                    variants,
                });
            }
        }
        let mut terms = plain.clone();
        terms.fixed.terms = fixed;
        for term in &mut terms.random {
            centre(term, split);
        }
        Self {
            terms,
            form,
            families,
        }
    }

    /// The two slopes of every coefficient that was taken apart, as contrasts of the fit.
    pub fn pairs(&self, plain: &Fit, fit: &Fit) -> Vec<Pair> {
        let kept = fit.recipe().fixed_kept();
        let mut out = Vec::new();
        for family in &self.families {
            // R orders terms by degree; a label says which is which.
            let columns = |term: usize| {
                let label = self.terms.fixed.terms[term].label();
                let found = fit.recipe().fixed_terms().iter().find(|t| t.label == label);
                found.map_or(0..0, |t| t.columns.clone())
            };
            let all: Vec<_> = family.variants.iter().map(|&v| columns(v)).collect();
            let names = plain_names(plain, family);
            let width = all[0].len();
            for at in 0..width {
                let unit = |range: &std::ops::Range<usize>| -> Option<Vec<f64>> {
                    if range.len() != width {
                        return None;
                    }
                    let place = kept.iter().position(|&k| k == range.start + at)?;
                    let mut unit = vec![0.0; kept.len()];
                    unit[place] = 1.0;
                    Some(unit)
                };
                let within = unit(&all[0]);
                let between = match self.form {
                    WithinBetweenForm::Rewb => unit(&all[all.len() - 1]),
                    // x = (x − x̄) + x̄: the slope of the mean is the sum of all coefficients.
                    WithinBetweenForm::Mundlak => {
                        all.iter()
                            .try_fold(vec![0.0; kept.len()], |mut sum, range| {
                                let unit = unit(range)?;
                                sum.iter_mut().zip(unit).for_each(|(s, u)| *s += u);
                                Some(sum)
                            })
                    }
                };
                let fallback = || self.terms.fixed.terms[family.variants[0]].label();
                out.push(Pair {
                    term: names.get(at).cloned().unwrap_or_else(fallback),
                    within,
                    between,
                });
            }
        }
        out
    }
}

/// Names of the coefficients of the plain term that a family stands for.
fn plain_names(plain: &Fit, family: &Family) -> Vec<String> {
    let recipe = plain.recipe();
    let label = plain.terms().fixed.terms[family.plain].label();
    let Some(term) = recipe.fixed_terms().iter().find(|t| t.label == label) else {
        return Vec::new();
    };
    let names = &recipe.fixed_names()[term.columns.clone()];
    if !family.categorical.contains(&true) {
        return names.to_vec();
    }
    if term.variables.len() == 1 {
        return names.get(family.dummies[0]).cloned().into_iter().collect();
    }
    // An interaction with dummies: the names of the levels, in the order of the plain columns.
    let variables = recipe.variables();
    let suffix: Vec<String> = term
        .variables
        .iter()
        .map(|(v, _)| variables[*v].name.clone())
        .collect();
    let dummy = family
        .categorical
        .iter()
        .zip(&family.dummies)
        .find_map(|(categorical, dummy)| categorical.then_some(*dummy));
    let wanted = dummy.and_then(|dummy| {
        term.variables
            .iter()
            .find_map(|(v, _)| match &variables[*v].values {
                VariableValues::Factor { levels, .. } => levels.get(dummy + 1).cloned(),
                VariableValues::Numbers { .. } => None,
            })
    });
    let Some(wanted) = wanted else {
        return Vec::new();
    };
    names
        .iter()
        .filter(|name| {
            name.split(':')
                .any(|part| suffix.iter().any(|s| *part == format!("{s}{wanted}")))
        })
        .cloned()
        .collect()
}

/// Every choice of one column for each of the predictors.
fn choices(parts: &[&Predictor]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new()];
    for part in parts {
        out = out
            .into_iter()
            .flat_map(|choice: Vec<usize>| {
                (0..part.columns.len()).map(move |column| {
                    let mut choice = choice.clone();
                    choice.push(column);
                    choice
                })
            })
            .collect();
    }
    out
}

fn variant(
    split: &Split,
    part: &Predictor,
    column: &Expr,
    between: bool,
    form: WithinBetweenForm,
) -> Expr {
    match (between, form) {
        (true, _) => split.call("between", column),
        (false, WithinBetweenForm::Rewb) => split.call("within", column),
        (false, WithinBetweenForm::Mundlak) if !part.categorical => column.clone(),
        (false, WithinBetweenForm::Mundlak) => Expr::new(
            ExprKind::Call {
                function: "I".to_owned(),
                arguments: vec![Argument {
                    name: None,
                    value: column.clone(),
                }],
            },
            column.span,
        ),
    }
}

/// Random slopes of a predictor become slopes of its distance from the group mean, so that the
/// variance of slopes is not mixed with differences between groups.
fn centre(random: &mut RandomTerm, split: &Split) {
    let mut terms: Vec<Term> = Vec::new();
    for term in &random.effects.terms {
        let parts: Vec<&Predictor> = term
            .factors
            .iter()
            .filter_map(|f| split.predictors.iter().find(|p| p.expr == *f))
            .collect();
        for dummies in choices(&parts) {
            let mut next = 0;
            let factors = term
                .factors
                .iter()
                .map(|factor| {
                    let Some(part) = split.predictors.iter().find(|p| p.expr == *factor) else {
                        return factor.clone();
                    };
                    next += 1;
                    split.call("within", &part.columns[dummies[next - 1]])
                })
                .collect();
            terms.push(Term {
                factors,
                span: term.span,
            });
        }
    }
    random.effects.terms = terms;
}
