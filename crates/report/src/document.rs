//! A report before any language: sections of paragraphs, tables, equations, figures and code.
//!
//! What is said is decided once, in [`crate::sections`]; how it is set is the business of the three
//! writers. A block holds texts unescaped and charts undrawn, so that no writer can say what another
//! does not.

use ranef::{Equation, Grid, Language, Text};
use ranef_figures::Chart;

use crate::references::Reference;

/// A report.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What the model is, such as `Linear mixed model of Reaction`.
    pub title: String,
    /// The sections, in the order of reading.
    pub sections: Vec<Section>,
}

/// A section with its heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// A stable name, such as `checks`: the target of links to it.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What stands below it.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading within a section.
    Heading(String),
    /// Sentences.
    Paragraph(Text),
    /// Sentences that the reader must not miss.
    Remark(Level, Text),
    /// One point a line.
    List(Vec<Text>),
    /// Findings of a check.
    Findings(Vec<Finding>),
    /// A table.
    Table(Grid),
    /// Equations below each other, under a line that says what they are.
    Equations(Text, Vec<Equation>),
    /// What symbols stand for.
    Symbols(Vec<Meaning>),
    /// A figure.
    Figure(Box<Figure>),
    /// Code to be copied.
    Code(Listing),
    /// Works that the text cites.
    References(Vec<Reference>),
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Ok,
    /// It cannot be told, or is not made for this model.
    Unknown,
    /// Worth a look.
    Note,
    /// The results should not be used as they are, or a part of the report is missing.
    Problem,
}

impl Level {
    /// A stable name, for styles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Note => "note",
            Self::Problem => "problem",
        }
    }

    /// The word before a remark, as colours alone say nothing to many readers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "In order",
            Self::Unknown => "Cannot be told",
            Self::Note => "Note",
            Self::Problem => "Problem",
        }
    }
}

/// The answer to one question of a check.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub about: Text,
    /// What was found.
    pub found: Text,
    /// What to do.
    pub advice: Option<Text>,
}

/// What a symbol of the equations stands for.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// The symbol.
    pub symbol: Equation,
    /// The fixed effect, or the parameter of the family.
    pub term: String,
    /// Its estimate, as text.
    pub estimate: String,
}

/// A figure with its place in the report.
#[derive(Clone, Debug)]
pub struct Figure {
    /// A name that no other figure of the report has: the target of links, and the name of a file.
    pub name: String,
    /// From 1, in the order of reading.
    pub number: usize,
    /// What is drawn.
    pub chart: Chart,
}

/// Code in one language.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The language.
    pub language: Language,
    /// What it is called.
    pub title: &'static str,
    /// The code.
    pub code: String,
}

impl Document {
    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.name == name)
    }

    /// All figures, in the order of reading.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        let blocks = self.sections.iter().flat_map(|s| &s.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(&**figure),
            _ => None,
        })
    }
}
