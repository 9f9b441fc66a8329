//! Categorical expressions.

use ranef_formula::{Expr, ExprKind, Span};

use super::Resolver;
use super::arguments::Matched;
use crate::category::{Category, Levelling, Levels, PairStyle, Recoding};
use crate::contrast::Contrast;
use crate::error::{DesignError, Problem};
use crate::plan::DataKind;

const FACTOR: &[&str] = &["x", "levels", "labels"];
const RELEVEL: &[&str] = &["x", "ref"];
const CONTRAST: &[&str] = &["x", "contr"];

impl Resolver<'_> {
    /// Whether an expression sorts rows into levels by itself, without standing right of a bar.
    pub(super) fn is_categorical(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Column(name) => {
                self.is_text(name)
                    || self.factors.contains(&name.as_str())
                    || self.order(name).is_some()
            }
            ExprKind::Paren(inner) => self.is_categorical(inner),
            ExprKind::Call { function, .. } => {
                matches!(
                    function.as_str(),
                    "factor" | "as.factor" | "C" | "relevel" | "interaction" | ":"
                )
            }
            _ => false,
        }
    }

    /// The order of the levels of a column, where one was asked for.
    fn order(&self, name: &str) -> Option<Vec<String>> {
        let found = self.levels.iter().rev().find(|(column, _)| column == name);
        found.map(|(_, levels)| levels.clone())
    }

    /// The contrast that an expression asks for.
    pub(super) fn contrast(&self, expr: &Expr) -> Result<Option<Contrast>, DesignError> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.contrast(inner),
            ExprKind::Call {
                function,
                arguments,
            } if function == "C" => {
                let matched = Matched::new(function, expr.span, arguments, CONTRAST)?;
                let Some(contrast) = matched.get("contr") else {
                    return Ok(None);
                };
                let name = match &contrast.kind {
                    ExprKind::Column(name) | ExprKind::Text(name) => Some(name.as_str()),
                    _ => None,
                };
                let known = name.and_then(Contrast::from_name);
                known.map(Some).ok_or_else(|| {
                    let problem = Problem::Arguments {
                        message: format!("there is no contrast `{contrast}`"),
                        hint: Some("the contrasts are treatment, sum, helmert and poly".into()),
                    };
                    DesignError::at(contrast.span, problem)
                })
            }
            _ => Ok(None),
        }
    }

    /// The category of an expression; an expression of numbers has a level for each value.
    pub(super) fn category(&mut self, expr: &Expr) -> Result<usize, DesignError> {
        let source = match &expr.kind {
            ExprKind::Paren(inner) => return self.category(inner),
            ExprKind::Column(name) => {
                let column = self.column(name, Some(expr.span))?;
                let kind = self.plan.columns[column].kind;
                let plain = Levelling::Column {
                    column,
                    ordered: kind == DataKind::Text { ordered: true },
                    logical: kind == DataKind::Logical,
                };
                match self.order(name) {
                    None => plain,
                    Some(levels) => Levelling::Recoded {
                        base: self.add_category(expr.to_string(), expr.span, plain),
                        recoding: Recoding::Ordered(levels),
                        map: Vec::new(),
                        labels: Vec::new(),
                    },
                }
            }
            ExprKind::Call {
                function,
                arguments,
            } => match function.as_str() {
                "factor" | "as.factor" => {
                    let matched = Matched::new(function, expr.span, arguments, FACTOR)?;
                    let base = self.category(matched.first())?;
                    let recoding = match (matched.labels("levels")?, matched.labels("labels")?) {
                        (None, None) => return Ok(base),
                        (None, Some(labels)) => Recoding::Named(labels),
                        (Some(levels), labels) => {
                            let labels = labels.unwrap_or_else(|| levels.clone());
                            if labels.len() != levels.len() {
                                return Err(matched.wrong(format!(
                                    "`{expr}` has {} levels but {} labels",
                                    levels.len(),
                                    labels.len()
                                )));
                            }
                            Recoding::Listed { levels, labels }
                        }
                    };
                    Levelling::Recoded {
                        base,
                        recoding,
                        map: Vec::new(),
                        labels: Vec::new(),
                    }
                }
                "C" => {
                    let matched = Matched::new(function, expr.span, arguments, CONTRAST)?;
                    return self.category(matched.first());
                }
                "relevel" => {
                    let matched = Matched::new(function, expr.span, arguments, RELEVEL)?;
                    let base = self.category(matched.first())?;
                    matched.required("ref")?;
                    let mut first = matched.labels("ref")?.unwrap_or_default();
                    if first.len() != 1 {
                        return Err(matched.wrong("`ref` of `relevel()` is one level".into()));
                    }
                    let recoding = Recoding::First(first.swap_remove(0));
                    Levelling::Recoded {
                        base,
                        recoding,
                        map: Vec::new(),
                        labels: Vec::new(),
                    }
                }
                "interaction" | ":" => {
                    let parts = arguments
                        .iter()
                        .map(|argument| self.category(&argument.value))
                        .collect::<Result<Vec<_>, _>>()?;
                    if parts.is_empty() {
                        let problem = Problem::Arguments {
                            message: format!("`{function}()` needs factors"),
                            hint: Some("write `interaction(a, b)`".into()),
                        };
                        return Err(DesignError::at(expr.span, problem));
                    }
                    let style = if function == ":" {
                        PairStyle::Colon
                    } else {
                        PairStyle::Dot
                    };
                    return Ok(self.interaction(&parts, style));
                }
                _ => Levelling::Computed(self.number(expr, expr)?),
            },
            _ => Levelling::Computed(self.number(expr, expr)?),
        };
        Ok(self.add_category(expr.to_string(), expr.span, source))
    }

    /// The category of the combinations of several; one for `a:b` and `b:a`.
    pub(super) fn interaction(&mut self, parts: &[usize], style: PairStyle) -> usize {
        let mut distinct: Vec<usize> = Vec::new();
        for part in parts {
            if !distinct.contains(part) {
                distinct.push(*part);
            }
        }
        let mut sorted = distinct.clone();
        sorted.sort_unstable();
        if style == PairStyle::Colon
            && let Some((_, known)) = self.interactions.iter().find(|(parts, _)| *parts == sorted)
        {
            return *known;
        }
        let mut whole = distinct[0];
        for &right in &distinct[1..] {
            let separator = if style == PairStyle::Colon { ':' } else { '.' };
            let categories = &self.plan.categories;
            let name = format!(
                "{}{separator}{}",
                categories[whole].name, categories[right].name
            );
            let span = categories[whole].span;
            let pair = Levelling::Pair {
                left: whole,
                right,
                style,
            };
            whole = self.add_category(name, span, pair);
        }
        if style == PairStyle::Colon && distinct.len() > 1 {
            self.interactions.push((sorted, whole));
        }
        whole
    }

    fn add_category(&mut self, name: String, span: Span, source: Levelling) -> usize {
        let categories = &mut self.plan.categories;
        if let Some(known) = categories
            .iter()
            .position(|category| category.source == source)
        {
            return known;
        }
        let levels = match &source {
            Levelling::Pair { .. } => Levels::Pairs(Vec::new()),
            _ => Levels::Integers(Vec::new()),
        };
        categories.push(Category {
            name,
            span,
            source,
            levels,
            later: 0,
        });
        categories.len() - 1
    }
}
