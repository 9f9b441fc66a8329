use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef};

use super::*;
use crate::Source;

/// A table as strings, for comparison: `NA` for what is missing.
fn table(source: &MemorySource) -> Vec<Vec<String>> {
    let all: Vec<usize> = (0..source.columns().len()).collect();
    let mut columns = vec![Vec::new(); all.len()];
    for batch in source.read(&all).expect("a reading") {
        let batch = batch.expect("a batch");
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.extend((0..array.len()).map(|row| show(array, row)));
        }
    }
    columns
}

fn show(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NA".into();
    }
    if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
        return format!("{:?}", numbers.value(row));
    }
    if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
        return numbers.value(row).to_string();
    }
    if let Some(values) = array.as_boolean_opt() {
        return values.value(row).to_string();
    }
    let words = array.as_dictionary::<UInt32Type>();
    let key = words.keys().value(row) as usize;
    words.values().as_string::<i32>().value(key).to_owned()
}

fn read(text: &str) -> Result<MemorySource, FrameError> {
    read_csv(text.into(), "data.csv", &ReadOptions::default())
}

fn column(text: &str) -> (ColumnKind, Vec<String>) {
    let source = read(text).expect(text);
    (source.columns()[0].kind, table(&source).swap_remove(0))
}

fn error(text: impl Into<Vec<u8>>) -> FrameError {
    read_csv(text.into(), "data.csv", &ReadOptions::default()).expect_err("an error")
}

const TEXT: ColumnKind = ColumnKind::Text { ordered: false };

#[test]
fn types_follow_from_the_whole_column() {
    use ColumnKind::{Integer, Logical, Number};
    let cases: [(&str, ColumnKind, &[&str]); 14] = [
        ("x\n1\n2.5\n-3e2\n", Number, &["1.0", "2.5", "-300.0"]),
        ("x\n\"308\"\n\"309\"\n", Number, &["308.0", "309.0"]),
        ("x\nNA\nNaN\nnull\n.\n\"\"\n", Number, &["NA"; 5]),
        ("x\nInf\n-Inf\ninf\n", Number, &["inf", "-inf", "inf"]),
        ("x\ntrue\nFALSE\nNA\n", Logical, &["true", "false", "NA"]),
        (
            "x\n9007199254740993\n1\n",
            Integer,
            &["9007199254740993", "1"],
        ),
        (
            "x\n9007199254740993\n0.5\n",
            Number,
            &["9007199254740992.0", "0.5"],
        ),
        (
            "x\n99999999999999999999\n007\n",
            TEXT,
            &["99999999999999999999", "007"],
        ),
        ("x\n1\ntrue\n", TEXT, &["1", "true"]),
        ("x\n1.50\nabc\n", TEXT, &["1.50", "abc"]),
        ("x\n 1 \n\t2\n", Number, &["1.0", "2.0"]),
        ("x\n a b \n\" c \"\n", TEXT, &["a b", " c "]),
        ("x\nnan\n", TEXT, &["nan"]),
        ("x\n-\n", TEXT, &["-"]),
    ];
    for (text, kind, values) in cases {
        let found = column(text);
        assert_eq!(found.0, kind, "{text:?}");
        assert_eq!(found.1, values, "{text:?}");
    }
}

#[test]
fn quotes_line_ends_and_separators() {
    let same = [
        "g,x\n\"a, b\",1\n\"c\"\"d\",2\n",
        "\u{FEFF}g,x\r\n\"a, b\",1\r\n\"c\"\"d\",2\r\n\r\n",
        "g,x\r\"a, b\",1\r\"c\"\"d\",2",
        "g;x\n\"a, b\";1\n\"c\"\"d\";2\n\n\n",
        "g\tx\na, b\t1\n\"c\"\"d\"\t2\n",
        "\"g\" \"x\"\n\"1\" \"a, b\" 1\n\"2\"  \"c\"\"d\" 2\n",
        "\"\",g,x\n\"1\",\"a, b\",1\n\"2\",\"c\"\"d\",2\n",
        "g,x,\n\"a, b\",1,\n\"c\"\"d\",2,\n",
    ];
    for text in same {
        let source = read(text).expect(text);
        let names: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["g", "x"], "{text:?}");
        assert_eq!(
            table(&source),
            [vec!["a, b", "c\"d"], vec!["1.0", "2.0"]],
            "{text:?}"
        );
    }
}

