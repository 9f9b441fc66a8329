//! Reports on multilevel models: one file that says what was fitted to what, what came out, what to
//! think of it, and how to do it again.
//!
//! ```
//! use ranef::frame::{ReadOptions, open};
//! use ranef_report::{Form, ReportOptions, report};
//!
//! let data = open("sleepstudy", &ReadOptions::default())?;
//! let fit = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data)?;
//! let document = report(&fit, Some(&*data), &ReportOptions::default(), &mut |_| {})?;
//! let written = document.write(Form::Html, "sleep");
//! assert!(written.text.starts_with("<!DOCTYPE html>"));
//! # Ok::<(), ranef::Error>(())
//! ```
//!
//! [`report`] asks the fit every question and makes a [`Document`] of the answers: sections of
//! paragraphs, tables, equations, figures and code, nowhere yet in a language. [`Document::write`]
//! sets it as HTML, Markdown or LaTeX. Nothing is computed here, and no number is written that is not
//! in an answer of the crate `ranef`.

mod document;
mod figures;
mod references;
mod sections;
mod write;

pub use document::{Block, Document, Figure, Finding, Level, Listing, Meaning, Section};
pub use references::{Reference, Work};
pub use sections::{ReportOptions, report};
pub use write::{Form, Written};
