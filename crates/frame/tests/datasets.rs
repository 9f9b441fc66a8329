//! The built-in data sets are whole and as R has them.

mod support;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use ranef_frame::{ColumnKind, DataSet, Source, datasets, write_csv};

fn find(name: &str) -> &'static DataSet {
    datasets().iter().find(|d| d.name == name).expect(name)
}

fn levels(name: &str, column: &str) -> Vec<String> {
    let data = find(name).load();
    let at = data
        .columns()
        .iter()
        .position(|c| c.name == column)
        .expect(column);
    assert_eq!(data.columns()[at].kind, ColumnKind::Text { ordered: true });
    let batch = &data.batches()[0];
    let words = batch.column(at).as_dictionary::<UInt32Type>().values();
    words
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_data_set_is_whole_and_described() {
    assert_eq!(datasets().len(), 15);
    for set in datasets() {
        let data = set.load();
        assert_eq!(data.rows(), Some(set.rows), "{}", set.name);
        let found: Vec<&str> = data.columns().iter().map(|c| c.name.as_str()).collect();
        let told: Vec<&str> = set.columns.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, told, "{}", set.name);
        assert!(
            data.batches()
                .iter()
                .all(|b| b.columns().iter().all(|c| c.null_count() == 0))
        );
        let text = set.describe();
        assert!(text.contains(set.title) && text.contains(set.source));
    }
}

#[test]
fn factors_are_in_the_order_of_r() {
    assert_eq!(levels("cbpp", "period"), ["1", "2", "3", "4"]);
    assert_eq!(levels("cbpp", "herd")[..3], ["1", "2", "3"]);
    assert_eq!(levels("Orthodont", "Sex"), ["Male", "Female"]);
    assert_eq!(levels("Orthodont", "Subject")[..3], ["M16", "M05", "M02"]);
    assert_eq!(levels("Oats", "Block"), ["VI", "V", "III", "IV", "II", "I"]);
    assert_eq!(levels("Machines", "Worker"), ["6", "2", "4", "1", "3", "5"]);
    assert_eq!(levels("VerbAgg", "mode"), ["want", "do"]);
    assert_eq!(levels("VerbAgg", "situ"), ["other", "self"]);
    assert_eq!(levels("InstEval", "dept")[..4], ["15", "5", "10", "12"]);
    assert_eq!(levels("InstEval", "s").len(), 2972);
    assert_eq!(levels("InstEval", "d").len(), 1128);
    assert_eq!(
        levels("ChickWeight", "Chick")[..4],
        ["18", "16", "15", "13"]
    );
    assert_eq!(levels("grouseticks", "BROOD").len(), 118);
}

#[test]
fn numbers_are_those_of_r() {
    // Means of the responses, from R.
    let means = [
        ("sleepstudy", "Reaction", 298.507891666667),
        ("Dyestuff", "Yield", 1527.5),
        ("Dyestuff2", "Yield", 5.6656),
        ("Penicillin", "diameter", 22.9722222222222),
        ("Pastes", "strength", 60.0533333333333),
        ("cake", "angle", 32.1222222222222),
        ("ChickWeight", "weight", 121.818339100346),
        ("Orthodont", "distance", 24.0231481481481),
        ("Machines", "score", 59.65),
        ("Oats", "yield", 103.972222222222),
        ("cbpp", "incidence", 1.76785714285714),
        ("grouseticks", "TICKS", 6.3697270471464),
        ("VerbAgg", "Anger", 20.003164556962),
        ("InstEval", "y", 3.2057449503548),
    ];
    for (name, column, expected) in means {
        let data = find(name).load();
        let at = data
            .columns()
            .iter()
            .position(|c| c.name == column)
            .expect(column);
        let (mut sum, mut n) = (0.0, 0.0);
        for batch in data.batches() {
            for value in batch.column(at).as_primitive::<Float64Type>().values() {
                sum += value;
                n += 1.0;
            }
        }
        let mean: f64 = sum / n;
        assert!(
            (mean / expected - 1.0).abs() < 1e-12,
            "{name}: {mean} for {expected}"
        );
    }
}

#[test]
fn they_are_written_as_csv() {
    let mut csv = Vec::new();
    write_csv(&find("Oats").load(), &mut csv).expect("CSV");
    let text = String::from_utf8(csv).expect("UTF-8");
    assert!(text.starts_with("Block,Variety,nitro,yield\nI,Victory,0,111\nI,Victory,0.2,130\n"));
    assert_eq!(text.lines().count(), 73);
    let file = support::write("oats.csv", text.as_bytes());
    let back = ranef_frame::open(&file, &ranef_frame::ReadOptions::default()).expect("the file");
    assert_eq!(support::table(&*back), support::table(&find("Oats").load()));
}
