//! Model matrices for mixed models.
//!
//! Rows are seen twice. The first pass, [`survey`], learns what must be known before a row can
//! become numbers: types, levels, missing values, and what transforms remember. Its result is a
//! [`Recipe`], which is data: small, serialisable, and the same for the rows of the fit and for
//! new rows. The second pass asks the recipe for a [`Reader`] and feeds it batches; out come the
//! response, the columns of the fixed and random effects, and the codes of the grouping factors.

mod category;
mod cells;
mod coder;
mod column;
mod contrast;
mod error;
mod function;
mod input;
mod label;
mod new_groups;
mod numeric;
mod options;
mod part;
mod plan;
mod reader;
mod recipe;
mod resolve;
mod response;
mod reused;
mod structure;
mod survey;
mod transform;

pub use column::Column;
pub use contrast::Contrast;
pub use error::{DesignError, Problem};
pub use label::number as number_label;
pub use options::{Expect, Options};
pub use plan::Coding;
pub use reader::{DesignRows, NEW_LEVEL, Reader};
pub use recipe::{
    Cells, FixedTerm, GroupingFactor, Parts, Predictor, PredictorValues, RandomDesign, Recipe,
    VariableInfo, VariableValues,
};
pub use response::{Outcome, ResponseKind};
pub use structure::{FactorShape, PairShape, Relation, Structure};
pub use survey::{Moments, Note, RowCount, Survey, survey};
