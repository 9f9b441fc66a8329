//! The same analysis in another language: R with lme4, Stata's `mixed`, SAS `proc mixed`; for
//! generalised models `glmer` or glmmTMB, `meglm` and its short forms, `proc glimmix`. And in this
//! project's own two, the command and the Python package ([`own`]).
//!
//! R reads the formula nearly as it is ([`r`]). Stata and SAS have no formulas with functions in
//! them: there every variable that is not a column as it stands, every contrast other than
//! treatment contrasts, and every random effect of a factor becomes a column that is made first
//! ([`columns`]), with the constants that the fit has learned, so that both make the same numbers.
//! What a language cannot say is never dropped: it stands in the code as a comment that begins
//! with NOT TRANSLATED, and in [`Code::not_translated`].

mod columns;
mod data;
mod expression;
mod generalised;
mod own;
mod r;
mod sas;
mod stata;

use std::fmt;

use serde::Serialize;

use crate::{DfMethod, Fit};

/// A language to write an analysis in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// R with lme4, and lmerTest where the tests need it.
    R,
    /// Stata, `mixed`.
    Stata,
    /// SAS, `proc mixed`.
    Sas,
    /// Python with the package of this project.
    Python,
    /// The command `ranef` in a shell.
    Command,
}

/// An analysis in another language; `Display` prints the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The language.
    pub language: Language,
    /// The code, to be run from data to summary.
    pub code: String,
    /// What the language cannot say, which stands in the code as comments.
    pub not_translated: Vec<String>,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

impl Fit {
    /// The same analysis in another language.
    pub fn code(&self, language: Language) -> Code {
        let mut script = Script::new(language);
        match language {
            Language::R => r::write(self, &mut script),
            Language::Stata => stata::write(self, &mut script),
            Language::Sas => sas::write(self, &mut script),
            Language::Python => own::python(self, &mut script),
            Language::Command => own::command(self, &mut script),
        }
        Code {
            language,
            code: script.text,
            not_translated: script.gaps,
        }
    }
}

/// Code in the making.
struct Script {
    language: Language,
    text: String,
    gaps: Vec<String>,
}

impl Script {
    fn new(language: Language) -> Self {
        Self {
            language,
            text: String::new(),
            gaps: Vec::new(),
        }
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn comment(&mut self, text: impl AsRef<str>) {
        // Nothing in a name may end the comment.
        let text = text.as_ref().replace(['\n', '\r'], " ");
        let line = match self.language {
            Language::R | Language::Python | Language::Command => format!("# {text}"),
            Language::Stata => format!("// {}", text.replace("///", "/ / /")),
            Language::Sas => format!("/* {} */", text.replace("*/", "* /").replace("/*", "/ *")),
        };
        self.line(line);
    }

    /// Says, here and in the end, what the language cannot say.
    fn gap(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.comment(format!("NOT TRANSLATED: {text}"));
        self.gaps.push(text);
    }
}

/// The tests of fixed effects, as far as languages tell them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Satterthwaite,
    KenwardRoger,
    Residual,
    Normal,
}

impl Tests {
    fn of(fit: &Fit) -> Self {
        let method = fit.df_method();
        if method == DfMethod::None {
            Self::Normal
        } else if method == DfMethod::Residual || fit.varcorr().is_empty() {
            Self::Residual
        } else if method == DfMethod::Satterthwaite {
            Self::Satterthwaite
        } else {
            Self::KenwardRoger
        }
    }
}
