//! The rows of a fit in numbers, all at once: diagnostics compare rows with each other.

use ranef_design::{DesignRows, Parts};
use ranef_engine::glmm::family::Observation;
use ranef_engine::lmm::{JointRow, JointRows, LevelColumns};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};
use ranef_frame::Source;

use crate::generalised::response::share;
use crate::leverage::Leverages;
use crate::rows::{for_each_batch, refuse_new_levels, response};
use crate::{Error, Fit};

/// The rows that a fit used, in their order.
pub(crate) struct ModelRows {
    /// Number of rows.
    pub n: usize,
    /// Where each row stands in the data, from 0.
    pub number: Vec<usize>,
    /// The response.
    pub observed: Vec<f64>,
    /// What is added to the predictor as it is.
    pub offset: Vec<f64>,
    /// Precision weights.
    pub weight: Vec<f64>,
    /// Xβ plus offset.
    pub population: Vec<f64>,
    /// The same plus Zb.
    pub fitted: Vec<f64>,
    /// X, n × p by rows.
    pub fixed: Vec<f64>,
    /// In a generalised model what stands on the scale of the response. The rows themselves are
    /// then those of its linear model on the scale of the link: `observed` is the working response
    /// and `weight` the working weight.
    pub response: Option<ResponseRows>,
    /// Per grouping factor: levels.
    pub codes: Vec<Vec<u32>>,
    /// Per grouping factor: the columns of the face, n × K by rows.
    pub faces: Vec<Vec<f64>>,
    p: usize,
    widths: Vec<usize>,
}

/// Rows of a generalised model on the scale of the response, shares of trials.
pub(crate) struct ResponseRows {
    /// As the family has them.
    pub rows: Vec<Observation>,
    /// The response.
    pub observed: Vec<f64>,
    /// Its expected value in its own group.
    pub fitted: Vec<f64>,
    /// Its expected value where all random effects are zero.
    pub population: Vec<f64>,
    /// Its standard deviation given its group.
    pub sd: Vec<f64>,
    /// (y − μ)/sd.
    pub pearson: Vec<f64>,
    /// Signed roots of the unit deviances.
    pub deviance: Vec<f64>,
}

impl ResponseRows {
    /// Rows that nobody has observed yet.
    pub fn unobserved(rows: Vec<Observation>) -> Self {
        Self {
            rows,
            observed: Vec::new(),
            fitted: Vec::new(),
            population: Vec::new(),
            sd: Vec::new(),
            pearson: Vec::new(),
            deviance: Vec::new(),
        }
    }
}

impl Fit {
    /// Reads the rows of the fit once more.
    pub(crate) fn model_rows(&self, source: &dyn Source) -> Result<ModelRows, Error> {
        self.read_rows(source, |_, _| {})
    }

    /// The same with the leverages of the rows.
    pub(crate) fn rows_and_leverages(
        &self,
        source: &dyn Source,
    ) -> Result<(ModelRows, Vec<f64>), Error> {
        let mut leverages = Leverages::new(self)?;
        let mut found = Vec::new();
        let rows = self.read_rows(source, |rows, weights| {
            found.extend(leverages.of(rows, weights));
        })?;
        Ok((rows, found))
    }

    fn read_rows(
        &self,
        source: &dyn Source,
        mut visit: impl FnMut(&DesignRows, &[f64]),
    ) -> Result<ModelRows, Error> {
        let mut out = ModelRows::empty(self);
        let mut first = 0;
        let recipe = self.recipe();
        let mut observations = Vec::new();
        for_each_batch(recipe, source, Parts::ALL, self.formula(), |batch, rows| {
            refuse_new_levels(&rows)?;
            let observed = match self.family().is_gaussian() {
                true => Vec::new(),
                false => self.observed(&rows)?,
            };
            let weights = self.weights_at_mode(&rows, &observed);
            visit(&rows, &weights);
            match &rows.kept {
                None => out.number.extend(first..first + batch.num_rows()),
                Some(kept) => out.number.extend(kept.iter().map(|&r| first + r as usize)),
            }
            first += batch.num_rows();
            observations.extend(observed);
            out.weight.extend(weights);
            let before = out.n;
            out.extend(self, &rows);
            let offset = &out.offset[before..];
            let y = response(&rows);
            out.observed
                .extend(y.iter().zip(offset).map(|(y, o)| y + o));
            Ok(())
        })?;
        if out.n != self.nobs() {
            return Err(Error::new(
                "other_rows",
                format!(
                    "these are not the rows that the model was fitted to: {} complete rows here, \
                     {} there",
                    out.n,
                    self.nobs()
                ),
            )
            .with_hint("give the data that the model was fitted to, or fit it again"));
        }
        out.predict(self);
        if !self.family().is_gaussian() {
            out.linearise(self, observations);
        }
        Ok(out)
    }
}

impl ModelRows {
    /// No rows yet.
    pub fn empty(fit: &Fit) -> Self {
        let widths = fit.widths();
        Self {
            n: 0,
            number: Vec::new(),
            observed: Vec::new(),
            offset: Vec::new(),
            weight: Vec::new(),
            response: None,
            population: Vec::new(),
            fitted: Vec::new(),
            fixed: Vec::new(),
            codes: vec![Vec::new(); widths.len()],
            faces: vec![Vec::new(); widths.len()],
            p: fit.fixef().len(),
            widths,
        }
    }

