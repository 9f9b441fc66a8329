//! The rows of a [`Design`]: groups, sizes, predictors, and a response that stands for the one to be
//! drawn.

use ranef_engine::distributions::Gamma;
use ranef_engine::glmm::family::Response;
use ranef_engine::random::Stream;
use ranef_formula::{Expr, Formula};
use ranef_frame::{MemorySource, Table};

use super::design::{Design, Predicted, PredictedValues, Size, bad};
use crate::Error;

/// Streams of random numbers above those of random effects and residuals.
const STREAM: u32 = 1 << 20;
/// More rows than anyone plans.
const MOST: usize = 20_000_000;

/// Where each row lies.
struct Frame {
    /// Names of the grouping factors with their codes row by row and their numbers of groups.
    groups: Vec<(String, Vec<u32>, usize)>,
    /// The place of the row in its group of the lowest level, or its combination.
    place: Vec<usize>,
    /// That group or combination.
    cell: Vec<u32>,
    cells: usize,
}

impl Design {
    /// The rows, with predictors of their own for each picture.
    ///
    /// # Errors
    /// As [`Design::check`]; `bad_design` where sizes are missing or nothing says what a column is.
    pub fn source(&self, seed: u64, picture: u32) -> Result<MemorySource, Error> {
        self.check()?;
        let frame = self.frame(seed, picture)?;
        let n = frame.cell.len();
        let mut table = Table::new();
        for (name, codes, levels) in &frame.groups {
            let width = levels.to_string().len();
            let labels: Vec<String> = (1..=*levels)
                .map(|i| format!("{name}{i:0width$}"))
                .collect();
            table = table.factor(name, &labels, codes.iter().map(|&c| c as usize));
        }
        for (index, (name, predictor)) in self.predictors.iter().enumerate() {
            let mut stream = Stream::new(seed, picture, STREAM + 1 + index as u32);
            table = predictor.column(table, name, &frame, self, &mut stream)?;
        }
        let response = self.response()?;
        let mut stream = Stream::new(seed, picture, STREAM);
        table = self.stand_in(table, &response, n, &mut stream);
        Ok(table.source()?)
    }

    /// The name of the response.
    pub(super) fn response(&self) -> Result<String, Error> {
        let text = self.formula.as_str();
        let formula = Formula::parse(text).map_err(|e| Error::formula(&e, text))?;
        let plain = |e: &Expr| {
            let columns = e.columns();
            match columns.as_slice() {
                [(name, _)] if e.to_string().trim_matches('`') == *name => Some((*name).to_owned()),
                _ => None,
            }
        };
        let name = formula.response().and_then(plain).ok_or_else(|| {
            bad(
                "the response of a planned study must be one name",
                "write the formula as `y ~ x + (1 | group)`; counts of successes are planned as rows \
                 of 0 and 1",
            )
        })?;
        if self.groups.contains_key(&name) || self.predictors.contains_key(&name) {
            return Err(bad(
                format!("`{name}` is the response and a predictor or grouping factor as well"),
                "give the response a name of its own",
            ));
        }
        Ok(name)
    }

    /// A response that can be fitted, whatever it says.
    fn stand_in(&self, table: Table, name: &str, n: usize, stream: &mut Stream) -> Table {
        let mut draw = |f: fn(f64, f64) -> f64| -> Vec<f64> {
            let one = |_| f(stream.normal(), stream.uniform());
            (0..n).map(one).collect()
        };
        match self.family.distribution().response() {
            Response::Number => table.number(name, draw(|z, _| z)),
            Response::Positive => table.number(name, draw(|z, _| (0.5 * z).exp())),
            Response::Unit => table.number(name, draw(|z, _| 1.0 / (1.0 + (-z).exp()))),
            Response::Count => table.number(name, draw(|_, u| (6.0 * u * u).floor())),
            Response::PositiveCount => table.number(name, draw(|_, u| 1.0 + (6.0 * u * u).floor())),
            Response::Successes => table.number(name, draw(|_, u| f64::from(u < 0.5))),
            Response::Category => table.number(name, draw(|_, u| (3.0 * u).floor())),
        }
    }

