//! The model as equations, level by level and in one line, as text, as LaTeX and as MathML.
//!
//! A formula such as `y ~ x * w + (x | g)` hides that `x` varies within groups and `w` between
//! them. Written by level (Raudenbush and Bryk 2002, chapters 2 and 8) it says so: level 1 has the
//! slope of x of each group, level 2 explains intercept and slope by w. The rule is general: every
//! column of X or Z is a product of variables, each of which belongs to the highest level at which
//! it is still constant; the part of the product that belongs to level 1 says whose coefficient it
//! explains, the part of level 2 with what, and so on upwards (`hierarchy`). Where grouping factors
//! are crossed there is no such ladder, and the model is one equation with a random effect for each
//! classification of a row (Browne, Goldstein and Rasbash 2001; `crossed`).

mod crossed;
mod hierarchy;
mod ink;
mod mathml;

use std::fmt;

use ranef_design::ResponseKind;
use ranef_engine::glmm::family::{Family as Distribution, Link};
use serde::Serialize;

use crate::format::write_text;
use crate::levels::{PredictorLevels, Varies};
use crate::robust::Clusters;
use crate::table::{Answer, Style, Table};
use crate::{Fit, Note};
use ink::Ink;

/// A model as equations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equations {
    /// The formula.
    pub formula: String,
    /// By level, from the rows upwards; a single one where grouping factors are crossed.
    pub levels: Vec<LevelEquations>,
    /// The model in one equation.
    pub combined: Equation,
    /// Whether estimates stand in the place of symbols.
    pub values: bool,
    /// What the symbols of the fixed effects stand for.
    pub symbols: Vec<Symbol>,
    /// Remarks.
    pub warnings: Vec<Note>,
}

/// The equations of one level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelEquations {
    /// 1 for the rows.
    pub level: usize,
    /// `rows`, or the grouping factor.
    pub name: String,
    /// One for each coefficient of the level below.
    pub equations: Vec<Equation>,
    /// Distributions of the random effects of this level.
    pub distributions: Vec<Equation>,
}

/// One equation, in three scripts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equation {
    /// In Unicode.
    pub text: String,
    /// In LaTeX, without delimiters.
    pub latex: String,
    /// In MathML, without the element `math`: pieces between which a line may be broken. Not in
    /// JSON, where the others say the same.
    #[serde(skip)]
    pub mathml: Vec<String>,
}

/// A symbol of a fixed effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Symbol {
    /// In Unicode.
    pub symbol: String,
    /// In LaTeX.
    pub latex: String,
    /// In MathML, without the element `math`; not in JSON.
    #[serde(skip)]
    pub mathml: String,
    /// The coefficient.
    pub term: String,
    /// Its estimate.
    pub estimate: f64,
}

impl From<Ink> for Equation {
    fn from(ink: Ink) -> Self {
        Self {
            text: ink.text,
            latex: ink.latex,
            mathml: ink.mathml,
        }
    }
}

/// A variable's column within a product: its name and the level it belongs to.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    name: String,
    /// How many of the nested grouping factors, from the lowest, it is constant in; for crossed
    /// factors 0, or the position of the first one that it is constant in plus one.
    level: usize,
}

/// A random effect: where its block and its column are.
struct RandomColumn {
    block: usize,
    column: usize,
    parts: Vec<Part>,
}

/// The columns of a model as products, with the levels of their parts.
struct Pieces<'a> {
    fit: &'a Fit,
    /// Grouping factors: from the lowest level upwards, or in the order of the formula.
    factors: Vec<usize>,
    fixed: Vec<(Vec<Part>, String)>,
    random: Vec<RandomColumn>,
    values: bool,
}

