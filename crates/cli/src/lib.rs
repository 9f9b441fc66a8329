//! The command `ranef`: arguments in, results out. What a result is and how it reads is decided
//! in the crate `ranef`; here it is only asked for and written.
//!
//! [`arguments`] says what can be typed, [`commands`] has a file for each command. A command ends
//! in one of three ways: 0 with an answer, 1 where model or data cannot give one, 2 where the
//! arguments make no sense ([`error`]).

mod arguments;
mod commands;
mod data;
mod drawing;
mod error;
mod formula_first;
mod habits;
mod interrupt;
mod model;
mod models;
mod output;
mod progress;
mod report;

pub use commands::plot::face::{Offer, Picture, Refusal, figure, offers};

use std::ffi::OsString;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::error::Failure;

/// Runs the command with these arguments, the first of which is its name, and gives its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(usage) => return error::report_usage(&usage, &given),
    };
    let json = arguments.command.json();
    error::quiet_panics();
    interrupt::install();
    let result = std::panic::catch_unwind(|| run(arguments.command))
        .unwrap_or_else(|_| Err(Failure::panicked()));
    match result {
        Ok(()) => 0,
        Err(failure) => failure.report(json),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Fit(arguments) => commands::fit::run(&arguments),
        Command::Summary(arguments) => commands::summary::run(&arguments),
        Command::Effects(arguments) => commands::effects::run(&arguments),
        Command::Table(arguments) => commands::table::run(&arguments),
        Command::Tidy(arguments) => commands::tidy::run(&arguments),
        Command::Glance(arguments) => commands::glance::run(&arguments),
        Command::Augment(arguments) => commands::augment::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Code(arguments) => commands::code::run(&arguments),
        Command::Predict(arguments) => commands::predict::run(&arguments),
        Command::Means(arguments) => commands::means::run(&arguments),
        Command::Slopes(arguments) => commands::slopes::run(&arguments),
        Command::Anova(arguments) => commands::anova::run(&arguments),
        Command::Test(arguments) => commands::test::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Drop(arguments) => commands::drop::run(&arguments),
        Command::Robust(arguments) => commands::robust::run(&arguments),
        Command::WithinBetween(arguments) => commands::within_between::run(arguments),
        Command::FixedEffects(arguments) => commands::fixed_effects::run(&arguments),
        Command::Equations(arguments) => commands::equations::run(&arguments),
        Command::Confint(arguments) => commands::confint::run(&arguments),
        Command::Bootstrap(arguments) => commands::bootstrap::run(&arguments),
        Command::Simulate(arguments) => commands::simulate::run(&arguments),
        Command::Power(arguments) => commands::power::run(*arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Influence(arguments) => commands::influence::run(&arguments),
        Command::Residuals(arguments) => commands::residuals::run(&arguments),
        Command::Icc(arguments) => commands::icc::run(&arguments),
        Command::R2(arguments) => commands::r2::run(&arguments),
        Command::Ratios(arguments) => commands::ratios::run(&arguments),
        Command::Plot(arguments) => commands::plot::run(&arguments),
        Command::Pool(arguments) => commands::pool::run(arguments),
        Command::Areas(arguments) => commands::areas::run(&arguments),
        Command::Poststratify(arguments) => commands::poststratify::run(&arguments),
        Command::Data(arguments) => commands::data::run(&arguments),
    }
}
