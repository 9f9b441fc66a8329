//! The data: simulated with fixed seeds to the shape of data that people have, or built in.

use ranef_frame::{ReadOptions, open};

use crate::data::{Data, Values};
use crate::random::Random;

/// A million rows of 50,000 groups in random order: intercept and slope of `x1` vary by group.
pub fn million() -> Data {
    let (rows, groups) = (1_000_000, 50_000);
    let mut random = Random::new(1);
    let effects = random.effects(groups, &[[0.7, 0.0], [0.1, 0.3]]);
    let mut x = vec![Vec::new(); 5];
    let (mut y, mut g) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for _ in 0..rows {
        let group = random.below(groups);
        let mut mean = 10.0 + effects[group][0];
        for (j, column) in x.iter_mut().enumerate() {
            let value = random.normal();
            mean += value * 0.5 / (j + 1) as f64;
            column.push(value);
        }
        mean += effects[group][1] * x[0][x[0].len() - 1];
        y.push(mean + random.normal());
        g.push(group as u32);
    }
    let mut data = Data::default().number("y", y);
    for (j, column) in x.into_iter().enumerate() {
        data = data.number(&format!("x{}", j + 1), column);
    }
    data.factor("g", groups, g)
}

/// InstEval, as it is built in: 73,421 ratings of 1,128 lecturers by 2,972 students.
pub fn insteval() -> Data {
    built_in("InstEval")
}

/// The sleep study, as it is built in.
pub fn sleepstudy() -> Data {
    built_in("sleepstudy")
}

/// cbpp with a row an animal: healthy (0) or ill (1).
pub fn cbpp() -> Data {
    let data = built_in("cbpp");
    let (incidence, size) = (numbers(&data, "incidence"), numbers(&data, "size"));
    let (period, herd) = (category(&data, "period"), category(&data, "herd"));
    let (mut y, mut periods, mut herds) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..data.rows() {
        for animal in 0..size[row] as usize {
            y.push(f64::from(u8::from((animal as f64) < incidence[row])));
            periods.push(period.1[row]);
            herds.push(herd.1[row]);
        }
    }
    Data::default()
        .number("y", y)
        .factor("period", period.0, periods)
        .factor("herd", herd.0, herds)
}

/// grouseticks, as it is built in, with the height in standard units.
pub fn grouseticks() -> Data {
    let data = built_in("grouseticks");
    let height = numbers(&data, "HEIGHT");
    let n = height.len() as f64;
    let mean = height.iter().sum::<f64>() / n;
    let sd = (height.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let standard = height.iter().map(|h| (h - mean) / sd).collect();
    let out = Data::default()
        .number("TICKS", numbers(&data, "TICKS"))
        .number("height", standard);
    let factors = ["YEAR", "BROOD", "INDEX", "LOCATION"];
    factors.iter().fold(out, |out, name| {
        let (levels, codes) = category(&data, name);
        out.factor(name, levels, codes)
    })
}

/// VerbAgg, as it is built in, with the yes/no answer as 1 and 0.
pub fn verbagg() -> Data {
    let data = built_in("VerbAgg");
    // The levels are N and Y.
    let y = category(&data, "r2").1.into_iter().map(f64::from).collect();
    let out = Data::default()
        .number("y", y)
        .number("Anger", numbers(&data, "Anger"));
    let factors = ["Gender", "btype", "situ", "id", "item"];
    factors.iter().fold(out, |out, name| {
        let (levels, codes) = category(&data, name);
        out.factor(name, levels, codes)
    })
}

/// 200,000 patients of 5,000 clinics, yes or no: level and effect of `x1` vary by clinic.
pub fn clinics() -> Data {
    let (rows, clinics) = (200_000, 5_000);
    let mut random = Random::new(9);
    let effects = random.effects(clinics, &[[0.8, 0.0], [0.1, 0.4]]);
    let (mut x1, mut x2) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (mut y, mut clinic) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for _ in 0..rows {
        let c = random.below(clinics);
        let (a, b) = (random.normal(), random.normal());
        let eta = -0.5 + 0.6 * a - 0.3 * b + effects[c][0] + effects[c][1] * a;
        y.push(f64::from(u8::from(
            random.uniform() < 1.0 / (1.0 + (-eta).exp()),
        )));
        x1.push(a);
        x2.push(b);
        clinic.push(c as u32);
    }
    Data::default()
        .number("y", y)
        .number("x1", x1)
        .number("x2", x2)
        .factor("clinic", clinics, clinic)
}

fn numbers(data: &Data, name: &str) -> Vec<f64> {
    match column(data, name) {
        Values::Number(values) => values.clone(),
        Values::Factor(..) => unreachable!("`{name}` is a factor"),
    }
}

/// Levels and codes of a column; those of numbers are in their order.
fn category(data: &Data, name: &str) -> (usize, Vec<u32>) {
    match column(data, name) {
        Values::Factor(levels, codes) => (*levels, codes.clone()),
        Values::Number(values) => {
            let mut levels = values.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            let code = |x: &f64| levels.partition_point(|level| level < x) as u32;
            (levels.len(), values.iter().map(code).collect())
        }
    }
}

fn column<'a>(data: &'a Data, name: &str) -> &'a Values {
    let found = data.columns.iter().find(|(known, _)| known == name);
    &found.expect("a column of the data set").1
}