    /// Takes up the columns and codes of a batch.
    pub fn extend(&mut self, fit: &Fit, rows: &DesignRows) {
        for i in 0..rows.n {
            self.fixed
                .extend(rows.fixed.iter().map(|column| column.at(i)));
        }
        for (factor, codes) in rows.codes.iter().enumerate() {
            self.codes[factor].extend(codes);
            let columns: Vec<_> = fit
                .recipe()
                .random()
                .iter()
                .zip(&rows.random)
                .filter(|(term, _)| term.factor == factor)
                .flat_map(|(_, columns)| columns)
                .collect();
            for i in 0..rows.n {
                self.faces[factor].extend(columns.iter().map(|column| column.at(i)));
            }
        }
        let offset = |i| rows.offset.as_ref().map_or(0.0, |o| o.at(i));
        self.offset.extend((0..rows.n).map(offset));
        self.n += rows.n;
    }

    /// Fills in the linear predictors of all rows.
    pub fn predict(&mut self, fit: &Fit) {
        let effects = fit.random_effects();
        for i in 0..self.n {
            let fixed: f64 = dot(self.x(i), fit.fixef());
            let random: f64 = (0..self.codes.len())
                .map(|f| {
                    let (level, k) = (self.codes[f][i] as usize, self.widths[f]);
                    // A level that the model has not seen stands behind those it has.
                    let modes = effects.modes[f].get(level * k..(level + 1) * k);
                    modes.map_or(0.0, |modes| dot(self.z(f, i), modes))
                })
                .sum();
            self.population.push(fixed + self.offset[i]);
            self.fitted.push(fixed + random + self.offset[i]);
        }
    }

    /// Turns the rows of a generalised model into those of its linear model on the scale of the link.
    fn linearise(&mut self, fit: &Fit, rows: Vec<Observation>) {
        let response = fit.response();
        let each = |f: &dyn Fn(&Observation, f64) -> f64| -> Vec<f64> {
            rows.iter()
                .zip(&self.fitted)
                .map(|(row, &eta)| f(row, eta))
                .collect()
        };
        let out = ResponseRows {
            observed: rows.iter().map(share).collect(),
            fitted: each(&|_, eta| response.mean(eta)),
            population: self
                .population
                .iter()
                .map(|&eta| response.mean(eta))
                .collect(),
            sd: each(&|row, eta| response.variance(row, eta).sqrt()),
            pearson: each(&|row, eta| response.pearson(row, eta)),
            deviance: each(&|row, eta| response.deviance(row, eta)),
            rows: Vec::new(),
        };
        for (i, row) in rows.iter().enumerate() {
            let (residual, weight) = response.working(row, self.fitted[i]);
            self.observed[i] = self.fitted[i] + residual;
            self.weight[i] = weight;
        }
        self.response = Some(ResponseRows { rows, ..out });
    }

    /// The fixed-effects columns of a row.
    pub fn x(&self, row: usize) -> &[f64] {
        &self.fixed[row * self.p..(row + 1) * self.p]
    }

    /// The columns of the face of a factor in a row.
    pub fn z(&self, factor: usize, row: usize) -> &[f64] {
        let k = self.widths[factor];
        &self.faces[factor][row * k..(row + 1) * k]
    }

    /// Effects a level of each grouping factor.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Observed less fitted.
    pub fn residual(&self, row: usize) -> f64 {
        self.observed[row] - self.fitted[row]
    }

    /// √w(y − ŷ)/σ, or Pearson's residual of a generalised model.
    pub fn pearson(&self, row: usize, sigma: f64) -> f64 {
        if let Some(response) = &self.response {
            return response.pearson[row];
        }
        self.weight[row].sqrt() * self.residual(row) / sigma
    }

    /// The row, ready for questions about the joint covariance of all effects.
    pub fn ask(&self, joint: &JointRows<'_>, row: usize) -> JointRow {
        let levels: Vec<LevelColumns<'_>> = (0..self.codes.len())
            .filter(|&f| self.widths[f] > 0)
            .map(|f| (f, self.codes[f][row] as usize, self.z(f, row)))
            .collect();
        joint.row(self.x(row), &levels)
    }

    /// The rows of every level of a factor.
    pub fn by_level(&self, factor: usize, levels: usize) -> Vec<Vec<usize>> {
        let mut out = vec![Vec::new(); levels];
        for (row, &code) in self.codes[factor].iter().enumerate() {
            out[code as usize].push(row);
        }
        out
    }

    /// The statistics of some rows, with their response or another in its place.
    pub fn statistics(
        &self,
        layout: &Layout,
        coordinates: &Coordinates,
        which: &[usize],
        response: Option<&[f64]>,
    ) -> Statistics {
        let mut out = Statistics::new(layout.clone(), coordinates.clone());
        // As many rows at a time as a batch has: columns are copied.
        for rows in which.chunks(ranef_frame::BATCH_ROWS) {
            let pick =
                |f: &dyn Fn(usize) -> f64| -> Vec<f64> { rows.iter().map(|&i| f(i)).collect() };
            let y = pick(&|i| response.map_or(self.observed[i] - self.offset[i], |y| y[i]));
            let weights = pick(&|i| self.weight[i]);
            let x: Vec<Vec<f64>> = (0..self.p).map(|j| pick(&|i| self.x(i)[j])).collect();
            let codes: Vec<Vec<u32>> = (self.codes.iter())
                .map(|c| rows.iter().map(|&i| c[i]).collect())
                .collect();
            let z: Vec<Vec<Vec<f64>>> = (0..self.codes.len())
                .map(|f| {
                    (0..self.widths[f])
                        .map(|a| pick(&|i| self.z(f, i)[a]))
                        .collect()
                })
                .collect();
            out.add(&Rows {
                response: &y,
                fixed: x.iter().map(|c| Column::Values(c)).collect(),
                weights: Some(&weights),
                factors: (codes.iter().zip(&z))
                    .map(|(codes, face)| FactorRows {
                        codes,
                        columns: face.iter().map(|c| Column::Values(c)).collect(),
                    })
                    .collect(),
            });
        }
        out
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
