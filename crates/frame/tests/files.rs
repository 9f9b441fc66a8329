//! Files of every format: what is in them comes out, and what is wrong with them is said.

mod support;

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Int32Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use ranef_frame::{ColumnKind, FrameError, MemorySource, ReadOptions, Source, normalize, open};
use support::{path, table, write};

fn read(path: &str) -> Result<Box<dyn Source>, FrameError> {
    open(path, &ReadOptions::default())
}

fn error(path: &str) -> FrameError {
    match read(path) {
        Err(error) => error,
        Ok(_) => panic!("{path} should be refused"),
    }
}

const CSV: &[u8] = b"x,g\n1.5,a\nNA,b\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("in memory");
    packer.finish().expect("in memory")
}

#[test]
fn text_packed_and_plain() {
    let zst = zstd::stream::encode_all(CSV, 3).expect("in memory");
    let files = [
        write("plain.csv", CSV),
        write("plain.tsv", b"x\tg\n1.5\ta\nNA\tb\n"),
        write(
            "plain.txt",
            b"\"x\" \"g\"\n\"1\" 1.5 \"a\"\n\"2\" NA \"b\"\n",
        ),
        write("packed.csv.gz", &gzip(CSV)),
        write("packed.csv.zst", &zst),
        write("packed_without_saying.csv", &gzip(CSV)),
        write(
            "two_members.csv.gz",
            &[gzip(&CSV[..7]), gzip(&CSV[7..])].concat(),
        ),
    ];
    for file in files {
        let source = read(&file).expect(&file);
        assert_eq!(source.rows(), Some(2));
        assert_eq!(table(&*source), [["1.5", "NA"], ["a", "b"]], "{file}");
    }
}

#[test]
fn packed_files_that_are_cut_off_or_damaged() {
    let gz = gzip(&CSV.repeat(100));
    let zst = zstd::stream::encode_all(&CSV.repeat(100)[..], 3).expect("in memory");
    for (name, bytes) in [("cut.csv.gz", &gz), ("cut.csv.zst", &zst)] {
        let file = write(name, &bytes[..bytes.len() - 9]);
        assert_eq!(error(&file).code, "truncated_file", "{name}");
    }
    let mut bad = gz.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 0xFF;
    let code = error(&write("bad.csv.gz", &bad)).code;
    assert!(["damaged_file", "truncated_file"].contains(&code));
}

#[test]
fn names_that_lead_nowhere() {
    write("schools.csv", CSV);
    let wrong = error(&path("scholls.csv"));
    assert_eq!(wrong.code, "file_not_found");
    assert!(wrong.hint.is_some_and(|h| h.contains("schools.csv")));
    let wrong = error("sleepstduy");
    assert_eq!(wrong.code, "unknown_data");
    assert_eq!(wrong.hint.as_deref(), Some("did you mean `sleepstudy`?"));
    assert!(
        error("nothing_like_it")
            .hint
            .is_some_and(|h| h.contains("ranef data"))
    );
    assert_eq!(error(env!("CARGO_TARGET_TMPDIR")).code, "is_directory");
    assert_eq!(error(&write("empty.csv", b"")).code, "empty_file");
    assert_eq!(
        error(&write("zero\0.csv".replace('\0', "_").as_str(), b"x\n")).code,
        "no_rows"
    );
}

/// A batch with a column of each type that files have.
fn every_type(offset: i64) -> RecordBatch {
    let mut factor = StringDictionaryBuilder::<Int8Type>::new();
    for word in ["low", "high", "low"] {
        factor.append_value(word);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "int",
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
        ),
        (
            "float",
            Arc::new(Float32Array::from(vec![0.5, f32::NAN, f32::INFINITY])),
        ),
        ("long", Arc::new(Int64Array::from(vec![offset, 2, 3]))),
        (
            "unsigned",
            Arc::new(UInt64Array::from(vec![u64::MAX, 2, 3])),
        ),
        (
            "logical",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![Some("b"), Some("a"), None])),
        ),
        (
            "large",
            Arc::new(LargeStringArray::from(vec!["z", "y", "z"])),
        ),
        ("factor", Arc::new(factor.finish())),
        ("date", Arc::new(Date32Array::from(vec![0, 1, 365]))),
        (
            "time",
            Arc::new(TimestampMillisecondArray::from(vec![0, 1500, -1000])),
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![&b"a"[..], b"b", b"c"])),
        ),
    ];
    RecordBatch::try_from_iter(columns).expect("a batch")
}

/// What becomes of it, in two batches of which the second has an integer beyond 2^53.
fn check_every_type(source: &dyn Source) {
    let names: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "int", "float", "long", "unsigned", "logical", "text", "large", "factor", "date",
            "time"
        ]
    );
    let kinds: Vec<ColumnKind> = source.columns().iter().map(|c| c.kind).collect();
    use ColumnKind::{Integer, Logical, Number};
    let text = ColumnKind::Text { ordered: false };
    let factor = ColumnKind::Text { ordered: true };
    assert_eq!(
        kinds,
        [
            Number, Number, Integer, text, Logical, text, text, factor, Number, Number
        ]
    );
    let found = table(source);
    assert_eq!(found[0], ["1", "NA", "3", "1", "NA", "3"]);
    assert_eq!(found[1], ["0.5", "NA", "inf", "0.5", "NA", "inf"]);
    assert_eq!(found[2], ["1", "2", "3", "9007199254740993", "2", "3"]);
    assert_eq!(found[3][..2], ["18446744073709551615", "2"]);
    assert_eq!(found[4][..3], ["true", "NA", "false"]);
    assert_eq!(found[5][..3], ["b", "a", "NA"]);
    assert_eq!(found[6][..3], ["z", "y", "z"]);
    assert_eq!(found[7][..3], ["low", "high", "low"]);
    assert_eq!(found[8][..3], ["0", "1", "365"]);
    assert_eq!(found[9][..3], ["0", "1.5", "-1"]);
    assert!(source.note("bytes").is_some_and(|n| n.contains("left out")));
    // Any columns in any order, and none.
    let mut batches = source.read(&[7, 0, 7]).expect("a reading");
    let batch = batches.next().expect("a batch").expect("a batch");
    assert_eq!(batch.num_columns(), 3);
    assert_eq!(batch.schema().field(1).name(), "int");
    let rows = source
        .read(&[])
        .expect("a reading")
        .map(|b| b.expect("a batch").num_rows());
    assert_eq!(rows.sum::<usize>(), 6);
    assert!(
        source
            .read(&[99])
            .is_err_and(|e| e.code == "column_out_of_range")
    );
}

