//! Columns that must be made before Stata or SAS can fit the model: transforms, contrasts, products,
//! group codes. Each is made once, under a name that both languages take.

use ranef_design::{Coding, Contrast, FixedTerm, VariableInfo, VariableValues};
use ranef_formula::{Expr, ExprKind};

use super::{Language, Script};
use crate::Fit;

/// Longest name that Stata and SAS take.
const LONGEST: usize = 32;

/// Names that Stata keeps for itself.
const RESERVED: [&str; 21] = [
    "_all", "_b", "_coef", "_cons", "_n", "_N", "_pi", "_pred", "_rc", "_skip", "byte", "double",
    "float", "if", "in", "int", "long", "str", "strL", "using", "with",
];

/// Makes columns and remembers them.
pub(super) struct Maker<'a> {
    pub fit: &'a Fit,
    pub language: Language,
    pub variables: Vec<VariableInfo>,
    /// What makes the columns, to be written before the model: statements of a data step in SAS.
    pub lines: Vec<String>,
    /// SAS only: means by group, which a data step cannot take.
    pub before: Vec<String>,
    /// What cannot be said.
    pub gaps: Vec<String>,
    /// The names given: what they stand for, the name.
    names: Vec<(String, String)>,
    /// Columns of the data whose names had to change.
    pub renamed: Vec<(String, String)>,
}

/// A random effect or a fixed term as the languages can have it.
pub(super) enum Piece {
    /// The constant column.
    Intercept,
    /// A column that exists or was made.
    Column(String),
}

impl<'a> Maker<'a> {
    pub fn new(fit: &'a Fit, language: Language) -> Self {
        Self {
            fit,
            language,
            variables: fit.recipe().variables(),
            lines: Vec::new(),
            before: Vec::new(),
            gaps: Vec::new(),
            names: Vec::new(),
            renamed: Vec::new(),
        }
    }

    /// Says what is left out, once.
    pub fn gap(&mut self, text: String) {
        if !self.gaps.contains(&text) {
            self.gaps.push(text);
        }
    }

    /// The name of a column of the data.
    pub fn name_of(&mut self, column: &str) -> String {
        let key = format!("column {column}");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let name = self.new_name(column);
        if name != column {
            self.renamed.push((column.to_owned(), name.clone()));
        }
        self.names.push((key, name.clone()));
        name
    }

    fn known(&self, key: &str) -> Option<String> {
        let found = self.names.iter().find(|(k, _)| k == key);
        found.map(|(_, name)| name.clone())
    }