impl Fit {
    /// The model as equations; with `values`, estimates stand in the place of symbols. The levels
    /// of the predictors come from [`Fit::predictor_levels`].
    pub fn equations(&self, levels: &PredictorLevels, values: bool) -> Equations {
        let chain = self.chain();
        let recipe = self.recipe();
        let nested = chain.is_some();
        let factors = chain.unwrap_or_else(|| (0..recipe.factors().len()).collect());
        let variables = recipe.variables();
        let constant_in = |variable: usize, factor: usize| {
            levels
                .of(&variables[variable].name, &recipe.factors()[factor].name)
                .is_some_and(|found| matches!(found.varies, Varies::Between | Varies::Nowhere))
        };
        let level = |variable: usize| -> usize {
            let mut constant =
                (1..=factors.len()).filter(|m| constant_in(variable, factors[m - 1]));
            let found = if nested {
                constant.next_back()
            } else {
                constant.next()
            };
            found.unwrap_or(0)
        };
        let parts = |product: Vec<(usize, String)>| -> Vec<Part> {
            product
                .into_iter()
                .map(|(variable, name)| Part {
                    name,
                    level: level(variable),
                })
                .collect()
        };
        let names = recipe.fixed_names();
        let mut products: Vec<Option<Vec<(usize, String)>>> =
            recipe.fixed_products().into_iter().map(Some).collect();
        let fixed = recipe
            .fixed_kept()
            .into_iter()
            .map(|at| {
                (
                    parts(products[at].take().unwrap_or_default()),
                    names[at].clone(),
                )
            })
            .collect();
        let random = recipe
            .random_products()
            .into_iter()
            .enumerate()
            .flat_map(|(block, columns)| {
                columns
                    .into_iter()
                    .enumerate()
                    .map(move |(column, product)| (block, column, product))
            })
            .map(|(block, column, product)| RandomColumn {
                block,
                column,
                parts: parts(product),
            })
            .collect();
        let pieces = Pieces {
            fit: self,
            factors,
            fixed,
            random,
            values,
        };
        let mut out = if nested {
            pieces.by_level()
        } else {
            pieces.in_one()
        };
        if !self.family().is_gaussian() {
            out.symbols.extend(pieces.family_symbols());
        }
        if !recipe.aliased().is_empty() {
            let dropped: Vec<&str> = recipe
                .aliased()
                .iter()
                .map(|&c| names[c].as_str())
                .collect();
            out.warnings.push(Note::new(
                "aliased",
                format!(
                    "{} is left out: other columns determine it",
                    crate::robust::listed(&dropped)
                ),
            ));
        }
        out
    }

    /// The grouping factors from the lowest level upwards, if each lies in the next.
    fn chain(&self) -> Option<Vec<usize>> {
        let factors = self.recipe().factors();
        let mut chain: Vec<usize> = (0..factors.len()).collect();
        chain.sort_by_key(|&f| std::cmp::Reverse(factors[f].levels));
        let nested = chain.iter().enumerate().all(|(at, &upper)| {
            let crossed = Clusters::of_factor(self, upper).crossed;
            chain[..at]
                .iter()
                .all(|&lower| !crossed.contains(&factors[lower].name))
        });
        nested.then_some(chain)
    }
}