fn batches() -> Vec<RecordBatch> {
    vec![every_type(1), every_type((1 << 53) + 1)]
}

fn arrow_file() -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches()[0].schema()).expect("a writer");
    batches()
        .iter()
        .for_each(|b| writer.write(b).expect("a batch"));
    writer.into_inner().expect("a file")
}

fn arrow_stream() -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches()[0].schema()).expect("a writer");
    batches()
        .iter()
        .for_each(|b| writer.write(b).expect("a batch"));
    writer.into_inner().expect("a stream")
}

fn parquet_file() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batches()[0].schema(), None).expect("a writer");
    for batch in batches() {
        writer.write(&batch).expect("a batch");
        writer.flush().expect("a row group");
    }
    writer.close().expect("a file");
    bytes
}

#[test]
fn arrow_and_parquet_hold_every_type() {
    for (name, bytes) in [
        ("all.arrow", arrow_file()),
        ("all.feather", arrow_stream()),
        ("all.parquet", parquet_file()),
        ("parquet_called.dat", parquet_file()),
    ] {
        let file = write(name, &bytes);
        check_every_type(&*read(&file).expect(name));
    }
    check_every_type(&MemorySource::from_batches(batches()).expect("a source"));
}

#[test]
fn one_batch_at_a_time() {
    let (columns, batch) = normalize(&every_type(1)).expect("a batch");
    assert_eq!(columns.len(), batch.num_columns());
    assert_eq!(columns[2].kind, ColumnKind::Number);
    assert_eq!(batch.num_rows(), 3);
    let long = StringArray::from_iter_values((0..70_000).map(|k| (k % 3).to_string()));
    let long = RecordBatch::try_from_iter([("g", Arc::new(long) as ArrayRef)]).expect("a batch");
    assert_eq!(normalize(&long).expect("a batch").1.num_rows(), 70_000);
}

#[test]
fn files_of_batches_that_are_damaged() {
    for (name, bytes) in [("bad.arrow", arrow_file()), ("bad.parquet", parquet_file())] {
        for length in [0, 3, 8, 40, bytes.len() / 2, bytes.len() - 1] {
            let file = write(name, &bytes[..length]);
            let code = error(&file).code;
            assert!(
                ["empty_file", "damaged_file"].contains(&code),
                "{name} of {length}: {code}"
            );
        }
    }
}

#[test]
fn no_change_of_a_byte_ends_in_a_panic() {
    // A small generator of its own: the test needs many bytes, not good ones.
    let mut state = 1u64;
    let mut random = move |n: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let originals = [
        ("mutant.csv", CSV.to_vec()),
        ("mutant.csv.gz", gzip(CSV)),
        (
            "mutant.csv.zst",
            zstd::stream::encode_all(CSV, 3).expect("in memory"),
        ),
        ("mutant.arrow", arrow_file()),
        ("mutant.feather", arrow_stream()),
        ("mutant.parquet", parquet_file()),
    ];
    for (name, original) in originals {
        for _ in 0..150 {
            let mut bytes = original.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            let file = write(name, &bytes);
            let Ok(source) = read(&file) else { continue };
            let all: Vec<usize> = (0..source.columns().len()).collect();
            if let Ok(batches) = source.read(&all) {
                // Whatever comes, it comes to an end.
                batches.take_while(Result::is_ok).take(1000).for_each(drop);
            }
        }
    }
    let _ = File::open(path("mutant.csv"));
}

#[test]
fn text_is_missing_where_it_would_be_in_a_csv_file() {
    let plain = StringArray::from(vec![
        Some("a"),
        Some(""),
        Some("  "),
        Some("NA"),
        Some("."),
        None,
        Some("-"),
    ]);
    let mut dictionary = StringDictionaryBuilder::<Int8Type>::new();
    for word in ["NA", "b", "", "null", "NaN", "b", "-"] {
        dictionary.append(word).expect("a small dictionary");
    }
    let batch = RecordBatch::try_from_iter([
        ("plain", Arc::new(plain) as ArrayRef),
        ("dictionary", Arc::new(dictionary.finish()) as ArrayRef),
    ])
    .expect("a batch");
    let file = path("missing_words.parquet");
    let handle = File::create(&file).expect("a file");
    let mut writer = ArrowWriter::try_new(handle, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let expected = |last: &str| {
        [
            ["a", "NA", "NA", "NA", "NA", "NA", last].map(str::to_owned),
            ["NA", "b", "NA", "NA", "NA", "b", last].map(str::to_owned),
        ]
    };
    assert_eq!(table(&*read(&file).expect("read")), expected("-"));
    let options = ReadOptions {
        na: vec!["-".into()],
        ..ReadOptions::default()
    };
    assert_eq!(
        table(&*open(&file, &options).expect("read")),
        expected("NA")
    );
}
