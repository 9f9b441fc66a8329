//! New responses of a linear mixed model without a single row.
//!
//! X and Z are fixed, so the design part of the statistics is, and a simulated response is known by
//! its products alone ([`ResponseProducts`]). [`Gram`] factors the design once and draws them from
//! their exact distribution: with one grouping factor in O(levels) a replicate, however many rows
//! there are. [`Truth`] says what to draw from. What is drawn for replicate r under a seed is a
//! matter of the two alone (see [`crate::random`]), so that threads may share the replicates in any
//! way.
//!
//! ```
//! use ranef_engine::lmm::{self, Options, Refit};
//! use ranef_engine::simulate::{Effects, Gram, Truth};
//! # use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};
//! # let yields: Vec<f64> = (0..30).map(|i| (i / 5 * 7 % 11 * 20 + i * 13 % 17 * 9) as f64).collect();
//! # let batch: Vec<u32> = (0..30).map(|row| row / 5).collect();
//! # let layout = Layout::new(1, Some(0), &[6], &[(0, 1, Some(0))]);
//! # let rows = Rows { response: &yields, fixed: vec![Column::Constant(1.0)], weights: None,
//! #     factors: vec![FactorRows { codes: &batch, columns: vec![Column::Constant(1.0)] }] };
//! # let mut statistics = Statistics::new(layout.clone(), Coordinates::pilot(&layout, &rows));
//! # statistics.add(&rows);
//! // `statistics` are those of 30 yields in six batches.
//! let fit = lmm::fit(&statistics, &Options::default())?;
//! let truth = Truth {
//!     beta: fit.beta.clone(),
//!     sigma: fit.sigma,
//!     effects: Effects::New(fit.theta.clone()),
//! };
//! let gram = Gram::new(&statistics).expect("a small design");
//! let world = gram.world(&truth);
//! let mut refit = Refit::new(&statistics, &Options::default())?;
//! refit.start(&fit.theta);
//! let mut room = gram.room();
//! let mut above = 0;
//! for replicate in 0..200 {
//!     gram.draw(&world, 7, replicate, &mut room);
//!     let found = refit.fit(room.products())?;
//!     above += u32::from(found.beta[0] > fit.beta[0]);
//! }
//! assert!((70..130).contains(&above));
//! # Ok::<(), lmm::FitError>(())
//! ```
//!
//! [`ResponseProducts`]: crate::ResponseProducts

mod gram;
mod parallel;
mod truth;

pub use gram::{Gram, Room};
pub use parallel::parallel;
pub use truth::{Effects, Truth, World};
