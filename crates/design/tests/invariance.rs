//! What must not matter: the size of the batches, the order of the rows, the names of the levels,
//! and whether a recipe was written to a file and read again.

mod common;

use common::{Data, Rows, Table, numbers, rows, small, surveyed, try_rows};
use proptest::prelude::*;
use ranef_design::{Parts, Recipe};

const FORMULAS: &[&str] = &[
    "y ~ x + f + (1 | g)",
    "y ~ poly(x, 2) * f + (x | g) + (1 | id)",
    "log(y) ~ scale(x) + ns(z, 3) + (f || g)",
    "y ~ within(x, g) + between(x, g) + C(f, sum):z + (1 | g/f)",
    "y ~ bs(x, 4) + poly(scale(z), 2) + offset(z) + (0 + f | g:f)",
    "y ~ factor(id) + interaction(f, g) + (poly(x, 2) | id)",
];

/// Functions that learn from the rows.
const LEARNING: [&str; 7] = ["scale", "center", "poly", "ns(", "bs(", "within", "between"];

/// Rows of both readings, compared to rounding.
fn close(a: &Rows, b: &Rows) -> Result<(), TestCaseError> {
    let columns = |rows: &Rows| -> Vec<Vec<f64>> {
        let random = rows.random.iter().flatten().cloned();
        rows.fixed
            .iter()
            .cloned()
            .chain(random)
            .chain([rows.response.clone(), rows.offset.clone()])
            .collect()
    };
    let (first, second) = (columns(a), columns(b));
    prop_assert_eq!(first.len(), second.len());
    for (a, b) in first.iter().zip(&second) {
        prop_assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            prop_assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{} and {}", a, b);
        }
    }
    prop_assert_eq!(&a.codes, &b.codes);
    Ok(())
}