    /// A name that nothing has yet; SAS does not tell case apart.
    fn new_name(&self, wanted: &str) -> String {
        let mut clean = String::new();
        for c in wanted.chars() {
            let c = if c.is_ascii_alphanumeric() { c } else { '_' };
            if c != '_' || !(clean.is_empty() || clean.ends_with('_')) {
                clean.push(c);
            }
        }
        // A single underscore is kept where the name itself has it.
        let legal = wanted
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if legal {
            clean = wanted.to_owned();
        }
        let mut clean = if legal {
            clean
        } else {
            clean.trim_matches('_').to_owned()
        };
        if !clean.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            clean.insert_str(0, "v_");
        }
        if self.language == Language::Stata && RESERVED.contains(&clean.as_str()) {
            clean.insert_str(0, "v_");
        }
        clean.truncate(LONGEST);
        let taken = |name: &str| self.names.iter().any(|(_, n)| n.eq_ignore_ascii_case(name));
        let mut name = clean.clone();
        let mut copy = 1;
        while taken(&name) {
            copy += 1;
            let ending = format!("_{copy}");
            name = clean
                .chars()
                .take(LONGEST - ending.len())
                .collect::<String>()
                + &ending;
        }
        name
    }

    /// A text in quotes.
    pub fn text(&self, text: &str) -> String {
        match self.language {
            // Compound quotes may hold quotes.
            Language::Stata if text.contains('"') => format!("`\"{text}\"'"),
            Language::Sas => format!("\"{}\"", text.replace('"', "\"\"")),
            _ => format!("\"{text}\""),
        }
    }

    /// Makes a column of an expression, which must not be missing where the data are not.
    pub fn make(&mut self, label: &str, expression: &str) -> String {
        let key = format!("{label} = {expression}");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let name = self.new_name(label);
        self.names.push((key, name.clone()));
        self.lines.push(match self.language {
            Language::Sas => format!("{name} = {expression};"),
            _ => format!("generate double {name} = {expression}"),
        });
        name
    }

    /// The same with `egen`, in Stata.
    pub fn make_by(&mut self, label: &str, expression: &str) -> String {
        let key = format!("{label} = {expression}");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let name = self.new_name(label);
        self.names.push((key, name.clone()));
        self.lines.push(format!("egen {name} = {expression}"));
        name
    }

    /// Makes a column of an expression over these columns of the data, missing where one of them
    /// is: comparisons of missing values are true or false in both languages.
    fn make_where_known(&mut self, label: &str, expression: &str, columns: &[String]) -> String {
        let comparing = [
            "<", ">", "=", "&", "|", "min(", "max(", "cond(", "ifn(", "not ",
        ];
        let guard =
            comparing.iter().any(|sign| expression.contains(sign)) || expression.contains('!');
        if !guard || columns.is_empty() {
            return self.make(label, expression);
        }
        let key = format!("{label} = {expression}");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let columns: Vec<String> = columns.iter().map(|c| self.name_of(c)).collect();
        let name = self.new_name(label);
        self.names.push((key, name.clone()));
        let columns = columns.join(", ");
        self.lines.push(match self.language {
            Language::Sas => format!("if cmiss({columns}) = 0 then {name} = {expression};"),
            _ => format!("generate double {name} = {expression} if !missing({columns})"),
        });
        name
    }

    /// An expression as a column: the data's own where it is one.
    pub fn column_of(&mut self, expr: &Expr) -> Option<String> {
        if let ExprKind::Column(name) = &expr.kind {
            return Some(self.name_of(name));
        }
        match self.expression(expr) {
            Ok(text) => {
                let mut columns: Vec<String> = Vec::new();
                for (column, _) in expr.columns() {
                    if !columns.iter().any(|known| known == column) {
                        columns.push(column.to_owned());
                    }
                }
                Some(self.make_where_known(&expr.to_string(), &text, &columns))
            }
            Err(gap) => {
                self.gap(gap);
                None
            }
        }
    }

    /// The name of the column that holds a factor's levels as they are in the data, and whether
    /// these are text; `None` where levels are made of something else.
    pub fn levels_column(&mut self, variable: &VariableInfo) -> Option<(String, bool)> {
        let [column] = variable.columns.as_slice() else {
            return None;
        };
        let mut expr = Expr::parse(&variable.name).ok()?;
        loop {
            expr = match expr.kind {
                ExprKind::Column(_) => break,
                ExprKind::Paren(inner) => *inner,
                ExprKind::Call {
                    function,
                    arguments,
                } if matches!(function.as_str(), "factor" | "as.factor" | "C" | "relevel") => {
                    // Levels that are listed or renamed are not those of the data.
                    let plain = function != "factor" || arguments.len() == 1;
                    let first = arguments.into_iter().next().filter(|_| plain)?;
                    first.value
                }
                _ => return None,
            };
        }
        // What is text here and looks like numbers is read back as numbers.
        let VariableValues::Factor { levels, .. } = &variable.values else {
            return None;
        };
        let text = self.fit.recipe().is_text(column)
            && levels.iter().any(|level| level.parse::<f64>().is_err());
        let column = column.clone();
        Some((self.name_of(&column), text))
    }

    /// One column of a variable, made of the data.
    fn variable_column(&mut self, variable: usize, coding: Coding, j: usize) -> Option<String> {
        let info = self.variables[variable].clone();
        match (&info.values, coding) {
            (VariableValues::Numbers { columns }, _) => {
                let expr = Expr::parse(&info.name).ok()?;
                if *columns == 1 {
                    return self.column_of(&expr);
                }
                let learned = self.fit.recipe().learned(&info.name);
                let made = match (&expr.kind, learned) {
                    (ExprKind::Call { arguments, .. }, Some(learned)) => {
                        self.transform(&expr, arguments, &learned, j)
                    }
                    _ => Err(format!("`{}` has no counterpart here", info.name)),
                };
                match made {
                    Ok(text) => Some(self.make(&format!("{} {}", info.name, j + 1), &text)),
                    Err(gap) => {
                        // Names all the same, so that the model still has all its columns.
                        let names: Vec<String> = (1..=*columns)
                            .map(|k| self.reserve(&format!("{} {k}", info.name)))
                            .collect();
                        self.gap(format!("{gap} (columns {})", names.join(", ")));
                        names.get(j).cloned()
                    }
                }
            }
            (VariableValues::Factor { levels, contrast }, coding) => {
                let Some((column, text)) = self.levels_column(&info) else {
                    let name = self.reserve(&format!("{} {}", info.name, j + 1));
                    self.gap(format!(
                        "the levels of `{}`; make column {name} elsewhere",
                        info.name
                    ));
                    return Some(name);
                };
                let weights: Vec<f64> = match coding {
                    Coding::Dummies => (0..levels.len())
                        .map(|i| f64::from(u8::from(i == j)))
                        .collect(),
                    _ => contrast.matrix(levels.len())[j].clone(),
                };
                let suffix = match (coding, contrast) {
                    (Coding::Dummies, _) => levels[j].clone(),
                    (_, Contrast::Treatment) => levels[j + 1].clone(),
                    _ => (j + 1).to_string(),
                };
                let equal = if self.language == Language::Sas {
                    "="
                } else {
                    "=="
                };
                let parts: Vec<String> = levels
                    .iter()
                    .zip(&weights)
                    .filter(|(_, w)| **w != 0.0)
                    .map(|(level, weight)| {
                        let level = if text {
                            self.text(level)
                        } else {
                            level.clone()
                        };
                        let test = format!("({column} {equal} {level})");
                        match *weight {
                            1.0 => test,
                            w => format!("({})*{test}", super::expression::number(w)),
                        }
                    })
                    .collect();
                let source = info.columns.clone();
                let label = format!("{} {suffix}", info.columns.join(" "));
                Some(self.make_where_known(&label, &parts.join(" + "), &source))
            }
        }
    }

    /// A name for a column that is made otherwise, or by somebody else.
    pub fn reserve(&mut self, label: &str) -> String {
        let key = format!("placeholder {label}");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let name = self.new_name(label);
        self.names.push((key, name.clone()));
        name
    }

    /// The fixed effects, term by term: in the language's own `notation` where it has one, else as
    /// columns made for them.
    pub fn terms(
        &mut self,
        mut notation: impl FnMut(&mut Self, &FixedTerm) -> Option<String>,
    ) -> String {
        let recipe = self.fit.recipe();
        let mut out = Vec::new();
        for term in recipe.fixed_terms() {
            if let Some(text) = notation(self, term) {
                out.push(text);
                continue;
            }
            for column in term.columns.clone() {
                if let Some(Piece::Column(name)) = self.product(&recipe.fixed_cells()[column]) {
                    out.push(name);
                }
            }
        }
        out.join(" ")
    }

    /// A column of the model matrix: the constant, or a product of columns of variables.
    pub fn product(&mut self, product: &[(usize, Coding, usize)]) -> Option<Piece> {
        let parts: Vec<String> = product
            .iter()
            .map(|&(variable, coding, j)| self.variable_column(variable, coding, j))
            .collect::<Option<_>>()?;
        Some(match parts.as_slice() {
            [] => Piece::Intercept,
            [one] => Piece::Column(one.clone()),
            several => Piece::Column(self.make(&several.join(" x "), &several.join("*"))),
        })
    }

    /// The columns of a grouping factor, each as the language takes it in a list of groups.
    pub fn groups(&mut self, group: &[Expr]) -> Result<Vec<String>, String> {
        group
            .iter()
            .map(|part| {
                let inner = match &part.kind {
                    ExprKind::Call {
                        function,
                        arguments,
                    } if matches!(function.as_str(), "factor" | "as.factor")
                        && arguments.len() == 1 =>
                    {
                        &arguments[0].value
                    }
                    _ => part,
                };
                match &inner.kind {
                    ExprKind::Column(name) => Ok(self.name_of(name)),
                    _ => self
                        .column_of(inner)
                        .ok_or_else(|| format!("the grouping factor `{part}`")),
                }
            })
            .collect()
    }

    /// The column of group means of x.
    pub fn group_mean(&mut self, x: &str, label: &str, group: &[String]) -> String {
        let label = format!("{label} mean {}", group.join(" "));
        let key = format!("{label} = mean");
        if let Some(name) = self.known(&key) {
            return name;
        }
        let name = self.new_name(&label);
        self.names.push((key, name.clone()));
        let groups = group.join(" ");
        match self.language {
            Language::Sas => {
                let by = group.join(", ");
                self.before.push(format!(
                    "proc sql; create table DATA as select *, mean({x}) as {name} from DATA group by {by}; quit;"
                ));
            }
            _ => self
                .lines
                .push(format!("egen double {name} = mean({x}), by({groups})")),
        }
        name
    }

    /// The response less the offset, where there is one; neither language has offsets.
    pub fn response(&mut self) -> Option<String> {
        let terms = self.fit.terms();
        let response = terms.response.as_ref()?;
        let column = self.column_of(response)?;
        let mut offsets: Vec<String> = terms
            .offsets
            .iter()
            .map(|e| self.column_of(e))
            .collect::<Option<_>>()?;
        if let Some(offset) = &self.fit.options().design.offset {
            offsets.push(self.name_of(offset));
        }
        if offsets.is_empty() {
            return Some(column);
        }
        let difference = format!("{column} - {}", offsets.join(" - "));
        Some(self.make(&format!("{column} less offset"), &difference))
    }

    /// Writes what must be renamed in the data first.
    pub fn say_renamed(&self, script: &mut Script) {
        for (old, new) in &self.renamed {
            script.comment(format!(
                "The column `{old}` is called {new} here: rename it if it is not."
            ));
        }
    }
}