    fn frame(&self, seed: u64, picture: u32) -> Result<Frame, Error> {
        let mut stream = Stream::new(seed, picture, STREAM - 1);
        if self.groups.is_empty() {
            return Err(bad(
                "the design has no grouping factor",
                "add one: [groups.school] with levels = 40 and size = 20",
            ));
        }
        let leaves = self.leaves();
        let chains: Vec<Vec<&str>> = (leaves.iter())
            .map(|leaf| self.chain(leaf).unwrap_or_default())
            .collect();
        for (i, chain) in chains.iter().enumerate() {
            if let Some(other) = chains[i + 1..].iter().find(|c| c[0] == chain[0]) {
                let (a, b) = (chain[chain.len() - 1], other[other.len() - 1]);
                return Err(bad(
                    format!("`{a}` and `{b}` both lie in `{}`", chain[0]),
                    "one grouping factor lies in another, and a third in that; or they are crossed, \
                     which is written without `in`",
                ));
            }
        }
        let counts: Vec<usize> = (chains.iter())
            .map(|chain| chain.iter().map(|g| self.groups[*g].levels).product())
            .collect();
        let (cells, sizes) = self.cells(&leaves, &counts, &mut stream)?;
        let total: usize = sizes.iter().sum();
        if total > MOST {
            return Err(bad(
                format!("the design has {total} rows"),
                format!("the most that can be planned is {MOST}"),
            ));
        }
        let mut out = Frame {
            groups: Vec::new(),
            place: Vec::new(),
            cell: Vec::new(),
            cells: cells.len(),
        };
        for (cell, &size) in sizes.iter().enumerate() {
            let kept = match self.dropout {
                // Who leaves has been there for the first row at least.
                Some(dropout) if size > 1 && stream.uniform() < dropout => {
                    1 + stream.below(size as u64 - 1) as usize
                }
                _ => size,
            };
            out.place.extend(0..kept);
            out.cell.extend(std::iter::repeat_n(cell as u32, kept));
        }
        for (at, chain) in chains.iter().enumerate() {
            let mut below = counts[at];
            let mut levels = 1;
            for name in chain {
                let own = self.groups[*name].levels;
                below /= own;
                levels *= own;
                let code = |&cell: &u32| (cells[cell as usize][at] / below) as u32;
                let codes = out.cell.iter().map(code).collect();
                out.groups.push(((*name).to_owned(), codes, levels));
            }
        }
        Ok(out)
    }

    /// The groups of the lowest level, or their combinations, and the rows of each.
    #[allow(clippy::type_complexity)]
    fn cells(
        &self,
        leaves: &[&str],
        counts: &[usize],
        stream: &mut Stream,
    ) -> Result<(Vec<Vec<usize>>, Vec<usize>), Error> {
        if counts.iter().map(|&c| c as f64).product::<f64>() > MOST as f64 {
            return Err(bad(
                "the design has too many groups",
                format!("the most rows that can be planned are {MOST}"),
            ));
        }
        if let [leaf] = leaves {
            let cells: Vec<Vec<usize>> = (0..counts[0]).map(|c| vec![c]).collect();
            let waves = (self
                .predictors
                .values()
                .filter(|p| p.level.as_deref().is_none_or(|l| l == "row")))
            .map(|p| p.numbers().len())
            .max()
            .filter(|&n| n > 0);
            let size = match (&self.groups[*leaf].size, self.rows.or(waves)) {
                (Some(size), _) => size.clone(),
                (None, Some(n)) => Size::Each(n),
                (None, None) => {
                    return Err(bad(
                        format!("nothing says how many rows a group of `{leaf}` has"),
                        format!(
                            "add size = 20 to [groups.{leaf}], or on the command line --within {leaf}=20"
                        ),
                    ));
                }
            };
            let sizes = size.draw(counts[0], stream);
            return Ok((cells, sizes));
        }
        if let Some(leaf) = leaves
            .iter()
            .find(|leaf| self.groups[**leaf].size.is_some())
        {
            return Err(bad(
                format!("`{leaf}` has a size, but it is crossed with another grouping factor"),
                "give the rows of each combination with rows = 1 at the top of the design",
            ));
        }
        let mut cells: Vec<Vec<usize>> = vec![Vec::new()];
        for (at, &count) in counts.iter().enumerate() {
            let kept = match (self.share, at + 1 == counts.len()) {
                (Some(share), true) => ((share * count as f64).round() as usize).clamp(1, count),
                _ => count,
            };
            let number = cells.len().max(1);
            cells = (cells.into_iter().enumerate())
                .flat_map(|(i, cell)| {
                    // Each combination so far meets `kept` of the groups, in turn.
                    let first = if kept < count {
                        i * kept + i * count / number
                    } else {
                        0
                    };
                    (0..kept).map(move |j| {
                        let mut cell = cell.clone();
                        cell.push((first + j) % count);
                        cell
                    })
                })
                .collect();
        }
        let sizes = vec![self.rows.unwrap_or(1); cells.len()];
        Ok((cells, sizes))
    }
}

