//! Every family against differences, sums, quadrature, R, and its own random numbers.

#[path = "families/cases.rs"]
mod cases;
#[path = "families/derivatives.rs"]
mod derivatives;
#[path = "families/moments.rs"]
mod moments;
#[path = "families/names.rs"]
mod names;
#[path = "families/reference.rs"]
mod reference;
#[path = "families/simulation.rs"]
mod simulation;
#[path = "families/tails.rs"]
mod tails;