fn permuted(rows: &Rows, order: &[usize]) -> Rows {
    let pick = |x: &Vec<f64>| -> Vec<f64> {
        if x.is_empty() {
            Vec::new()
        } else {
            order.iter().map(|&row| x[row]).collect()
        }
    };
    Rows {
        response: pick(&rows.response),
        trials: pick(&rows.trials),
        fixed: rows.fixed.iter().map(pick).collect(),
        random: rows
            .random
            .iter()
            .map(|block| block.iter().map(pick).collect())
            .collect(),
        codes: rows
            .codes
            .iter()
            .map(|c| order.iter().map(|&row| c[row]).collect())
            .collect(),
        weights: pick(&rows.weights),
        offset: pick(&rows.offset),
        n: rows.n,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn batches_do_not_matter(formula in 0..FORMULAS.len(), size in 1usize..16) {
        let table = small();
        let whole = rows(&surveyed(FORMULAS[formula], &table).recipe, &table);
        let cut = table.batches_of(size);
        close(&rows(&surveyed(FORMULAS[formula], &cut).recipe, &cut), &whole)?;
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        formula in 0..FORMULAS.len(),
        order in Just((0..14).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let table = small();
        let straight = rows(&surveyed(FORMULAS[formula], &table).recipe, &table);
        let shuffled = table.select(&order);
        let mixed = rows(&surveyed(FORMULAS[formula], &shuffled).recipe, &shuffled);
        close(&mixed, &permuted(&straight, &order))?;
    }

    #[test]
    fn the_names_of_levels_do_not_matter(formula in 0..FORMULAS.len(), prefix in "[ -~]{0,4}") {
        let table = small();
        let straight = rows(&surveyed(FORMULAS[formula], &table).recipe, &table);
        let f = ["a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b"];
        let renamed = f.iter().map(|level| Some(format!("{prefix}{level}"))).collect();
        let renamed = table.replace("f", Data::Text(renamed));
        close(&rows(&surveyed(FORMULAS[formula], &renamed).recipe, &renamed), &straight)?;
    }

    #[test]
    fn rows_that_miss_a_value_are_as_if_not_there(
        formula in 0..FORMULAS.len(),
        holes in prop::collection::vec(any::<bool>(), 14),
        size in 1usize..16,
    ) {
        // At most two holes, so that the degrees and levels of the formulas still fit.
        let holes: Vec<usize> = (0..14).filter(|&row| holes[row]).take(2).collect();
        let x = small();
        let left: Vec<usize> = (0..14).filter(|row| !holes.contains(row)).collect();
        let whole = x.select(&left);
        let values = [2.1, 3.4, 1.9, 5.6, 4.2, 6.1, 7.7, 3.3, 8.8, 6.4, 9.9, 7.2, 5.1, 4.9];
        let y = (0..14).map(|row| (!holes.contains(&row)).then_some(values[row])).collect();
        let with_holes = x.replace("y", Data::Numbers(y)).batches_of(size);
        let survey = surveyed(FORMULAS[formula], &with_holes);
        prop_assert_eq!(survey.rows.dropped, holes.len());
        prop_assert_eq!(survey.rows.used, left.len());
        let found = rows(&survey.recipe, &with_holes);
        if LEARNING.iter().any(|function| FORMULAS[formula].contains(function)) {
            // Transforms see the rows that lack only the response, as if it were there.
            let full = surveyed(FORMULAS[formula], &x);
            let levels = |survey: &ranef_design::Survey| {
                survey.recipe.factors().iter().map(|factor| factor.levels).collect::<Vec<_>>()
            };
            if full.recipe.fixed_names() == survey.recipe.fixed_names() && levels(&full) == levels(&survey) {
                close(&found, &rows(&full.recipe, &whole))?;
            }
        } else {
            close(&found, &rows(&surveyed(FORMULAS[formula], &whole).recipe, &whole))?;
        }
    }
}

#[test]
fn a_recipe_survives_being_written_down() {
    let table = small();
    for formula in FORMULAS {
        let recipe = surveyed(formula, &table).recipe;
        let text = serde_json::to_string(&recipe).unwrap();
        let read: Recipe = serde_json::from_str(&text).unwrap();
        assert_eq!(read, recipe);
        assert_eq!(rows(&read, &table), rows(&recipe, &table), "{formula}");
        assert!(text.len() < 12_000, "{formula}: {} bytes", text.len());
    }
}

#[test]
fn missing_values_are_counted_by_column() {
    let mut x: Vec<Option<f64>> = (0..14).map(|i| Some(f64::from(i))).collect();
    (x[2], x[5]) = (None, None);
    let mut f: Vec<Option<String>> = (0..14)
        .map(|i| Some(["a", "b"][i % 2].to_owned()))
        .collect();
    f[5] = None;
    let table = small()
        .replace("x", Data::Numbers(x))
        .replace("f", Data::Text(f))
        .batches_of(4);
    let survey = surveyed("y ~ x + f + (1 | g)", &table);
    assert_eq!(
        (survey.rows.read, survey.rows.used, survey.rows.dropped),
        (14, 12, 2)
    );
    assert_eq!(
        survey.rows.dropped_by,
        [("x".to_owned(), 2), ("f".to_owned(), 1)]
    );
    let mut reader = survey.recipe.reader(Parts::ALL);
    let kept = reader.rows(&table.whole()).unwrap().kept.unwrap();
    assert_eq!(kept, [0, 1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]);
}

#[test]
fn dropped_columns_are_named_and_not_made() {
    let table = small().replace("z", numbers(&[3.0; 14]));
    let mut recipe = surveyed("y ~ x + z + f", &table).recipe;
    recipe.drop_fixed(&[2]);
    assert_eq!(recipe.fixed_names(), ["(Intercept)", "x", "z", "fb", "fc"]);
    assert_eq!(recipe.aliased(), [2]);
    assert_eq!(recipe.fixed_kept(), [0, 1, 3, 4]);
    assert_eq!(rows(&recipe, &table).fixed.len(), 4);
    assert!(!recipe.columns(Parts::FIXED).contains(&"z"));
}

#[test]
fn new_groups_are_new() {
    let table = small();
    let formula = "y ~ within(x, g) + between(x, g) + (1 | g)";
    let recipe = surveyed(formula, &table).recipe;
    let new = Table::new(vec![
        ("x", numbers(&[1.0, 3.0, 4.0])),
        ("g", common::text(&["new", "u", "new"])),
    ]);
    let error = try_rows(&recipe, &new, Parts::PREDICTORS).unwrap_err();
    assert_eq!(error.code(), "unknown_group");
    let (extended, notes) = recipe.with_new_groups(&new).unwrap();
    assert_eq!(
        notes[0].message,
        "`within(x, g)` takes the mean of 1 new group from their rows in the new data"
    );
    let rows = try_rows(&extended, &new, Parts::PREDICTORS).unwrap();
    assert_eq!(
        rows.codes[0],
        [ranef_design::NEW_LEVEL, 0, ranef_design::NEW_LEVEL]
    );
    let mean_u = (1.0 + 2.5 + 7.5 + 2.0 + 4.5) / 5.0;
    assert_eq!(rows.fixed[1], [-1.5, 3.0 - mean_u, 1.5]);
    assert_eq!(rows.fixed[2], [2.5, mean_u, 2.5]);
    // Group ids of another type are met halfway.
    let by_id = surveyed("y ~ x + (1 | id)", &table).recipe;
    let new = Table::new(vec![
        ("x", numbers(&[1.0, 3.0, 4.0])),
        ("id", common::text(&["10", "2", "11"])),
    ]);
    let codes = &try_rows(&by_id, &new, Parts::PREDICTORS).unwrap().codes[0];
    assert_eq!(codes, &[3, 1, ranef_design::NEW_LEVEL]);
}

#[test]
fn responses() {
    use ranef_design::{Expect, Options, ResponseKind};
    let table = small().replace(
        "f",
        common::text(&[
            "no", "yes", "no", "yes", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no",
        ]),
    );
    let binary = Options {
        response: Expect::Binary,
        ..Options::default()
    };
    let survey = common::try_survey("f ~ x", &table, &binary).unwrap();
    let kind = ResponseKind::Levels {
        failure: "no".into(),
        success: "yes".into(),
    };
    assert_eq!(survey.recipe.response_kind(), &kind);
    assert_eq!(
        rows(&survey.recipe, &table).response[..4],
        [0.0, 1.0, 0.0, 1.0]
    );
    let survey = common::try_survey("cbind(y, x) ~ z", &table, &binary).unwrap();
    assert_eq!(survey.recipe.response_kind(), &ResponseKind::Counts);
    let both = rows(&survey.recipe, &table);
    assert_eq!((both.response[1], both.trials[1]), (3.4, 5.9));
    let logical = table.replace(
        "y",
        Data::Logicals((0..14).map(|i| Some(i % 3 == 0)).collect()),
    );
    let survey = surveyed("y ~ x", &logical);
    assert_eq!(survey.recipe.response_kind(), &ResponseKind::Logical);
    assert_eq!(
        rows(&survey.recipe, &logical).response[..4],
        [1.0, 0.0, 0.0, 1.0]
    );
}

#[test]
fn options_stand_beside_the_formula() {
    use ranef_design::{Contrast, Options};
    let options = Options {
        factors: vec!["id".into()],
        contrasts: Contrast::Sum,
        weights: Some("x".into()),
        offset: Some("z".into()),
        ..Options::default()
    };
    let table = small();
    let survey = common::try_survey("y ~ id + f + offset(x)", &table, &options).unwrap();
    assert_eq!(
        survey.recipe.fixed_names(),
        ["(Intercept)", "id1", "id2", "id3", "f1", "f2"]
    );
    let rows = rows(&survey.recipe, &table);
    assert_eq!(rows.weights[1], 2.5);
    assert_eq!(rows.offset[1], 2.5 - 1.3);
}

#[test]
fn unlisted_levels_are_missing() {
    let survey = surveyed(
        "y ~ factor(f, levels = c(\"c\", \"a\"))",
        &small().batches_of(5),
    );
    assert_eq!(
        survey.recipe.fixed_names()[1],
        "factor(f, levels = c(\"c\", \"a\"))a"
    );
    assert_eq!(survey.rows.dropped, 5);
    assert_eq!(survey.rows.dropped_by, [("f".to_owned(), 5)]);
}

#[test]
fn ordered_text_keeps_its_order() {
    let values = [
        "lo", "hi", "mid", "lo", "hi", "mid", "lo", "hi", "mid", "lo", "hi", "mid", "lo", "hi",
    ];
    let values = values.iter().map(|v| Some((*v).to_owned())).collect();
    let levels = ["none", "lo", "mid", "hi"].map(str::to_owned).to_vec();
    let table = small().replace("h", Data::Ordered(values, levels));
    let recipe = surveyed("y ~ h", &table).recipe;
    assert_eq!(recipe.fixed_names(), ["(Intercept)", "hmid", "hhi"]);
}

#[test]
fn rows_at_given_values() {
    use ranef_design::{Cells, VariableValues};
    let recipe = surveyed("y ~ x * f + C(g, sum)", &small()).recipe;
    let variables = recipe.variables();
    let names: Vec<&str> = variables.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["x", "f", "C(g, sum)"]);
    assert!(
        matches!(&variables[1].values, VariableValues::Factor { levels, .. } if levels.len() == 3)
    );
    // (Intercept) x fb fc C(g, sum)1 C(g, sum)2 x:fb x:fc
    let row = recipe.fixed_row(&[
        Cells::Numbers(vec![2.0]),
        Cells::Level(1),
        Cells::Average(vec![1.0 / 3.0; 3]),
    ]);
    assert_eq!(row, [1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
}
