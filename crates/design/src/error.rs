//! What can go wrong between a formula and its numbers, in words for the person who wrote the
//! formula: what is wrong, where, and the way out.

use ranef_formula::Span;
use ranef_frame::FrameError;

/// An error of the design, with its place in the formula where it has one.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct DesignError {
    problem: Box<Problem>,
    span: Option<Span>,
}

/// What is wrong. Row numbers are those of the data, the first being 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A name that no column has.
    #[error("there is no column `{name}`")]
    #[allow(missing_docs)]
    UnknownColumn {
        name: String,
        suggestion: Option<String>,
        known: Vec<String>,
    },

    /// A column that is in the data and cannot be used; the message is the source's.
    #[error("{note}")]
    #[allow(missing_docs)]
    UnusableColumn { name: String, note: String },

    /// A function that formulas do not know.
    #[error("there is no function `{name}()`")]
    #[allow(missing_docs)]
    UnknownFunction {
        name: String,
        suggestion: Option<String>,
    },

    /// A function with arguments it cannot work with.
    #[error("{message}")]
    #[allow(missing_docs)]
    Arguments {
        message: String,
        hint: Option<String>,
    },

    /// Text where a number is needed.
    #[error("{needs} needs numbers, but `{column}` is text: row {row} holds \"{value}\"")]
    #[allow(missing_docs)]
    TextNotNumber {
        needs: String,
        column: String,
        value: String,
        row: usize,
    },

    /// A categorical expression, such as `factor(x)`, where a number is needed.
    #[error("{needs} needs numbers, but `{expression}` is categorical")]
    #[allow(missing_docs)]
    CategoryNotNumber { needs: String, expression: String },

    /// A response of text.
    #[error("the response `{name}` is text: row {row} holds \"{value}\"")]
    #[allow(missing_docs)]
    TextResponse {
        name: String,
        value: String,
        row: usize,
        levels: usize,
    },

    /// A categorical response with more than two levels.
    #[error("the response `{name}` has {levels} levels, but two are needed: failure and success")]
    #[allow(missing_docs)]
    ManyLevels {
        name: String,
        levels: usize,
        labels: Vec<String>,
    },

    /// A response that does not vary.
    #[error("the response `{name}` is {value} in every row: there is nothing to explain")]
    #[allow(missing_docs)]
    ConstantResponse { name: String, value: String },

    /// A formula without a response where one is needed.
    #[error("the formula has no response: write it left of `~`")]
    NoResponse,

    /// `cbind()` where the model takes numbers.
    #[error(
        "`cbind()` gives successes and failures, the response of a binomial model, but another \
         family was asked for"
    )]
    CountsResponse,

    /// A count that is negative.
    #[error("`{expression}` is {value} in row {row}, but counts cannot be negative")]
    #[allow(missing_docs)]
    NegativeCount {
        expression: String,
        value: String,
        row: usize,
    },

    /// A factor with one level where contrasts are needed.
    #[error("`{name}` is \"{level}\" in every row used, so it cannot have an effect")]
    #[allow(missing_docs)]
    OneLevelFactor { name: String, level: String },

    /// A grouping factor with one level.
    #[error(
        "the grouping factor `{name}` has one level, \"{level}\": \
         grouping factors must have > 1 sampled level"
    )]
    #[allow(missing_docs)]
    OneLevelGroup { name: String, level: String },

    /// A bar term without effects, `(0 | g)`.
    #[error("nothing varies in `{term}`: it has no effects left of the bar")]
    #[allow(missing_docs)]
    NoEffects { term: String },

    /// Data without rows.
    #[error("the data have no rows")]
    EmptyData,

    /// Every row has a missing value somewhere.
    #[error("no rows are left: each of the {read} rows misses a value that the model needs")]
    #[allow(missing_docs)]
    NoRowsLeft {
        read: usize,
        dropped_by: Vec<(String, usize)>,
    },

    /// An expression that is not a finite number in some row.
    #[error("`{expression}` is {value} in row {row}{because}")]
    #[allow(missing_docs)]
    NotFinite {
        expression: String,
        value: &'static str,
        row: usize,
        because: String,
    },

    /// A column that holds an infinite value or NaN.
    #[error("column `{column}` is {value} in row {row}")]
    #[allow(missing_docs)]
    NotFiniteColumn {
        column: String,
        value: &'static str,
        row: usize,
    },

    /// A weight that is not a positive number.
    #[error("the weight `{column}` is {value} in row {row}, but weights must be positive")]
    #[allow(missing_docs)]
    Weight {
        column: String,
        value: String,
        row: usize,
    },

    /// A transform that cannot be learned from these data.
    #[error("{message}")]
    #[allow(missing_docs)]
    CannotLearn {
        message: String,
        hint: Option<String>,
    },

    /// An order of levels that is not one of those in the rows.
    #[error("{message}")]
    #[allow(missing_docs)]
    LevelOrder {
        column: String,
        unknown: bool,
        message: String,
        hint: String,
    },

    /// A level of a fixed factor that the model has not seen.
    #[error("`{name}` is \"{level}\" in row {row}, a level that the model was not fitted with")]
    #[allow(missing_docs)]
    UnknownLevel {
        name: String,
        level: String,
        row: usize,
        known: Vec<String>,
    },

    /// A group whose mean is needed and not known.
    #[error(
        "`{expression}` needs the mean of a group that the model was not fitted with (row {row})"
    )]
    #[allow(missing_docs)]
    UnknownGroupMean { expression: String, row: usize },

    /// A batch of rows whose column has an Arrow type outside the four that sources give.
    #[error("column `{column}` has the Arrow type {found}, which no source gives")]
    #[allow(missing_docs)]
    ArrowType { column: String, found: String },

    /// The data source failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl DesignError {
    /// An error at a place in the formula.
    pub(crate) fn at(span: Span, problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            span: Some(span),
        }
    }

    /// What is wrong, for a caller who tells cases apart.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same error with a place in the formula, unless it has one.
    pub(crate) fn or_at(mut self, span: Span) -> Self {
        self.span = self.span.or(Some(span));
        self
    }

    /// The place in the formula.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// A stable code, such as `unknown_column`.
    pub fn code(&self) -> &'static str {
        match &*self.problem {
            Problem::UnknownColumn { .. } => "unknown_column",
            Problem::UnusableColumn { .. } => "unusable_column",
            Problem::UnknownFunction { .. } => "unknown_function",
            Problem::Arguments { .. } => "arguments",
            Problem::TextNotNumber { .. } => "text_not_number",
            Problem::CategoryNotNumber { .. } => "category_not_number",
            Problem::TextResponse { .. } => "response_not_numeric",
            Problem::ManyLevels { .. } => "many_levels",
            Problem::ConstantResponse { .. } => "constant_response",
            Problem::NoResponse => "no_response",
            Problem::CountsResponse => "counts_response",
            Problem::NegativeCount { .. } => "negative_count",
            Problem::OneLevelFactor { .. } => "one_level_factor",
            Problem::OneLevelGroup { .. } => "one_level_group",
            Problem::NoEffects { .. } => "no_effects",
            Problem::EmptyData => "empty_data",
            Problem::NoRowsLeft { .. } => "no_rows_left",
            Problem::NotFinite { .. } | Problem::NotFiniteColumn { .. } => "not_finite",
            Problem::Weight { .. } => "bad_weight",
            Problem::CannotLearn { .. } => "cannot_learn",
            Problem::LevelOrder { unknown: true, .. } => "unknown_level",
            Problem::LevelOrder { .. } => "level_not_listed",
            Problem::UnknownLevel { .. } => "unknown_level",
            Problem::UnknownGroupMean { .. } => "unknown_group",
            Problem::ArrowType { .. } => "arrow_type",
            Problem::Frame(error) => error.code,
        }
    }

    /// The column it is about.
    pub fn column(&self) -> Option<&str> {
        match &*self.problem {
            Problem::UnknownColumn { name, .. } | Problem::UnusableColumn { name, .. } => {
                Some(name)
            }
            Problem::TextNotNumber { column, .. }
            | Problem::NotFiniteColumn { column, .. }
            | Problem::Weight { column, .. }
            | Problem::LevelOrder { column, .. }
            | Problem::ArrowType { column, .. } => Some(column),
            _ => None,
        }
    }

    /// The row of the data it is about, the first being 1.
    pub fn row(&self) -> Option<usize> {
        match &*self.problem {
            Problem::TextNotNumber { row, .. }
            | Problem::TextResponse { row, .. }
            | Problem::NegativeCount { row, .. }
            | Problem::NotFinite { row, .. }
            | Problem::NotFiniteColumn { row, .. }
            | Problem::Weight { row, .. }
            | Problem::UnknownLevel { row, .. }
            | Problem::UnknownGroupMean { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match &*self.problem {
            Problem::UnknownColumn {
                suggestion: Some(name),
                ..
            } => Some(format!("did you mean `{name}`?")),
            Problem::UnknownColumn { known, .. } => {
                Some(format!("the columns are {}", listing(known, '`')))
            }
            Problem::UnknownFunction {
                suggestion: Some(name),
                ..
            } => Some(format!("did you mean `{name}()`?")),
            Problem::UnknownFunction { .. } => {
                Some("compute the column in the data and use its name".into())
            }
            Problem::LevelOrder { hint, .. } => Some(hint.clone()),
            Problem::Arguments { hint, .. } | Problem::CannotLearn { hint, .. } => hint.clone(),
            Problem::TextNotNumber { value, .. } | Problem::TextResponse { value, levels: 0, .. }
                if value.trim().parse::<f64>().is_ok() =>
            {
                Some(
                    "its values look like numbers and are kept as categories; a column of numbers \
                     in a file of your own is read as numbers"
                        .into(),
                )
            }
            Problem::TextNotNumber { value, .. } => Some(format!(
                "if \"{value}\" stands for a missing value, say so with `--na \"{value}\"`; \
                 if the column holds categories, use its name alone"
            )),
            Problem::CategoryNotNumber { .. } => {
                Some("use the categorical variable as a term of its own".into())
            }
            Problem::TextResponse { value, levels, .. } => Some(if *levels == 2 {
                "a response with two levels needs `--family binomial`".into()
            } else {
                format!(
                    "a response is a column of numbers; if \"{value}\" stands for a missing \
                     value, say so with `--na \"{value}\"`"
                )
            }),
            Problem::ManyLevels { name, labels, .. } => Some(format!(
                "the levels are {}; `{name} == \"{}\"` makes two of them, and ordered levels are the \
                 response of `--family ordinal`",
                listing(labels, '"'),
                labels.first().map_or("", String::as_str)
            )),
            Problem::NegativeCount { .. } => Some(
                "where failures are trials less successes, this row has more successes than trials"
                    .into(),
            ),
            Problem::CountsResponse => {
                Some("say `--family binomial`, or use one column as the response".into())
            }
            Problem::OneLevelFactor { name, .. } => {
                Some(format!("leave `{name}` out of the formula"))
            }
            Problem::OneLevelGroup { name, .. } => Some(format!(
                "with one group there is no variation between groups: leave the `| {name}` term out"
            )),
            Problem::NoEffects { .. } => {
                Some("write `(1 | g)` for an intercept that varies between groups".into())
            }
            Problem::NoRowsLeft { dropped_by, .. } => {
                let parts: Vec<String> = dropped_by
                    .iter()
                    .map(|(column, count)| format!("`{column}` misses {count}"))
                    .collect();
                Some(parts.join(", "))
            }
            Problem::NotFinite { .. } => Some(
                "leave the row out, or transform the column so that every row has a number".into(),
            ),
            Problem::NotFiniteColumn { .. } => {
                Some("correct the value, or leave the cell empty to count it as missing".into())
            }
            Problem::Weight { .. } => Some("leave rows without weight out of the data".into()),
            Problem::UnknownLevel { known, .. } => {
                Some(format!("the known levels are {}", listing(known, '"')))
            }
            Problem::UnknownGroupMean { .. } => Some(
                "call `Recipe::with_new_groups` with the new data first: the mean of a new group is \
                 that of its rows there"
                    .into(),
            ),
            Problem::Frame(error) => error.hint.clone(),
            Problem::UnusableColumn { .. } => {
                Some("save it as columns of numbers or text, or leave it out of the formula".into())
            }
            Problem::ConstantResponse { .. } => Some(
                "look whether this is the right column, and whether rows were chosen by its values"
                    .into(),
            ),
            Problem::NoResponse | Problem::EmptyData | Problem::ArrowType { .. } => None,
        }
    }
}

impl From<Problem> for DesignError {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            span: None,
        }
    }
}

impl From<FrameError> for DesignError {
    fn from(error: FrameError) -> Self {
        Problem::Frame(error).into()
    }
}

/// At most twelve names, quoted.
fn listing(names: &[String], quote: char) -> String {
    const SHOWN: usize = 12;
    let quoted: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{quote}{name}{quote}"))
        .collect();
    let mut text = quoted.join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
