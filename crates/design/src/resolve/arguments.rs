//! The arguments of a call, matched to names as R matches them: those given by name first, the
//! others in order.

use ranef_formula::{Argument, Expr, ExprKind, Span};

use crate::error::{DesignError, Problem};

/// Arguments by the names that a function gives them.
pub(crate) struct Matched<'a> {
    function: &'a str,
    span: Span,
    names: &'static [&'static str],
    values: Vec<Option<&'a Expr>>,
}

impl<'a> Matched<'a> {
    /// Matches; the first of `names` must be there.
    pub(crate) fn new(
        function: &'a str,
        span: Span,
        arguments: &'a [Argument],
        names: &'static [&'static str],
    ) -> Result<Self, DesignError> {
        let mut matched = Self {
            function,
            span,
            names,
            values: vec![None; names.len()],
        };
        for argument in arguments {
            if let Some(name) = &argument.name {
                let Some(place) = names.iter().position(|known| known == name) else {
                    return Err(matched.wrong(format!("`{function}()` has no argument `{name}`")));
                };
                matched.values[place] = Some(&argument.value);
            }
        }
        for argument in arguments.iter().filter(|argument| argument.name.is_none()) {
            let Some(free) = matched.values.iter().position(Option::is_none) else {
                let most = names.len();
                return Err(matched.wrong(format!("`{function}()` takes at most {most} arguments")));
            };
            matched.values[free] = Some(&argument.value);
        }
        if matched.values[0].is_none() {
            return Err(matched.wrong(format!("`{function}()` needs a variable")));
        }
        Ok(matched)
    }

    /// The first argument.
    pub(crate) fn first(&self) -> &'a Expr {
        self.values[0].unwrap_or_else(|| unreachable!("checked when matched"))
    }

    /// An argument.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Expr> {
        let place = self.names.iter().position(|known| *known == name)?;
        self.values[place]
    }

    /// An argument that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&'a Expr, DesignError> {
        let function = self.function;
        self.get(name)
            .ok_or_else(|| self.wrong(format!("`{function}()` needs `{name}`")))
    }

    /// `TRUE` or `FALSE`.
    pub(crate) fn logical(&self, name: &str, default: bool) -> Result<bool, DesignError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value
                .as_logical()
                .ok_or_else(|| self.is_not(name, "TRUE or FALSE", value)),
        }
    }

    /// A whole number from `least` on.
    pub(crate) fn whole(&self, name: &str, least: usize) -> Result<Option<usize>, DesignError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.as_number() {
            Some(x) if x == x.trunc() && x >= least as f64 && x <= 1000.0 => Ok(Some(x as usize)),
            _ => Err(self.is_not(name, &format!("a whole number from {least} on"), value)),
        }
    }

    /// A number or `c(...)` of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Result<Option<Vec<f64>>, DesignError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        items(value)
            .into_iter()
            .map(|item| {
                item.as_number()
                    .ok_or_else(|| self.is_not(name, "numbers", value))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// Labels: text, numbers, or `c(...)` of them.
    pub(crate) fn labels(&self, name: &str) -> Result<Option<Vec<String>>, DesignError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let label = |item: &Expr| match (&item.kind, item.as_number(), item.as_logical()) {
            (ExprKind::Text(text), ..) => Ok(text.clone()),
            (_, Some(number), _) => Ok(crate::label::number(number)),
            (_, _, Some(truth)) => Ok(if truth { "TRUE" } else { "FALSE" }.to_owned()),
            _ => Err(self.is_not(name, "text in quotes or numbers", item)),
        };
        items(value)
            .into_iter()
            .map(label)
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// An error about these arguments.
    pub(crate) fn wrong(&self, message: String) -> DesignError {
        let hint = format!(
            "its arguments are {}({})",
            self.function,
            self.names.join(", ")
        );
        DesignError::at(
            self.span,
            Problem::Arguments {
                message,
                hint: Some(hint),
            },
        )
    }

    fn is_not(&self, name: &str, wanted: &str, value: &Expr) -> DesignError {
        let function = self.function;
        let message = format!("`{name}` of `{function}()` must be {wanted}, not `{value}`");
        DesignError::at(
            value.span,
            Problem::Arguments {
                message,
                hint: None,
            },
        )
    }
}

/// The items of `c(...)`, or the value itself.
fn items(value: &Expr) -> Vec<&Expr> {
    match &value.kind {
        ExprKind::Call {
            function,
            arguments,
        } if function == "c" => arguments.iter().map(|argument| &argument.value).collect(),
        _ => vec![value],
    }
}
