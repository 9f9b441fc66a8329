//! Models as equations.

#![allow(missing_docs)]

use ranef::frame::{ReadOptions, open};
use ranef::{Equations, Model};

fn equations(formula: &str, name: &str, values: bool) -> Equations {
    let data = open(name, &ReadOptions::default()).unwrap();
    let fit = Model::new(formula).fit(&*data).unwrap();
    let levels = fit.predictor_levels(&*data).unwrap();
    fit.equations(&levels, values)
}

fn texts(equations: &Equations, level: usize) -> Vec<&str> {
    let level = &equations.levels[level - 1];
    level.equations.iter().map(|e| e.text.as_str()).collect()
}

fn laws(equations: &Equations, level: usize) -> Vec<&str> {
    let level = &equations.levels[level - 1];
    level
        .distributions
        .iter()
        .map(|e| e.text.as_str())
        .collect()
}

#[test]
fn an_interaction_across_levels_explains_a_slope() {
    let model = equations(
        "Reaction ~ Days * grp + (Days | Subject)",
        "sleep_unbal",
        false,
    );
    assert_eq!(texts(&model, 1), ["Reactionᵢⱼ = β₀ⱼ + β₁ⱼ·Daysᵢⱼ + εᵢⱼ"]);
    assert_eq!(laws(&model, 1), ["εᵢⱼ ~ N(0, σ²)"]);
    assert_eq!(
        texts(&model, 2),
        ["β₀ⱼ = γ₀₀ + γ₀₁·grpBⱼ + u₀ⱼ", "β₁ⱼ = γ₁₀ + γ₁₁·grpBⱼ + u₁ⱼ"]
    );
    assert_eq!(laws(&model, 2), ["(u₀ⱼ, u₁ⱼ) ~ N(0, [τ₀₀, τ₀₁; τ₀₁, τ₁₁])"]);
    assert_eq!(
        model.combined.text,
        "Reactionᵢⱼ = γ₀₀ + γ₁₀·Daysᵢⱼ + γ₀₁·grpBⱼ + γ₁₁·Daysᵢⱼ·grpBⱼ + u₀ⱼ + u₁ⱼ·Daysᵢⱼ + εᵢⱼ"
    );
    let symbols: Vec<(&str, &str)> = model
        .symbols
        .iter()
        .map(|s| (s.symbol.as_str(), s.term.as_str()))
        .collect();
    assert_eq!(
        symbols,
        [
            ("γ₀₀", "(Intercept)"),
            ("γ₁₀", "Days"),
            ("γ₀₁", "grpB"),
            ("γ₁₁", "Days:grpB")
        ]
    );
    assert_eq!(
        model.levels[1].equations[1].latex,
        "\\beta_{1j} = \\gamma_{10} + \\gamma_{11} \\, \\text{grpB}_{j} + u_{1j}"
    );
}

#[test]
fn estimates_take_the_place_of_symbols() {
    let model = equations(
        "Reaction ~ Days * grp + (Days | Subject)",
        "sleep_unbal",
        true,
    );
    assert_eq!(
        texts(&model, 2),
        [
            "β₀ⱼ = 253.1 − 2.123·grpBⱼ + u₀ⱼ",
            "β₁ⱼ = 12.19 − 3.164·grpBⱼ + u₁ⱼ"
        ]
    );
    assert_eq!(laws(&model, 1), ["εᵢⱼ ~ N(0, 642.9)"]);
    assert_eq!(
        laws(&model, 2),
        ["(u₀ⱼ, u₁ⱼ) ~ N(0, [643.2, −1.572; −1.572, 37.97])"]
    );
}