impl Pieces<'_> {
    fn response(&self) -> &str {
        self.fit.recipe().response_name().unwrap_or("y")
    }

    /// The offsets of the model.
    fn offsets(&self) -> Vec<String> {
        let terms = self.fit.terms().offsets.iter().map(|o| o.to_string());
        terms
            .chain(self.fit.options().design.offset.clone())
            .collect()
    }

    /// Whether rows have a residual: in a linear model.
    fn linear(&self) -> bool {
        self.fit.family().is_gaussian()
    }

    /// The left side of the model of a row with these indices: the response, or the link of its
    /// expected value.
    fn left(&self, indices: &str) -> Ink {
        if self.linear() {
            return Ink::variable(self.response(), indices);
        }
        let ordinal = self.fit.family().distribution() == Distribution::Ordinal;
        let mean = match ordinal {
            // Plus the threshold, which stands on the other side of an equation for each category.
            true => {
                let response = Ink::variable(self.response(), indices);
                Ink::new(
                    format!("P({} > c)", response.text),
                    format!("P({} > c)", response.latex),
                    format!(
                        "<mi>P</mi>{}",
                        mathml::fenced(&format!("{}<mo>&gt;</mo><mi>c</mi>", response.math()))
                    ),
                )
            }
            false => self.mean(indices),
        };
        let left = self.linked(mean);
        match ordinal {
            true => Ink::new(
                format!("{} + θ_c", left.text),
                format!("{} + \\theta_c", left.latex),
                format!("{}<mo>+</mo><msub><mi>θ</mi><mi>c</mi></msub>", left.math()),
            ),
            false => left,
        }
    }

    /// The link of a mean.
    fn linked(&self, mean: Ink) -> Ink {
        let (m, l, inner) = (&mean.text, &mean.latex, mean.math());
        let of = |name: &str| mathml::function(name, &inner);
        match self.fit.family().link() {
            Link::Identity => mean,
            Link::Log => Ink::new(format!("log({m})"), format!("\\log({l})"), of("log")),
            Link::Logit => Ink::new(
                format!("logit({m})"),
                format!("\\operatorname{{logit}}({l})"),
                of("logit"),
            ),
            Link::Probit => Ink::new(
                format!("Φ⁻¹({m})"),
                format!("\\Phi^{{-1}}({l})"),
                format!(
                    "<msup><mi mathvariant=\"normal\">Φ</mi><mrow><mo>−</mo><mn>1</mn></mrow></msup>{}",
                    mathml::fenced(&inner)
                ),
            ),
            Link::Cloglog => Ink::new(
                format!("log(−log(1 − {m}))"),
                format!("\\log(-\\log(1 - {l}))"),
                mathml::function(
                    "log",
                    &format!(
                        "<mo>−</mo>{}",
                        mathml::function("log", &format!("<mn>1</mn><mo>−</mo>{inner}"))
                    ),
                ),
            ),
            Link::Inverse => Ink::new(
                format!("1/{m}"),
                format!("1 / {l}"),
                format!("<mn>1</mn><mo>/</mo>{inner}"),
            ),
            Link::Sqrt => Ink::new(
                format!("√{m}"),
                format!("\\sqrt{{{l}}}"),
                format!("<msqrt>{inner}</msqrt>"),
            ),
            Link::InverseSquare => Ink::new(
                format!("1/{m}²"),
                format!("1 / {l}^2"),
                format!("<mn>1</mn><mo>/</mo><msup><mrow>{inner}</mrow><mn>2</mn></msup>"),
            ),
            link => Ink::new(
                format!("{link}({m})"),
                format!("\\operatorname{{{link}}}({l})"),
                of(&link.to_string()),
            ),
        }
    }

    /// The expected value of the response of a row.
    fn mean(&self, indices: &str) -> Ink {
        let (text, latex) = match self.fit.family().name() {
            "binomial" => ("p", "p"),
            "poisson" | "nbinom2" | "nbinom1" => ("λ", "\\lambda"),
            _ => ("μ", "\\mu"),
        };
        Ink::symbol(text, latex, &[], indices, None)
    }

    /// The distribution of the response of a row, whose indices are given, or of its residual.
    fn of_rows(&self, epsilon: &Ink, indices: &str) -> Equation {
        if self.linear() {
            return self.residuals(epsilon, &|name| Ink::variable(name, indices));
        }
        if self.fit.family().distribution() == Distribution::Ordinal {
            return Ink::new(
                "θ₁ < θ₂ < …",
                "\\theta_1 < \\theta_2 < \\dots",
                "<msub><mi>θ</mi><mn>1</mn></msub><mo>&lt;</mo><msub><mi>θ</mi><mn>2</mn></msub>\
                 <mo>&lt;</mo><mo>…</mo>",
            )
            .into();
        }
        let mean = self.mean(indices);
        let kind = self.fit.recipe().response_kind();
        let mut name = self.response().to_owned();
        let mut trials = None;
        if *kind == ResponseKind::Counts {
            name = self.fit.success().unwrap_or(name);
            trials = Some(Ink::symbol("n", "n", &[], indices, None));
        } else if let (Some(weights), "binomial") =
            (&self.fit.options().design.weights, self.fit.family().name())
        {
            let weights = Ink::variable(weights, indices);
            name = format!("{name} · {}", weights.text);
            trials = Some(weights);
        }
        let response = Ink::variable(&name, indices);
        let (distribution, before) = match (self.fit.family().name(), trials) {
            ("binomial", Some(n)) => ("Binomial".to_owned(), Some(n)),
            ("binomial", None) => ("Bernoulli".to_owned(), None),
            (other, _) => {
                let mut other = other.to_owned();
                if let Some(first) = other.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                (other, None)
            }
        };
        let own: Vec<Ink> = self
            .fit
            .family_parameters()
            .iter()
            .map(|parameter| match self.values {
                true => Ink::number(parameter.estimate),
                false => family_symbol(&parameter.name),
            })
            .collect();
        let with = |pick: fn(&Ink) -> String, comma: &str| {
            let all = before.iter().chain([&mean]).chain(&own);
            all.map(pick).collect::<Vec<_>>().join(comma)
        };
        Ink::new(
            format!(
                "{} ~ {distribution}({})",
                response.text,
                with(|i| i.text.clone(), ", ")
            ),
            format!(
                "{} \\sim \\text{{{distribution}}}({})",
                response.latex,
                with(|i| i.latex.clone(), ", ")
            ),
            format!(
                "{}{}{}{}",
                response.math(),
                mathml::DISTRIBUTED,
                mathml::text(&distribution),
                mathml::fenced(&with(Ink::math, "<mo>,</mo>"))
            ),
        )
        .into()
    }

    /// The parameters of the family with their symbols.
    fn family_symbols(&self) -> Vec<Symbol> {
        let ordinal = self.fit.family().distribution() == Distribution::Ordinal;
        let named = |(k, parameter): (usize, crate::FamilyParameter)| {
            let ink = match ordinal {
                true => Ink::symbol("θ", "\\theta", &[k + 1], "", None),
                false => family_symbol(&parameter.name),
            };
            Symbol {
                mathml: ink.math(),
                symbol: ink.text,
                latex: ink.latex,
                term: parameter.name,
                estimate: parameter.estimate,
            }
        };
        let own = self.fit.family_parameters().into_iter().enumerate();
        own.map(named).collect()
    }

    /// The distribution of the residuals, whose indices are given.
    fn residuals(&self, epsilon: &Ink, weight: &dyn Fn(&str) -> Ink) -> Equation {
        let sigma = self.fit.sigma();
        let mut variance = if self.values {
            Ink::number(sigma * sigma)
        } else {
            Ink::new("σ²", "\\sigma^2", "<msup><mi>σ</mi><mn>2</mn></msup>")
        };
        if let Some(column) = &self.fit.options().design.weights {
            let by = weight(column);
            variance = Ink::new(
                format!("{}/{}", variance.text, by.text),
                format!("{} / {}", variance.latex, by.latex),
                format!("{}<mo>/</mo>{}", variance.math(), by.math()),
            );
        }
        Ink::new(
            format!("{} ~ N(0, {})", epsilon.text, variance.text),
            format!("{} \\sim N(0, {})", epsilon.latex, variance.latex),
            mathml::normal(&epsilon.math(), "<mn>0</mn>", &variance.math()),
        )
        .into()
    }

    /// The joint distribution of the effects of one block. `mark` distinguishes the variances of
    /// different grouping factors.
    fn distribution(&self, block: usize, effects: &[Ink], mark: Option<usize>) -> Equation {
        let block = &self.fit.varcorr()[block];
        let k = effects.len();
        let entry = |i: usize, j: usize| -> Ink {
            if self.values {
                return Ink::number(block.cov[i][j]);
            }
            let (a, b) = (block.offset + i.min(j), block.offset + i.max(j));
            Ink::symbol("τ", "\\tau", &[a, b], "", mark)
        };
        let texts: Vec<&str> = effects.iter().map(|e| e.text.as_str()).collect();
        let latex: Vec<&str> = effects.iter().map(|e| e.latex.as_str()).collect();
        if k == 1 {
            let variance = entry(0, 0);
            return Ink::new(
                format!("{} ~ N(0, {})", texts[0], variance.text),
                format!("{} \\sim N(0, {})", latex[0], variance.latex),
                mathml::normal(&effects[0].math(), "<mn>0</mn>", &variance.math()),
            )
            .into();
        }
        let rows: Vec<Vec<Ink>> = (0..k)
            .map(|i| (0..k).map(|j| entry(i, j)).collect())
            .collect();
        let join = |pick: fn(&Ink) -> &str, cell: &str, line: &str| -> String {
            rows.iter()
                .map(|row| row.iter().map(pick).collect::<Vec<_>>().join(cell))
                .collect::<Vec<_>>()
                .join(line)
        };
        Ink::new(
            format!(
                "({}) ~ N(0, [{}])",
                texts.join(", "),
                join(|i| &i.text, ", ", "; ")
            ),
            format!(
                "\\begin{{pmatrix}} {} \\end{{pmatrix}} \\sim N\\left(0, \\begin{{pmatrix}} {} \
                 \\end{{pmatrix}}\\right)",
                latex.join(" \\\\ "),
                join(|i| &i.latex, " & ", " \\\\ ")
            ),
            mathml::normal(
                &mathml::matrix(effects.iter().map(|e| vec![e.math()])),
                "<mn>0</mn>",
                &mathml::matrix(rows.iter().map(|row| row.iter().map(Ink::math).collect())),
            ),
        )
        .into()
    }
}