/// The shape of Chem97: 31,022 pupils in 2,410 schools of 131 education authorities (LEAs), an
/// integer score, and a variance between LEAs that is small beside that between schools.
pub fn chem97() -> Data {
    let (rows, schools, leas) = (31_022, 2_410, 131);
    let mut random = Random::new(3);
    // Every LEA has a school and every school a pupil; schools differ in size as real ones do.
    let lea: Vec<usize> = (0..schools)
        .map(|s| if s < leas { s } else { random.below(leas) })
        .collect();
    let size: Vec<f64> = (0..schools)
        .map(|_| (0.8 * random.normal()).exp())
        .collect();
    let school = spread(rows, &size, &mut random);
    let lea_effect = random.effects(leas, &[[0.15]]);
    let school_effect = random.effects(schools, &[[1.05]]);
    let (mut y, mut x) = (Vec::new(), Vec::new());
    for &s in &school {
        let gcse = 0.77 * random.normal();
        let score = 5.6 + 2.5 * gcse + lea_effect[lea[s]][0] + school_effect[s][0];
        let score = score + 2.2 * random.normal();
        y.push((score / 2.0).round().clamp(0.0, 5.0) * 2.0);
        x.push(gcse);
    }
    Data::default()
        .number("score", y)
        .number("gcsecnt", x)
        .factor("lea", leas, school.iter().map(|&s| lea[s] as u32).collect())
        .factor(
            "school",
            schools,
            school.iter().map(|&s| s as u32).collect(),
        )
}

/// 200,000 pupils in 20,000 classes of 500 schools; classes are numbered 1 to 40 in each school.
pub fn classes() -> Data {
    let (rows, schools, per_school) = (200_000, 500, 40);
    let mut random = Random::new(4);
    let school_effect = random.effects(schools, &[[0.3]]);
    let class_effect = random.effects(schools * per_school, &[[0.5]]);
    let class = spread(rows, &vec![1.0; schools * per_school], &mut random);
    let (mut y, mut x) = (Vec::new(), Vec::new());
    for &c in &class {
        let value = random.normal();
        let mean = 5.0 + 0.4 * value + school_effect[c / per_school][0] + class_effect[c][0];
        y.push(mean + random.normal());
        x.push(value);
    }
    let school = class.iter().map(|&c| (c / per_school) as u32).collect();
    let class = class.iter().map(|&c| (c % per_school) as u32).collect();
    Data::default()
        .number("y", y)
        .number("x", x)
        .factor("school", schools, school)
        .factor("class", per_school, class)
}

/// The shape of egsingle: 7,230 mathematics scores of 1,721 children in 60 schools, two to six
/// consecutive years each; level and growth vary between children and between schools.
pub fn growth() -> Data {
    let (rows, children, schools) = (7_230, 1_721, 60);
    let mut random = Random::new(5);
    let mut years = vec![2usize; children];
    let mut left = rows - 2 * children;
    while left > 0 {
        let child = random.below(children);
        if years[child] < 6 {
            years[child] += 1;
            left -= 1;
        }
    }
    let school_effect = random.effects(schools, &[[0.42, 0.0], [0.04, 0.1]]);
    let child_effect = random.effects(children, &[[0.8, 0.0], [0.06, 0.08]]);
    let (mut y, mut x) = (Vec::new(), Vec::new());
    let (mut school, mut child) = (Vec::new(), Vec::new());
    for c in 0..children {
        let s = if c < schools {
            c
        } else {
            random.below(schools)
        };
        let first = random.below(7 - years[c]);
        for year in first..first + years[c] {
            let year = year as f64 - 2.5;
            let level = -0.78 + school_effect[s][0] + child_effect[c][0];
            let growth = 0.76 + school_effect[s][1] + child_effect[c][1];
            y.push(level + growth * year + 0.55 * random.normal());
            x.push(year);
            school.push(s as u32);
            child.push(c as u32);
        }
    }
    Data::default()
        .number("math", y)
        .number("year", x)
        .factor("school", schools, school)
        .factor("child", children, child)
}

