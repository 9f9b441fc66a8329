//! From the expressions of a formula to a plan over the columns of the data. Types decide here
//! what an expression means; no row is read, except to quote the one that makes a column text.

mod arguments;
mod category;
mod number;
mod transform;

use ranef_formula::{Effects, Expr, ExprKind, RandomTerm, Span, Terms, did_you_mean};
use ranef_frame::{ColumnKind, Source};

use crate::contrast::Contrast;
use crate::error::{DesignError, Problem};
use crate::numeric::Numeric;
use crate::options::{Expect, Options};
use crate::part::Part;
use crate::plan::{DataColumn, Offset, Plan, Variable, VariableKind};
use crate::response::Response;

/// A formula over the columns of the data, before anything is learned.
pub(crate) struct Resolved {
    pub(crate) plan: Plan,
    pub(crate) response: Response,
    pub(crate) fixed: Draft,
    pub(crate) random: Vec<RandomDraft>,
    pub(crate) offsets: Vec<Offset>,
    pub(crate) weights: Option<usize>,
}

/// Effects as variables; the coding of their columns waits for the levels.
pub(crate) struct Draft {
    pub(crate) intercept: bool,
    pub(crate) terms: Vec<Vec<usize>>,
    pub(crate) labels: Vec<String>,
    pub(crate) spans: Vec<Span>,
}

/// One bar term.
pub(crate) struct RandomDraft {
    pub(crate) effects: Draft,
    /// The category that groups.
    pub(crate) group: usize,
    pub(crate) label: String,
    pub(crate) correlated: bool,
    pub(crate) span: Span,
}

impl Draft {
    /// The model matrix, once levels are known.
    pub(crate) fn part(&self, plan: &Plan) -> Part {
        Part::new(self.intercept, &self.terms, plan)
    }
}

/// Resolves the terms of a formula.
pub(crate) fn resolve(
    terms: &Terms,
    source: &dyn Source,
    options: &Options,
) -> Result<Resolved, DesignError> {
    let mut resolver = Resolver::new(source, options)?;
    let response = resolver.response(terms.response.as_ref(), options.response)?;
    let fixed = resolver.effects(&terms.fixed)?;
    let mut offsets = Vec::new();
    for offset in &terms.offsets {
        let value = resolver
            .number(offset, offset)
            .map_err(|error| error.or_at(offset.span))?;
        offsets.push(Offset {
            name: offset.to_string(),
            span: offset.span,
            value,
        });
    }
    let random = terms
        .random
        .iter()
        .map(|term| resolver.random(term))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(name) = &options.offset {
        let column = resolver.number_column(name, None, || format!("the offset `{name}`"))?;
        offsets.push(Offset {
            name: name.clone(),
            span: Span::default(),
            value: Numeric::Column(column),
        });
    }
    let weights = match &options.weights {
        Some(name) => Some(resolver.number_column(name, None, || format!("the weight `{name}`"))?),
        None => None,
    };
    Ok(Resolved {
        plan: resolver.plan,
        response,
        fixed,
        random,
        offsets,
        weights,
    })
}

/// Resolves expressions one by one; what is met again is found again.
pub(crate) struct Resolver<'a> {
    plan: Plan,
    source: &'a dyn Source,
    factors: Vec<&'a str>,
    /// Columns whose levels have an order of their own.
    levels: &'a [(String, Vec<String>)],
    contrasts: Contrast,
    /// Variables by their expression.
    variables: Vec<Expr>,
    /// Interactions of categories by their parts in ascending order, so that `a:b` and `b:a` are
    /// one.
    interactions: Vec<(Vec<usize>, usize)>,
    /// How each category was first named as a group.
    groups: Vec<(usize, String)>,
}

impl<'a> Resolver<'a> {
    fn new(source: &'a dyn Source, options: &'a Options) -> Result<Self, DesignError> {
        let resolver = Self {
            plan: Plan::default(),
            source,
            factors: options.factors.iter().map(|name| name.trim()).collect(),
            levels: &options.levels,
            contrasts: options.contrasts,
            variables: Vec::new(),
            interactions: Vec::new(),
            groups: Vec::new(),
        };
        for name in &resolver.factors {
            resolver.position(name, None)?;
        }
        for (name, _) in resolver.levels {
            resolver.position(name, None)?;
        }
        Ok(resolver)
    }

