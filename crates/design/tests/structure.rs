//! How grouping factors lie to each other, and what the person is told about it.

mod common;

use common::{Data, Table, numbers, rows, surveyed};
use ranef_design::Relation;

/// Schools with classes with pupils; `reused` numbers the classes anew in every school.
fn schools(classes_of: impl Fn(usize) -> usize, schools: usize, reused: bool) -> Table {
    let (mut school, mut class, mut y) = (Vec::new(), Vec::new(), Vec::new());
    let mut running = 0;
    for s in 0..schools {
        for c in 0..classes_of(s) {
            running += 1;
            for pupil in 0..5 {
                school.push(Some(s as i64 + 101));
                class.push(Some(if reused { c as i64 + 1 } else { running }));
                y.push((s * 7 + c * 3 + pupil * 5) as f64 % 11.0);
            }
        }
    }
    Table::new(vec![
        ("y", numbers(&y)),
        ("school", Data::Integers(school)),
        ("class", Data::Integers(class)),
    ])
}

/// Every level of the first with every level of the second, `each` times.
fn crossed(first: &[&str], second: &[&str], each: usize) -> Table {
    let (mut a, mut b, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for (i, first) in first.iter().enumerate() {
        for (j, second) in second.iter().enumerate() {
            for k in 0..each {
                a.push(*first);
                b.push(*second);
                y.push((i * 3 + j * 5 + k) as f64 % 7.0);
            }
        }
    }
    Table::new(vec![
        ("y", numbers(&y)),
        ("a", common::text(&a)),
        ("b", common::text(&b)),
    ])
}

#[test]
fn classes_with_ids_of_their_own_are_nested() {
    let table = schools(|s| 1 + s % 3, 12, false);
    let survey = surveyed("y ~ 1 + (1 | school) + (1 | class)", &table);
    assert_eq!(survey.structure.pairs[0].relation, Relation::SecondInFirst);
    assert_eq!(survey.structure.factors[0].levels, 12);
    assert_eq!(survey.structure.factors[1].levels, 24);
    assert_eq!(survey.structure.factors[1].smallest, 5);
    assert_eq!(survey.structure.factors[0].largest, 15);
    assert_eq!(survey.structure.factors[0].median, 10.0);
    assert!(survey.notes.is_empty());
}

#[test]
fn reused_class_ids_are_noticed() {
    for (name, table) in [
        ("as many classes in every school", schools(|_| 3, 12, true)),
        (
            "more classes here, fewer there",
            schools(|s| 1 + s % 4, 12, true),
        ),
    ] {
        let survey = surveyed("y ~ 1 + (1 | school) + (1 | class)", &table);
        assert_eq!(survey.notes.len(), 1, "{name}");
        assert_eq!(survey.notes[0].code, "reused_ids");
        let message = &survey.notes[0].message;
        assert!(
            message.starts_with("`class` is numbered 1, 2, 3")
                && message.ends_with("`(1 | school/class)`."),
            "{message}"
        );
        for spelt in ["(1 | school/class)", "(1 | school) + (1 | class:school)"] {
            assert!(
                surveyed(&format!("y ~ 1 + {spelt}"), &table)
                    .notes
                    .is_empty(),
                "{spelt}"
            );
        }
    }
}

#[test]
fn crossed_designs_are_left_in_peace() {
    // Penicillin: 24 plates a, b, ... with 6 samples A to F, one reading each.
    let plates: Vec<String> = (b'a'..=b'x').map(|c| (c as char).to_string()).collect();
    let plates: Vec<&str> = plates.iter().map(String::as_str).collect();
    let table = crossed(&plates, &["A", "B", "C", "D", "E", "F"], 1);
    let survey = surveyed("y ~ 1 + (1 | a) + (1 | b)", &table);
    assert_eq!(survey.structure.pairs[0].relation, Relation::Crossed);
    assert!(survey.notes.is_empty());
    // Subjects and items by name, with replicates.
    let items = ["apple", "house", "river", "stone"];
    let table = crossed(&plates, &items, 3);
    assert!(
        surveyed("y ~ 1 + (1 | a) + (1 | b)", &table)
            .notes
            .is_empty()
    );
    // Machines: six workers on three machines, three times each.
    let table = crossed(&plates[..6], &["A", "B", "C"], 3);
    assert!(
        surveyed("y ~ 1 + (1 | a) + (1 | b)", &table)
            .notes
            .is_empty()
    );
    // Pupils in waves with drop-out: most have all waves, some only the first ones.
    let (mut pupil, mut wave, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for p in 0..40 {
        for w in 0..(if p % 4 == 0 { 2 } else { 5 }) {
            for trial in 0..2 {
                pupil.push(p as f64);
                wave.push(w as f64);
                y.push(((p * 3 + w * 5 + trial) % 13) as f64);
            }
        }
    }
    let table = Table::new(vec![
        ("y", numbers(&y)),
        ("pupil", numbers(&pupil)),
        ("wave", numbers(&wave)),
    ]);
    let survey = surveyed("y ~ 1 + (1 | pupil) + (1 | wave)", &table);
    assert_eq!(
        survey.structure.pairs[0].relation,
        Relation::PartlyCrossed { cells: 170 }
    );
    assert!(survey.notes.is_empty());
}

#[test]
fn pairs_are_counted_from_the_row_that_breaks_the_nesting() {
    // Nested in both directions, then in one, then in none.
    let a = ["p", "q", "p", "q", "p", "r", "r"];
    let b = ["x", "y", "x", "z", "y", "x", "x"];
    let y = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let table = Table::new(vec![
        ("y", numbers(&y)),
        ("a", common::text(&a)),
        ("b", common::text(&b)),
    ]);
    for batch in [1, 2, 7] {
        let survey = surveyed("y ~ 1 + (1 | a) + (1 | b)", &table.batches_of(batch));
        assert_eq!(
            survey.structure.pairs[0].relation,
            Relation::PartlyCrossed { cells: 5 }
        );
    }
    let same = Table::new(vec![
        ("y", numbers(&y)),
        ("a", common::text(&a)),
        ("b", common::text(&a)),
    ]);
    let survey = surveyed("y ~ 1 + (1 | a) + (1 | b)", &same);
    assert_eq!(survey.structure.pairs[0].relation, Relation::Same);
}

#[test]
fn one_factor_however_it_is_spelt() {
    let table = common::small();
    let nested = surveyed("y ~ x + (1 | f/g)", &table);
    assert_eq!(nested.recipe.factors().len(), 2);
    assert_eq!(nested.recipe.random()[0].group, "g:f");
    assert_eq!(nested.recipe.random()[1].group, "f");
    assert_eq!(nested.structure.pairs[0].relation, Relation::FirstInSecond);

    let survey = surveyed("y ~ x + (1 | f:g) + (0 + x | g:f) + (0 + z | f:g)", &table);
    assert_eq!(survey.recipe.factors().len(), 1);
    assert!(
        survey
            .recipe
            .random()
            .iter()
            .all(|design| design.group == "f:g")
    );
    // with(d, levels(droplevels(f:g))) and as.integer(droplevels(f:g)) - 1 in R
    let levels: Vec<String> = (0..survey.recipe.factors()[0].levels)
        .map(|i| survey.recipe.level(0, i))
        .collect();
    assert_eq!(levels, ["a:u", "a:v", "b:u", "b:v", "b:w", "c:v", "c:w"]);
    let codes = &rows(&survey.recipe, &table).codes[0];
    assert_eq!(codes, &[0, 2, 5, 1, 4, 6, 0, 2, 5, 1, 4, 6, 0, 3]);
}

#[test]
fn recoded_factors_group() {
    let table = common::small();
    let recipe = surveyed("y ~ x + (1 | relevel(g, \"v\"))", &table).recipe;
    assert_eq!(recipe.level(0, 0), "v");
    assert_eq!(rows(&recipe, &table).codes[0][..6], [1, 1, 0, 0, 2, 2]);
    // A level that only dropped rows have leaves the factor.
    let f = (0..14).map(|row| Some(if row == 3 { "zz" } else { ["p", "q"][row % 2] }.to_owned()));
    let y = (0..14).map(|row| (row != 3).then_some(f64::from(row)));
    let table = table
        .replace("f", Data::Text(f.collect()))
        .replace("y", Data::Numbers(y.collect()));
    for term in ["(1 | f)", "(1 | relevel(f, \"q\"))", "(1 | f:g)"] {
        let survey = surveyed(&format!("y ~ x + {term}"), &table);
        let sizes = &survey.structure.factors[0];
        assert!(sizes.smallest > 0, "{term}: {sizes:?}");
        let labels: Vec<String> = (0..sizes.levels)
            .map(|i| survey.recipe.level(0, i))
            .collect();
        assert!(
            labels.iter().all(|label| !label.contains("zz")),
            "{labels:?}"
        );
    }
}

#[test]
fn random_effects_have_their_columns() {
    let table = common::small();
    let random = |term: &str| {
        let recipe = surveyed(&format!("y ~ x + {term}"), &table).recipe;
        let blocks = recipe.random().iter();
        blocks
            .map(|b| (b.group.clone(), b.names.join(" "), b.constant))
            .collect::<Vec<_>>()
    };
    let one = |names: &str, constant| vec![("g".to_owned(), names.to_owned(), constant)];
    assert_eq!(random("(1 | g)"), one("(Intercept)", Some(0)));
    assert_eq!(random("(x | g)"), one("(Intercept) x", Some(0)));
    assert_eq!(random("(0 + x | g)"), one("x", None));
    assert_eq!(random("(x - 1 | g)"), one("x", None));
    assert_eq!(random("(f | g)"), one("(Intercept) fb fc", Some(0)));
    assert_eq!(random("(0 + f | g)"), one("fa fb fc", None));
    assert_eq!(
        random("(poly(x, 2) | g)"),
        one("(Intercept) poly(x, 2)1 poly(x, 2)2", Some(0))
    );
    assert_eq!(random("(0 + f:x | g)"), one("fa:x fb:x fc:x", None));
    let split = random("(f + x || g)");
    let names: Vec<&str> = split.iter().map(|(_, names, _)| names.as_str()).collect();
    assert_eq!(names, ["(Intercept)", "fb", "fc", "x"]);
    assert_eq!(split[0].2, Some(0));
    assert_eq!(split[1].2, None);
}

#[test]
fn a_slope_and_its_fixed_effect_are_one_piece_of_memory() {
    use ranef_design::Parts;
    let table = common::small();
    let recipe = surveyed("y ~ x + (x | g)", &table).recipe;
    let rows = recipe.reader(Parts::ALL).rows(&table.whole()).unwrap();
    let (fixed, random) = (
        rows.fixed[1].values().unwrap(),
        rows.random[0][1].values().unwrap(),
    );
    assert_eq!(fixed.as_ptr(), random.as_ptr());
    assert_eq!(rows.fixed[0], ranef_design::Column::Constant(1.0));
}

#[test]
fn groups_have_plain_names() {
    let g = [
        "u", "u", "v", "v", "w", "w", "u", "u", "v", "v", "w", "w", "u", "v",
    ];
    let table = common::Table::new(vec![
        (
            "y",
            common::numbers(&(0..14).map(f64::from).collect::<Vec<_>>()),
        ),
        ("Subject ID", common::text(&g)),
        ("f", common::numbers(&[1.0, 2.0].repeat(7))),
    ]);
    let options = ranef_design::Options {
        factors: vec![" f ".into()],
        ..Default::default()
    };
    let formula = "y ~ f + (1 | `Subject ID`) + (1 | `Subject ID`:f)";
    let recipe = common::try_survey(formula, &table, &options)
        .unwrap()
        .recipe;
    let names: Vec<&str> = recipe.factors().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["Subject ID", "Subject ID:f"]);
    assert_eq!(recipe.random()[0].group, "Subject ID");
    assert_eq!(recipe.fixed_names(), ["(Intercept)", "f2"]);
}

#[test]
fn a_term_that_stands_twice_is_noted() {
    let notes = |formula: &str| common::surveyed(formula, &common::small()).notes;
    let found = notes("y ~ x + (1 | g) + (1 | g)");
    assert_eq!(found[0].code, "term_twice");
    assert_eq!(
        found[0].message,
        "`(1 | g)` stands in the formula twice: the data determine only the sum of the two variances"
    );
    assert!(notes("y ~ x + (1 | g) + (0 + x | g)").is_empty());
}

#[test]
fn a_power_that_is_none_is_noted() {
    let notes = |formula: &str| common::surveyed(formula, &common::small()).notes;
    let found = notes("y ~ x + x^2 + (1 | g)");
    assert_eq!(found[0].code, "power_ignored");
    assert_eq!(
        found[0].message,
        "`x^2` is just `x` in a formula; write `I(x^2)` for the square"
    );
    assert_eq!(notes("y ~ z + (x^3 | g)").len(), 1);
    assert!(notes("y ~ (x + z)^2 + I(x^2) + (x^2 > 4) + (1 | g)").is_empty());
}