impl Design {
    /// Whether a predictor is a condition under which each combination of crossed groups is seen once.
    fn is_condition(&self, predictor: &Predicted) -> Option<usize> {
        let single = self.rows.unwrap_or(1) == 1 && self.leaves().len() > 1;
        match predictor.level.as_deref().is_none_or(|l| l == "row") && single {
            true => predictor.equal_levels(),
            false => None,
        }
    }

    /// Conditions in the lists of a Latin square, as experiments with subjects and items have them:
    /// every subject and every item meets each condition equally often, and those of several
    /// predictors in all combinations. Level of (a + b + …) ÷ (levels of earlier ones) in turn.
    fn list(&self, name: &str, frame: &Frame) -> Option<Vec<usize>> {
        let own = self.is_condition(self.predictors.get(name)?)?;
        let earlier = self
            .predictors
            .iter()
            .take_while(|(n, _)| n.as_str() < name);
        let before: usize = earlier.filter_map(|(_, p)| self.is_condition(p)).product();
        let leaves = self.leaves();
        let codes: Vec<&[u32]> = (frame.groups.iter())
            .filter(|(group, ..)| leaves.contains(&group.as_str()))
            .map(|(_, codes, _)| codes.as_slice())
            .collect();
        let at = |row: usize| codes.iter().map(|c| c[row] as usize).sum::<usize>();
        Some(
            (0..frame.cell.len())
                .map(|row| at(row) / before % own)
                .collect(),
        )
    }

    /// Whether a predictor's values are put in random order.
    pub(super) fn is_shuffled(&self, predictor: &Predicted) -> bool {
        let sequence = matches!(predictor.values, PredictedValues::Sequence { .. });
        !sequence && self.is_condition(predictor).is_none()
    }
}

impl Size {
    /// Sizes of so many groups.
    fn draw(&self, groups: usize, stream: &mut Stream) -> Vec<usize> {
        let mut out: Vec<usize> = match self {
            Size::Each(n) => return vec![*n; groups],
            Size::List(list) => return (0..groups).map(|i| list[i % list.len()]).collect(),
            Size::Spread { mean, cv } if *cv == 0.0 => return vec![mean.round() as usize; groups],
            Size::Spread { mean, cv } => {
                let shape = 1.0 / (cv * cv);
                let gamma = Gamma::new(shape, mean / shape);
                let quantile = |i| gamma.quantile((f64::from(i) + 0.5) / groups as f64);
                (0..groups as u32)
                    .map(|i| (quantile(i).round() as usize).max(1))
                    .collect()
            }
            Size::Range { from, to } => (0..groups)
                .map(|i| from + (i * (to - from) + (groups - 1).max(1) / 2) / (groups - 1).max(1))
                .collect(),
        };
        shuffle(&mut out, stream);
        out
    }
}

fn shuffle<T>(values: &mut [T], stream: &mut Stream) {
    for i in (1..values.len()).rev() {
        values.swap(i, stream.below(i as u64 + 1) as usize);
    }
}