    /// Position of a column in the source.
    fn position(&self, name: &str, span: Option<Span>) -> Result<usize, DesignError> {
        let columns = self.source.columns();
        if let Some(position) = columns.iter().position(|column| column.name == name) {
            return Ok(position);
        }
        if let Some(note) = self.source.note(name) {
            let name = name.to_owned();
            return Err(place(Problem::UnusableColumn { name, note }, span));
        }
        let known: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let suggestion = did_you_mean(name, &known).map(str::to_owned);
        let problem = Problem::UnknownColumn {
            name: name.to_owned(),
            suggestion,
            known,
        };
        Err(place(problem, span))
    }

    /// The column of the plan, added on first mention.
    fn column(&mut self, name: &str, span: Option<Span>) -> Result<usize, DesignError> {
        if let Some(column) = self
            .plan
            .columns
            .iter()
            .position(|column| column.name == name)
        {
            return Ok(column);
        }
        let position = self.position(name, span)?;
        let kind = self.source.columns()[position].kind.into();
        self.plan.columns.push(DataColumn {
            name: name.to_owned(),
            kind,
            numeric: false,
        });
        Ok(self.plan.columns.len() - 1)
    }

    /// A column whose numbers are used.
    fn number_column(
        &mut self,
        name: &str,
        span: Option<Span>,
        needs: impl FnOnce() -> String,
    ) -> Result<usize, DesignError> {
        let column = self.column(name, span)?;
        if self.is_text(name) {
            let (value, row) = self.first_text(name)?;
            let problem = Problem::TextNotNumber {
                needs: needs(),
                column: name.to_owned(),
                value,
                row,
            };
            return Err(place(problem, span));
        }
        self.plan.columns[column].numeric = true;
        Ok(column)
    }

    fn is_text(&self, name: &str) -> bool {
        let named = self
            .source
            .columns()
            .iter()
            .find(|column| column.name == name);
        matches!(
            named.map(|column| column.kind),
            Some(ColumnKind::Text { .. })
        )
    }

    fn is_logical(&self, name: &str) -> bool {
        let named = self
            .source
            .columns()
            .iter()
            .find(|column| column.name == name);
        matches!(named.map(|column| column.kind), Some(ColumnKind::Logical))
    }

    /// The first value of a text column that is no number, and its row: usually the typing error
    /// or the spelling of "missing" that made a column of numbers text. Where all are numbers, kept as
    /// levels, the first value that there is.
    fn first_text(&self, name: &str) -> Result<(String, usize), DesignError> {
        let position = self.position(name, None)?;
        let (mut first_row, mut level) = (0, None);
        for batch in self.source.read(&[position])? {
            let batch = batch?;
            let (any, text) = crate::input::first_text(batch.column(0));
            if let Some((value, row)) = text {
                return Ok((value, first_row + row + 1));
            }
            level = level.or(any.map(|(value, row)| (value, first_row + row + 1)));
            first_row += batch.num_rows();
        }
        Ok(level.unwrap_or_default())
    }

    fn effects(&mut self, effects: &Effects) -> Result<Draft, DesignError> {
        let mut draft = Draft {
            intercept: effects.intercept,
            terms: Vec::new(),
            labels: Vec::new(),
            spans: Vec::new(),
        };
        for term in &effects.terms {
            let variables = term
                .factors
                .iter()
                .map(|factor| {
                    self.variable(factor)
                        .map_err(|error| error.or_at(term.span))
                })
                .collect::<Result<Vec<_>, _>>()?;
            draft.terms.push(variables);
            draft.labels.push(joined(&term.factors));
            draft.spans.push(term.span);
        }
        Ok(draft)
    }