#[test]
fn a_decimal_comma_is_found_or_told() {
    assert_eq!(column("x;y\n1,5;2\n2;3\n").1, ["1.5", "2.0"]);
    let options = ReadOptions {
        decimal: Some(','),
        ..ReadOptions::default()
    };
    let source = read_csv("x\n1,5\n2,25\n".into(), "f", &options).expect("numbers");
    assert_eq!(table(&source), [["1.5", "2.25"]]);
    let options = ReadOptions {
        decimal: Some(','),
        separator: Some(','),
        ..options
    };
    let wrong = read_csv("x\n1,5\n".into(), "f", &options).expect_err("not both");
    assert_eq!(wrong.code, "bad_decimal");
}

#[test]
fn added_spellings_are_missing_even_when_they_are_numbers() {
    let options = ReadOptions {
        na: vec!["-999".into(), "k.A.".into()],
        ..ReadOptions::default()
    };
    let source =
        read_csv("x,g\n1,a\n-999,k.A.\n\"-999\",b\n".into(), "f", &options).expect("a table");
    assert_eq!(table(&source), [["1.0", "NA", "NA"], ["a", "NA", "b"]]);
}

#[test]
fn levels_are_sorted_by_bytes_and_shared() {
    let text: String = (0..70_000)
        .map(|k| format!("{}\n", ["b", "a", "Z", "ä"][k % 4]))
        .collect();
    let source = read_in_chunks(
        format!("g\n{text}").into(),
        "f",
        &ReadOptions::default(),
        1000,
    )
    .expect("a table");
    let mut dictionaries = Vec::new();
    for batch in source.read(&[0]).expect("a reading") {
        let batch = batch.expect("a batch");
        dictionaries.push(
            batch
                .column(0)
                .as_dictionary::<UInt32Type>()
                .values()
                .to_data(),
        );
    }
    assert!(dictionaries.len() > 100);
    assert!(dictionaries.iter().all(|d| d.ptr_eq(&dictionaries[0])));
    let levels = arrow_array::StringArray::from(dictionaries[0].clone());
    assert_eq!(
        levels.iter().flatten().collect::<Vec<_>>(),
        ["Z", "a", "b", "ä"]
    );
}

#[test]
fn the_accident_is_remembered() {
    let text: String = (0..100)
        .map(|k| {
            if k == 15 {
                "n. a.\n".into()
            } else if k % 40 == 20 {
                "\"12,5\"\n".into()
            } else {
                format!("{k}\n")
            }
        })
        .collect();
    let source = read(&format!("x\n{text}")).expect("a table");
    assert_eq!(source.columns()[0].kind, TEXT);
    assert_eq!(
        source.note("x").as_deref(),
        Some("column `x` is text because of `n. a.` in line 17 (3 such cells)")
    );
    let source = read("x\n1\n2\n3\n\"12,5\"\n").expect("a table");
    let note = source.note("x").expect("a note");
    assert!(
        note.contains("`12,5` in line 5 (1 such cell); if the comma"),
        "{note}"
    );
    assert_eq!(read("g\na\nb\n").expect("a table").note("g"), None);
    let note = read("id\n99999999999999999999\n")
        .expect("a table")
        .note("id");
    assert!(note.is_some_and(|n| n.contains("more than 64 bits")));
    let note = read("x,x\n1,2\n").expect("a table").note("x.1");
    assert!(note.is_some_and(|n| n.contains("column 2")));
}

