//! A row for each observation: the data, what the model says of them, and how much each row weighs.
//!
//! With ŷ the fitted value including random effects and offset, w the weight and h the leverage
//! ∂ŷ/∂y at given θ: `.resid` is y − ŷ, `.wtres` √w(y − ŷ), and `.cooksd` Cook's distance
//! e²/(1 − h)² · h/(σ²p) with e the weighted residual and p the rank of X, as lme4 defines it for
//! rows (Cook 1977; METHODS.md C12). What lme4 keeps in its response object is there under its
//! names: `.fixed` the fitted value of the population, `.mu` = `.fitted`, `.sqrtXwt` = `.sqrtrwt`
//! = √w.
//!
//! In a generalised model the columns are those of `glmer`'s rows as broom.mixed has them: `.fitted`,
//! `.fixed` and `.eta` on the scale of the link, `.mu` on that of the response, `.resid` deviance
//! residuals, `.wtres` Pearson's, `.weights` prior weights times trials, `.sqrtrwt`
//! √(weight/variance) and `.sqrtXwt` the same times dμ/dη; Cook's distance is of Pearson's residuals.

use std::fmt;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use ranef_design::{DesignRows, Outcome, Parts};
use ranef_engine::glmm::family::Observation;
use ranef_frame::{ColumnKind, MemorySource, Source, take_rows};
use serde::{Serialize, Serializer};

use super::tidy::rows_of;
use crate::leverage::Leverages;
use crate::{Answer, Error, Fit, Style, Table};

/// The columns that are added to the data, in their order.
const ADDED: [&str; 12] = [
    ".fitted", ".resid", ".hat", ".cooksd", ".fixed", ".mu", ".offset", ".sqrtXwt", ".sqrtrwt",
    ".weights", ".wtres", ".eta",
];
/// As many of them has a gaussian model.
const OF_GAUSSIAN: usize = 11;

/// The rows that were used, with fitted values, residuals, leverages and weights: all columns of
/// the data (but those called as the ones added) and then the eleven added ones; a twelfth in a
/// generalised model, the linear predictor.
#[derive(Clone, Debug)]
pub struct Augmented {
    /// The rows, in their order.
    pub rows: MemorySource,
}

impl Fit {
    /// The rows of a source that the model uses, with what it says of each.
    ///
    /// # Errors
    /// As of reading the source; `needs_rows` for a loaded fit that was too large to be saved with
    /// what leverages need, which [`Fit::with_rows`] mends.
    pub fn augment(&self, source: &dyn Source) -> Result<Augmented, Error> {
        let mut cooks = Cooks {
            fit: self,
            leverages: Leverages::new(self)?,
        };
        let columns = source.columns();
        let projection: Vec<usize> = (0..columns.len()).collect();
        let mut reader = self.recipe().reader(Parts::ALL);
        let mut batches = Vec::new();
        for batch in source.read(&projection)? {
            let batch = batch?;
            let rows = reader
                .rows(&batch)
                .map_err(|e| Error::design(&e, self.formula()))?;
            if rows.n == 0 {
                continue;
            }
            let own = match &rows.kept {
                None => batch,
                Some(kept) => take_rows(&batch, kept)?,
            };
            let added = match self.family().is_gaussian() {
                true => cooks.rows(&rows),
                false => cooks.generalised_rows(&rows)?,
            };
            batches.push(appended(&own, added)?);
        }
        Ok(Augmented {
            rows: MemorySource::from_batches(batches)?,
        })
    }
}

/// The data and behind them the new columns.
fn appended(own: &RecordBatch, added: Vec<Vec<f64>>) -> Result<RecordBatch, Error> {
    let schema = own.schema();
    let names = schema.fields().iter().map(|f| f.name().as_str());
    let kept = names
        .zip(own.columns())
        .filter(|(name, _)| !ADDED[..added.len()].contains(name))
        .map(|(name, array)| (name.to_owned(), Arc::clone(array), true));
    let new = ADDED.iter().zip(&added).map(|(name, values)| {
        // Cook's distance of a row that determines a coefficient alone is 0/0.
        let finite = values.iter().map(|x| x.is_finite().then_some(*x));
        let array: ArrayRef = Arc::new(finite.collect::<Float64Array>());
        ((*name).to_owned(), array, true)
    });
    RecordBatch::try_from_iter_with_nullable(kept.chain(new))
        .map_err(|e| Error::new("unequal_lengths", e.to_string()))
}

/// Fitted values and leverages, batch by batch.
struct Cooks<'a> {
    fit: &'a Fit,
    leverages: Leverages<'a>,
}