impl Predicted {
    /// Adds the column of this predictor.
    fn column(
        &self,
        table: Table,
        name: &str,
        frame: &Frame,
        design: &Design,
        stream: &mut Stream,
    ) -> Result<Table, Error> {
        let find = |name: &str| frame.groups.iter().find(|(g, ..)| g == name);
        let level = self.level.as_deref().filter(|l| *l != "row");
        let n = frame.cell.len();
        // What a value belongs to, how many of them there are, and where they stand in their host.
        let rows: Vec<u32> = (0..n as u32).collect();
        let (unit, units) = match level.and_then(find) {
            Some((_, codes, levels)) => (codes, *levels),
            None => (&rows, n),
        };
        // Rows are shared out within their group.
        let blocks: Vec<Vec<usize>> = match level {
            Some(level) => {
                // And groups within those that they lie in.
                let inner = |l: &str| -> usize { design.groups.get(l).map_or(1, |g| g.levels) };
                let nested = design.groups.get(level).is_some_and(|g| g.within.is_some());
                let size = if nested { inner(level) } else { units };
                (0..units)
                    .collect::<Vec<_>>()
                    .chunks(size.max(1))
                    .map(<[usize]>::to_vec)
                    .collect()
            }
            None => {
                let mut blocks = vec![Vec::new(); frame.cells];
                for (row, &cell) in frame.cell.iter().enumerate() {
                    blocks[cell as usize].push(row);
                }
                // Single rows of combinations are shared out within the first grouping factor.
                match (blocks.iter().all(|b| b.len() < 2), frame.groups.first()) {
                    (true, Some((_, codes, levels))) => {
                        let mut blocks = vec![Vec::new(); *levels];
                        for (row, &code) in codes.iter().enumerate() {
                            blocks[code as usize].push(row);
                        }
                        blocks
                    }
                    _ => blocks,
                }
            }
        };
        let spread =
            |values: &[f64]| -> Vec<f64> { unit.iter().map(|&u| values[u as usize]).collect() };
        Ok(match &self.values {
            PredictedValues::Normal { mean, sd, icc, of } => {
                let host = match (of.as_deref(), *icc > 0.0) {
                    (Some(of), _) => find(of),
                    (None, true) => match design.leaves().as_slice() {
                        [leaf] if level.is_none() => find(leaf),
                        _ => {
                            return Err(bad(
                                format!("nothing says between which groups `{name}` differs"),
                                "write of = \"school\" beside its icc",
                            ));
                        }
                    },
                    _ => None,
                };
                let between: Vec<f64> = host.map_or(Vec::new(), |(_, _, levels)| {
                    (0..*levels).map(|_| stream.normal()).collect()
                });
                let values: Vec<f64> = (0..units).map(|_| stream.normal()).collect();
                let (a, b) = (icc.sqrt(), (1.0 - icc).sqrt());
                let own = spread(&values);
                let x = own.iter().enumerate().map(|(row, e)| {
                    let shared = host.map_or(0.0, |(_, codes, _)| between[codes[row] as usize]);
                    mean + sd * (a * shared + b * e)
                });
                table.number(name, x)
            }
            PredictedValues::Uniform { from, to } => {
                let values: Vec<f64> = (0..units)
                    .map(|_| from + (to - from) * stream.uniform())
                    .collect();
                table.number(name, spread(&values))
            }
            PredictedValues::Binary { share, values } => {
                let codes = match design.list(name, frame) {
                    Some(codes) => codes,
                    None => quotas(&[1.0 - share, *share], &blocks, units, stream),
                };
                all_there(name, level, &codes, 2)?;
                let values: Vec<f64> = codes.iter().map(|&c| values[c]).collect();
                table.number(name, spread(&values))
            }
            PredictedValues::Factor { levels, shares } => {
                let equal = vec![1.0 / levels.len() as f64; levels.len()];
                let shares = if shares.is_empty() { &equal } else { shares };
                let codes = match design.list(name, frame) {
                    Some(codes) => codes,
                    None => quotas(shares, &blocks, units, stream),
                };
                all_there(name, level, &codes, levels.len())?;
                table.factor(name, levels, unit.iter().map(|&u| codes[u as usize]))
            }
            PredictedValues::Sequence { .. } => {
                let numbers = self.numbers();
                let at = |row: usize| match level {
                    Some(_) => unit[row] as usize,
                    None => frame.place[row],
                };
                table.number(name, (0..n).map(|row| numbers[at(row) % numbers.len()]))
            }
        })
    }
}

/// Refuses a factor of which a level does not occur.
fn all_there(name: &str, level: Option<&str>, codes: &[usize], levels: usize) -> Result<(), Error> {
    let mut counts = vec![0usize; levels];
    codes.iter().for_each(|&code| counts[code] += 1);
    if counts.iter().all(|n| *n > 0) {
        return Ok(());
    }
    let n = codes.len();
    let units = match level {
        Some(level) => format!("{n} groups of `{level}`"),
        None => format!("{n} rows"),
    };
    let hint = match n < levels {
        true => format!("{levels} levels need {levels} or more"),
        false => format!(
            "give each a share of {:.3} or more, or plan more",
            1.0 / n as f64
        ),
    };
    Err(Error::new(
        "constant_predictor",
        format!("the {units} do not have all {levels} values of `{name}`"),
    )
    .with_hint(hint))
}

/// Levels in their shares: within each block as nearly as whole numbers allow, and over all blocks
/// with what is left carried on; in random order within a block.
fn quotas(shares: &[f64], blocks: &[Vec<usize>], units: usize, stream: &mut Stream) -> Vec<usize> {
    let mut out = vec![0; units];
    let mut owed = vec![0.0; shares.len()];
    for block in blocks {
        let mut levels = Vec::with_capacity(block.len());
        for (level, share) in shares.iter().enumerate() {
            owed[level] += share * block.len() as f64;
            let whole = (owed[level] + 1e-9).floor().max(0.0);
            levels.extend(std::iter::repeat_n(level, whole as usize));
            owed[level] -= whole;
        }
        while levels.len() < block.len() {
            let most = (0..owed.len())
                .max_by(|&a, &b| owed[a].total_cmp(&owed[b]).then(b.cmp(&a)))
                .unwrap_or(0);
            levels.push(most);
            owed[most] -= 1.0;
        }
        shuffle(&mut levels, stream);
        for (&unit, level) in block.iter().zip(levels) {
            out[unit] = level;
        }
    }
    out
}
