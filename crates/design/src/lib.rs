//! Model matrices for mixed models.
//!
//! Rows are seen twice. The first pass, [`survey`], learns what must be known before a row can
//! become numbers: types, levels, missing values, and what transforms remember. Its result is a
//! [`Recipe`], which is data: small, serialisable, and the same for the rows of the fit and for
//! new rows. The second pass asks the recipe for a [`Reader`] and feeds it batches; out come the
//! response, the columns of the fixed and random effects, and the codes of the grouping factors.
//!
//! ```
//! use ranef_design::{Options, Parts, survey};
//! use ranef_formula::Formula;
//! use ranef_frame::{ReadOptions, open};
//!
//! let data = open("sleepstudy", &ReadOptions::default())?;
//! let names: Vec<&str> = data.columns().iter().map(|column| column.name.as_str()).collect();
//! let terms = Formula::parse("Reaction ~ Days + (Days | Subject)")?.terms(&names)?;
//!
//! let survey = survey(&terms, &*data, &Options::default())?;
//! let recipe = survey.recipe;
//! assert_eq!(recipe.fixed_names(), ["(Intercept)", "Days"]);
//! assert_eq!(recipe.random()[0].names, ["(Intercept)", "Days"]);
//! assert_eq!(recipe.factors()[0].levels, 18);
//! assert_eq!(recipe.level(0, 0), "308");
//!
//! let mut reader = recipe.reader(Parts::ALL);
//! for batch in data.read(&recipe.projection(&*data, Parts::ALL)?)? {
//!     let rows = reader.rows(&batch?)?;
//!     assert_eq!(rows.fixed.len(), 2);
//!     assert_eq!(rows.codes[0].len(), rows.n);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A path through the crate: `resolve` turns expressions into a plan over columns, `survey` fills
//! in what the plan must learn (`coder`, `transform`), `part` decides the coding of each factor in
//! each term, `reader` evaluates. Nothing here knows how a model is estimated; rank is a matter of
//! crossproducts, and whoever finds a column determined by others tells [`Recipe::drop_fixed`].

mod alone;
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
    Cells, FixedTerm, GroupingFactor, Learned, Parts, Predictor, PredictorValues, RandomDesign,
    Recipe, VariableInfo, VariableValues,
};
pub use response::{Outcome, ResponseKind};
pub use structure::{FactorShape, PairShape, Relation, Structure};
pub use survey::{Moments, Note, RowCount, Survey, survey};