#[test]
fn faults_name_code_and_line() {
    let cases: [(&[u8], &str, &str); 16] = [
        (b"", "empty_file", "empty"),
        (b" \r\n\n", "empty_file", "empty"),
        (b"\xEF\xBB\xBF", "empty_file", "empty"),
        (b"x,y\n", "no_rows", "header"),
        (
            b"x,y\n1,2\n\n3\n",
            "ragged_row",
            "line 4: 1 cell where the header has 2",
        ),
        (b"x,y\n1,2\n\n3,4,5\n", "ragged_row", "line 4: 3 cells"),
        (b"g,y\n\"a\nb\",2\n3\n", "ragged_row", "line 4"),
        (b"x,y\n1,\"2\n3,4\n", "unclosed_quote", "line 2"),
        (b"x,y\n1,\"2\"3\n", "text_after_quote", "line 2"),
        (b"x,y\n1,2\n3,\xE4\n", "not_utf8", "line 3"),
        (b"x,\xE4\n1,2\n", "not_utf8", "line 1"),
        (b"PK\x03\x04....", "binary_file", "Excel"),
        (b"$FL2@(#) SPSS", "binary_file", "SPSS"),
        (b"x,y\n1,2\n\0\0\0", "binary_file", "binary"),
        (b"\xFF\xFEx", "damaged_file", "UTF-16"),
        (b"\"x,y", "unclosed_quote", "line 1"),
    ];
    for (bytes, code, words) in cases {
        let error = error(bytes);
        assert_eq!(error.code, code, "{:?}", String::from_utf8_lossy(bytes));
        assert!(error.message.contains("data.csv"), "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
    }
    let late = [b"x\n".repeat(2000), b"\0".to_vec()].concat();
    assert!(error(late).message.contains("line 2001"));
}

/// Text of every sort at every place, read with all chunk sizes and thread counts.
#[test]
fn chunks_and_threads_change_nothing() {
    let mut text = String::from("id,x,g,note,late\n");
    for k in 0..400 {
        let note = [
            "plain",
            "\"two\nlines\"",
            "\"quote \"\" in\n\n\"\"it\"\"\"",
            "",
        ][k % 4];
        let late = if k == 390 {
            "word".into()
        } else {
            format!("{k}.5")
        };
        text.push_str(&format!("{},{}.25,g{},{note},{late}\n", k, k * 7, k % 13));
    }
    let whole = read_in_chunks(
        text.clone().into(),
        "f",
        &ReadOptions {
            threads: 1,
            ..Default::default()
        },
        1 << 20,
    )
    .expect("whole");
    assert_eq!(whole.rows(), Some(400));
    for chunk in [1, 2, 3, 7, 20, 50, 333, 5000] {
        for threads in [1, 3] {
            let options = ReadOptions {
                threads,
                ..ReadOptions::default()
            };
            let cut = read_in_chunks(text.clone().into(), "f", &options, chunk).expect("cut");
            assert_eq!(cut.columns(), whole.columns());
            assert_eq!(table(&cut), table(&whole), "chunks of {chunk}");
            assert_eq!(cut.note("late"), whole.note("late"));
        }
    }
    // A fault is found in the same line, too.
    text.push_str("1,2\n");
    let expected = error(text.clone());
    for chunk in [1, 10, 100, 1000] {
        let found = read_in_chunks(
            text.clone().into(),
            "data.csv",
            &ReadOptions::default(),
            chunk,
        );
        assert_eq!(found.expect_err("ragged"), expected);
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1usize..50) {
            let _ = read_in_chunks(bytes, "f", &ReadOptions { threads: 1, ..Default::default() }, chunk);
        }

        #[test]
        fn no_csv_like_text_panics_and_chunks_agree(
            text in "([a1.,;\\-\"\n\r\t |ä]|NA|true|12\\.5|\"\"){0,80}",
            chunk in 1usize..40,
        ) {
            let options = ReadOptions { threads: 1, ..Default::default() };
            let whole = read_in_chunks(text.clone().into(), "f", &options, 1 << 20);
            let cut = read_in_chunks(text.into(), "f", &options, chunk);
            match (whole, cut) {
                (Ok(a), Ok(b)) => prop_assert_eq!(table(&a), table(&b)),
                (Err(a), Err(b)) => prop_assert_eq!(a, b),
                (a, b) => prop_assert!(false, "{:?} and {:?}", a.is_ok(), b.is_ok()),
            }
        }

        #[test]
        fn numbers_come_back_to_the_last_bit(values in proptest::collection::vec(any::<f64>(), 1..50)) {
            let values: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
            prop_assume!(!values.is_empty());
            let source = crate::Table::new().number("x", values.clone()).source().expect("a table");
            let mut csv = Vec::new();
            write_csv(&source, &mut csv).expect("CSV");
            let back = read_csv(csv, "f", &ReadOptions::default()).expect("a table");
            // Whole numbers beyond 2^53 come back as integers.
            if back.columns()[0].kind == ColumnKind::Number {
                let shown: Vec<String> = values.iter().map(|v| format!("{:?}", v + 0.0)).collect();
                let found: Vec<String> = table(&back)[0].iter().map(|s| if s == "-0.0" { "0.0".into() } else { s.clone() }).collect();
                prop_assert_eq!(found, shown);
            }
        }

        #[test]
        fn text_comes_back(words in proptest::collection::vec("[a-z ,\"\n;]{1,6}x", 1..30)) {
            let source = crate::Table::new().text("g", &words).text("h", &words).source().expect("a table");
            let mut csv = Vec::new();
            write_csv(&source, &mut csv).expect("CSV");
            let options = ReadOptions { separator: Some(','), ..Default::default() };
            let back = read_csv(csv, "f", &options).expect("a table");
            prop_assert_eq!(&table(&back)[0], &words);
        }
    }
}
