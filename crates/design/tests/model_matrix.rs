//! Names and values of model matrices, against R's. `reference/model_matrix.R` wrote the values.

mod common;

use common::{Data, numbers, rows, small, surveyed, text, try_rows};
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

/// `small()` with holes: y in rows 3 and 11, f in rows 7 and 11.
fn holes() -> common::Table {
    let y = [
        2.1, 3.4, 1.9, 5.6, 4.2, 6.1, 7.7, 3.3, 8.8, 6.4, 9.9, 7.2, 5.1, 4.9,
    ];
    let f = [
        "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b",
    ];
    let y = (0..14).map(|row| (row != 2 && row != 10).then_some(y[row]));
    let f = (0..14).map(|row| (row != 6 && row != 10).then(|| f[row].to_owned()));
    small()
        .replace("y", Data::Numbers(y.collect()))
        .replace("f", Data::Text(f.collect()))
}

/// The same, where x is missing in rows 5 and 9 too.
fn more_holes() -> common::Table {
    let x = [
        1.0, 2.5, 0.5, 4.0, 3.0, 6.0, 7.5, 2.0, 8.0, 5.0, 9.5, 6.5, 4.5, 3.5,
    ];
    let x = (0..14).map(|row| (row != 4 && row != 8).then_some(x[row]));
    holes().replace("x", Data::Numbers(x.collect()))
}

/// R evaluates transforms before it leaves rows out: `model.frame` with `na.omit`, R 4.
#[test]
fn transforms_learn_from_rows_that_miss_something_else() {
    let check = |formula: &str, table: &common::Table, theirs: &[f64]| {
        for size in [1, 3, 14] {
            let table = table.batches_of(size);
            let recipe = surveyed(formula, &table).recipe;
            let ours = rows(&recipe, &table).fixed;
            let worst = difference(&ours[1..2], &[theirs.to_vec()]);
            assert!(worst < 1e-13, "{formula}: {:?}", ours[1]);
        }
    };
    check(
        "y ~ poly(x, 2) + f",
        &holes(),
        &[
            -0.363269120651783,
            -0.209154948254057,
            -0.0550407758563307,
            -0.157783557454815,
            0.150444787340637,
            -0.260526339053299,
            0.355930350537605,
            0.0477020057421533,
            0.201816178139879,
            -0.00366938505708872,
            -0.106412166655573,
        ],
    );
    check(
        "y ~ bs(x, df = 4) + f",
        &holes(),
        &[
            0.328213991769547,
            0.632362139917696,
            0.390732510288066,
            0.582304526748971,
            0.10082304526749,
            0.621777777777778,
            0.00793650793650794,
            0.214285714285714,
            0.0634920634920635,
            0.293944738389183,
            0.494222222222222,
        ],
    );
    check(
        "y ~ scale(x) + f",
        &more_holes(),
        &[
            -1.25099492021276,
            -0.694997177895977,
            -0.138999435579195,
            0.602330887509847,
            -0.880329758668238,
            0.231665725965326,
            0.787663468282107,
            0.0463331451930651,
            -0.324332016351456,
        ],
    );
    check(
        "y ~ center(x) + f",
        &more_holes(),
        &[
            -3.375, -1.875, -0.375, 1.625, -2.375, 0.625, 2.125, 0.125, -0.875,
        ],
    );
    check(
        "y ~ ns(x, 3) + f",
        &more_holes(),
        &[
            -0.0589433159847298,
            -0.134691559722398,
            0.126201482129393,
            0.516858635550596,
            -0.136397266267581,
            0.3923022643012,
            0.50687490758441,
            0.265912115620235,
            -0.00161811352431646,
        ],
    );
    // ave(x, g), with the rows that have both.
    check(
        "y ~ between(x, g) + x + f",
        &more_holes(),
        &[3.5, 3.5, 3.25, 22.0 / 3.0, 3.5, 3.25, 22.0 / 3.0, 3.5, 3.25],
    );
    // The response is transformed likewise.
    let table = more_holes();
    let scaled = surveyed("scale(y) ~ x", &table).recipe;
    let first = rows(&scaled, &table).response[0];
    assert!((first + 1.67492877963865).abs() < 1e-13, "{first}");
}

/// A group that only rows left out belong to has no level, whoever met it.
#[test]
fn groups_of_rows_left_out_stay_out() {
    let g = [
        "t", "u", "v", "v", "w", "w", "u", "u", "v", "v", "w", "w", "u", "v",
    ];
    let table = small().replace("g", text(&g));
    let y = (0..14).map(|row| (row != 0).then_some(f64::from(row)));
    let table = table.replace("y", Data::Numbers(y.collect()));
    for formula in [
        "y ~ within(x, g) + (1 | g)",
        "y ~ scale(within(x, g)) + (1 | g)",
        "y ~ within(x, interaction(f, g)) + (1 | f:g) + (1 | g)",
    ] {
        for size in [1, 5, 14] {
            let table = table.batches_of(size);
            let recipe = surveyed(formula, &table).recipe;
            let last = recipe.factors().len() - 1;
            assert_eq!(recipe.factors()[last].levels, 3, "{formula}");
            assert_eq!(recipe.level(last, 0), "u", "{formula}");
            assert_eq!(rows(&recipe, &table).n, 13, "{formula}");
        }
    }
}