impl Cooks<'_> {
    /// The values of [`ADDED`] for the rows of a batch of a generalised model.
    fn generalised_rows(&mut self, rows: &DesignRows) -> Result<Vec<Vec<f64>>, Error> {
        let n = rows.n;
        let response = self.fit.response();
        let observed = self.fit.observed(rows)?;
        let eta = self.fit.expected(rows);
        let each = |f: &dyn Fn(&Observation, f64) -> f64| -> Vec<f64> {
            observed
                .iter()
                .zip(&eta)
                .map(|(row, &eta)| f(row, eta))
                .collect()
        };
        let working = each(&|row, eta| response.working(row, eta).1);
        let pearson = each(&|row, eta| response.pearson(row, eta));
        let hat = self.leverages.of(rows, &working);
        let p = self.fit.fixef().len() as f64;
        let cooks = hat.iter().zip(&pearson);
        let cooks = cooks
            .map(|(h, e)| (e / (1.0 - h)).powi(2) * h / p)
            .collect();
        Ok(vec![
            eta.clone(),
            each(&|row, eta| response.deviance(row, eta)),
            hat,
            cooks,
            self.fit.fixed_part(rows),
            each(&|_, eta| response.mean(eta)),
            (0..n)
                .map(|i| rows.offset.as_ref().map_or(0.0, |o| o.at(i)))
                .collect(),
            working.iter().map(|w| w.sqrt()).collect(),
            each(&|row, eta| 1.0 / response.variance(row, eta).sqrt()),
            observed.iter().map(|row| row.trials * row.weight).collect(),
            pearson,
            eta,
        ])
    }

    /// The first values of [`ADDED`] for the rows of a batch.
    fn rows(&mut self, rows: &DesignRows) -> Vec<Vec<f64>> {
        let n = rows.n;
        let fixed = self.fit.fixed_part(rows);
        let fitted = self.fit.expected(rows);
        let observed = match &rows.response {
            Outcome::Numbers(column) => column.to_vec(n),
            _ => vec![f64::NAN; n],
        };
        let offset: Vec<f64> = (0..n)
            .map(|i| rows.offset.as_ref().map_or(0.0, |o| o.at(i)))
            .collect();
        let weights: Vec<f64> = (0..n)
            .map(|i| rows.weights.as_ref().map_or(1.0, |w| w.at(i)))
            .collect();
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let residuals: Vec<f64> = observed.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        let weighted: Vec<f64> = residuals.iter().zip(&roots).map(|(e, r)| e * r).collect();
        let hat = self.leverages.of(rows, &weights);
        let scale = self.fit.sigma().powi(2) * self.fit.fixef().len() as f64;
        let cooks = hat
            .iter()
            .zip(&weighted)
            .map(|(h, e)| (e / (1.0 - h)).powi(2) * h / scale)
            .collect();
        let added: [Vec<f64>; OF_GAUSSIAN] = [
            fitted.clone(),
            residuals,
            hat,
            cooks,
            fixed,
            fitted,
            offset,
            roots.clone(),
            roots,
            weights,
            weighted,
        ];
        added.into()
    }
}

impl Answer for Augmented {
    fn table(&self) -> Table {
        let mut columns: Vec<Values> = (self.rows.columns().iter())
            .map(|c| match c.kind {
                ColumnKind::Text { .. } | ColumnKind::Logical => Values::Texts(Vec::new()),
                _ => Values::Numbers(Vec::new()),
            })
            .collect();
        for batch in self.rows.batches() {
            for (values, array) in columns.iter_mut().zip(batch.columns()) {
                values.extend(array);
            }
        }
        let named = self.rows.columns().iter().zip(columns);
        named.fold(Table::new(), |table, (column, values)| match values {
            Values::Texts(texts) => table.text(&column.name, texts),
            Values::Numbers(numbers) => table.numbers(&column.name, Style::Digits, numbers),
        })
    }
}

/// The cells of one column.
enum Values {
    Texts(Vec<Option<String>>),
    Numbers(Vec<Option<f64>>),
}

impl Values {
    fn extend(&mut self, array: &ArrayRef) {
        use arrow_array::cast::AsArray;
        use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
        let rows = 0..array.len();
        match self {
            Values::Numbers(numbers) => {
                if let Some(values) = array.as_primitive_opt::<Float64Type>() {
                    numbers.extend(values);
                } else if let Some(values) = array.as_primitive_opt::<Int64Type>() {
                    numbers.extend(values.iter().map(|i| i.map(|i| i as f64)));
                } else {
                    numbers.extend(rows.map(|_| None));
                }
            }
            Values::Texts(texts) => {
                if let Some(values) = array.as_boolean_opt() {
                    texts.extend(values.iter().map(|b| b.map(|b| b.to_string())));
                    return;
                }
                let dictionary = array.as_dictionary_opt::<UInt32Type>();
                let words = dictionary.and_then(|d| d.values().as_string_opt::<i32>());
                texts.extend(rows.map(|i| {
                    let (dictionary, words) = (dictionary?, words?);
                    let key = dictionary.is_valid(i).then(|| dictionary.keys().value(i))?;
                    Some(words.value(key as usize).to_owned())
                }));
            }
        }
    }
}

impl Serialize for Augmented {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rows_of(&self.table(), serializer)
    }
}

impl fmt::Display for Augmented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(f)
    }
}