/// A psychological experiment with its maximal model, estimated in the interior.
pub fn maximal() -> Data {
    experiment(60)
}

/// Another drawn in the same way, whose estimate lies on the boundary.
pub fn maximal_singular() -> Data {
    experiment(6)
}

/// 100 subjects × 50 items, four contrasts of ±½, and an intercept and four slopes that vary,
/// correlated, by subject and by item.
fn experiment(seed: u64) -> Data {
    let (subjects, items) = (100, 50);
    let mut random = Random::new(seed);
    let by_subject = triangle(0.6, 0.25, &mut random);
    let by_item = triangle(0.4, 0.1, &mut random);
    let subject_effect = random.effects(subjects, &by_subject);
    let item_effect = random.effects(items, &by_item);
    let mut x = vec![Vec::new(); 4];
    let (mut y, mut subject, mut item) = (Vec::new(), Vec::new(), Vec::new());
    for s in 0..subjects {
        for i in 0..items {
            let mut mean = 1.0 + subject_effect[s][0] + item_effect[i][0];
            for (j, column) in x.iter_mut().enumerate() {
                let value = if random.uniform() < 0.5 { -0.5 } else { 0.5 };
                mean += value * (1.0 + subject_effect[s][j + 1] + item_effect[i][j + 1]);
                column.push(value);
            }
            y.push(mean + random.normal());
            subject.push(s as u32);
            item.push(i as u32);
        }
    }
    let mut data = Data::default().number("y", y);
    for (j, column) in x.into_iter().enumerate() {
        data = data.number(&format!("x{}", j + 1), column);
    }
    data.factor("subject", subjects, subject)
        .factor("item", items, item)
}

/// A 5 × 5 lower triangle: a decreasing diagonal and random covariances.
fn triangle(diagonal: f64, covariance: f64, random: &mut Random) -> [[f64; 5]; 5] {
    let mut l = [[0.0; 5]; 5];
    for (i, row) in l.iter_mut().enumerate() {
        row[i] = diagonal / (1.0 + 0.3 * i as f64);
        for entry in &mut row[..i] {
            *entry = covariance * random.normal();
        }
    }
    l
}

/// The units of `rows` rows: one for every unit, the others in proportion to `size`, in random
/// order.
fn spread(rows: usize, size: &[f64], random: &mut Random) -> Vec<usize> {
    let mut cumulative = Vec::with_capacity(size.len());
    let mut total = 0.0;
    for s in size {
        total += s;
        cumulative.push(total);
    }
    let mut units: Vec<usize> = (0..size.len()).collect();
    while units.len() < rows {
        let at = random.uniform() * total;
        let unit = cumulative.partition_point(|&c| c < at);
        units.push(unit.min(size.len() - 1));
    }
    for i in (1..rows).rev() {
        units.swap(i, random.below(i + 1));
    }
    units
}

/// A data set that ships with ranef, so that no peer reads other numbers.
/// A data set that ranef has built in.
pub fn built_in(name: &str) -> Data {
    use ranef_frame::ColumnKind;
    let source = open(name, &ReadOptions::default()).expect("a built-in data set");
    let mut data = Data::default();
    for (position, column) in source.columns().iter().enumerate() {
        let batches = source.read(&[position]).expect("a built-in column");
        let batches = batches.map(|batch| batch.expect("a batch").remove_column(0));
        data = match column.kind {
            ColumnKind::Text { .. } => {
                let (levels, codes) = crate::arrow::factor(batches);
                data.factor(&column.name, levels, codes)
            }
            _ => data.number(&column.name, crate::arrow::numbers(batches)),
        };
    }
    data
}

/// The table for reading CSV, as text: a million rows of eight columns as people have them
/// (identifiers, a group, text of few levels, decimals, integers, a column with missing cells).
pub fn csv() -> String {
    use std::fmt::Write as _;
    let mut random = Random::new(8);
    let mut text = String::from("id,school,sex,track,age,ses,hours,score\n");
    for id in 1..=1_000_000 {
        let school = 1 + random.below(2_000);
        let sex = ["female", "male"][random.below(2)];
        let track = ["academic", "general", "technical", "vocational"][random.below(4)];
        let age = 10 + random.below(9);
        let (ses, score) = (random.normal(), 500.0 + 100.0 * random.normal());
        let hours = match random.below(20) {
            0 => String::new(),
            _ => format!("{:.2}", 10.0 * random.uniform()),
        };
        writeln!(
            text,
            "{id},s{school},{sex},{track},{age},{ses:.6},{hours},{score:.3}"
        )
        .expect("text in memory");
    }
    text
}