    fn random(&mut self, term: &RandomTerm) -> Result<RandomDraft, DesignError> {
        let effects = self.effects(&term.effects)?;
        if !effects.intercept && effects.terms.is_empty() {
            let term_text = format!("(0 | {})", joined(&term.group));
            return Err(DesignError::at(
                term.span,
                Problem::NoEffects { term: term_text },
            ));
        }
        let parts = term
            .group
            .iter()
            .map(|part| self.category(part).map_err(|error| error.or_at(term.span)))
            .collect::<Result<Vec<_>, _>>()?;
        let group = self.interaction(&parts, crate::category::PairStyle::Colon);
        let label = match self.groups.iter().find(|(category, _)| *category == group) {
            Some((_, label)) => label.clone(),
            None => {
                let label = group_label(&term.group);
                self.groups.push((group, label.clone()));
                label
            }
        };
        Ok(RandomDraft {
            effects,
            group,
            label,
            correlated: term.correlated,
            span: term.span,
        })
    }

    fn response(&mut self, expr: Option<&Expr>, expect: Expect) -> Result<Response, DesignError> {
        if expect == Expect::Nothing {
            return Ok(Response::Nothing);
        }
        let Some(expr) = expr else {
            return Err(Problem::NoResponse.into());
        };
        let name = expr.to_string();
        if let ExprKind::Call {
            function,
            arguments,
        } = &expr.kind
            && function == "cbind"
        {
            let [first, second] = &arguments[..] else {
                let problem = Problem::Arguments {
                    message: format!(
                        "`cbind()` takes two columns, successes and failures, not {}",
                        arguments.len()
                    ),
                    hint: Some("write `cbind(successes, failures)`".into()),
                };
                return Err(DesignError::at(expr.span, problem));
            };
            if expect != Expect::Binary {
                return Err(DesignError::at(expr.span, Problem::CountsResponse));
            }
            let successes = self.number(&first.value, expr)?;
            let failures = self.number(&second.value, expr)?;
            return Ok(Response::Counts {
                name,
                successes,
                failures,
            });
        }
        if expect == Expect::Categories {
            return Ok(Response::Categories {
                name,
                category: self.category(expr)?,
            });
        }
        if self.is_categorical(expr) {
            if expect == Expect::Binary {
                return Ok(Response::Levels {
                    name,
                    category: self.category(expr)?,
                });
            }
            if let Some(column) = expr
                .columns()
                .first()
                .map(|(column, _)| (*column).to_owned())
                && self.is_text(&column)
            {
                let (value, row) = self.first_text(&column)?;
                let problem = Problem::TextResponse {
                    name,
                    value,
                    row,
                    levels: 0,
                };
                return Err(DesignError::at(expr.span, problem));
            }
            let problem = Problem::CategoryNotNumber {
                needs: "the response".into(),
                expression: name,
            };
            return Err(DesignError::at(expr.span, problem));
        }
        let logical = expr
            .as_column()
            .is_some_and(|column| self.is_logical(column));
        Ok(Response::Number {
            name,
            value: self.number(expr, expr)?,
            logical,
        })
    }

    /// The variable of an expression, in the fixed effects or left of a bar.
    fn variable(&mut self, expr: &Expr) -> Result<usize, DesignError> {
        if let Some(variable) = self.variables.iter().position(|known| known == expr) {
            return Ok(variable);
        }
        let kind = if self.is_categorical(expr) {
            let contrast = self.contrast(expr)?.unwrap_or(self.contrasts);
            VariableKind::Factor {
                category: self.category(expr)?,
                contrast,
            }
        } else if let Some(transform) = self.matrix(expr)? {
            VariableKind::Matrix(transform)
        } else {
            VariableKind::Number(self.number(expr, expr)?)
        };
        self.variables.push(expr.clone());
        self.plan.variables.push(Variable {
            name: expr.to_string(),
            span: expr.span,
            kind,
        });
        Ok(self.plan.variables.len() - 1)
    }
}

/// The name of a grouping factor: names of columns stand for themselves, without backticks.
fn group_label(parts: &[Expr]) -> String {
    let plain = |part: &Expr| match part.as_column() {
        Some(column) => column.to_owned(),
        None => part.to_string(),
    };
    parts.iter().map(plain).collect::<Vec<_>>().join(":")
}

/// The label of an interaction.
fn joined(parts: &[Expr]) -> String {
    parts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(":")
}

fn place(problem: Problem, span: Option<Span>) -> DesignError {
    match span {
        Some(span) => DesignError::at(span, problem),
        None => problem.into(),
    }
}
