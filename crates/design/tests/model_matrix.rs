//! Names and values of model matrices, against R's. `reference/model_matrix.R` wrote the values.

mod common;

use common::{numbers, rows, small, surveyed, text, try_rows};
use ranef_design::Parts;

#[derive(serde::Deserialize)]
struct Case {
    formula: Vec<String>,
    names: Vec<String>,
    assign: Vec<usize>,
    columns: Vec<Vec<f64>>,
    new: Option<Vec<Vec<Option<f64>>>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("reference/model_matrix.json")).unwrap()
}

/// The worst difference, relative where the numbers are large.
fn difference(ours: &[Vec<f64>], theirs: &[Vec<f64>]) -> f64 {
    let pairs = ours.iter().zip(theirs).flat_map(|(a, b)| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b)
    });
    pairs
        .map(|(a, b)| (a - b).abs() / b.abs().max(1.0))
        .fold(0.0, f64::max)
}

#[test]
fn matrices_are_those_of_r() {
    let table = small();
    let mut wrong = Vec::new();
    for case in cases() {
        let formula = format!("y ~ {}", case.formula[0]);
        let recipe = surveyed(&formula, &table).recipe;
        if recipe.fixed_names() != case.names {
            wrong.push(format!(
                "{formula}: {:?}, R: {:?}",
                recipe.fixed_names(),
                case.names
            ));
            continue;
        }
        let assign: Vec<usize> = recipe
            .fixed_assign()
            .iter()
            .map(|term| term.map_or(0, |term| term + 1))
            .collect();
        assert_eq!(assign, case.assign, "{formula}");
        let ours = rows(&recipe, &table).fixed;
        let worst = difference(&ours, &case.columns);
        if worst > 1e-12 {
            wrong.push(format!("{formula}: off by {worst:e}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn new_rows_are_transformed_as_in_r() {
    let table = small();
    let new = common::Table::new(vec![
        ("x", numbers(&[-1.0, 0.5, 2.2, 7.0, 9.5, 12.0])),
        ("z", numbers(&[0.0, 1.0, -1.0, 0.5, 2.0, -3.0])),
        ("f", text(&["b", "c", "a", "a", "b", "c"])),
        ("h", text(&["top", "hi", "lo", "mid", "lo", "hi"])),
        ("g", text(&["w", "u", "v", "u", "v", "w"])),
        ("id", numbers(&[10.0, 1.0, 3.0, 2.0, 1.0, 10.0])),
    ]);
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for case in cases() {
        let Some(theirs) = case.new.and_then(|columns| {
            columns
                .into_iter()
                .map(|c| c.into_iter().collect())
                .collect::<Option<Vec<Vec<f64>>>>()
        }) else {
            continue;
        };
        // R leaves rows out where log() of a negative number gives NaN; here that is an error.
        if theirs[0].len() < 6 {
            continue;
        }
        let formula = format!("y ~ {}", case.formula[0]);
        let recipe = surveyed(&formula, &table).recipe;
        match try_rows(&recipe, &new, Parts::FIXED) {
            Ok(rows) => {
                compared += 1;
                let worst = difference(&rows.fixed, &theirs);
                if worst > 1e-11 {
                    wrong.push(format!("{formula}: off by {worst:e}"));
                }
            }
            Err(error) => wrong.push(format!("{formula}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 80, "only {compared} formulas compared");
}