#[test]
fn three_levels_have_three_sets() {
    let model = equations(
        "yield ~ nitro + Variety + (1 | Block/Variety)",
        "Oats",
        false,
    );
    assert_eq!(model.levels.len(), 3);
    assert_eq!(texts(&model, 1), ["yieldᵢⱼₖ = π₀ⱼₖ + π₁ⱼₖ·nitroᵢⱼₖ + εᵢⱼₖ"]);
    assert!(
        texts(&model, 2)[0].starts_with("π₀ⱼₖ = β₀₀ₖ + β₀₁ₖ·Variety"),
        "{model}"
    );
    assert!(texts(&model, 2)[0].ends_with("ⱼₖ + r₀ⱼₖ"), "{model}");
    assert_eq!(texts(&model, 2)[1], "π₁ⱼₖ = β₁₀ₖ");
    assert_eq!(texts(&model, 3)[0], "β₀₀ₖ = γ₀₀₀ + u₀₀ₖ");
    assert_eq!(texts(&model, 3).last(), Some(&"β₁₀ₖ = γ₁₀₀"));
    assert_eq!(laws(&model, 3), ["u₀₀ₖ ~ N(0, τ⁽³⁾₀₀)"]);
}

#[test]
fn random_slopes_need_no_fixed_ones() {
    let model = equations("Reaction ~ 1 + (Days || Subject)", "sleepstudy", false);
    assert_eq!(texts(&model, 1), ["Reactionᵢⱼ = β₀ⱼ + β₁ⱼ·Daysᵢⱼ + εᵢⱼ"]);
    assert_eq!(texts(&model, 2), ["β₀ⱼ = γ₀₀ + u₀ⱼ", "β₁ⱼ = u₁ⱼ"]);
    assert_eq!(laws(&model, 2), ["u₀ⱼ ~ N(0, τ₀₀)", "u₁ⱼ ~ N(0, τ₁₁)"]);
}

#[test]
fn a_slope_of_something_constant_stays_with_its_effect() {
    let model = equations(
        "Reaction ~ Days + (0 + grp | Subject)",
        "sleep_unbal",
        false,
    );
    assert_eq!(texts(&model, 2)[0], "β₀ⱼ = γ₀₀ + u₀ⱼ·grpAⱼ + u₀ⱼ′·grpBⱼ");
}

#[test]
fn crossed_factors_have_one_equation() {
    let model = equations(
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        "Penicillin",
        false,
    );
    assert_eq!(model.levels.len(), 1);
    assert_eq!(model.combined.text, "diameterᵢ = β₀ + u₀ⱼ₍ᵢ₎ + v₀ₖ₍ᵢ₎ + εᵢ");
    assert_eq!(
        laws(&model, 1),
        ["u₀ⱼ ~ N(0, τ⁽¹⁾₀₀)", "v₀ₖ ~ N(0, τ⁽²⁾₀₀)", "εᵢ ~ N(0, σ²)"]
    );
    assert_eq!(model.warnings[0].code, "crossed");
    assert_eq!(
        model.combined.latex,
        "\\text{diameter}_{i} = \\beta_{0} + u_{0j[i]} + v_{0k[i]} + \\varepsilon_{i}"
    );
}

#[test]
fn regressions_have_one_line() {
    let model = equations("Reaction ~ Days + I(Days^2)", "sleepstudy", false);
    assert_eq!(
        model.combined.text,
        "Reactionᵢ = β₀ + β₁·Daysᵢ + β₂·I(Days^2)ᵢ + εᵢ"
    );
    assert!(
        model
            .latex()
            .contains("\\text{I(Days\\textasciicircum{}2)}_{i}")
    );
}

#[test]
fn latex_is_an_environment_that_closes() {
    for (formula, name) in [
        ("Reaction ~ Days * grp + (Days | Subject)", "sleep_unbal"),
        ("yield ~ nitro * Variety + (nitro | Block/Variety)", "Oats"),
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin"),
    ] {
        let latex = equations(formula, name, true).latex();
        assert!(latex.starts_with("\\begin{align*}\n") && latex.ends_with("\n\\end{align*}\n"));
        let count = |c: char| latex.matches(c).count();
        assert_eq!(count('{'), count('}'), "{latex}");
        assert_eq!(
            latex.matches("\\begin{").count(),
            latex.matches("\\end{").count()
        );
        // One alignment mark a line.
        for line in latex
            .lines()
            .filter(|l| !l.starts_with("\\begin") && !l.starts_with("\\end"))
        {
            let outside: String = line
                .split("\\begin{pmatrix}")
                .map(|part| part.split("\\end{pmatrix}").last().unwrap_or_default())
                .collect();
            assert_eq!(outside.matches('&').count(), 1, "{line}");
        }
    }
}
