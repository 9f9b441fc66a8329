//! Fitted models.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use ranef::frame::Source;
use ranef::{
    CheckOptions, Contrast, Curvature, DfMethod, Error, Interrupt, Model, Optimizer, Replicate,
};
use ranef_report::ReportOptions;
use serde::Deserialize;

use crate::answer::{Answer, Frame};
use crate::data::Data;
use crate::question::{self, Asked, Bootstrapped, choice};
use crate::report::Report;
use crate::{error, work};

/// A fitted model, and the table it was fitted to where that is at hand.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Fit {
    pub(crate) fit: Arc<ranef::Fit>,
    pub(crate) source: Option<Arc<dyn Source>>,
    pub(crate) interrupt: Interrupt,
}

/// What a fit is told beyond its formula.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    family: Option<String>,
    reml: Option<bool>,
    agq: Option<usize>,
    curvature: Option<String>,
    penalty: Option<f64>,
    weights: Option<String>,
    offset: Option<String>,
    factors: Vec<String>,
    levels: Vec<(String, Vec<String>)>,
    contrasts: Option<String>,
    df: Option<String>,
    optimizer: Option<String>,
    start: Option<Vec<f64>>,
}

impl Options {
    fn model(self, py: Python<'_>, formula: &str) -> PyResult<Model> {
        let mut model = Model::new(formula).factors(self.factors);
        for (column, levels) in &self.levels {
            model = model.levels(column, levels);
        }
        if let Some(family) = self.family {
            let family = family.parse().map_err(|e: Error| error::raised(py, &e))?;
            model = model.family(family);
        }
        if let Some(reml) = self.reml {
            model = model.reml(reml);
        }
        if let Some(nodes) = self.agq {
            model = model.agq(nodes);
        }
        if let Some(kind) = self.curvature {
            let all = [
                ("customary", Curvature::Customary),
                ("observed", Curvature::Observed),
            ];
            model = model.curvature(choice("curvature", &kind, &all)?);
        }
        if let Some(sd) = self.penalty {
            model = model.prior(sd);
        }
        if let Some(column) = self.weights {
            model = model.weights(column);
        }
        if let Some(column) = self.offset {
            model = model.offset(column);
        }
        if let Some(how) = self.contrasts {
            let all = [
                ("treatment", Contrast::Treatment),
                ("sum", Contrast::Sum),
                ("helmert", Contrast::Helmert),
                ("poly", Contrast::Poly),
            ];
            model = model.contrasts(choice("contrasts", &how, &all)?);
        }
        if let Some(method) = self.df {
            model = model.df(df_method(&method)?);
        }
        if let Some(name) = self.optimizer {
            model = model.optimizer(optimizer(&name)?);
        }
        if let Some(theta) = self.start {
            model = model.start(theta);
        }
        Ok(model)
    }
}

/// Degrees of freedom by name.
pub(crate) fn df_method(name: &str) -> PyResult<DfMethod> {
    let all = [
        ("satterthwaite", DfMethod::Satterthwaite),
        ("kenward-roger", DfMethod::KenwardRoger),
        ("residual", DfMethod::Residual),
        ("none", DfMethod::None),
    ];
    choice("df", name, &all)
}

/// An optimiser by name.
pub(crate) fn optimizer(name: &str) -> PyResult<Optimizer> {
    let all = [
        ("newton", Optimizer::Newton),
        ("bfgs", Optimizer::Bfgs),
        ("bobyqa", Optimizer::Bobyqa),
        ("nelder-mead", Optimizer::NelderMead),
    ];
    choice("optimizer", name, &all)
}

impl Fit {
    fn of(fit: ranef::Fit, source: Option<Arc<dyn Source>>, interrupt: Interrupt) -> Self {
        Self {
            fit: Arc::new(fit),
            source,
            interrupt,
        }
    }

    /// Prepares what a saved model is to say of its residuals, as long as the rows are at hand.
    fn summarise(&self) -> Result<(), Error> {
        if let Some(rows) = &self.source {
            self.fit.summarise_residuals(&**rows)?;
        }
        Ok(())
    }

    pub(crate) fn rows(&self, py: Python<'_>) -> PyResult<&dyn Source> {
        self.source.as_deref().ok_or_else(|| {
            error::make(
                py,
                "needs_rows",
                "this question needs the rows that the model was fitted to, and a model that was \
                 loaded has none",
                Some("give them again: `fit.with_data(data)`"),
                None,
            )
        })
    }
}

#[pymethods]
impl Fit {
    /// Fits a model; `options` is JSON.
    #[staticmethod]
    fn of_data(py: Python<'_>, formula: &str, data: &Data, options: &str) -> PyResult<Self> {
        let options: Options = question::read(options)?;
        let interrupt = Interrupt::default();
        let model = options.model(py, formula)?.interrupt(&interrupt);
        let source = Arc::clone(&data.source);
        let mut fit = work::run(py, "fitting", &interrupt, |_| model.fit(&*source))?;
        if let Some(origin) = &data.origin {
            fit.remember_origin(origin.clone());
        }
        Ok(Self::of(fit, Some(source), interrupt))
    }