/// The symbol of a parameter of a family.
fn family_symbol(name: &str) -> Ink {
    let (text, latex) = match name {
        "zero_probability" => ("π", "\\pi"),
        "sigma" => ("σ", "\\sigma"),
        "df" => ("ν", "\\nu"),
        _ => ("φ", "\\phi"),
    };
    Ink::symbol(text, latex, &[], "", None)
}

impl Answer for Equations {
    fn table(&self) -> Table {
        let rows = &self.symbols;
        Table::new()
            .text("symbol", rows.iter().map(|s| s.symbol.clone()))
            .titled("Symbol")
            .text("term", rows.iter().map(|s| s.term.clone()))
            .numbers("estimate", Style::Estimate, rows.iter().map(|s| s.estimate))
    }
}

impl fmt::Display for Equations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for level in &self.levels {
            if self.levels.len() > 1 {
                writeln!(f, "Level {} ({}):", level.level, level.name)?;
                for equation in level.equations.iter().chain(&level.distributions) {
                    writeln!(f, "  {}", equation.text)?;
                }
                writeln!(f)?;
            }
        }
        if self.levels.len() > 1 {
            writeln!(f, "Combined:")?;
        }
        writeln!(f, "  {}", self.combined.text)?;
        if let [only] = self.levels.as_slice() {
            for equation in &only.distributions {
                writeln!(f, "  {}", equation.text)?;
            }
        }
        if self.values {
            writeln!(f)?;
        } else {
            writeln!(f, "\nwith\n{}", self.table())?;
        }
        for note in &self.warnings {
            write_text(f, &format!("Note: {}.", note.message))?;
        }
        Ok(())
    }
}

impl Equations {
    /// The equations as a LaTeX `align*` environment, for amsmath.
    pub fn latex(&self) -> String {
        let mut lines = Vec::new();
        let aligned = |latex: &str| match latex.split_once(" = ") {
            Some((left, right)) => format!("{left} &= {right}"),
            None => latex.replacen(" \\sim ", " &\\sim ", 1),
        };
        if self.levels.len() > 1 {
            for level in &self.levels {
                lines.push(format!(
                    "&\\text{{Level {} ({})}}",
                    level.level,
                    ink::escape(&level.name)
                ));
                let all = level.equations.iter().chain(&level.distributions);
                lines.extend(all.map(|e| aligned(&e.latex)));
            }
            lines.push("&\\text{Combined}".to_owned());
        }
        lines.push(aligned(&self.combined.latex));
        if let [only] = self.levels.as_slice() {
            lines.extend(only.distributions.iter().map(|e| aligned(&e.latex)));
        }
        format!(
            "\\begin{{align*}}\n{}\n\\end{{align*}}\n",
            lines.join(" \\\\\n")
        )
    }
}
