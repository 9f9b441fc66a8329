//! Responses drawn row by row, for any family: the one way in which the project does it.
//!
//! Responses have stream 0 of a replicate, the effects of grouping factor f stream 1 + f, as in the
//! engine's draws without rows. The numbers are those of the seed and the replicate, on any number of
//! threads.

use ranef_engine::random::Stream;

use crate::Fit;
use crate::diagnose::model_rows::{ModelRows, dot};
use crate::generalised::response::Response;

/// What responses of some rows are drawn from.
pub(crate) struct RowWorld<'a> {
    /// Linear predictors with what is kept of the random effects.
    centre: Vec<f64>,
    /// Grouping factors whose effects are drawn: σΛ and the number of levels, of which the first
    /// `known` have none beside what the centre has.
    drawn: Vec<Option<(Vec<f64>, usize)>>,
    known: Vec<usize>,
    sigma: f64,
    family: Option<Response<'a>>,
}

impl<'a> RowWorld<'a> {
    /// The world of a fit: with its random effects kept, or with new ones for all groups.
    pub fn of(fit: &'a Fit, rows: &ModelRows, kept: bool) -> Self {
        let centre = match kept {
            true => rows.fitted.clone(),
            false => rows.population.clone(),
        };
        let levels: Vec<usize> = fit.recipe().factors().iter().map(|f| f.levels).collect();
        let drawn = levels.iter().map(|_| !kept).collect::<Vec<bool>>();
        Self::with(fit, centre, &drawn, &levels)
    }

    /// The world around linear predictors of one's own, with new effects for some factors, which
    /// have so many levels in the rows.
    pub fn with(fit: &'a Fit, centre: Vec<f64>, drawn: &[bool], levels: &[usize]) -> Self {
        let sigma = fit.working_sigma();
        let factors = crate::rows::layout(fit.recipe()).lambda(fit.theta());
        let scaled = |l: Vec<f64>| l.into_iter().map(|x| sigma * x).collect();
        let drawn = (factors.into_iter().zip(drawn).zip(levels))
            .map(|((l, drawn), &levels)| drawn.then(|| (scaled(l), levels)))
            .collect();
        Self {
            centre,
            drawn,
            known: vec![0; levels.len()],
            sigma,
            family: (!fit.family().is_gaussian()).then(|| fit.response()),
        }
    }

    /// The same with effects only for levels behind the first ones of each factor.
    pub fn of_new(self, known: &[usize]) -> Self {
        Self {
            known: known.to_vec(),
            ..self
        }
    }

    /// Linear predictors of a replicate.
    fn expected(&self, rows: &ModelRows, seed: u64, replicate: u32, out: &mut [f64]) {
        out.copy_from_slice(&self.centre);
        for (f, drawn) in self.drawn.iter().enumerate() {
            let Some((l, levels)) = drawn else {
                continue;
            };
            let k = rows.widths()[f];
            let mut stream = Stream::new(seed, replicate, 1 + f as u32);
            let mut effects = vec![0.0; levels * k];
            for effect in effects.chunks_exact_mut(k.max(1)) {
                for column in 0..k {
                    let u = stream.normal();
                    for a in column..k {
                        effect[a] += l[a * k + column] * u;
                    }
                }
            }
            effects[..self.known[f] * k].fill(0.0);
            for (i, y) in out.iter_mut().enumerate() {
                let first = rows.codes[f][i] as usize * k;
                *y += dot(rows.z(f, i), &effects[first..first + k]);
            }
        }
    }

    /// Draws a response: shares of trials where they are counts of successes.
    pub fn draw(&self, rows: &ModelRows, seed: u64, replicate: u32, out: &mut [f64]) {
        self.expected(rows, seed, replicate, out);
        let mut stream = Stream::new(seed, replicate, 0);
        match (&self.family, &rows.response) {
            (Some(family), Some(response)) => {
                for (y, row) in out.iter_mut().zip(&response.rows) {
                    *y = family.simulate(row, *y, &mut stream);
                }
            }
            _ => {
                for (y, weight) in out.iter_mut().zip(&rows.weight) {
                    *y += self.sigma / weight.sqrt() * stream.normal();
                }
            }
        }
    }
}