    /// Reads a saved model from its JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        let interrupt = Interrupt::default();
        let read = |_: &work::Phase| ranef::Fit::from_json(text);
        let fit = work::run(py, "loading", &interrupt, read)?.with_interrupt(&interrupt);
        Ok(Self::of(fit, None, interrupt))
    }

    /// Reads a saved model from a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: std::path::PathBuf) -> PyResult<Self> {
        let interrupt = Interrupt::default();
        let read = |_: &work::Phase| ranef::Fit::load(&path);
        let fit = work::run(py, "loading", &interrupt, read)?.with_interrupt(&interrupt);
        Ok(Self::of(fit, None, interrupt))
    }

    /// The model as JSON, without rows.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        work::run(py, "saving", &self.interrupt, |_| {
            self.summarise()?;
            self.fit.to_json()
        })
    }

    /// Writes the model to a file.
    fn save(&self, py: Python<'_>, path: std::path::PathBuf) -> PyResult<()> {
        work::run(py, "saving", &self.interrupt, |_| {
            self.summarise()?;
            self.fit.save(&path)
        })
    }

    /// The same model with its rows again, for questions that need more than was saved.
    fn with_data(&self, py: Python<'_>, data: &Data) -> PyResult<Self> {
        let interrupt = Interrupt::default();
        let source = Arc::clone(&data.source);
        let fit = work::run(py, "reading the rows again", &interrupt, |_| {
            let fit = ranef::Fit::from_json(&self.fit.to_json()?)?;
            fit.with_interrupt(&interrupt).with_rows(&*source)
        })?;
        Ok(Self::of(fit, Some(source), interrupt))
    }

    /// The same model by REML or by maximum likelihood.
    fn refit(&self, py: Python<'_>, reml: bool) -> PyResult<Self> {
        let fit = work::run(py, "fitting", &self.interrupt, |_| self.fit.refit(reml))?;
        Ok(Self::of(fit, self.source.clone(), self.interrupt.clone()))
    }

    /// The name of the data, where it is known.
    #[getter]
    fn origin(&self) -> Option<String> {
        self.fit.origin().map(|origin| origin.name.clone())
    }

    /// The data that the model says it was fitted to, opened again.
    fn open_origin(&self, py: Python<'_>) -> PyResult<Option<Data>> {
        let Some(origin) = self.fit.origin() else {
            return Ok(None);
        };
        let source = py
            .detach(|| origin.open())
            .map_err(|e| error::raised(py, &e))?;
        Ok(Some(Data {
            source: Arc::from(source),
            origin: Some(origin.clone()),
        }))
    }

    /// Whether the rows are at hand.
    #[getter]
    fn has_rows(&self) -> bool {
        self.source.is_some()
    }

    /// The fit in numbers, as JSON.
    fn report(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| serde_json::to_string(&self.fit.report()))
            .map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// The notes on the fit: code and message.
    #[getter]
    fn notes(&self) -> Vec<(String, String)> {
        let notes = self.fit.notes().iter();
        notes.map(|n| (n.code.clone(), n.message.clone())).collect()
    }

    /// Columns of the data that the model uses.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.fit.columns().into_iter().map(str::to_owned).collect()
    }

    /// Positions, from 0, of the rows that were used; `None` where all were.
    fn rows_used(&self, py: Python<'_>) -> PyResult<Option<Vec<usize>>> {
        if self.fit.row_count().dropped == 0 {
            return Ok(None);
        }
        let rows = self.rows(py)?;
        let work = |_: &work::Phase| self.fit.rows_used(rows);
        work::run(py, "reading the rows", &self.interrupt, work).map(Some)
    }

    /// The figures that make sense for the model: name, what it shows, options.
    fn figures(&self) -> Vec<ranef_cli::Offer> {
        ranef_cli::offers(&self.fit)
    }

    /// Fitted values of the rows that were used.
    fn fitted(&self, py: Python<'_>) -> PyResult<Frame> {
        let rows = self.rows(py)?;
        let work = |_: &work::Phase| self.fit.fitted(rows);
        let values = work::run(py, "fitted values", &self.interrupt, work)?;
        Ok(Frame::of_numbers("fitted", values))
    }

    /// Residuals of the rows that were used.
    fn residuals(&self, py: Python<'_>) -> PyResult<Frame> {
        let rows = self.rows(py)?;
        let work = |_: &work::Phase| self.fit.residuals(rows);
        let values = work::run(py, "residuals", &self.interrupt, work)?;
        Ok(Frame::of_numbers("residual", values))
    }

    /// What the model says of each row that was used, behind its row in the data from 1.
    fn augment(&self, py: Python<'_>) -> PyResult<Frame> {
        let rows = self.rows(py)?;
        let narrow = question::Narrow::new(rows, &self.fit.columns());
        let work = |_: &work::Phase| self.fit.augment(&narrow);
        let augmented = work::run(py, "augmenting rows", &self.interrupt, work)?;
        let batches = augmented.rows.batches().to_vec();
        let kept = |batch: &arrow_array::RecordBatch| {
            let schema = batch.schema();
            let added: Vec<usize> = (0..schema.fields().len())
                .filter(|&k| schema.field(k).name().starts_with('.'))
                .collect();
            batch.project(&added)
        };
        let batches: Vec<_> = batches
            .iter()
            .map(kept)
            .collect::<Result<_, _>>()
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        let schema = batches.first().map(arrow_array::RecordBatch::schema);
        Ok(Frame::new(
            schema.unwrap_or_else(|| Arc::new(arrow_schema::Schema::empty())),
            batches,
        ))
    }

    /// Puts a question; `options` is JSON, `data` a further table (new rows, a frame of counts).
    #[pyo3(signature = (name, options, data = None, other = None))]
    fn ask(
        &self,
        py: Python<'_>,
        name: &str,
        options: &str,
        data: Option<&Data>,
        other: Option<&Fit>,
    ) -> PyResult<Answer> {
        let question = question::of(name, options)?;
        let rows = match question.needs_rows {
            true => Some(self.rows(py)?),
            false => self.source.as_deref(),
        };
        let asked = Asked {
            fit: &self.fit,
            rows,
            more: data.map(|data| &*data.source),
            other: other.map(|other| &*other.fit),
        };
        let ask = question.ask;
        let said = work::run(py, question.what, &self.interrupt, |phase| {
            ask(&asked, phase)
        })?;
        Ok(Answer::boxed(said))
    }

    /// Bootstrap of a function in Python, which gets a [`Fit`] without rows for each replicate and
    /// gives as many numbers as there are names. Replicates are fitted by all threads; each takes the
    /// interpreter's lock for as long as it calls the function. The first exception ends it.
    fn bootstrap_of(
        &self,
        py: Python<'_>,
        function: Py<PyAny>,
        names: Vec<String>,
        options: &str,
    ) -> PyResult<Answer> {
        let options = question::bootstrap_options(options)?;
        let rows = self.rows(py)?;
        let raised: Mutex<Option<PyErr>> = Mutex::new(None);
        let failed = || raised.lock().unwrap_or_else(PoisonError::into_inner);
        let call = |replicate: &Replicate| -> Vec<f64> {
            if failed().is_some() {
                return Vec::new();
            }
            let fit = Self::of(replicate.fit(&self.fit), None, self.interrupt.clone());
            let values = Python::attach(|py| {
                let found = function.call1(py, (fit,))?;
                found.extract::<Vec<f64>>(py)
            });
            values.unwrap_or_else(|error| {
                // Nobody waits for the replicates that are left.
                self.interrupt.set();
                failed().get_or_insert(error);
                Vec::new()
            })
        };
        let found = work::run(py, "replicates", &self.interrupt, |phase| {
            let mut count = |done, all| phase.set(&format!("replicate {done} of {all}"));
            let rows = Some(rows);
            (self.fit).bootstrap_of(rows, &names, &call, &options, &mut count)
        });
        if let Some(error) = failed().take() {
            self.interrupt.reset();
            return Err(error);
        }
        Ok(Answer::new(Bootstrapped(found?)))
    }

    /// A report; `simulate`, `replicates` and `seed` are those of the simulated residuals.
    fn write_up(
        &self,
        py: Python<'_>,
        figures: bool,
        simulate: &str,
        replicates: u32,
        seed: u64,
    ) -> PyResult<Report> {
        let options = ReportOptions {
            check: CheckOptions {
                simulate: question::simulate(simulate, replicates, seed)?,
                ..CheckOptions::default()
            },
            without_figures: !figures,
        };
        let rows = self.source.as_deref();
        let document = work::run(py, "writing the report", &self.interrupt, |phase| {
            ranef_report::report(&self.fit, rows, &options, &mut |what| phase.set(what))
        })?;
        Ok(Report::new(document))
    }
}

/// Columns whose names stand in a formula, of those that there are; all of them where it says `.`.
/// One too many does no harm: this only spares a data frame the conversion of columns that no
/// model asks for.
#[pyfunction]
pub(crate) fn variables(formula: &str, columns: Vec<String>) -> Vec<String> {
    let part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    if formula.split(|c: char| !part(c)).any(|word| word == ".") {
        return columns;
    }
    let named = |name: &String| formula.contains(name.as_str());
    columns.into_iter().filter(named).collect()
}
