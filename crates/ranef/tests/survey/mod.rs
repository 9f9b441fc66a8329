//! A survey of 1,000 people in 14 regions, simulated with known truth: the worked example of small
//! areas.
//!
//! Regions differ in size from 8 to 180 answers, in income (which is known for each), in who lives
//! there, and by what nobody measured (standard deviation 2). People differ by age and sex and by
//! themselves (`noise`, 10 in the example).
#![allow(dead_code)]

use crate::dense::Rng;
use ranef::frame::{MemorySource, Table};

/// Answers in each region.
pub const SIZES: [usize; 14] = [180, 150, 120, 100, 90, 80, 70, 60, 50, 40, 25, 15, 12, 8];
pub const REGIONS: [&str; 14] = [
    "Amberg", "Borne", "Calder", "Dorne", "Elmet", "Farrow", "Gant", "Holm", "Inver", "Jarrow",
    "Kell", "Lorn", "Marr", "Noss",
];
pub const AGES: [&str; 4] = ["18-29", "30-44", "45-64", "65+"];
pub const SEXES: [&str; 2] = ["f", "m"];

/// A country: regions with their incomes, and cells of people with the expected answer of each.
pub struct Country {
    pub income: Vec<f64>,
    pub cells: Vec<Cell>,
}

pub struct Cell {
    pub region: usize,
    pub age: usize,
    pub sex: usize,
    pub people: f64,
    /// Expected answer.
    pub truth: f64,
}

impl Country {
    pub fn new(rng: &mut Rng) -> Self {
        let mut income = Vec::new();
        let mut cells = Vec::new();
        for (region, size) in SIZES.iter().enumerate() {
            let rich = (10.0 * (30.0 + 4.0 * rng.normal())).round() / 10.0;
            let level = 50.0 + 0.6 * (rich - 30.0) + 2.0 * rng.normal();
            let old = 0.25 * rng.normal();
            let weights: Vec<f64> = (0..4).map(|a| (old * (a as f64 - 1.5)).exp()).collect();
            let total: f64 = weights.iter().sum();
            for (age, weight) in weights.iter().enumerate() {
                for sex in 0..2 {
                    cells.push(Cell {
                        region,
                        age,
                        sex,
                        people: (size * 500) as f64 * weight / total,
                        truth: level + [0.0, 2.0, 4.0, 7.0][age] + [0.0, -1.5][sex],
                    });
                    let last = cells.len() - 1;
                    cells[last].people = cells[last].people.round();
                }
            }
            income.push(rich);
        }
        Self { income, cells }
    }

    /// The mean over the people of some cells.
    pub fn mean(&self, of: impl Fn(&Cell) -> bool) -> f64 {
        let (mut sum, mut people) = (0.0, 0.0);
        for cell in self.cells.iter().filter(|c| of(c)) {
            sum += cell.people * cell.truth;
            people += cell.people;
        }
        sum / people
    }

    pub fn region(&self, region: usize) -> f64 {
        self.mean(|c| c.region == region)
    }

    /// The frame: one row a cell.
    pub fn frame(&self) -> Table {
        let cells = &self.cells;
        Table::new()
            .text("region", cells.iter().map(|c| REGIONS[c.region]))
            .number("income", cells.iter().map(|c| self.income[c.region]))
            .text("age", cells.iter().map(|c| AGES[c.age]))
            .text("sex", cells.iter().map(|c| SEXES[c.sex]))
            .number("people", cells.iter().map(|c| c.people))
            .number("truth", cells.iter().map(|c| (1e4 * c.truth).round() / 1e4))
    }

    /// A survey: so many people of each region as it has answers, drawn at random.
    pub fn survey(&self, rng: &mut Rng, noise: f64) -> Survey {
        let mut out = Survey::default();
        for (region, &size) in SIZES.iter().enumerate() {
            let cells: Vec<&Cell> = self.cells.iter().filter(|c| c.region == region).collect();
            let total: f64 = cells.iter().map(|c| c.people).sum();
            for _ in 0..size {
                let mut place = rng.uniform() * total;
                let mut at = 0;
                while place > cells[at].people && at + 1 < cells.len() {
                    place -= cells[at].people;
                    at += 1;
                }
                let cell = cells[at];
                out.region.push(region);
                out.age.push(cell.age);
                out.sex.push(cell.sex);
                out.truth.push(cell.truth);
                out.answer
                    .push((10.0 * (cell.truth + noise * rng.normal())).round() / 10.0);
            }
        }
        out
    }
}

#[derive(Default)]
pub struct Survey {
    pub region: Vec<usize>,
    pub age: Vec<usize>,
    pub sex: Vec<usize>,
    pub answer: Vec<f64>,
    /// What was to be expected of each.
    pub truth: Vec<f64>,
}

impl Survey {
    pub fn table(&self, country: &Country) -> Table {
        Table::new()
            .text("region", self.region.iter().map(|&r| REGIONS[r]))
            .number("income", self.region.iter().map(|&r| country.income[r]))
            .text("age", self.age.iter().map(|&a| AGES[a]))
            .text("sex", self.sex.iter().map(|&s| SEXES[s]))
            .number("score", self.answer.iter().copied())
    }

    pub fn source(&self, country: &Country) -> MemorySource {
        self.table(country).source().unwrap()
    }
}
