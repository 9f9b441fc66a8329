//! The shape of a model: how many fixed effects, which grouping factors, which terms on them.

/// The shape of a linear mixed model, without any data.
///
/// Terms that share a grouping factor are kept together: `(1 | g) + (0 + x | g)` is one factor
/// with two terms, and the random effects of one level (its *face*) are the columns of all its
/// terms side by side. The covariance of a face is block-diagonal over the terms. This is why
/// the cost of a model does not depend on how it was spelt.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Number of fixed-effects columns, p.
    pub fixed: usize,
    /// Position of the column of ones among the fixed effects, if there is one.
    pub intercept: Option<usize>,
    /// The grouping factors, each once.
    pub factors: Vec<Factor>,
    /// The random-effects terms in the user's order.
    pub terms: Vec<Term>,
}

/// A grouping factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Number of levels.
    pub levels: usize,
    /// Columns of one face: the sum of the widths of its terms.
    pub width: usize,
}

/// A random-effects term.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Which grouping factor, an index into [`Layout::factors`].
    pub factor: usize,
    /// First column of the term within the face.
    pub offset: usize,
    /// Number of columns, k.
    pub width: usize,
    /// Position of a column of ones within the term, if there is one.
    pub intercept: Option<usize>,
}

/// One entry of `theta`: an element of a relative covariance factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The term.
    pub term: usize,
    /// The grouping factor.
    pub factor: usize,
    /// Row within the face.
    pub row: usize,
    /// Column within the face; never above `row`.
    pub column: usize,
}

impl Layout {
    /// Lays out terms given as (factor, width, position of the intercept), in the user's order;
    /// `levels` are the levels of the factors.
    pub fn new(
        fixed: usize,
        intercept: Option<usize>,
        levels: &[usize],
        terms: &[(usize, usize, Option<usize>)],
    ) -> Self {
        let mut factors: Vec<Factor> = levels
            .iter()
            .map(|&levels| Factor { levels, width: 0 })
            .collect();
        let terms = terms
            .iter()
            .map(|&(factor, width, intercept)| {
                let offset = factors[factor].width;
                factors[factor].width += width;
                Term {
                    factor,
                    offset,
                    width,
                    intercept,
                }
            })
            .collect();
        Self {
            fixed,
            intercept,
            factors,
            terms,
        }
    }

    /// The entries of `theta`: term by term, each block's lower triangle by columns.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (index, term) in self.terms.iter().enumerate() {
            for column in 0..term.width {
                for row in column..term.width {
                    entries.push(Entry {
                        term: index,
                        factor: term.factor,
                        row: term.offset + row,
                        column: term.offset + column,
                    });
                }
            }
        }
        entries
    }

    /// Whether the standard deviation at this entry is that of what distinguishes the means of
    /// groups: of an intercept, or of any effect where its grouping factor has none. Slopes as wide
    /// as such differences would leave nothing to fixed slopes.
    pub(crate) fn takes_means(&self, entry: &Entry) -> bool {
        let of_factor = |term: &&Term| term.factor == entry.factor;
        let mut intercepts = (self.terms.iter().filter(of_factor))
            .filter_map(|term| term.intercept.map(|at| term.offset + at))
            .peekable();
        intercepts.peek().is_none() || intercepts.any(|at| at == entry.row)
    }

    /// Total number of random effects, q.
    pub fn random_effects(&self) -> usize {
        self.factors.iter().map(|f| f.levels * f.width).sum()
    }

    /// The relative covariance factors at `theta`, one per grouping factor, each a lower
    /// triangular K × K matrix by rows.
    pub fn lambda(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut lambda: Vec<Vec<f64>> = self
            .factors
            .iter()
            .map(|f| vec![0.0; f.width * f.width])
            .collect();
        for (entry, &value) in self.entries().iter().zip(theta) {
            let width = self.factors[entry.factor].width;
            lambda[entry.factor][entry.row * width + entry.column] = value;
        }
        lambda
    }
}

impl Entry {
    /// E_iΛ' + ΛE_i', the change of the relative covariance ΛΛ' of a face with this entry; K × K
    /// by rows, as `lambda` is.
    pub(crate) fn direction(&self, lambda: &[f64], width: usize) -> Vec<f64> {
        let mut change = vec![0.0; width * width];
        for a in 0..width {
            change[self.row * width + a] += lambda[a * width + self.column];
            change[a * width + self.row] += lambda[a * width + self.column];
        }
        change
    }

    /// Whether this is a diagonal element: a standard deviation relative to sigma, given the
    /// columns before it.
    pub fn is_diagonal(&self) -> bool {
        self.row == self.column
    }
}
