//! Which cells are missing.

/// What every file may write for a missing value, beside nothing at all.
const ALWAYS: [&str; 4] = ["NA", "NaN", "null", "."];

/// The spellings of a missing value. Most cells are turned away by their first byte.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    spellings: Vec<Vec<u8>>,
    first: [bool; 256],
    numeric: bool,
}

impl Missing {
    /// The usual spellings and `added` ones.
    pub(crate) fn new(added: &[String]) -> Self {
        let spellings: Vec<Vec<u8>> = ALWAYS
            .into_iter()
            .chain(added.iter().map(String::as_str))
            .map(|s| s.trim().as_bytes().to_vec())
            .collect();
        let mut first = [false; 256];
        for byte in spellings.iter().filter_map(|s| s.first()) {
            first[usize::from(*byte)] = true;
        }
        let numeric = spellings.iter().any(|s| s.iter().any(u8::is_ascii_digit));
        Missing {
            spellings,
            first,
            numeric,
        }
    }

    /// Whether a spelling could be taken for a number, such as -999, so that no number may be
    /// read before it has been compared.
    #[inline]
    pub(crate) fn looks_like_numbers(&self) -> bool {
        self.numeric
    }

    /// Whether a cell is missing. Quotes do not make `NA` a word, nor do blanks make a cell
    /// anything but empty.
    #[inline]
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        match text.first() {
            None => true,
            Some(&b) if b != b' ' && !self.first[usize::from(b)] => false,
            Some(_) => {
                let text = text.trim_ascii();
                text.is_empty() || self.spellings.iter().any(|s| s == text)
            }
        }
    }
}
